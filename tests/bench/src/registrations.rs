//! Phones that register, many and without a thread for each.

use crate::ground::Ground;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A request without an answer is sent again after this time, then after twice as long (RFC 3261, T1).
const FIRST: Duration = Duration::from_millis(500);
/// The longest of these times (T2).
const LONGEST: Duration = Duration::from_secs(4);
/// So often it is sent, within 32 seconds; then it has failed (timer F).
const TRIES: u32 = 11;
/// Answers of a second wait in the socket while this process does not run.
const BUFFER: usize = 4 << 20;
/// How long there is nothing to do.
const NAP: Duration = Duration::from_micros(200);

/// All phones behind one socket. Each has a Call-ID of its own and counts its requests.
pub(crate) struct Registrations {
    socket: UdpSocket,
    server: SocketAddr,
    /// The last CSeq of all; it only has to rise.
    cseq: u32,
    again: u64,
}

/// A request without an answer.
struct Waiting {
    user: u64,
    tries: u32,
}

impl Registrations {
    /// Opens the socket.
    ///
    /// # Errors
    /// A sentence, where the system has none.
    pub(crate) fn new(ground: &Ground) -> Result<Registrations, String> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let set = socket.set_nonblocking(true);
        set.map_err(|error| error.to_string())?;
        // The system may give less; what is lost then is sent again.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
        Ok(Registrations {
            socket,
            server: SocketAddr::from(([127, 0, 0, 1], ground.port)),
            cseq: 0,
            again: 0,
        })
    }

    /// How often a request was sent again.
    pub(crate) fn again(&self) -> u64 {
        self.again
    }

    /// Registers each of these users once, at `rate` a second, and waits for every answer. Says how many had none, or
    /// another one than 200.
    ///
    /// # Errors
    /// A sentence, where the socket breaks.
    pub(crate) fn one_each(
        &mut self,
        users: impl IntoIterator<Item = u64>,
        rate: u64,
    ) -> Result<u64, String> {
        let broken = |error: io::Error| format!("registrations: {error}");
        let mut users = users.into_iter().peekable();
        let (start, mut sent, mut failed) = (Instant::now(), 0, 0);
        let mut waiting: BTreeMap<u32, Waiting> = BTreeMap::new();
        let mut timers = BTreeSet::new();
        while users.peek().is_some() || !waiting.is_empty() {
            while (sent as f64) < start.elapsed().as_secs_f64() * rate as f64 {
                let Some(user) = users.next() else { break };
                sent += 1;
                self.cseq += 1;
                self.send(user, self.cseq).map_err(broken)?;
                waiting.insert(self.cseq, Waiting { user, tries: 1 });
                timers.insert((Instant::now() + FIRST, self.cseq));
            }
            failed += self.hear(&mut waiting).map_err(broken)?;
            failed += self.retry(&mut waiting, &mut timers).map_err(broken)?;
            std::thread::sleep(NAP);
        }
        Ok(failed)
    }

    /// Takes every answer that is there; says how many were no 200.
    fn hear(&self, waiting: &mut BTreeMap<u32, Waiting>) -> io::Result<u64> {
        let (mut buffer, mut refused) = ([0; 4096], 0);
        loop {
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(refused),
                Err(error) => return Err(error),
            };
            let text = String::from_utf8_lossy(&buffer[..length]);
            let answered = cseq_of(&text).and_then(|cseq| waiting.remove(&cseq));
            if answered.is_some() && !text.starts_with("SIP/2.0 200") {
                refused += 1;
            }
        }
    }

    /// Sends again what is due; says how many have been sent often enough.
    fn retry(
        &mut self,
        waiting: &mut BTreeMap<u32, Waiting>,
        timers: &mut BTreeSet<(Instant, u32)>,
    ) -> io::Result<u64> {
        let (now, mut lost) = (Instant::now(), 0);
        while let Some((_, cseq)) = timers.first().copied().filter(|(due, _)| *due <= now) {
            timers.pop_first();
            let Some(one) = waiting.get_mut(&cseq) else {
                continue;
            };
            if one.tries >= TRIES {
                waiting.remove(&cseq);
                lost += 1;
                continue;
            }
            let pause = FIRST * (1 << one.tries.min(8));
            one.tries += 1;
            let user = one.user;
            self.again += 1;
            self.send(user, cseq)?;
            timers.insert((now + pause.min(LONGEST), cseq));
        }
        Ok(lost)
    }

    fn send(&self, user: u64, cseq: u32) -> io::Result<()> {
        let here = self.socket.local_addr()?;
        let text = format!(
            "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKs{cseq}\r\n\
             From: <sip:u{user}@bench.test>;tag=s{cseq}\r\nTo: <sip:u{user}@bench.test>\r\n\
             Call-ID: {user}-3848276298220188511@127.0.0.1\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:u{user}@{here};transport=udp>\r\nMax-Forwards: 70\r\nExpires: 3600\r\n\
             User-Agent: bench-phone/1.0\r\nContent-Length: 0\r\n\r\n"
        );
        match self.socket.send_to(text.as_bytes(), self.server) {
            // A full buffer is a datagram lost on the way.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

fn cseq_of(reply: &str) -> Option<u32> {
    let line = reply.lines().find_map(|line| line.strip_prefix("CSeq:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that loses the first of each request and refuses the user 3.
    #[test]
    fn what_is_lost_is_sent_again_and_what_is_refused_has_failed() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut phones = Registrations {
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            server: server.local_addr().unwrap(),
            cseq: 0,
            again: 0,
        };
        phones.socket.set_nonblocking(true).unwrap();
        let answers = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            for turn in 0..8 {
                let (length, from) = server.recv_from(&mut buffer).unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = if text.contains("sip:u3@") {
                    "403 No"
                } else {
                    "200 OK"
                };
                let answer = text.replacen(
                    "REGISTER sip:bench.test SIP/2.0",
                    &format!("SIP/2.0 {status}"),
                    1,
                );
                if turn >= 4 {
                    server.send_to(answer.as_bytes(), from).unwrap();
                }
            }
        });
        assert_eq!(phones.one_each(0..4, 1_000_000), Ok(1));
        assert_eq!(phones.again(), 4);
        answers.join().unwrap();
    }
}
