//! What is asked of the connections, and why it may be refused.

use std::fmt;
use std::net::SocketAddr;

use super::conn::Conn;
use super::event::Kind;
use crate::tls::TlsClient;

/// A connection to open.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The address it shall leave from; its port counts only with
    /// [`Config::reuse_port`](super::Config).
    pub local: Option<SocketAddr>,
    /// Where to.
    pub peer: SocketAddr,
    /// With TLS, the settings and the name that the peer's certificate must have: a host name or an
    /// IP address. The name is also sent as SNI.
    pub tls: Option<(TlsClient, String)>,
    /// What [`Find::tls_name`] must be to find it again, instead of the name.
    pub tls_key: Option<String>,
}

/// A connection to look for.
#[derive(Debug, Clone, Copy)]
pub struct Find<'a> {
    /// Its transport.
    pub kind: Kind,
    /// The peer's address, or an alias of the connection.
    pub peer: SocketAddr,
    /// Our address. Port 0 stands for any port; a connection of ours, having a port of its own,
    /// matches by address alone.
    pub local: Option<SocketAddr>,
    /// With a name, only TLS connections of ours that were opened for this name, or with this
    /// [`Connect::tls_key`], match, so that a
    /// certificate for one name never serves another. Leave it out where peers are not verified.
    pub tls_name: Option<&'a str>,
}

/// A message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// There is no such connection any more.
    Gone,
    /// Too much waits already; the connection closes.
    Full,
}

/// An alias that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasError {
    /// There is no such connection any more.
    Gone,
    /// The address is not of the peer's host: nobody may attract another host's messages.
    Foreign,
    /// The connection has 12 aliases already.
    Full,
}

impl Find<'_> {
    pub(super) fn fits(&self, conn: &Conn) -> bool {
        let named = match self.tls_name {
            None => true,
            Some(name) => conn
                .tls_name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name)),
        };
        named && conn.is_open() && self.local.is_none_or(|local| leaves_from(conn, local))
    }
}

fn leaves_from(conn: &Conn, wanted: SocketAddr) -> bool {
    match conn.local.get() {
        // It is being established.
        None => conn.from.is_none_or(|from| from == wanted.ip()),
        Some(local) => {
            local.ip() == wanted.ip()
                && (!conn.inbound || wanted.port() == 0 || local.port() == wanted.port())
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the connection is gone",
            Self::Full => "too much waits to be sent",
        })
    }
}

impl std::error::Error for SendError {}

impl fmt::Display for AliasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the connection is gone",
            Self::Foreign => "the alias is of another host",
            Self::Full => "the connection has too many aliases",
        })
    }
}

impl std::error::Error for AliasError {}
