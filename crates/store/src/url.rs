//! Database URLs, in the forms that Kamailio's `db_url` parameters take.

use std::fmt;

/// A database URL: `driver://[user[:password]@]host[:port]/database`.
///
/// * `sqlite:///PATH` names the file `PATH` below the working directory, `sqlite:////PATH` the file
///   `/PATH`: what follows the third slash is the path, as in Kamailio.
/// * `text:///PATH` names the directory `/PATH`, as in Kamailio's db_text.
/// * A password may hold `:` and `@`, not `/`; nothing is percent-decoded. `?…` at the end is cut off
///   and kept in `options`.
///
/// `Display` and `Debug` leave the password out, so that logs cannot hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct DbUrl {
    /// The driver: `sqlite`, `mysql`, `postgres`, `redis`, `text`, …
    pub driver: String,
    /// The user name, if there is one.
    pub user: Option<String>,
    /// The password, if there is one.
    pub password: Option<String>,
    /// The host, brackets of an IPv6 address taken off; empty means a local socket.
    pub host: String,
    /// The port, if there is one.
    pub port: Option<u16>,
    /// The database's name, or the path of its file or directory.
    pub database: String,
    /// What follows `?`, as it stands.
    pub options: Option<String>,
}

/// Why a text is no database URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// No `driver://` in front.
    NoDriver,
    /// Nothing after the host: the database is missing.
    NoDatabase,
    /// The port is not a number from 1 to 65535.
    BadPort(String),
    /// A bracket that is not closed, or a control character.
    Malformed,
}

impl DbUrl {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.chars().any(char::is_control) {
            return Err(UrlError::Malformed);
        }
        let (driver, rest) = text.split_once("://").ok_or(UrlError::NoDriver)?;
        let of_driver = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if driver.is_empty() || !driver.bytes().all(of_driver) {
            return Err(UrlError::NoDriver);
        }
        let mut url = Self {
            driver: driver.to_owned(),
            ..Self::EMPTY
        };
        if driver == "text" {
            url.database = rest.to_owned();
        } else {
            url.authority_and_database(rest)?;
        }
        if url.database.is_empty() {
            Err(UrlError::NoDatabase)
        } else {
            Ok(url)
        }
    }

    /// The SQLite database in a file.
    pub fn of_file(path: &std::path::Path) -> Self {
        Self {
            driver: "sqlite".to_owned(),
            database: path.to_string_lossy().into_owned(),
            ..Self::EMPTY
        }
    }

    const EMPTY: Self = Self {
        driver: String::new(),
        user: None,
        password: None,
        host: String::new(),
        port: None,
        database: String::new(),
        options: None,
    };

    fn authority_and_database(&mut self, rest: &str) -> Result<(), UrlError> {
        let (authority, database) = rest.split_once('/').ok_or(UrlError::NoDatabase)?;
        let (database, options) = cut(database, '?');
        self.database = database.to_owned();
        self.options = options.map(str::to_owned);
        // A password may hold an `@`, a host may not.
        let address = match authority.rsplit_once('@') {
            Some((login, address)) => {
                let (user, password) = cut(login, ':');
                self.user = Some(user.to_owned());
                self.password = password.map(str::to_owned);
                address
            }
            None => authority,
        };
        let (host, port) = host_and_port(address)?;
        self.host = host.to_owned();
        self.port = match port {
            Some(digits) => Some(port_number(digits)?),
            None => None,
        };
        Ok(())
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn host_and_port(address: &str) -> Result<(&str, Option<&str>), UrlError> {
    let Some(bracketed) = address.strip_prefix('[') else {
        return Ok(cut(address, ':'));
    };
    match bracketed.split_once(']') {
        Some((host, "")) => Ok((host, None)),
        Some((host, port)) => match port.strip_prefix(':') {
            Some(digits) => Ok((host, Some(digits))),
            None => Err(UrlError::Malformed),
        },
        None => Err(UrlError::Malformed),
    }
}

fn port_number(digits: &str) -> Result<u16, UrlError> {
    match digits.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(UrlError::BadPort(digits.to_owned())),
    }
}

impl fmt::Display for DbUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.driver)?;
        if self.driver == "text" {
            return f.write_str(&self.database);
        }
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for DbUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DbUrl({self})")
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDriver => f.write_str(
                "a database URL starts with its driver, as in sqlite:////path or mysql://user:password@host/database",
            ),
            Self::NoDatabase => f.write_str(
                "the database URL names no database: it ends with /NAME, or for SQLite with the file's path, as in sqlite:////path",
            ),
            // The text may be a password that holds a slash: it is not repeated.
            Self::BadPort(_) => f.write_str(
                "the port in the database URL is not a number from 1 to 65535 (a password must not hold a slash)",
            ),
            Self::Malformed => f.write_str(
                "the database URL has an unclosed bracket or a control character in it",
            ),
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text | user | password | host | port | database | options`; `-` for none. Where Kamailio goes
    /// with the same text was looked up by watching its db_mysql, db_sqlite and db_text.
    const GOOD: &str = "
        sqlite:////var/lib/k.db           | - | -   |           | -    | /var/lib/k.db | -
        sqlite:///k.db                    | - | -   |           | -    | k.db          | -
        sqlite:///k.db?x=1                | - | -   |           | -    | k.db          | x=1
        sqlite://tmp/a.db                 | - | -   | tmp       | -    | a.db          | -
        mysql://u:p@db.test:3307/kamailio | u | p   | db.test   | 3307 | kamailio      | -
        mysql://u@db.test/k               | u | -   | db.test   | -    | k             | -
        mysql://db.test/k                 | - | -   | db.test   | -    | k             | -
        mysql://u:p@w@127.0.0.9/k         | u | p@w | 127.0.0.9 | -    | k             | -
        mysql://u:p:w@127.0.0.9/k         | u | p:w | 127.0.0.9 | -    | k             | -
        mysql://u:p%40@127.0.0.9/k        | u | p%40 | 127.0.0.9 | -   | k             | -
        mysql://u:@h/k                    | u |     | h         | -    | k             | -
        mysql://u:p@/k                    | u | p   |           | -    | k             | -
        mysql:///k                        | - | -   |           | -    | k             | -
        postgres://u:p@[::1]:5433/k?a=b   | u | p   | ::1       | 5433 | k             | a=b
        postgres://[::1]/k                | - | -   | ::1       | -    | k             | -
        text:///etc/dbtext                | - | -   |           | -    | /etc/dbtext   | -
    ";

    #[test]
    fn kamailios_forms_are_read() {
        for line in GOOD.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            let url = DbUrl::parse(fields[0]).expect("a URL");
            let some = |text: &Option<String>| text.clone().unwrap_or("-".into());
            let port = url.port.map_or("-".into(), |port| port.to_string());
            let read = [
                some(&url.user),
                some(&url.password),
                url.host.clone(),
                port,
                url.database.clone(),
                some(&url.options),
            ];
            assert_eq!(read.to_vec(), fields[1..], "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(sqlite|text|mysql)?(://)?.{0,40}") {
            if let Ok(url) = DbUrl::parse(&text) {
                proptest::prop_assert!(text.contains(&url.database));
            }
        }
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let mistakes = [
            ("mysql", UrlError::NoDriver),
            ("sqlite:/k.db", UrlError::NoDriver),
            ("://x/y", UrlError::NoDriver),
            ("my sql://x/y", UrlError::NoDriver),
            ("mysql://", UrlError::NoDatabase),
            ("sqlite://k.db", UrlError::NoDatabase),
            ("mysql://u:p@h/", UrlError::NoDatabase),
            ("text://", UrlError::NoDatabase),
            ("mysql://u:p@h:x/k", UrlError::BadPort("x".into())),
            ("mysql://u:p@h:99999/k", UrlError::BadPort("99999".into())),
            ("mysql://u:p/q@h/k", UrlError::BadPort("p".into())),
            ("mysql://[::1/k", UrlError::Malformed),
            ("mysql://[::1]x/k", UrlError::Malformed),
            ("mysql://h/k\n", UrlError::Malformed),
        ];
        for (text, mistake) in mistakes {
            assert_eq!(DbUrl::parse(text), Err(mistake), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let url = DbUrl::parse("mysql://u:secret@[::1]:33/k").expect("a URL");
        assert_eq!(url.to_string(), "mysql://u@[::1]:33/k");
        assert!(!format!("{url:?}").contains("secret"));
        let slashed = DbUrl::parse("mysql://u:secret/x@h/k").expect_err("a mistake");
        assert!(!slashed.to_string().contains("secret"));
    }
}
