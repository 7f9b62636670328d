//! The SQLite driver's parameters. The driver itself is chosen by the scheme of a URL.

use policy::{Declaration, Entry, Init, Module, Problem};

pub(crate) const ENTRY: Entry = Entry::of::<DbSqlite>();

/// Module `db_sqlite`.
struct DbSqlite;

impl Module for DbSqlite {
    const NAME: &'static str = "db_sqlite";
    type Params = ();

    fn declare(d: &mut Declaration<DbSqlite>) {
        d.doc("Databases in files, sqlite:///path/to/file: present wherever a URL names one, loaded or not.");
        d.try_param(
            "db_set_journal_mode",
            "Accepted where it says WAL, /path/to/file=WAL: databases are always opened so.",
            |_, text: String| journal_mode(&text),
        );
        d.deviation("The journal mode is always WAL, so that readers do not wait for writers; Kamailio 5.6.3 takes what the file has, without waiting for a lock.");
    }

    fn init((): (), _: &mut Init<'_>) -> Result<DbSqlite, Problem> {
        Ok(DbSqlite)
    }
}

/// Checks `FILE=MODE`, with or without a semicolon behind it as in Kamailio's README.
fn journal_mode(text: &str) -> Result<(), String> {
    let Some((_, mode)) = text.rsplit_once('=') else {
        return Err(format!("expected FILE=WAL, found \"{text}\""));
    };
    let mode = mode.trim().trim_end_matches(';').trim_end();
    match mode.eq_ignore_ascii_case("WAL") {
        true => Ok(()),
        false => Err(format!(
            "journal mode {mode} is not offered: databases are opened with WAL"
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::problems;

    fn with(param: &str) -> String {
        problems(&format!(
            "loadmodule \"db_sqlite.so\"\n{param}\nrequest_route {{ exit; }}"
        ))
    }

    #[test]
    fn only_what_is_done_is_accepted() {
        assert_eq!(with(""), "");
        let journal = |mode| {
            with(&format!(
                "modparam(\"db_sqlite\", \"db_set_journal_mode\", \"/var/my.db={mode}\")"
            ))
        };
        assert_eq!(journal("WAL"), "");
        assert_eq!(journal("wal;"), "");
        assert!(journal("OFF").contains("WAL"));
        let readonly = with("modparam(\"db_sqlite\", \"db_set_readonly\", \"/var/my.db\")");
        assert!(readonly.contains("db_set_readonly"), "{readonly}");
    }
}
