//! What a connection costs in this crate: answers each read with a status line and holds the
//! connections. `hold ADDRESS:PORT [tcp]`, TLS if not said otherwise; then count with `tlsconn.py`
//! of the benchmarks.
#![allow(clippy::disallowed_methods, reason = "real connections are held")]

use std::error::Error;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use net::stream::{Config, Event, Streams, channels};
use net::tls::{Identity, ServerOptions, TlsServer};

fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:5061".to_owned())
        .parse()?;
    let (mut sinks, mut receivers) = channels(1);
    let config = Config {
        max_connections: 20_000,
        max_tls_connections: 20_000,
        ..Config::default()
    };
    let streams = Streams::start(config, vec![sinks.remove(0)])?;
    match std::env::args().nth(2).as_deref() {
        Some("tcp") => streams.listen_tcp(address)?,
        _ => streams.listen_tls(address, TlsServer::new(&ServerOptions::new(identity()?))?)?,
    };
    for event in receivers.remove(0) {
        if let Event::Received { id, bytes, .. } = event {
            // A connection that has gone meanwhile needs no answer.
            let _ = streams.send(id, answer(&bytes));
        }
    }
    Ok(())
}

fn answer(request: &[u8]) -> Bytes {
    let line = request
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut answer = BytesMut::from(&b"SIP/2.0 200 OK\r\n"[..]);
    answer.extend_from_slice(request.get(line..).unwrap_or_default());
    answer.freeze()
}

fn identity() -> Result<Identity, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let file = std::env::temp_dir().join(format!("hold-{}.pem", std::process::id()));
    std::fs::write(&file, made.cert.pem() + &made.signing_key.serialize_pem())?;
    let identity = Identity::load(&file, &file)?;
    std::fs::remove_file(&file)?;
    Ok(identity)
}
