//! `name=srvN;addr=127.0.0.1;port=6379;db=1;pass=secret`, as a parameter has it.

use super::Params;
use store::keys::{KeyPlace, KeyServer, Password};

/// A server as it was written.
pub(super) struct Written {
    pub(super) name: String,
    place: KeyPlace,
    database: u32,
    password: Option<Password>,
    is_encrypted: bool,
}

/// The port of Redis where none is given.
const PORT: u16 = 6379;

impl Written {
    /// Reads the attributes; a password may hold spaces and equals signs.
    pub(super) fn read(text: &str) -> Result<Written, String> {
        let (mut name, mut unix, mut host, mut port) = (None, None, None, PORT);
        let (mut database, mut password, mut is_encrypted) = (0, None, false);
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (key, value) = part.split_once('=').ok_or("expected attribute=value")?;
            match key.trim() {
                "name" => name = Some(value.trim().to_owned()),
                "unix" => unix = Some(value.trim().to_owned()),
                "addr" => host = Some(value.trim().to_owned()),
                "port" => port = number(value)?,
                "db" => database = number(value)?,
                "tls" => is_encrypted = number::<u8>(value)? != 0,
                "pass" => password = Some(Password(value.to_owned())),
                "sentinel" | "sentinel_group" | "sentinel_master" => {
                    return Err("sentinels are not asked; name the server itself".to_owned());
                }
                other => return Err(format!("a server has no attribute {other}")),
            }
        }
        let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
        Ok(Written {
            name: name
                .filter(|name| !name.is_empty())
                .ok_or("a server needs a name")?,
            place: match unix {
                Some(path) => KeyPlace::Unix(path.into()),
                None => KeyPlace::Tcp(host, port),
            },
            database,
            password,
            is_encrypted,
        })
    }

    /// Where it is, and how it is reached.
    pub(super) fn place(&self, params: &Params) -> KeyServer {
        KeyServer {
            place: self.place.clone(),
            database: self.database,
            user: None,
            password: self.password.clone(),
            connect_ms: params.connect_ms,
            deadline_ms: params.deadline_ms,
            authorities: self.is_encrypted.then(|| params.authorities.clone()),
            may_be_away: params.may_be_away,
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("`{text}` is no number here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read() {
        let read = |text| {
            Written::read(text).map(|written| {
                let server = written.place(&Params::default());
                let password = server.password.as_ref().map(|it| it.0.clone());
                format!("{} {server} {}", written.name, password.unwrap_or_default())
            })
        };
        let expected = [
            (
                "name=a;addr=192.0.2.1;port=7000;db=4;pass=my password",
                "a redis://192.0.2.1:7000/4 my password",
            ),
            (
                "name=a;unix=/tmp/redis.sock;db=3",
                "a redis:/tmp/redis.sock#3 ",
            ),
            ("name=a;unix=/s;addr=192.0.2.1;port=1", "a redis:/s#0 "),
            (
                "name=a;addr=192.0.2.1;tls=1",
                "a rediss://192.0.2.1:6379/0 ",
            ),
            ("name=a;", "a redis://127.0.0.1:6379/0 "),
        ];
        for (text, server) in expected {
            assert_eq!(read(text).as_deref(), Ok(server));
        }
        for wrong in [
            "addr=h",
            "name=a;port=x",
            "name=a;db=-1",
            "name",
            "name=a;color=red",
            "name=a;sentinel=h:1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
