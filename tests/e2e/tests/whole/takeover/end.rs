//! One end of a call.

use super::line::{Line, Proof};
use ringwall_e2e::{PATIENCE, until};
use std::cell::RefCell;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

/// What the ends speak.
#[derive(Clone)]
pub(super) enum Wire {
    Udp,
    Tcp,
    Tls(Proof),
}

impl Wire {
    /// Its name in Via, and whether the port of the connection is asked for, as phones do.
    pub(super) fn of_via(&self) -> (&'static str, &'static str) {
        match self {
            Wire::Udp => ("UDP", ""),
            Wire::Tcp => ("TCP", ";rport"),
            Wire::Tls(_) => ("TLS", ";rport"),
        }
    }

    /// The parameter of URIs.
    fn param(&self) -> &'static str {
        match self {
            Wire::Udp => "",
            Wire::Tcp => ";transport=tcp",
            Wire::Tls(_) => ";transport=tls",
        }
    }
}

/// A phone without a mind. Where the server has closed its connections it opens another one, and it takes
/// connections where it says that it is.
pub(super) struct End {
    name: &'static str,
    pub(super) wire: Wire,
    datagrams: UdpSocket,
    listener: TcpListener,
    lines: RefCell<Vec<Line>>,
    server: u16,
}

impl End {
    pub(super) fn new(name: &'static str, server: u16, wire: &Wire) -> End {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        listener.set_nonblocking(true).expect("an option");
        let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let patience = Some(Duration::from_millis(100));
        datagrams.set_read_timeout(patience).expect("a timeout");
        End {
            name,
            wire: wire.clone(),
            datagrams,
            listener,
            lines: RefCell::default(),
            server,
        }
    }

    pub(super) fn port(&self) -> u16 {
        let address = match self.wire {
            Wire::Udp => self.datagrams.local_addr(),
            _ => self.listener.local_addr(),
        };
        address.expect("bound").port()
    }

    pub(super) fn address(&self) -> String {
        let (name, port, param) = (self.name, self.port(), self.wire.param());
        format!("sip:{name}@127.0.0.1:{port}{param}")
    }

    pub(super) fn send(&self, text: &str) {
        if let Wire::Udp = self.wire {
            let server = ("127.0.0.1", self.server);
            let sent = self.datagrams.send_to(text.as_bytes(), server);
            sent.expect("the loopback takes it");
            return;
        }
        let mut lines = self.lines.borrow_mut();
        if lines.is_empty() {
            lines.push(Line::to(self.server, self.proof()));
        }
        if let Some(line) = lines.last_mut() {
            line.send(text);
        }
    }

    /// The server has ended: what it has closed is gone.
    pub(super) fn is_left(&self) {
        until("the server's connections end", PATIENCE, || {
            let mut lines = self.lines.borrow_mut();
            lines.retain_mut(|line| line.receive().is_some() || line.is_open);
            lines.is_empty().then_some(())
        });
    }

    pub(super) fn reply(&self, code: u16, request: &str, tag: &str) {
        let lines = |name: &str| -> String {
            let values = headers(request, name);
            values
                .iter()
                .map(|value| format!("{name}: {value}\r\n"))
                .collect()
        };
        let to = headers(request, "To").concat();
        self.send(&format!(
            "SIP/2.0 {code} So\r\n{}{}{}To: {to}{tag}\r\n{}{}Contact: <{}>\r\nContent-Length: 0\r\n\r\n",
            lines("Via"), lines("Record-Route"), lines("From"), lines("Call-ID"), lines("CSeq"), self.address()
        ));
    }

    /// The next message that begins so; others, such as 100, are passed over.
    pub(super) fn receive(&self, start: &str) -> String {
        until(start, PATIENCE, || {
            self.hear().filter(|text| text.starts_with(start))
        })
    }

    /// The next message.
    fn hear(&self) -> Option<String> {
        if let Wire::Udp = self.wire {
            let mut bytes = [0; 65_535];
            let length = self.datagrams.recv(&mut bytes).ok()?;
            return Some(String::from_utf8_lossy(&bytes[..length]).into_owned());
        }
        let mut lines = self.lines.borrow_mut();
        if let Ok((socket, _)) = self.listener.accept() {
            socket.set_nonblocking(false).expect("an option");
            lines.push(Line::from(socket, self.proof()));
        }
        lines.iter_mut().find_map(Line::receive)
    }

    fn proof(&self) -> Option<&Proof> {
        match &self.wire {
            Wire::Tls(proof) => Some(proof),
            _ => None,
        }
    }
}

pub(super) fn headers(message: &str, name: &str) -> Vec<String> {
    let lines = message.lines().take_while(|line| !line.is_empty());
    let values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    values.map(str::to_owned).collect()
}

pub(super) fn contact_of(message: &str) -> String {
    let contact = headers(message, "Contact").concat();
    contact.trim_matches(['<', '>']).to_owned()
}
