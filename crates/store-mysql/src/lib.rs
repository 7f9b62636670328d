//! MySQL and MariaDB behind the contract of [`store`], on databases that Kamailio's db_mysql can
//! share.
//!
//! * Text goes in and out byte for byte, whatever the character set of a column: bytes that are not
//!   ASCII are written as a binary string and read without conversion. A column whose character set
//!   does not know them refuses them, [`StoreError::Refused`](store::StoreError::Refused).
//! * Texts compare byte by byte, though Kamailio's tables compare without regard to case: the
//!   column's own comparison finds the candidates by index, a binary one decides.
//! * Times are on the clock of the server process, as in Kamailio.
//! * The connection is encrypted where authorities are named, and the certificate must then be right.

mod dialect;
mod error;
mod session;
mod value;

use std::path::Path;

use mysql_async::{OptsBuilder, SslOpts};
use store::{DbUrl, StoreError};
use store_remote::{Driver, Options, Remote, Zone};

use error::Context;
use session::MysqlSession;

/// A MySQL database, connected.
pub type MysqlStore = Remote<Mysql>;

/// Where a MySQL database is.
pub struct Mysql {
    options: mysql_async::Opts,
    context: Context,
    zone: Zone,
}

/// Where Debian's servers have their socket, which `localhost` means for every MySQL client.
const SOCKET: &str = "/run/mysqld/mysqld.sock";

/// Connects to the database of a URL, `mysql://user:password@host:port/database`.
///
/// Without a port, `localhost` or no host at all is the server's local socket, where there is one.
///
/// # Errors
/// Why the database cannot be reached, or refuses this user.
pub fn open(url: &DbUrl, zone: Zone, options: Options) -> Result<MysqlStore, StoreError> {
    // The driver reads the file when it connects, and says no more than that there is none.
    if let Some(Err(why)) = options.authorities.as_deref().map(Path::metadata) {
        return Err(StoreError::rejected(Context::new(url).store(), why));
    }
    Remote::open(
        Mysql::new(url, zone, options.authorities.as_deref()),
        options,
    )
}

impl Mysql {
    fn new(url: &DbUrl, zone: Zone, authorities: Option<&Path>) -> Self {
        let is_local = matches!(url.host.as_str(), "" | "localhost") && url.port.is_none();
        let socket = (is_local && Path::new(SOCKET).exists()).then_some(SOCKET);
        let host = match url.host.as_str() {
            "" | "localhost" => "127.0.0.1",
            other => other,
        };
        let options = OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(url.port.unwrap_or(3306))
            .socket(socket)
            .prefer_socket(false)
            .user(url.user.as_deref())
            .pass(url.password.as_deref())
            .db_name(Some(url.database.as_str()))
            // An update that finds a row as it shall be has found it.
            .client_found_rows(true)
            .ssl_opts(authorities.map(certified_by))
            .stmt_cache_size(STATEMENTS)
            .setup(SETUP.map(str::to_owned).to_vec());
        Self {
            options: options.into(),
            context: Context::new(url),
            zone,
        }
    }
}

/// Encrypted, with a certificate of one of the authorities in this file and of no other.
fn certified_by(authorities: &Path) -> SslOpts {
    SslOpts::default()
        .with_root_certs(vec![authorities.to_owned().into()])
        .with_disable_built_in_roots(true)
}

/// Prepared statements kept for each connection: more than the modules have between them.
const STATEMENTS: usize = 256;

/// Values that do not fit are refused instead of cut, a backslash is an escape in literals as in
/// Kamailio's, and results come as they are stored.
const SETUP: [&str; 2] = [
    "SET SESSION sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',STRICT_ALL_TABLES')",
    "SET SESSION character_set_results = NULL",
];

impl Driver for Mysql {
    type Session = MysqlSession;

    fn name(&self) -> String {
        self.context.store()
    }

    fn kind(&self) -> &'static str {
        "mysql"
    }

    /// Quotes of both kinds, backslashes and NUL stand behind a backslash, so that what is inside the
    /// quotes is safe between double quotes too. Bytes that are not UTF-8 are spelled in hexadecimal.
    fn quote(text: &[u8]) -> String {
        let Ok(text) = std::str::from_utf8(text) else {
            let digits: String = text.iter().map(|byte| format!("{byte:02X}")).collect();
            return format!("X'{digits}'");
        };
        let mut literal = String::with_capacity(text.len() + 2);
        literal.push('\'');
        for letter in text.chars() {
            match letter {
                '\'' | '"' | '\\' => literal.extend(['\\', letter]),
                '\0' => literal.push_str("\\0"),
                other => literal.push(other),
            }
        }
        literal.push('\'');
        literal
    }

    async fn connect(&self) -> Result<MysqlSession, StoreError> {
        let connection = mysql_async::Conn::new(self.options.clone()).await;
        let connection = connection.map_err(|error| self.context.at_connecting(&error))?;
        Ok(MysqlSession::new(
            connection,
            self.context.clone(),
            self.zone.clone(),
        ))
    }
}
