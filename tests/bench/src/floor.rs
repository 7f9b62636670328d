//! What no server can do without: the same datagrams through bare sockets, and nothing else.

use crate::arguments::Named;
use crate::workload::{Floor, Workload};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg};
use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// The first word of the command line that makes this program a floor.
pub(crate) const WORD: &str = "floor";
/// Datagrams taken with one system call.
const BATCH: usize = 32;
/// The longest datagram of any workload is far shorter.
const SLOT: usize = 4096;

/// This program as the server of a workload; none where bare sockets cannot do it.
///
/// # Errors
/// A sentence, where the program does not know its own name.
pub(crate) fn server(workload: &Workload) -> Result<Option<Named>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let named = |floor: Floor| Named {
        name: "bare sockets".to_owned(),
        command: format!(
            "{} {WORD} {} {{port}} {{callee}}",
            own.display(),
            floor.name()
        ),
    };
    Ok(workload.floor.map(named))
}

/// Answers or relays until it is ended: `WHAT PORT CALLEE`.
///
/// # Errors
/// A sentence, where the arguments are wrong or the socket breaks.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let [what, port, callee] = words else {
        return Err("floor WHAT PORT CALLEE".to_owned());
    };
    let number = |text: &String| text.parse::<u16>().map_err(|error| error.to_string());
    let known = Floor::NAMES.iter().find(|(name, _)| name == what);
    let (_, floor) = known.ok_or_else(|| format!("no floor `{what}`"))?;
    let socket =
        UdpSocket::bind(("127.0.0.1", number(port)?)).map_err(|error| error.to_string())?;
    let bare = Bare {
        socket,
        floor: *floor,
        callee: SocketAddr::from(([127, 0, 0, 1], number(callee)?)),
        caller: None,
        out: Vec::with_capacity(SLOT),
    };
    bare.serve().map_err(|error| format!("floor: {error}"))
}

struct Bare {
    socket: UdpSocket,
    floor: Floor,
    callee: SocketAddr,
    /// Who sent last that was not the callee.
    caller: Option<SocketAddr>,
    out: Vec<u8>,
}

impl Bare {
    fn serve(mut self) -> std::io::Result<()> {
        let mut buffer = vec![0; BATCH * SLOT];
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
        let descriptor = self.socket.as_raw_fd();
        loop {
            let mut slots: Vec<_> = buffer
                .chunks_mut(SLOT)
                .map(|slot| [IoSliceMut::new(slot)])
                .collect();
            let flags = MsgFlags::MSG_WAITFORONE;
            let batch = recvmmsg(descriptor, &mut headers, slots.iter_mut(), flags, None)?;
            for message in batch {
                let from = message.address.map(|from| SocketAddrV4::from(from).into());
                if let (Some(from), Some(bytes)) = (from, message.iovs().next()) {
                    self.datagram(bytes, from);
                }
            }
        }
    }

    fn datagram(&mut self, bytes: &[u8], from: SocketAddr) {
        let asks = bytes.starts_with(b"OPTIONS");
        match self.floor {
            Floor::Answer => self.answer(b"SIP/2.0 200 OK\r\n", bytes, from),
            Floor::Swallow | Floor::Challenge | Floor::Relay if asks => {
                self.answer(b"SIP/2.0 200 OK\r\n", bytes, from);
            }
            Floor::Swallow => {}
            Floor::Challenge => {
                let known = bytes.windows(14).any(|word| word == b"Authorization:");
                let status = if known { OK } else { UNAUTHORIZED };
                self.answer(status.as_bytes(), bytes, from);
            }
            Floor::Relay => self.relay(bytes, from),
        }
    }

    fn relay(&mut self, bytes: &[u8], from: SocketAddr) {
        if from == self.callee {
            if let Some(caller) = self.caller {
                self.send(bytes, caller);
            }
            return;
        }
        self.caller = Some(from);
        if bytes.starts_with(b"INVITE") {
            self.answer(b"SIP/2.0 100 Trying\r\n", bytes, from);
        }
        self.send(bytes, self.callee);
    }

    /// The request's own headers behind a status line.
    fn answer(&mut self, status: &[u8], request: &[u8], to: SocketAddr) {
        let line = request.iter().position(|byte| *byte == b'\n');
        let rest = line.and_then(|at| request.get(at + 1..));
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        out.extend_from_slice(status);
        out.extend_from_slice(rest.unwrap_or_default());
        self.send(&out, to);
        self.out = out;
    }

    fn send(&self, bytes: &[u8], to: SocketAddr) {
        // Who has gone needs no datagram.
        let _ = self.socket.send_to(bytes, to);
    }
}

const OK: &str = "SIP/2.0 200 OK\r\n";
const UNAUTHORIZED: &str = "SIP/2.0 401 Unauthorized\r\n\
    WWW-Authenticate: Digest realm=\"bench.test\", nonce=\"bare\", qop=\"auth\"\r\n";
