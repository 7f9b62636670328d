//! PostgreSQL behind the contract of [`store`], on databases that Kamailio's db_postgres can share.
//!
//! * Values travel as text, so that the server reads each as what its column is.
//! * A database in UTF-8 refuses other bytes, and every database refuses NUL in a text:
//!   [`StoreError::Refused`](store::StoreError::Refused).
//! * Texts compare and sort byte by byte, whatever the collation of the database.
//! * Times are on the clock of the server process, as in Kamailio.
//! * A whole number beyond 31 bits becomes negative in a column of 32 bits, as with Kamailio, which
//!   has no other column for its unsigned numbers.
//! * The connection is encrypted where authorities are named, and the certificate must then be right.

mod certified;
mod dialect;
mod error;
mod numeric;
mod placeholders;
mod session;
mod value;

use store::{DbUrl, StoreError};
use store_remote::{Driver, Options, Remote, Zone};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use error::Context;
use session::PostgresSession;

/// A PostgreSQL database, connected.
pub type PostgresStore = Remote<Postgres>;

/// Where a PostgreSQL database is.
pub struct Postgres {
    config: Config,
    /// None where the connection is not encrypted.
    tls: Option<MakeRustlsConnect>,
    context: Context,
    zone: Zone,
}

/// Where Debian's servers have their socket, which no host at all means for every PostgreSQL client.
const SOCKETS: &str = "/var/run/postgresql";

/// Connects to the database of a URL, `postgres://user:password@host:port/database`. Without a host
/// it is on the server's local socket.
///
/// # Errors
/// Why the database cannot be reached, or refuses this user.
pub fn open(url: &DbUrl, zone: Zone, options: Options) -> Result<PostgresStore, StoreError> {
    let mut config = Config::new();
    match url.host.as_str() {
        "" => config.host_path(SOCKETS),
        host => config.host(host),
    };
    config
        .port(url.port.unwrap_or(5432))
        .dbname(&url.database)
        .application_name("ringwall");
    if let Some(user) = &url.user {
        config.user(user);
    }
    if let Some(password) = &url.password {
        config.password(password);
    }
    let context = Context::new(url);
    let authorities = options.authorities.as_deref();
    let tls = match authorities.filter(|_| !url.host.is_empty()) {
        Some(file) => {
            config.ssl_mode(SslMode::Require);
            Some(certified::by(file).map_err(|why| context.rejected(why))?)
        }
        None => None,
    };
    let postgres = Postgres {
        config,
        tls,
        context,
        zone,
    };
    Remote::open(postgres, options)
}

impl Driver for Postgres {
    type Session = PostgresSession;

    fn name(&self) -> String {
        self.context.store()
    }

    fn kind(&self) -> &'static str {
        "postgres"
    }

    /// A quote is doubled; a backslash is no escape. Bytes that are not UTF-8 or are NUL are spelled
    /// in hexadecimal, for the database to refuse or to take.
    fn quote(text: &[u8]) -> String {
        match std::str::from_utf8(text) {
            Ok(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
            _ => {
                let digits: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("convert_from('\\x{digits}', getdatabaseencoding())")
            }
        }
    }

    async fn connect(&self) -> Result<PostgresSession, StoreError> {
        let refused = |error| self.context.at_connecting(&error);
        // A connection ends when its session is dropped; how it failed is told to whoever waits for an answer.
        let client = match self.tls.clone() {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls).await.map_err(refused)?;
                drop(tokio::spawn(connection));
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(refused)?;
                drop(tokio::spawn(connection));
                client
            }
        };
        let mut session = PostgresSession::new(client, self.context.clone(), self.zone.clone());
        session.set_up().await?;
        Ok(session)
    }
}
