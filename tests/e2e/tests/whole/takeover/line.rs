//! A connection of a phone, plain or encrypted, on either end of which the other side may have opened it.

use crate::attacks::link::{first_of, trust};
use ringwall_e2e::{Authority, Scratch};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the phones and the servers prove themselves with, all of them the same.
#[derive(Clone)]
pub(super) struct Proof {
    /// Certificate and key.
    pub(super) file: PathBuf,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Proof {
    pub(super) fn new(scratch: &Scratch) -> Proof {
        let authority = Authority::create(scratch, "authority");
        let file = authority.issue("127.0.0.1", |_| {});
        Proof {
            client: trust(authority.path()),
            server: shown(&file),
            file,
        }
    }
}

fn shown(file: &Path) -> Arc<ServerConfig> {
    let text = std::fs::read(file).expect("a certificate");
    let mut chain = &text[..];
    let chain = rustls_pemfile::certs(&mut chain).map(|it| it.expect("a certificate"));
    let key = rustls_pemfile::private_key(&mut &text[..]).expect("PEM");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(chain.collect(), key.expect("a key"));
    Arc::new(config.expect("a certificate and its key"))
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A connection, and what of a message has come over it.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    rest: Vec<u8>,
    pub(super) is_open: bool,
}

impl Line {
    /// Opens one to the server.
    pub(super) fn to(server: u16, proof: Option<&Proof>) -> Line {
        let socket = TcpStream::connect(("127.0.0.1", server)).expect("a connection");
        let Some(proof) = proof else {
            return Line::plain(socket);
        };
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let mut tls = ClientConnection::new(proof.client.clone(), name).expect("a client");
        let mut handshake = &socket;
        tls.complete_io(&mut handshake).expect("a handshake");
        let clone = socket.try_clone().expect("a socket");
        Line::over(StreamOwned::new(tls, clone), &socket)
    }

    /// One that the server has opened.
    pub(super) fn from(socket: TcpStream, proof: Option<&Proof>) -> Line {
        let Some(proof) = proof else {
            return Line::plain(socket);
        };
        let mut tls = ServerConnection::new(proof.server.clone()).expect("a server");
        let mut handshake = &socket;
        tls.complete_io(&mut handshake).expect("a handshake");
        let clone = socket.try_clone().expect("a socket");
        Line::over(StreamOwned::new(tls, clone), &socket)
    }

    fn plain(socket: TcpStream) -> Line {
        let clone = socket.try_clone().expect("a socket");
        Line::over(clone, &socket)
    }

    fn over(stream: impl Stream + 'static, socket: &TcpStream) -> Line {
        let patience = Some(Duration::from_millis(5));
        socket.set_read_timeout(patience).expect("a timeout");
        Line {
            stream: Box::new(stream),
            rest: Vec::new(),
            is_open: true,
        }
    }

    pub(super) fn send(&mut self, text: &str) {
        let sent = self.stream.write_all(text.as_bytes());
        sent.and_then(|()| self.stream.flush()).expect("it is open");
    }

    /// The next message that has come.
    pub(super) fn receive(&mut self) -> Option<String> {
        let mut bytes = [0; 65_535];
        match self.stream.read(&mut bytes) {
            Ok(length) => {
                self.is_open &= length > 0;
                self.rest.extend_from_slice(&bytes[..length]);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.is_open = false,
        }
        let message = first_of(&mut self.rest)?;
        Some(String::from_utf8_lossy(&message).into_owned())
    }
}
