//! Which user is in which group: the table `grp`, which module `group` asks (`is_user_in()`).

use crate::accounts::{exists, missing, run, who};
use store::{Cell, Name, Select, Store, Write, schema};

/// A user, or all of them where there is none.
pub type Who<'a> = Option<(&'a str, &'a str)>;

/// Puts a user, by name and domain, into a group.
///
/// # Errors
/// A sentence, where there is no such user, where the group cannot have this name or has the user already, or where the
/// database refuses.
pub fn grant(store: &dyn Store, username: &str, domain: &str, group: &str) -> Result<(), String> {
    if group.is_empty() || group.len() > 64 || !group.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{group:?} is no name of a group"));
    }
    if !exists(store, username, domain)? {
        return Err(missing(username, domain));
    }
    let line = format!("{username}@{domain} {group}");
    if show(store, Some((username, domain)))?.contains(&line) {
        return Err(format!("{username}@{domain} is in {group} already"));
    }
    let insert = Write::Insert {
        table: schema::GRP.name.clone(),
        row: vec![
            (Name::fixed("username"), Cell::text(username)),
            (Name::fixed("domain"), Cell::text(domain)),
            (GROUP, Cell::text(group)),
        ],
    };
    run(store, insert.into()).map(drop)
}

/// Takes a user out of a group, or of all.
///
/// # Errors
/// A sentence, where he is in none, or where the database refuses.
pub fn revoke(
    store: &dyn Store,
    username: &str,
    domain: &str,
    group: Option<&str>,
) -> Result<(), String> {
    let mut filter = who(username, domain);
    if let Some(group) = group {
        filter = filter.eq(GROUP, Cell::text(group));
    }
    let delete = Write::Delete {
        table: schema::GRP.name.clone(),
        filter,
    };
    match run(store, delete.into())?.affected() {
        0 => {
            let group = group.unwrap_or("a group");
            Err(format!("{username}@{domain} is not in {group}"))
        }
        _ => Ok(()),
    }
}

/// The groups of a user, or of all, sorted: `alice@example.test international`.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn show(store: &dyn Store, of: Who<'_>) -> Result<Vec<String>, String> {
    const COLUMNS: [Name; 3] = [Name::fixed("username"), Name::fixed("domain"), GROUP];
    let mut select = Select::from(schema::GRP.name.clone()).columns(COLUMNS);
    if let Some((username, domain)) = of {
        select = select.filter(who(username, domain));
    }
    let rows = run(store, select.into())?.into_rows();
    let line = |row| {
        let [user, domain, group] = COLUMNS.map(|column| {
            let cell = rows.cell(row, &column);
            cell.and_then(Cell::as_str).unwrap_or_default().to_owned()
        });
        format!("{user}@{domain} {group}")
    };
    let mut lines: Vec<String> = (0..rows.len()).map(line).collect();
    lines.sort();
    Ok(lines)
}

const GROUP: Name = Name::fixed("grp");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{self, Credentials};
    use store::Memory;

    fn with_alice() -> Memory {
        let store = Memory::standard();
        let alice = Credentials::new("alice", "example.test", "x", false);
        accounts::add(&store, &alice).expect("a user");
        store
    }

    #[test]
    fn rights_come_and_go() {
        let store = with_alice();
        let alice = ("alice", "example.test");
        for group in ["local", "international"] {
            assert_eq!(grant(&store, alice.0, alice.1, group), Ok(()));
            assert!(grant(&store, alice.0, alice.1, group).is_err());
        }
        let both = [
            "alice@example.test international",
            "alice@example.test local",
        ];
        assert_eq!(
            show(&store, Some(alice)),
            Ok(both.map(str::to_owned).to_vec())
        );
        assert_eq!(show(&store, None), show(&store, Some(alice)));
        assert_eq!(show(&store, Some(("bob", "example.test"))), Ok(Vec::new()));
        assert_eq!(revoke(&store, alice.0, alice.1, Some("local")), Ok(()));
        assert!(revoke(&store, alice.0, alice.1, Some("local")).is_err());
        assert_eq!(show(&store, None), Ok(vec![both[0].to_owned()]));
        assert_eq!(revoke(&store, alice.0, alice.1, None), Ok(()));
        assert_eq!(show(&store, None), Ok(Vec::new()));
    }

    #[test]
    fn only_users_have_rights_and_they_go_with_them() {
        let store = with_alice();
        assert!(grant(&store, "bob", "example.test", "local").is_err());
        for name in ["", "two words", "a\nb"] {
            assert!(
                grant(&store, "alice", "example.test", name).is_err(),
                "{name:?}"
            );
        }
        grant(&store, "alice", "example.test", "local").expect("a right");
        accounts::remove(&store, "alice", "example.test").expect("a user");
        assert_eq!(show(&store, None), Ok(Vec::new()));
    }
}
