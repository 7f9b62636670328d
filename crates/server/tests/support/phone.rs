//! A phone over UDP that knows digest.

use md5::{Digest, Md5};
use std::net::UdpSocket;
use std::time::Duration;

/// A phone of a user.
pub(crate) struct Phone {
    user: String,
    password: String,
    socket: UdpSocket,
    cseq: u32,
}

/// How long an answer may take; and how long silence must last to count.
const PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_millis(300);

impl Phone {
    /// A phone that talks to the server on this port.
    pub(crate) fn new(user: &str, password: &str, server: u16) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.connect(("127.0.0.1", server)).expect("a server");
        Phone {
            user: user.to_owned(),
            password: password.to_owned(),
            socket,
            cseq: 0,
        }
    }

    /// Registers for a minute and gives the last answer.
    pub(crate) fn register(&mut self) -> String {
        let to = format!("sip:{}@example.test", self.user);
        self.authenticated("REGISTER", "sip:example.test", &to, "Expires: 60\r\n")
    }

    /// Sends a request, answers a challenge, and gives the last answer.
    pub(crate) fn authenticated(
        &mut self,
        method: &str,
        uri: &str,
        to: &str,
        more: &str,
    ) -> String {
        let first = self.ask(method, uri, to, more);
        let Some(challenge) = challenge(&first) else {
            return first;
        };
        let credentials = self.credentials(method, uri, &first, challenge);
        self.ask(method, uri, to, &format!("{more}{credentials}"))
    }

    /// Sends a request, answers a challenge, does what is to be done meanwhile, and gives the answer.
    pub(crate) fn authenticated_within<T>(
        &mut self,
        method: &str,
        uri: &str,
        to: &str,
        more: &str,
        meanwhile: impl FnOnce() -> T,
    ) -> (T, String) {
        let first = self.ask(method, uri, to, more);
        let challenge = challenge(&first).expect("a challenge");
        let credentials = self.credentials(method, uri, &first, challenge);
        self.send(method, uri, to, &format!("{more}{credentials}"));
        (meanwhile(), self.hear())
    }

    /// Sends a request and gives the answer.
    pub(crate) fn ask(&mut self, method: &str, uri: &str, to: &str, more: &str) -> String {
        self.send(method, uri, to, more);
        self.hear()
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, method: &str, uri: &str, to: &str, more: &str) {
        self.cseq += 1;
        let (user, cseq) = (&self.user, self.cseq);
        let own = self.socket.local_addr().expect("an address");
        let branch = format!("z9hG4bK{}x{cseq}", own.port());
        let to = if to.contains(";tag=") {
            to.to_owned()
        } else {
            format!("<{to}>")
        };
        self.send_text(&format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch={branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@example.test>;tag=f{}\r\nTo: {to}\r\nCall-ID: c{}@test\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{user}@{own}>\r\n{more}Content-Length: 0\r\n\r\n",
            own.port(),
            own.port(),
        ));
    }

    /// Sends a text as it is.
    pub(crate) fn send_text(&self, text: &str) {
        self.socket.send(text.as_bytes()).expect("a sent datagram");
    }

    /// The next message.
    pub(crate) fn hear(&self) -> String {
        self.hear_within(PATIENCE).expect("an answer")
    }

    /// True where nothing comes for a moment.
    pub(crate) fn hears_nothing(&self) -> bool {
        self.hear_within(SILENCE).is_none()
    }

    fn hear_within(&self, time: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(time)).expect("a timeout");
        let mut buffer = [0; 65_535];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(buffer.get(..length)?).into_owned())
    }

    fn credentials(&self, method: &str, uri: &str, answer: &str, challenge: &str) -> String {
        let value = |name: &str| {
            let (_, rest) = challenge
                .split_once(&format!("{name}=\""))
                .expect("a parameter");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let (realm, nonce) = (value("realm"), value("nonce"));
        let (user, password) = (&self.user, &self.password);
        let ha1 = md5(&format!("{user}:{realm}:{password}"));
        let ha2 = md5(&format!("{method}:{uri}"));
        let response = md5(&format!("{ha1}:{nonce}:00000001:c:auth:{ha2}"));
        let name = if answer.contains("401 ") {
            "Authorization"
        } else {
            "Proxy-Authorization"
        };
        format!(
            "{name}: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"
        )
    }
}

fn challenge(answer: &str) -> Option<&str> {
    answer
        .lines()
        .find(|line| line.contains("-Authenticate: Digest"))
}

fn md5(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
