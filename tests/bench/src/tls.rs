//! TLS connections from many addresses.

use crate::ground::Ground;
use crate::measure::Outcome;
use crate::needs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that is open, with what TLS knows of it.
pub(crate) type Held = StreamOwned<ClientConnection, TcpStream>;

/// Connections from one address, as servers limit them by source.
const PER_SOURCE: u64 = 100;
/// How long a server has for each step.
const PATIENCE: Duration = Duration::from_secs(10);
/// When the last connection stands, what the server does behind the scenes comes to its end in this time.
const REST: Duration = Duration::from_secs(1);

/// Opens connections to the TLS port of a run.
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    server: SocketAddr,
}

impl Client {
    /// One that trusts the certificate of the run and no other. It resumes no session, so that every handshake is
    /// a whole one.
    ///
    /// # Errors
    /// A sentence, where the certificate is not there.
    pub(crate) fn new(ground: &Ground) -> Result<Client, String> {
        let path = ground.path().join(needs::CERTIFICATE);
        let certificate =
            CertificateDer::from_pem_file(path).map_err(|error| format!("{error:?}"))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|error| error.to_string())?;
        let config = ClientConfig::builder().with_root_certificates(roots);
        let mut config = config.with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Client {
            config: Arc::new(config),
            server: SocketAddr::from((Ipv4Addr::LOCALHOST, ground.tls_port)),
        })
    }

    /// Opens connections, uses each once, and hands them over open.
    pub(crate) fn hold(&self, rate: u64, count: u64) -> (Outcome, Vec<Held>) {
        let mut held = Vec::new();
        let outcome = self.each(rate, count, |connection| held.push(connection));
        std::thread::sleep(REST);
        (outcome, held)
    }

    /// Opens connections, uses each once, and closes it.
    pub(crate) fn shake_hands(&self, rate: u64, count: u64) -> Outcome {
        self.each(rate, count, |mut connection| {
            connection.conn.send_close_notify();
            // The server may have gone first.
            let _ = connection.flush();
        })
    }

    fn each(&self, rate: u64, count: u64, mut then: impl FnMut(Held)) -> Outcome {
        let (start, mut outcome) = (Instant::now(), Outcome::default());
        for number in 0..count {
            let due = Duration::from_secs_f64(number as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            match self.open(number).and_then(|mut one| {
                ask(&mut one, number)?;
                Ok(one)
            }) {
                Ok(connection) => {
                    outcome.done += 1;
                    then(connection);
                }
                Err(_) => outcome.failed += 1,
            }
        }
        outcome
    }

    fn open(&self, number: u64) -> io::Result<Held> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let source = (number / PER_SOURCE) as u32;
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + source);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect_timeout(&self.server.into(), PATIENCE)?;
        socket.set_tcp_nodelay(true)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::IpAddress(IpAddr::from(self.server.ip()));
        let session = ClientConnection::new(Arc::clone(&self.config), name);
        Ok(StreamOwned::new(session.map_err(io::Error::other)?, stream))
    }
}

/// Asks and reads the head of the answer.
fn ask(connection: &mut Held, number: u64) -> io::Result<()> {
    let text = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.1.0.1:9;branch=z9hG4bKt{number};rport\r\n\
         From: <sip:a@bench.test>;tag={number}\r\nTo: <sip:127.0.0.1>\r\nCall-ID: t{number}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(text.as_bytes())?;
    connection.flush()?;
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => head.extend_from_slice(&buffer[..length]),
        }
    }
    if head.starts_with(b"SIP/2.0 200") {
        Ok(())
    } else {
        Err(io::Error::other("another answer than 200"))
    }
}
