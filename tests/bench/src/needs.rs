//! What a configuration speaks of besides ports: a database, a certificate, a server of keys.

use crate::children;
use crate::ground::Ground;
use crate::workload::Need;
use std::fmt::Write as _;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The subscribers, as SIPp reads them: user and credentials.
pub(crate) const USERS: &str = "users.csv";
/// The certificate in the folder of a run.
pub(crate) const CERTIFICATE: &str = "cert.pem";

/// Where Debian has the tables of Kamailio's modules.
const SCRIPTS: &str = "/usr/share/kamailio/db_sqlite";
/// The modules whose tables a workload may use.
const TABLES: [&str; 5] = ["standard", "auth_db", "usrloc", "acc", "alias_db"];
/// Subscribers of every database.
const SUBSCRIBERS: usize = 1_000;

/// How long Redis has to listen.
const START: Duration = Duration::from_secs(10);

/// What runs beside the server of a run, and ends with this value.
#[derive(Default)]
pub(crate) struct Provided(Vec<Child>);

impl Drop for Provided {
    fn drop(&mut self) {
        for child in &mut self.0 {
            children::destroy(child.id());
            children::reap(child);
        }
    }
}

/// Makes what is needed in the folder of a run.
///
/// # Errors
/// A sentence, where a program or a package is missing.
pub(crate) fn provide(needs: &[Need], ground: &Ground) -> Result<Provided, String> {
    let mut provided = Provided::default();
    for need in needs {
        match need {
            Need::Database => database(ground)?,
            Need::Certificate => certificate(ground)?,
            Need::Redis => {
                provided.0.push(redis(ground)?);
                listens(ground.redis)?;
            }
        }
    }
    Ok(provided)
}

fn redis(ground: &Ground) -> Result<Child, String> {
    let port = ground.redis.to_string();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
    command.current_dir(ground.path()).stdout(Stdio::null());
    children::spawn(&mut command)
}

fn listens(port: u16) -> Result<(), String> {
    let end = Instant::now() + START;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            return Err("redis-server does not listen".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn certificate(ground: &Ground) -> Result<(), String> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
    let made = made.map_err(|error| error.to_string())?;
    ground.write(CERTIFICATE, &made.cert.pem())?;
    ground.write("key.pem", &made.signing_key.serialize_pem())?;
    Ok(())
}

fn database(ground: &Ground) -> Result<(), String> {
    let mut sql = String::from("BEGIN;\n");
    for name in TABLES {
        let path = format!("{SCRIPTS}/{name}-create.sql");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        sql.push_str(&text);
    }
    let mut users = String::from("SEQUENTIAL\n");
    let names = (0..SUBSCRIBERS).map(|number| format!("u{number}"));
    for name in names.chain(["u".to_owned()]) {
        let _ = writeln!(
            sql,
            "INSERT INTO subscriber (username, domain, password) VALUES ('{name}', 'bench.test', 'pw');"
        );
        let _ = writeln!(users, "{name};[authentication username={name} password=pw]");
    }
    sql.push_str("COMMIT;\n");
    ground.write(USERS, &users)?;
    run_sql(ground, &sql)
}

fn run_sql(ground: &Ground, sql: &str) -> Result<(), String> {
    let script = ground.write("db.sql", sql)?;
    let script = std::fs::File::open(script).map_err(|error| error.to_string())?;
    let done = Command::new("sqlite3")
        .arg("-bail")
        .arg(ground.path().join("db"))
        .stdin(script)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("sqlite3: {error}; `cargo xtask packages` installs it"))?;
    if done.success() {
        Ok(())
    } else {
        Err(format!("sqlite3 ended with {done}"))
    }
}
