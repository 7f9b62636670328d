//! The way of an attacker to the server: a socket, or a connection.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sim::attack::Proto;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A socket that nobody has used before.
pub(super) enum Link {
    Datagrams(UdpSocket),
    Plain(TcpStream, Vec<u8>),
    Secured(Box<StreamOwned<ClientConnection, TcpStream>>, Vec<u8>),
}

/// What came within a while.
pub(super) enum Heard {
    Message(Vec<u8>),
    Nothing,
    Closed,
}

/// What a TLS client trusts.
pub(crate) fn trust(certificate: &Path) -> Arc<ClientConfig> {
    let text = std::fs::read(certificate).expect("a certificate");
    let mut roots = RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut &text[..]) {
        roots
            .add(certificate.expect("a certificate"))
            .expect("a root");
    }
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
}

impl Link {
    pub(super) fn open(proto: Proto, server: SocketAddr, trusted: &Arc<ClientConfig>) -> Link {
        if proto == Proto::Udp {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.connect(server).expect("a peer");
            return Link::Datagrams(socket);
        }
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        if proto == Proto::Tcp {
            return Link::Plain(stream, Vec::new());
        }
        let name = ServerName::try_from("example.test").expect("a name");
        let client = ClientConnection::new(trusted.clone(), name).expect("a client");
        Link::Secured(Box::new(StreamOwned::new(client, stream)), Vec::new())
    }

    pub(super) fn address(&self) -> SocketAddr {
        let address = match self {
            Link::Datagrams(socket) => socket.local_addr(),
            Link::Plain(stream, _) => stream.local_addr(),
            Link::Secured(stream, _) => stream.sock.local_addr(),
        };
        address.expect("an address")
    }

    pub(super) fn send(&mut self, octets: &[u8]) {
        // A server that has closed takes nothing; what is heard tells.
        let _ = match self {
            Link::Datagrams(socket) => socket.send(octets).map(|_| ()),
            Link::Plain(stream, _) => stream.write_all(octets),
            Link::Secured(stream, _) => stream.write_all(octets).and_then(|()| stream.flush()),
        };
    }

    pub(super) fn hear(&mut self, within: Duration) -> Heard {
        let mut bytes = [0; 65_535];
        let (read, rest) = match self {
            Link::Datagrams(socket) => {
                socket.set_read_timeout(Some(within)).expect("a timeout");
                return match socket.recv(&mut bytes) {
                    Ok(length) => Heard::Message(bytes[..length].to_vec()),
                    Err(_) => Heard::Nothing,
                };
            }
            Link::Plain(stream, rest) => {
                if let Some(message) = first_of(rest) {
                    return Heard::Message(message);
                }
                stream.set_read_timeout(Some(within)).expect("a timeout");
                (stream.read(&mut bytes), rest)
            }
            Link::Secured(stream, rest) => {
                if let Some(message) = first_of(rest) {
                    return Heard::Message(message);
                }
                stream
                    .sock
                    .set_read_timeout(Some(within))
                    .expect("a timeout");
                (stream.read(&mut bytes), rest)
            }
        };
        match read {
            Ok(0) => Heard::Closed,
            Ok(length) => {
                rest.extend_from_slice(&bytes[..length]);
                first_of(rest).map_or(Heard::Nothing, Heard::Message)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Heard::Nothing
            }
            Err(_) => Heard::Closed,
        }
    }
}

/// Takes the first whole message, or the answer to a ping, off what has been read.
pub(crate) fn first_of(rest: &mut Vec<u8>) -> Option<Vec<u8>> {
    if rest.starts_with(b"\r\n") {
        return Some(rest.drain(..2).collect());
    }
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&rest[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: ")?.trim().parse().ok())
        .unwrap_or(0_usize);
    let whole = end + length;
    (rest.len() >= whole).then(|| rest.drain(..whole).collect())
}
