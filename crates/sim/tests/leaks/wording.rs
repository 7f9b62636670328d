//! What an end writes: messages that say of it what such messages say.

use crate::call::Call;
use crate::end::{Asked, End};
use policy::Proto;
use sim::Heard;
use sip::digest::{Hash, ha1};
use std::fmt::Write as _;

/// Headers that betray who wrote them, and are nobody's need: `{host}`, `{user}` and `{ip}` are the end's.
pub(crate) const TELLTALES: [(&str, &str); 15] = [
    ("User-Agent", "phone of {host}"),
    ("Server", "{host}"),
    ("Warning", "399 {host} \"x\""),
    ("Organization", "{host}"),
    ("P-Asserted-Identity", "<sip:{user}@{host}>"),
    ("P-Preferred-Identity", "<sip:{user}@{host}>"),
    ("Remote-Party-ID", "<sip:{user}@{ip}>;party=calling"),
    ("History-Info", "<sip:x@{host}>;index=1"),
    ("Diversion", "<sip:x@{host}>;reason=unconditional"),
    (
        "P-Charging-Vector",
        "icid-value=1;icid-generated-at={ip};orig-ioi={host}",
    ),
    ("P-Charging-Function-Addresses", "ccf={ip}; ecf={host}"),
    ("P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id={user}"),
    ("P-Visited-Network-ID", "\"{host}\""),
    ("P-Called-Party-ID", "<sip:{user}@{host}>"),
    ("Path", "<sip:p0.{host};lr>"),
];

/// Headers of a request that name another dialog.
pub(crate) fn naming(method: &str, named: Option<&Call>) -> String {
    let Some(call) = named else {
        return String::new();
    };
    let (id, named, target) = (&call.call_id, call.named(), &call.target);
    match method {
        "INVITE" if id.len().is_multiple_of(2) => format!("Join: {named}\r\n"),
        "INVITE" => format!("Replaces: {named}\r\n"),
        "REFER" => {
            let escaped = named.replace('@', "%40").replace(':', "%3A");
            let escaped = escaped.replace('!', "%21").replace(';', "%3B");
            let escaped = escaped.replace('=', "%3D");
            format!(
                "Refer-To: <{target}?Replaces={escaped}>\r\nTarget-Dialog: {id};local-tag=a;remote-tag=b\r\n"
            )
        }
        "INFO" | "MESSAGE" => format!("In-Reply-To: {id}, other@elsewhere.test\r\n"),
        "NOTIFY" => "Event: presence\r\nSubscription-State: active\r\n".to_owned(),
        "SUBSCRIBE" => "Event: presence\r\nExpires: 600\r\n".to_owned(),
        _ => String::new(),
    }
}

/// What answers the challenge in a reply, for a user whose password is `secret`.
pub(crate) fn proof(user: &str, method: &str, uri: &str, reply: &Heard) -> Option<String> {
    let nonce = reply.message.split("nonce=\"").nth(1)?.split('"').next()?;
    let known = ha1(Hash::Md5, user.as_bytes(), b"example.test", b"secret");
    let asked = Hash::Md5.of(&[method.as_bytes(), uri.as_bytes()]);
    let (known, asked) = (known.as_bytes(), asked.as_bytes());
    let response = Hash::Md5.of(&[known, nonce.as_bytes(), b"00000001", b"c", b"auth", asked]);
    let response = response.as_str();
    Some(format!(
        "Proxy-Authorization: Digest username=\"{user}\", realm=\"example.test\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"
    ))
}

impl End {
    /// A request of a call, which it moves on.
    pub(super) fn request(&mut self, call: &mut Call, method: &str, more: &str) -> String {
        self.count += 1;
        call.cseq += u32::from(method != "ACK");
        call.branch = format!("z9hG4bK{}r{}", self.name, self.count);
        if method != "ACK" {
            let asked = Asked {
                call: call.clone(),
                method: method.to_owned(),
                more: more.to_owned(),
            };
            self.asked.insert((call.call_id.clone(), call.cseq), asked);
        }
        self.written(call, method, &call.remote, more)
    }

    /// What belongs to an INVITE and looks like it: its CANCEL, and the ACK of a negative reply.
    pub(super) fn same(&self, invite: &Call, method: &str, to: &str) -> String {
        self.written(invite, method, to, "")
    }

    /// A reply, which has what it must have of its request.
    pub(super) fn reply(&mut self, request: &Heard, status: u16, more: &str) -> String {
        let mut reply = format!("SIP/2.0 {status} Something\r\n");
        let in_dialog = status > 100 && status < 300;
        for via in request.lines("Via") {
            let _ = write!(reply, "Via: {via}\r\n");
        }
        if in_dialog && request.param("To", "tag").is_none() {
            reply.push_str(&self.recorded(self.proxies.iter().collect()));
        }
        for route in request.lines("Record-Route").filter(|_| in_dialog) {
            let _ = write!(reply, "Record-Route: {route}\r\n");
        }
        for name in ["From", "To", "Call-ID", "CSeq"] {
            let value = request.value(name).unwrap_or_default();
            let tag = match name == "To" && !value.contains(";tag=") {
                true => format!(";tag={}", self.answering_tag()),
                false => String::new(),
            };
            let _ = write!(reply, "{name}: {value}{tag}\r\n");
        }
        let contact = match status {
            300..=399 => format!(
                "{}, <sip:{}2@{}>;q=0.5",
                self.contact(),
                self.user,
                self.domain
            ),
            _ => self.contact(),
        };
        let telltales = self.telltales();
        let _ = write!(
            reply,
            "Contact: {contact}\r\n{telltales}{more}Content-Length: 0\r\n\r\n"
        );
        self.styled(reply)
    }

    pub(super) fn new_call_id(&mut self) -> String {
        self.count += 1;
        let (stem, count) = (&self.stem, self.count);
        match self.rng.u8(..3) {
            0 => format!("{stem}{count}"),
            1 => format!("{stem}{count}@{}", self.place.address.ip()),
            _ => format!("{stem}.{count}@{}", self.domain),
        }
    }

    /// Of requests that begin something.
    pub(super) fn tag(&self) -> String {
        format!("t{}c{}", self.name, self.count)
    }

    /// Of replies: one for each end.
    pub(super) fn answering_tag(&self) -> String {
        format!("t{}", self.name)
    }

    fn written(&self, call: &Call, method: &str, to: &str, more: &str) -> String {
        let mut text = format!("{method} {} SIP/2.0\r\n", call.target);
        text.push_str(&self.vias(&call.branch));
        for route in &call.routes {
            let _ = write!(text, "Route: {route}\r\n");
        }
        if !["ACK", "CANCEL"].contains(&method) {
            text.push_str(&self.recorded(self.proxies.iter().rev().collect()));
        }
        let (cseq, local, id) = (call.cseq, &call.local, &call.call_id);
        let (contact, telltales) = (self.contact(), self.telltales());
        let _ = write!(
            text,
            "From: {local}\r\nTo: {to}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Contact: {contact}\r\n{telltales}{more}Content-Length: 0\r\n\r\n"
        );
        self.styled(text)
    }

    fn vias(&self, branch: &str) -> String {
        let address = self.place.address;
        let proto = match self.place.proto {
            Proto::Tcp => "TCP",
            _ => "UDP",
        };
        let mut vias = format!("Via: SIP/2.0/{proto} {address};branch={branch};rport\r\n");
        for proxy in self.proxies.iter().rev() {
            let ip = address.ip();
            let _ = write!(
                vias,
                "Via: SIP/2.0/TCP {proxy}:5080;branch={branch}p;received={ip}\r\n"
            );
        }
        vias
    }

    /// The Record-Routes of the proxies, the last one first; in one header where the end is terse.
    fn recorded(&self, proxies: Vec<&String>) -> String {
        let port = self.place.address.port();
        let routes = proxies
            .iter()
            .map(|proxy| format!("<sip:{proxy}:{port};lr>"));
        let routes: Vec<String> = routes.collect();
        match routes.is_empty() {
            true => String::new(),
            false => format!("Record-Route: {}\r\n", routes.join(",")),
        }
    }

    fn contact(&self) -> String {
        let transport = match self.place.proto {
            Proto::Tcp => ";transport=tcp",
            _ => "",
        };
        format!(
            "\"End\" <sip:{}@{};ob{transport}>",
            self.user, self.place.address
        )
    }

    /// A carrier writes all of them, a phone some.
    fn telltales(&self) -> String {
        let (first, count) = match self.is_carrier {
            true => (0, TELLTALES.len()),
            false => (self.count as usize % 10, 5),
        };
        let mut text = String::new();
        for (name, value) in TELLTALES.iter().skip(first).take(count) {
            let value = value.replace("{host}", &self.domain);
            let value = value.replace("{user}", &self.user);
            let value = value.replace("{ip}", &self.place.address.ip().to_string());
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text
    }

    /// Terse ends write short names, fold, and care for no case.
    fn styled(&self, text: String) -> String {
        if !self.is_terse {
            return text;
        }
        const SHORT: [(&str, &str); 9] = [
            ("Via", "v"),
            ("Contact", "m"),
            ("From", "f"),
            ("To", "t"),
            ("Call-ID", "i"),
            ("Refer-To", "r"),
            ("User-Agent", "USER-agent"),
            ("Diversion", "diversion"),
            ("Record-Route", "record-route"),
        ];
        SHORT.iter().fold(text, |text, (long, short)| {
            text.replace(&format!("\r\n{long}: "), &format!("\r\n{short}:\r\n  "))
        })
    }
}
