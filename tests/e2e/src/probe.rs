//! Single requests over UDP, without a SIP library: the judge shares no code with the judged.

use std::net::UdpSocket;
use std::time::Duration;

/// A socket that sends requests to one server.
pub struct Probe {
    socket: UdpSocket,
    server: u16,
    number: u32,
    last: String,
}

impl Probe {
    /// A probe of the server on a port of 127.0.0.1.
    ///
    /// # Panics
    /// Where no socket is to be had.
    #[must_use]
    pub fn new(server: u16) -> Probe {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let patience = Some(Duration::from_millis(100));
        socket.set_read_timeout(patience).expect("a timeout");
        Probe {
            socket,
            server,
            number: 0,
            last: String::new(),
        }
    }

    /// Sends a new request outside a dialog. `headers` ends each of its lines with CRLF.
    pub fn send(&mut self, method: &str, uri: &str, to: &str, headers: &str) {
        self.number += 1;
        let (number, port) = (self.number, self.port());
        let id = format!("{}-{port}-{number}", std::process::id());
        let text = format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{id};rport\r\n\
             From: <sip:probe@127.0.0.1>;tag=t{id}\r\nTo: <{to}>\r\nCall-ID: {id}\r\n\
             CSeq: {number} {method}\r\nMax-Forwards: 10\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        self.last = text;
        self.repeat();
    }

    /// Sends the last request again, as a phone does that has heard nothing.
    pub fn repeat(&self) {
        // A server that is not up refuses; the answer that does not come tells.
        let _ = self
            .socket
            .send_to(self.last.as_bytes(), ("127.0.0.1", self.server));
    }

    /// The next message that arrives within a tenth of a second.
    pub fn receive(&self) -> Option<String> {
        let mut bytes = [0; 65_535];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// Asks the server itself for its options, once.
    pub fn options(&mut self) -> Option<String> {
        let uri = format!("sip:127.0.0.1:{}", self.server);
        self.send("OPTIONS", &uri, &uri, "");
        self.receive()
    }

    /// The port of the probe.
    ///
    /// # Panics
    /// Never: the socket is bound.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.socket.local_addr().expect("bound").port()
    }
}

/// The status code of a response.
#[must_use]
pub fn status_of(message: &str) -> Option<u16> {
    message
        .strip_prefix("SIP/2.0 ")?
        .get(..3)
        .and_then(|code| code.parse().ok())
}
