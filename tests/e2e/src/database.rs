//! A SQLite database with Kamailio's own tables.

use crate::user::User;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A database file.
pub struct Database {
    path: PathBuf,
}

/// Where Debian's package has the tables.
const TABLES: &str = "/usr/share/kamailio/db_sqlite";

impl Database {
    /// Makes the file with the tables that authentication, the user location service and topology hiding read.
    ///
    /// # Panics
    /// Where the scripts of the Debian package are missing.
    #[must_use]
    pub fn create(path: PathBuf) -> Database {
        let database = Database { path };
        // Without it a reader and a writer refuse each other: Kamailio sets no busy timeout.
        database.run("PRAGMA journal_mode=WAL;");
        for name in ["standard", "auth_db", "usrloc", "topos"] {
            let script = std::fs::read_to_string(format!("{TABLES}/{name}-create.sql"));
            database.run(&script.expect("the tables of kamailio-sqlite-modules"));
        }
        database
    }

    /// A database that another program made.
    #[must_use]
    pub fn open(path: PathBuf) -> Database {
        Database { path }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The URL under which both servers know it: `sqlite:///` and then the path, here with its slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("sqlite:///{}", self.path.display())
    }

    /// Adds a subscriber with a password in clear.
    pub fn add(&self, user: User, domain: &str) {
        let User { name, password } = user;
        self.run(&format!(
            "INSERT INTO subscriber (username, domain, password) VALUES ('{name}', '{domain}', '{password}');"
        ));
    }

    /// Runs statements and answers what they print: a row a line, columns between `|`.
    ///
    /// # Panics
    /// Where SQLite refuses.
    pub fn run(&self, statements: &str) -> String {
        let (child, mut input) = self.sqlite();
        input.write_all(statements.as_bytes()).expect("written");
        drop(input);
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "sqlite3 refuses: {statements}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Holds the database locked for writing until the value is dropped.
    ///
    /// # Panics
    /// Where SQLite refuses.
    #[must_use]
    pub fn lock(&self) -> Lock {
        let (mut child, mut input) = self.sqlite();
        input
            .write_all(b"BEGIN IMMEDIATE;\nSELECT 'held';\n")
            .expect("written");
        let mut held = [0; 4];
        let output = child.stdout.as_mut().expect("a pipe");
        std::io::Read::read_exact(output, &mut held).expect("an answer");
        assert_eq!(&held, b"held");
        Lock { child, input }
    }

    /// A program that has the database open, and where it reads statements.
    fn sqlite(&self) -> (Child, ChildStdin) {
        let mut child = Command::new("sqlite3")
            .args(["-bail", "-cmd", ".timeout 10000"])
            .arg(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sqlite3");
        let input = child.stdin.take().expect("a pipe");
        (child, input)
    }
}

/// A lock on a database, held by a program of its own.
pub struct Lock {
    child: Child,
    input: ChildStdin,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It ends with the lock either way.
        let _ = self.input.write_all(b"COMMIT;\n.quit\n");
        let _ = self.child.wait();
    }
}
