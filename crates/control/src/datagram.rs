//! Datagram sockets: a document and an answer per datagram.

use crate::place;
use crate::serve::{Answering, spawn};
use crate::stream::NOT_JSON;
use policy::FileAccess;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

/// The largest document.
const MOST_BYTES: usize = 65_535;
/// How long an answer waits for a peer that does not read (`dgram_timeout`, Kamailio's default).
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens a Unix datagram socket and gives its path.
pub(crate) fn open_unix(
    path: PathBuf,
    access: &FileAccess,
    pretty: bool,
    answering: Answering,
) -> Result<PathBuf, String> {
    place::clear(&path)?;
    let socket = UnixDatagram::bind(&path);
    let socket = socket.map_err(|error| format!("{}: {error}", path.display()))?;
    socket
        .set_write_timeout(Some(PATIENCE))
        .map_err(|error| error.to_string())?;
    place::protect(&path, access)?;
    spawn("rpc-datagram", move || {
        serve_unix(&socket, pretty, &answering)
    })?;
    Ok(path)
}

/// Opens a UDP socket.
pub(crate) fn open_udp(
    address: SocketAddr,
    pretty: bool,
    answering: Answering,
) -> Result<(), String> {
    let socket = UdpSocket::bind(address).map_err(|error| format!("udp:{address}: {error}"))?;
    spawn("rpc-udp", move || serve_udp(&socket, pretty, &answering))
}

fn serve_unix(socket: &UnixDatagram, pretty: bool, answering: &Answering) {
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let answer = answer(buffer.get(..length).unwrap_or_default(), pretty, answering);
        if !peer.is_unnamed() {
            // A peer that has gone needs no answer.
            let _ = socket.send_to_addr(answer.as_bytes(), &peer);
        }
    }
}

fn serve_udp(socket: &UdpSocket, pretty: bool, answering: &Answering) {
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let answer = answer(buffer.get(..length).unwrap_or_default(), pretty, answering);
        let _ = socket.send_to(answer.as_bytes(), peer);
    }
}

fn answer(document: &[u8], pretty: bool, answering: &Answering) -> String {
    answering(document).map_or_else(|| NOT_JSON.to_owned(), |executed| executed.render(pretty))
}
