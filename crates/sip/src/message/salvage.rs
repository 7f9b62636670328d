//! What of a request that cannot be read is needed to refuse it.

use super::Message;
use crate::{HeaderId, Limits, Method, lex};

impl Message {
    /// Makes a message of the headers that a reply has (Via, From, To, Call-ID, CSeq) out of octets that
    /// [`Message::parse`] did not take, so that the sender can be told. It has the method, and no
    /// Request-URI that means anything; it must go nowhere.
    ///
    /// None where it is no request of SIP, or one of these headers is missing. Of each but Via the first
    /// counts. One pass, and as long as the input at most.
    pub fn salvage(octets: &[u8], limits: &Limits) -> Option<Message> {
        let mut lines = Lines(octets);
        let first = lines.find(|line| !line.is_empty())?;
        let mut text = start_line(first)?;
        let mut kept = Kept::default();
        let mut keeps = false;
        for line in lines {
            if line.is_empty() {
                break;
            }
            let mut part = line;
            if !matches!(line, [b' ' | b'\t', ..]) {
                part = kept.part_of(line, usize::from(limits.vias));
                keeps = !part.is_empty();
            }
            if keeps {
                text.extend_from_slice(part);
                text.extend_from_slice(b"\r\n");
            }
        }
        text.extend_from_slice(b"\r\n");
        let message = Message::parse(text.into(), &limits.of_ours()).ok()?;
        kept.is_enough().then_some(message)
    }
}

/// The lines of a text, ended by CRLF or LF. One without an end may be cut short.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'\n', self.0)?;
        let line = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// A first line of the same method.
fn start_line(line: &[u8]) -> Option<Vec<u8>> {
    let line = lex::trim(line);
    let method = &line[..memchr::memchr(b' ', line)?];
    let version = &line[memchr::memrchr(b' ', line)? + 1..];
    let is_sip = |text: &[u8]| {
        text.get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"))
    };
    if is_sip(line) || !is_sip(version) || !lex::all_token(method) {
        return None;
    }
    let method = match Method::parse(method) {
        Method::Other => b"OTHER",
        _ => method,
    };
    Some([method, b" sip:refused.invalid SIP/2.0\r\n"].concat())
}

/// Which headers were found.
#[derive(Default)]
struct Kept {
    vias: usize,
    others: Vec<HeaderId>,
}

impl Kept {
    /// What a reply has of a line: all, nothing, or as many Vias as there may be.
    fn part_of<'a>(&mut self, line: &'a [u8], most_vias: usize) -> &'a [u8] {
        let colon = memchr::memchr(b':', line).unwrap_or(0);
        let is_kept = match HeaderId::lookup(lex::trim(&line[..colon])) {
            HeaderId::Via => {
                let room = most_vias.saturating_sub(self.vias);
                self.vias += 1 + memchr::memchr_iter(b',', line).count();
                let end = match room {
                    0 => Some(0),
                    room => memchr::memchr_iter(b',', line).nth(room - 1),
                };
                return &line[..end.unwrap_or(line.len())];
            }
            id @ (HeaderId::From | HeaderId::To | HeaderId::CallId | HeaderId::CSeq) => {
                let is_first = !self.others.contains(&id);
                if is_first {
                    self.others.push(id);
                }
                is_first
            }
            _ => false,
        };
        if is_kept { line } else { b"" }
    }

    fn is_enough(&self) -> bool {
        self.vias > 0 && self.others.len() == 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\nf: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
        Call-ID: 1\r\nCSeq: 1 INVITE\r\n";

    fn salvaged(text: &str) -> Option<Message> {
        Message::salvage(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn the_headers_of_a_reply_are_kept() {
        let long = "x".repeat(40_000);
        for text in [
            format!("INVITE sip:{long}@b SIP/2.0\r\n{HEAD}\r\n"),
            format!("INVITE sip:b SIP/2.0\r\nSubject: {long}\r\n{HEAD}X y: z\r\n\r\n"),
            format!(
                "INVITE sip:b SIP/2.0\r\n{HEAD}{}\r\n",
                "A: b\r\n".repeat(3000)
            ),
            format!("INVITE sip:b SIP/2.0\n{}\nbody", HEAD.replace("\r\n", "\n")),
        ] {
            let message = salvaged(&text).expect("a message");
            assert_eq!(message.method(), Method::Invite);
            assert_eq!(message.headers().len(), 5);
            assert_eq!(message.call_id(), Ok(&b"1"[..]));
        }
    }

    #[test]
    fn vias_stay_within_their_bound_and_a_long_tag_stays_whole() {
        let vias = "Via: SIP/2.0/UDP b\r\n".repeat(900);
        let message = salvaged(&format!("INVITE sip:b SIP/2.0\r\n{HEAD}{vias}\r\n"));
        assert_eq!(message.expect("a message").headers().len(), 4 + 70);
        let list = vias.replace("\r\nVia:", ",");
        let message = salvaged(&format!("INVITE sip:b SIP/2.0\r\n{HEAD}{list}\r\n"));
        assert_eq!(message.expect("a message").vias().count(), 70);
        let head = HEAD.replace("tag=1", &format!("tag={}", "x".repeat(30_000)));
        let message = salvaged(&format!("INVITE sip:b SIP/2.0\r\n{head}\r\n"));
        assert!(message.expect("a message").bytes().len() > 30_000);
    }

    #[test]
    fn what_is_no_request_or_cannot_be_answered_is_left() {
        for text in [
            String::new(),
            "\r\n\r\n".to_owned(),
            format!("GET / HTTP/1.1\r\n{HEAD}\r\n"),
            format!("SIP/2.0 200 OK\r\n{HEAD}\r\n"),
            format!("INVITE sip:b\r\n{HEAD}\r\n"),
            format!("INVITE sip:b SIP/2.0\r\n{}\r\n", HEAD.replace("To:", "X:")),
            format!("INVITE sip:b SIP/2.0\r\n\r\n{HEAD}"),
        ] {
            assert!(salvaged(&text).is_none(), "{text}");
        }
    }
}
