//! Users in the tables `subscriber` and `subscriber_sha256`.

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use store::{Cell, Filter, Name, Operation, Select, Store, StoreError, Write, schema};

/// What is stored of a user: hashes, and the password only where that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The name before the `@`.
    pub username: String,
    /// The domain, which is the realm too.
    pub domain: String,
    /// The password, empty unless it is to be stored.
    pub password: String,
    /// MD5 of `user:realm:password`.
    pub ha1: String,
    /// MD5 of `user@domain:realm:password`.
    pub ha1b: String,
    /// SHA-256 of the same as `ha1`.
    pub sha256_ha1: String,
    /// SHA-256 of the same as `ha1b`.
    pub sha256_ha1b: String,
}

impl Credentials {
    /// The credentials of a user; `plain` stores the password too.
    pub fn new(username: &str, domain: &str, password: &str, plain: bool) -> Credentials {
        let short = format!("{username}:{domain}:{password}");
        let long = format!("{username}@{domain}:{domain}:{password}");
        Credentials {
            username: username.to_owned(),
            domain: domain.to_owned(),
            password: if plain {
                password.to_owned()
            } else {
                String::new()
            },
            ha1: hex::<Md5>(&short),
            ha1b: hex::<Md5>(&long),
            sha256_ha1: hex::<Sha256>(&short),
            sha256_ha1b: hex::<Sha256>(&long),
        }
    }

    fn writes(&self) -> Vec<Write> {
        let account = |columns: &[(&'static str, &str)]| {
            let mut row = vec![
                (USERNAME, Cell::text(&self.username)),
                (DOMAIN, Cell::text(&self.domain)),
            ];
            let named = columns
                .iter()
                .map(|(name, value)| (Name::fixed(name), Cell::text(value)));
            row.extend(named);
            row
        };
        let md5 = account(&[
            ("password", &self.password),
            ("ha1", &self.ha1),
            ("ha1b", &self.ha1b),
        ]);
        let sha256 = account(&[("ha1", &self.sha256_ha1), ("ha1b", &self.sha256_ha1b)]);
        let write = |table: &schema::Table, row| Write::InsertOrUpdate {
            table: table.name.clone(),
            row,
            key: vec![USERNAME, DOMAIN],
        };
        vec![
            write(&schema::SUBSCRIBER, md5),
            write(&schema::SUBSCRIBER_SHA256, sha256),
        ]
    }
}

/// Reads `alice@example.test`; without a domain, `default` is taken.
///
/// # Errors
/// A sentence, where it cannot be a user of this server.
pub fn parse_name(text: &str, default: &str) -> Result<(String, String), String> {
    let text = text.strip_prefix("sip:").unwrap_or(text);
    let (user, domain) = text.split_once('@').unwrap_or((text, default));
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"<>@:;,\\".contains(&byte);
    if user.is_empty() || domain.is_empty() || user.len() > 64 || domain.len() > 64 {
        return Err(format!("{text:?} is no name such as alice@example.test"));
    }
    if !user
        .bytes()
        .chain(domain.bytes().filter(|byte| *byte != b':'))
        .all(allowed)
    {
        return Err(format!("{text:?} has characters that no name can have"));
    }
    Ok((user.to_owned(), domain.to_ascii_lowercase()))
}

/// Adds a user.
///
/// # Errors
/// A sentence, where there is one of this name, or where the database refuses.
pub fn add(store: &dyn Store, credentials: &Credentials) -> Result<(), String> {
    if exists(store, &credentials.username, &credentials.domain)? {
        return Err(format!(
            "{}@{} exists; `user passwd` changes the password",
            credentials.username, credentials.domain
        ));
    }
    run(store, Operation::Batch(credentials.writes())).map(drop)
}

/// Gives a user another password.
///
/// # Errors
/// A sentence, where there is no such user, or where the database refuses.
pub fn change(store: &dyn Store, credentials: &Credentials) -> Result<(), String> {
    if !exists(store, &credentials.username, &credentials.domain)? {
        return Err(missing(&credentials.username, &credentials.domain));
    }
    run(store, Operation::Batch(credentials.writes())).map(drop)
}

/// Removes a user, and from all groups.
///
/// # Errors
/// A sentence, where there is no such user, or where the database refuses.
pub fn remove(store: &dyn Store, username: &str, domain: &str) -> Result<(), String> {
    if !exists(store, username, domain)? {
        return Err(missing(username, domain));
    }
    let delete = |table: &schema::Table| Write::Delete {
        table: table.name.clone(),
        filter: who(username, domain),
    };
    let all = vec![
        delete(&schema::SUBSCRIBER),
        delete(&schema::SUBSCRIBER_SHA256),
        delete(&schema::GRP),
    ];
    run(store, Operation::Batch(all)).map(drop)
}

/// All users, `name@domain`, sorted.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn list(store: &dyn Store) -> Result<Vec<String>, String> {
    let select = Select::from(schema::SUBSCRIBER.name.clone()).columns([USERNAME, DOMAIN]);
    let rows = run(store, select.into())?.into_rows();
    let text = |row: usize, column: &Name| {
        let cell = rows.cell(row, column);
        cell.and_then(Cell::as_str).unwrap_or_default().to_owned()
    };
    let mut users: Vec<String> = (0..rows.len())
        .map(|row| format!("{}@{}", text(row, &USERNAME), text(row, &DOMAIN)))
        .collect();
    users.sort();
    Ok(users)
}

/// Makes the standard tables that are missing and says how many.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn create_tables(store: &dyn Store) -> Result<u64, String> {
    let all = schema::STANDARD.to_vec();
    run(store, Operation::CreateTables(all)).map(|outcome| outcome.affected())
}

const USERNAME: Name = Name::fixed("username");
const DOMAIN: Name = Name::fixed("domain");

pub(crate) fn exists(store: &dyn Store, username: &str, domain: &str) -> Result<bool, String> {
    let select = Select::from(schema::SUBSCRIBER.name.clone())
        .columns([USERNAME])
        .filter(who(username, domain))
        .limit(1);
    Ok(!run(store, select.into())?.into_rows().is_empty())
}

pub(crate) fn who(username: &str, domain: &str) -> Filter {
    Filter::all()
        .eq(USERNAME, Cell::text(username))
        .eq(DOMAIN, Cell::text(domain))
}

pub(crate) fn missing(username: &str, domain: &str) -> String {
    format!("there is no user {username}@{domain}")
}

pub(crate) fn run(store: &dyn Store, operation: Operation) -> Result<store::Outcome, String> {
    store::wait(store, operation).map_err(|error: StoreError| error.to_string())
}

fn hex<D: Digest>(text: &str) -> String {
    let mut out = String::new();
    for byte in D::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Memory;

    #[test]
    fn hashes_are_those_of_rfc_2617_and_7616() {
        let known = Credentials::new("Mufasa", "testrealm@host.com", "Circle Of Life", false);
        assert_eq!(known.ha1, "939e7578ed9e3c518a452acee763bce9");
        assert_eq!(known.password, "");
        assert_eq!(known.sha256_ha1.len(), 64);
        assert_ne!(known.ha1, known.ha1b);
    }

    #[test]
    fn a_user_comes_and_goes() {
        let store = Memory::standard();
        let first = Credentials::new("alice", "example.test", "one", false);
        assert_eq!(add(&store, &first), Ok(()));
        assert!(add(&store, &first).is_err());
        let second = Credentials::new("alice", "example.test", "two", false);
        assert_eq!(change(&store, &second), Ok(()));
        assert_eq!(list(&store), Ok(vec!["alice@example.test".to_owned()]));
        assert_eq!(remove(&store, "alice", "example.test"), Ok(()));
        assert!(remove(&store, "alice", "example.test").is_err());
        assert!(change(&store, &second).is_err());
        assert_eq!(list(&store), Ok(Vec::new()));
    }

    #[test]
    fn names_are_checked() {
        let parsed = |text| parse_name(text, "here.test");
        let pair = |user: &str, domain: &str| Ok((user.to_owned(), domain.to_owned()));
        assert_eq!(parsed("alice@Example.Test"), pair("alice", "example.test"));
        assert_eq!(parsed("sip:bob"), pair("bob", "here.test"));
        for bad in ["", "@x", "a b@x", "a\"@x", "a@b@c", "a\0@x"] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}
