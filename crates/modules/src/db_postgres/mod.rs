//! The PostgreSQL driver's parameters. The driver itself is chosen by the scheme of a URL.

use policy::{Declaration, DriverSettings, Entry, Init, Module, ParamValue, Problem};

pub(crate) const ENTRY: Entry = Entry::of::<DbPostgres>();

/// Module `db_postgres`.
struct DbPostgres;

impl Module for DbPostgres {
    const NAME: &'static str = "db_postgres";
    type Params = DriverSettings;

    fn declare(d: &mut Declaration<DbPostgres>) {
        d.doc("PostgreSQL databases, postgres://user:password@host/database: present wherever a URL names one, loaded or not.");
        d.try_param(
            "timeout",
            "Seconds that connecting or an operation may take; 0 leaves 2.",
            |settings, seconds: i64| {
                let ms = milliseconds(seconds)?;
                settings.deadline_ms = ms;
                settings.connect_ms = settings.connect_ms.or(ms);
                Ok(())
            },
        );
        d.try_param(
            "con_param",
            "connect_timeout=SECONDS; sslmode=require and sslrootcert=FILE encrypt; the other words of libpq that say how long to wait are accepted and mean nothing here because every operation has a deadline.",
            |settings, text: String| con_param(settings, &text),
        );
        d.param(
            "retries",
            "Accepted; means nothing here because a lost connection is always made anew, and no write is sent twice.",
            |_, _: ParamValue| {},
        );
        d.param(
            "tcp_keepalive",
            "Accepted; means nothing here because an idle connection is tried every minute.",
            |_, _: ParamValue| {},
        );
        for name in ["lockset", "bytea_output_escape"] {
            d.param(
                name,
                "Accepted; means nothing here because rows are replaced in a transaction, and bytes are not escaped.",
                |_, _: ParamValue| {},
            );
        }
        d.deviation("An encrypted connection is one to a server whose certificate is right, for its name too; in Kamailio 5.6.3 with sslmode=require it is one to anybody.");
        d.deviation("A database that misses its deadline once is not asked again until it answers; in Kamailio 5.6.3 every request waits for it, by default without end.");
    }

    fn init(params: DriverSettings, init: &mut Init<'_>) -> Result<DbPostgres, Problem> {
        init.configure_driver("postgres", params);
        Ok(DbPostgres)
    }
}

/// Words of libpq that bound waiting, which has a bound here anyhow.
const BOUNDS: [&str; 6] = [
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "application_name",
];

fn con_param(settings: &mut DriverSettings, text: &str) -> Result<(), String> {
    for part in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let (name, value) = part.split_once('=').ok_or("expected name=value")?;
        match name.trim() {
            "connect_timeout" => {
                let seconds = value.trim().parse();
                let seconds = seconds.map_err(|_| format!("`{value}` is no number"))?;
                settings.connect_ms = milliseconds(seconds)?;
            }
            "sslmode" => settings.encrypted = encrypted(value.trim())?,
            "sslrootcert" => {
                let named = Some(value.trim()).filter(|file| *file != "system");
                settings.authorities = Some(named.unwrap_or(store::AUTHORITIES).to_owned());
            }
            name if BOUNDS.contains(&name) => {}
            other => return Err(format!("{other} is not offered")),
        }
    }
    Ok(())
}

/// What a word of libpq says of encryption; none where it depends on the server, or on `sslrootcert`.
fn encrypted(mode: &str) -> Result<Option<bool>, String> {
    match mode {
        "disable" => Ok(Some(false)),
        "allow" | "prefer" => Ok(None),
        "require" | "verify-ca" | "verify-full" => Ok(Some(true)),
        other => Err(format!("there is no sslmode {other}")),
    }
}

fn milliseconds(seconds: i64) -> Result<Option<u64>, String> {
    match u64::try_from(seconds) {
        Ok(0) => Ok(None),
        Ok(seconds @ 1..=3600) => Ok(Some(seconds * 1000)),
        _ => Err("expected 0 to 3600 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_libpq_are_read() {
        let mut settings = DriverSettings::default();
        let text = "connect_timeout=15;tcp_user_timeout=5000";
        assert_eq!(con_param(&mut settings, text), Ok(()));
        assert_eq!(settings.connect_ms, Some(15_000));
        assert_eq!(settings.believed(), None);
        assert_eq!(con_param(&mut settings, "sslmode=require"), Ok(()));
        assert_eq!(settings.believed(), Some(store::AUTHORITIES));
        let text = "sslmode=verify-full;sslrootcert=/etc/ssl/own.pem";
        assert_eq!(con_param(&mut settings, text), Ok(()));
        assert_eq!(settings.believed(), Some("/etc/ssl/own.pem"));
        assert_eq!(con_param(&mut settings, "sslmode=disable"), Ok(()));
        assert_eq!(settings.believed(), None);
        assert!(con_param(&mut settings, "sslmode=perhaps").is_err());
        assert!(con_param(&mut settings, "host=elsewhere").is_err());
    }

    #[test]
    fn what_public_files_say_is_accepted() {
        let text = "loadmodule \"db_postgres.so\"\n\
             modparam(\"db_postgres\", \"timeout\", 10)\n\
             modparam(\"db_postgres\", \"retries\", 3)\n\
             modparam(\"db_postgres\", \"con_param\", \"connect_timeout=15\")\n\
             request_route { exit; }";
        assert_eq!(crate::testing::problems(text), "");
    }
}
