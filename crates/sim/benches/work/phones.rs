//! Who talks with the server: what SIPp says in the benchmarks beside Kamailio.

use crate::server::{CALLEE_PORT, CALLER_PORT, Datagram, Server};
use sim::Heard;
use sip::digest::{Hash, ha1, ha2, response};

const PROXY: &str = include_str!("../../../../tests/bench/cfg/proxy.cfg");
const REGISTRAR: &str = include_str!("../../../../tests/bench/cfg/registrar.cfg");
const SDP: &str = "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
                   a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

/// What waited for so many milliseconds has waited for too long (`overload_target`), and where all did for so many
/// [`Server::pace`]s there is overload (`overload_interval`).
const LATE_MS: u32 = 30;
const OVERLOAD_PACES: u32 = 101;

/// A message of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Invite,
    Ringing,
    Accepted,
    Ack,
    Bye,
    ByeAccepted,
}

impl Part {
    pub(crate) const ALL: [Part; 6] = [
        Part::Invite,
        Part::Ringing,
        Part::Accepted,
        Part::Ack,
        Part::Bye,
        Part::ByeAccepted,
    ];
}

/// Calls, one after the other.
pub(crate) struct Call {
    server: Server,
    number: u64,
    /// How many of its messages were sent.
    done: usize,
    /// The last request that came to the callee.
    asked: Heard,
    /// The last reply that came to the caller.
    answered: Heard,
}

impl Call {
    pub(crate) fn new() -> Call {
        Call {
            server: Server::new(PROXY),
            number: 0,
            done: Part::ALL.len(),
            asked: Heard::default(),
            answered: Heard::default(),
        }
    }

    /// A call from its first to its last message.
    pub(crate) fn whole(&mut self) {
        self.begin();
        self.end();
    }

    /// The same with a server beyond its capacity.
    pub(crate) fn overloaded() -> Call {
        let mut call = Call::new();
        for _ in 0..=OVERLOAD_PACES {
            let keep_alive = call.server.datagram(CALLER_PORT, "\r\n".to_owned());
            call.server.give_late(keep_alive, LATE_MS);
            call.server.pace();
        }
        call
    }

    /// The INVITE of a new call that is refused.
    pub(crate) fn late(&mut self) -> Datagram {
        self.number += 1;
        self.server.datagram(CALLER_PORT, self.invite())
    }

    /// The ACK of the refusal of a new call.
    pub(crate) fn late_ack(&mut self) -> Datagram {
        let invite = self.late();
        self.give_late(invite);
        let refusal = self.server.said_to(CALLER_PORT).expect("a refusal");
        let (number, copied) = (self.number, copied(&refusal, &["From", "To", "Call-ID"]));
        let text = format!(
            "ACK sip:service@127.0.0.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{CALLER_PORT};branch=z9hG4bK-4711-{number}-0\r\n{copied}\
             CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.server.datagram(CALLER_PORT, text)
    }

    /// Sends a message that has waited for too long.
    pub(crate) fn give_late(&mut self, datagram: Datagram) {
        self.server.give_late(datagram, LATE_MS);
    }

    /// Plays a new call as far as this message, which is not sent yet.
    pub(crate) fn up_to(&mut self, part: Part) -> Datagram {
        self.end();
        self.begin();
        while Part::ALL[self.done] != part {
            self.play();
        }
        self.done += 1;
        self.next(part)
    }

    /// Sends a message.
    pub(crate) fn give(&mut self, datagram: Datagram) {
        self.server.give(datagram);
    }

    fn begin(&mut self) {
        self.server.pace();
        self.number += 1;
        self.done = 0;
    }

    /// Plays what is left of the call.
    fn end(&mut self) {
        self.hear();
        while self.done < Part::ALL.len() {
            self.play();
        }
    }

    fn play(&mut self) {
        let datagram = self.next(Part::ALL[self.done]);
        self.done += 1;
        self.give(datagram);
        self.hear();
    }

    fn hear(&mut self) {
        if let Some(asked) = self.server.said_to(CALLEE_PORT) {
            self.asked = asked;
        }
        if let Some(answered) = self.server.said_to(CALLER_PORT) {
            self.answered = answered;
        }
    }

    fn next(&self, part: Part) -> Datagram {
        let (port, text) = match part {
            Part::Invite => (CALLER_PORT, self.invite()),
            Part::Ringing => (CALLEE_PORT, self.reply("180 Ringing", "")),
            Part::Accepted => (CALLEE_PORT, self.reply("200 OK", SDP)),
            Part::Ack => (CALLER_PORT, self.within(1, "ACK")),
            Part::Bye => (CALLER_PORT, self.within(2, "BYE")),
            Part::ByeAccepted => (CALLEE_PORT, self.reply("200 OK", "")),
        };
        self.server.datagram(port, text)
    }

    fn invite(&self) -> String {
        let (number, length) = (self.number, SDP.len());
        format!(
            "INVITE sip:service@127.0.0.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{CALLER_PORT};branch=z9hG4bK-4711-{number}-0\r\n\
             From: \"caller\" <sip:caller{number}@127.0.0.1:{CALLER_PORT}>;tag=4711c{number}\r\n\
             To: <sip:service@127.0.0.1:5060>\r\nCall-ID: {number}-4711@127.0.0.1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:caller{number}@127.0.0.1:{CALLER_PORT};transport=UDP>\r\nMax-Forwards: 70\r\n\
             User-Agent: bench-phone/1.0\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY\r\n\
             Supported: replaces, timer\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{SDP}"
        )
    }

    /// The callee's reply to what came last.
    fn reply(&self, status: &str, body: &str) -> String {
        let copied = copied(
            &self.asked,
            &["Via", "Record-Route", "From", "Call-ID", "CSeq"],
        );
        let to = self.asked.value("To").unwrap_or_default();
        let tag = match to.contains(";tag=") {
            true => String::new(),
            false => format!(";tag=4712s{}", self.number),
        };
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let length = body.len();
        format!(
            "SIP/2.0 {status}\r\n{copied}To: {to}{tag}\r\n\
             Contact: <sip:127.0.0.1:{CALLEE_PORT};transport=UDP>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// A request of the caller within the dialog that the last reply made.
    fn within(&self, cseq: u32, method: &str) -> String {
        let number = self.number;
        let routes = copied(&self.answered, &["Record-Route"]).replace("Record-Route", "Route");
        let copied = copied(&self.answered, &["From", "To", "Call-ID"]);
        format!(
            "{method} sip:127.0.0.1:{CALLEE_PORT};transport=UDP SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{CALLER_PORT};branch=z9hG4bK-4711-{number}-{method}\r\n{routes}{copied}\
             CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    }
}

fn copied(heard: &Heard, names: &[&str]) -> String {
    let kept = heard.headers.iter();
    let kept = kept.filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

/// Who asks the registrar, each time another user.
pub(crate) struct Visitor {
    server: Server,
    number: u64,
}

impl Visitor {
    pub(crate) fn new() -> Visitor {
        Visitor {
            server: Server::new(REGISTRAR),
            number: 0,
        }
    }

    /// Sends a message.
    pub(crate) fn give(&mut self, datagram: Datagram) {
        self.server.give(datagram);
    }

    pub(crate) fn options(&mut self) -> Datagram {
        self.number += 1;
        let number = self.number;
        let text = format!(
            "OPTIONS sip:127.0.0.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{CALLER_PORT};branch=z9hG4bK-4711-{number}-0\r\n\
             From: <sip:probe@127.0.0.1:{CALLER_PORT}>;tag=4711o{number}\r\nTo: <sip:127.0.0.1:5060>\r\n\
             Call-ID: {number}-4711@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nContact: <sip:probe@127.0.0.1:{CALLER_PORT}>\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.server.datagram(CALLER_PORT, text)
    }

    pub(crate) fn register(&mut self) -> Datagram {
        self.number += 1;
        self.registration(1, "")
    }

    /// Asks for a challenge and answers it; the answer is not sent yet.
    pub(crate) fn register_with_password(&mut self) -> Datagram {
        let first = self.register();
        self.give(first);
        let challenge = self.server.said_to(CALLER_PORT);
        let challenge =
            challenge.and_then(|reply| reply.value("WWW-Authenticate").map(str::to_owned));
        let challenge = challenge.expect("a challenge");
        let nonce = challenge
            .split("nonce=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let nonce = nonce.expect("a nonce");
        let a1 = ha1(Hash::Md5, b"u", b"bench.test", b"pw");
        let a2 = ha2(Hash::Md5, b"REGISTER", URI.as_bytes(), None, b"");
        let answer = response(
            Hash::Md5,
            a1.as_bytes(),
            nonce.as_bytes(),
            None,
            a2.as_bytes(),
        );
        let answer = answer.as_str();
        let line = format!(
            "Authorization: Digest username=\"u\",realm=\"bench.test\",uri=\"{URI}\",nonce=\"{nonce}\",\
             response=\"{answer}\",algorithm=MD5\r\n"
        );
        self.registration(2, &line)
    }

    fn registration(&self, cseq: u32, line: &str) -> Datagram {
        let number = self.number;
        let text = format!(
            "REGISTER sip:bench.test SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{CALLER_PORT};branch=z9hG4bK-4711-{number}-{cseq}\r\n\
             From: <sip:u{number}@bench.test>;tag=4711r{number}\r\nTo: <sip:u{number}@bench.test>\r\n\
             Call-ID: {number}-4711@127.0.0.1\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:u{number}@127.0.0.1:{CALLER_PORT};transport=UDP>\r\n{line}Max-Forwards: 70\r\n\
             Expires: 3600\r\nUser-Agent: bench-phone/1.0\r\nContent-Length: 0\r\n\r\n"
        );
        self.server.datagram(CALLER_PORT, text)
    }
}

const URI: &str = "sip:127.0.0.1:5060";
