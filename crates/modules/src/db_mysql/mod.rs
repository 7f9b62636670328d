//! The MySQL driver's parameters. The driver itself is chosen by the scheme of a URL.

use policy::{Declaration, DriverSettings, Entry, Init, Module, ParamValue, Problem};

pub(crate) const ENTRY: Entry = Entry::of::<DbMysql>();

/// Module `db_mysql`.
struct DbMysql;

impl Module for DbMysql {
    const NAME: &'static str = "db_mysql";
    type Params = DriverSettings;

    fn declare(d: &mut Declaration<DbMysql>) {
        d.doc("MySQL and MariaDB databases, mysql://user:password@host/database: present wherever a URL names one, loaded or not.");
        d.try_param(
            "timeout_interval",
            "Seconds that connecting or an operation may take. Default 2.",
            |settings, seconds: i64| {
                let ms = milliseconds(seconds)?;
                settings.deadline_ms = Some(ms);
                settings.connect_ms = Some(ms);
                Ok(())
            },
        );
        d.try_param(
            "ping_interval",
            "Seconds without work after which a connection is tried. Default 60.",
            |settings, seconds: i64| {
                settings.idle_ms = Some(milliseconds(seconds)?);
                Ok(())
            },
        );
        d.try_param(
            "server_timezone",
            "Accepted where it is 0: times are on the clock of this server.",
            |_, on: i64| match on {
                0 => Ok(()),
                _ => Err("times are on the clock of this server: give it the time zone of the database, and say 0".to_owned()),
            },
        );
        d.param(
            "auto_reconnect",
            "Accepted; means nothing here because a lost connection is always made anew.",
            |_, _: ParamValue| {},
        );
        d.param(
            "update_affected_found",
            "Accepted; means nothing here because rows that an update finds are always counted.",
            |_, _: ParamValue| {},
        );
        d.try_param(
            "opt_ssl_mode",
            "3, 4, 5: connections are encrypted, and the server's certificate must be right. 1: they are not. 0 and 2: they are with opt_ssl_ca. Default 0.",
            |settings, mode: i64| {
                settings.encrypted = match mode {
                    0 | 2 => None,
                    1 => Some(false),
                    3..=5 => Some(true),
                    _ => return Err("the modes are 0 to 5".to_owned()),
                };
                Ok(())
            },
        );
        d.param(
            "opt_ssl_ca",
            "The file with the authorities that the server's certificate must come from, in PEM. Default the machine's. Ours.",
            |settings, file: String| settings.authorities = Some(file),
        );
        d.deviation("An encrypted connection is one to a server whose certificate is right, for its name too; in Kamailio 5.6.3 with opt_ssl_mode 3 it is one to anybody.");
        d.deviation("Texts compare byte by byte; Kamailio 5.6.3 finds ALICE where alice is asked for, unless the table says otherwise.");
        d.deviation("A database that misses its deadline once is not asked again until it answers; in Kamailio 5.6.3 every request waits for it, three times timeout_interval.");
    }

    fn init(params: DriverSettings, init: &mut Init<'_>) -> Result<DbMysql, Problem> {
        init.configure_driver("mysql", params);
        Ok(DbMysql)
    }
}

fn milliseconds(seconds: i64) -> Result<u64, String> {
    match u64::try_from(seconds) {
        Ok(seconds @ 1..=3600) => Ok(seconds * 1000),
        _ => Err("expected 1 to 3600 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::problems;

    fn with(name: &str, value: &str) -> String {
        problems(&format!(
            "loadmodule \"db_mysql.so\"\nmodparam(\"db_mysql\", \"{name}\", {value})\nrequest_route {{ exit; }}"
        ))
    }

    #[test]
    fn what_is_not_done_is_refused() {
        let accepted = [
            ("timeout_interval", "2"),
            ("ping_interval", "300"),
            ("server_timezone", "0"),
            ("auto_reconnect", "0"),
            ("update_affected_found", "1"),
            ("opt_ssl_mode", "1"),
            ("opt_ssl_mode", "5"),
            ("opt_ssl_ca", "\"/etc/ssl/own.pem\""),
        ];
        for (name, value) in accepted {
            assert_eq!(with(name, value), "", "{name}");
        }
        let refused = [
            ("timeout_interval", "0", "3600"),
            ("server_timezone", "1", "time zone"),
            ("opt_ssl_mode", "6", "modes"),
            ("insert_delayed", "1", "insert_delayed"),
        ];
        for (name, value, why) in refused {
            assert!(with(name, value).contains(why), "{name}");
        }
    }
}
