//! One end of calls: a phone behind some proxies, whose messages say what such messages say of where it is.

use sim::{Heard, Place};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A phone, and the proxies between it and the server. Both sit at one address here; what the proxies write stands in
/// the messages all the same.
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) is_inside: bool,
    user: String,
    domain: String,
    proxies: Vec<String>,
    pub(crate) calls: Vec<Call>,
    /// INVITEs that have no final answer from here yet, by Call-ID and CSeq.
    ringing: BTreeMap<(String, String), String>,
    count: u32,
}

/// A call as this end knows it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) call_id: String,
    local: String,
    remote: String,
    target: String,
    routes: Vec<String>,
    cseq: u32,
    /// The INVITE that began it can still be cancelled.
    pub(crate) calling: bool,
    /// A 2xx to its INVITE has passed.
    pub(crate) is_up: bool,
    branch: String,
}

impl End {
    pub(crate) fn new(
        number: usize,
        place: Place,
        is_inside: bool,
        rng: &mut fastrand::Rng,
    ) -> End {
        let domain = format!("core{:x}.example.net", rng.u32(0x1000..));
        End {
            name: format!("end{number}"),
            place,
            is_inside,
            user: format!("u{:x}", rng.u64(0x1000_0000..)),
            proxies: (0..rng.usize(..3))
                .map(|hop| format!("p{hop}.{domain}"))
                .collect(),
            domain,
            calls: Vec::new(),
            ringing: BTreeMap::new(),
            count: 0,
        }
    }

    /// The names of its proxies, which lead to it.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.proxies
    }

    /// What of its messages is nobody's business.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let address = self.place.address;
        vec![
            address.ip().to_string(),
            address.to_string(),
            self.domain.clone(),
            self.user.clone(),
        ]
    }

    /// The INVITE of a new call; `named` is a Call-ID that it replaces.
    pub(crate) fn invite(&mut self, callee: &str, named: Option<&str>) -> String {
        self.count += 1;
        let (count, domain) = (self.count, &self.domain);
        let call = Call {
            call_id: format!("{count}-{}@{domain}", self.user),
            local: format!("<sip:{}@example.test>;tag=t{}{count}", self.name, self.name),
            remote: format!("<sip:{callee}@example.test>"),
            target: format!("sip:{callee}@example.test"),
            routes: Vec::new(),
            cseq: 1,
            calling: true,
            is_up: false,
            branch: format!("z9hG4bK{}i{count}", self.name),
        };
        let more = named.map_or(String::new(), |id| {
            format!("Replaces: {id};to-tag=a;from-tag=b\r\n")
        });
        let text = self.request(&call, "INVITE", &call.branch, &more);
        self.calls.push(call);
        text
    }

    /// The CANCEL of a call that is not answered.
    pub(crate) fn cancel(&self, at: usize) -> String {
        let call = &self.calls[at];
        self.request(call, "CANCEL", &call.branch, "")
    }

    /// A request within a call.
    pub(crate) fn within(&mut self, at: usize, method: &str) -> String {
        self.count += 1;
        let branch = format!("z9hG4bK{}r{}", self.name, self.count);
        let named = self.calls[at / 2].call_id.clone();
        let call = &mut self.calls[at];
        call.cseq += u32::from(method != "ACK");
        let call = call.clone();
        let more = match method {
            "REFER" => format!(
                "Refer-To: <sip:end0@example.test?Replaces={}%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\nTarget-Dialog: {};local-tag=a\r\n",
                named
                    .replace('@', "%40")
                    .replace(':', "%3A")
                    .replace('!', "%21"),
                call.call_id
            ),
            "INFO" => format!("In-Reply-To: {named}\r\n"),
            _ => String::new(),
        };
        self.request(&call, method, &branch, &more)
    }

    fn request(&self, call: &Call, method: &str, branch: &str, more: &str) -> String {
        let mut text = format!("{method} {} SIP/2.0\r\n{}", call.target, self.vias(branch));
        for route in &call.routes {
            let _ = write!(text, "Route: {route}\r\n");
        }
        let port = self.place.address.port();
        for proxy in self.proxies.iter().rev().filter(|_| method == "INVITE") {
            let _ = write!(text, "Record-Route: <sip:{proxy}:{port};lr>\r\n");
        }
        let (cseq, telltales) = (call.cseq, self.telltales());
        let _ = write!(
            text,
            "From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n{}{telltales}{more}Content-Length: 0\r\n\r\n",
            call.local,
            call.remote,
            call.call_id,
            self.contact()
        );
        text
    }

    fn vias(&self, branch: &str) -> String {
        let address = self.place.address;
        let mut vias = format!("Via: SIP/2.0/UDP {address};branch={branch};rport\r\n");
        for proxy in self.proxies.iter().rev() {
            let _ = write!(
                vias,
                "Via: SIP/2.0/TCP {proxy}:5080;branch={branch}p;received={}\r\n",
                address.ip()
            );
        }
        vias
    }

    fn contact(&self) -> String {
        format!(
            "Contact: \"End\" <sip:{}@{};ob>\r\n",
            self.user, self.place.address
        )
    }

    /// Headers that the script takes out.
    fn telltales(&self) -> String {
        let host = &self.domain;
        format!(
            "User-Agent: phone of {host}\r\nP-Asserted-Identity: <sip:{}@{host}>\r\nHistory-Info: <sip:x@{host}>;index=1\r\n\
             P-Charging-Vector: icid-value=\"{host}\"\r\nWarning: 399 {host} \"x\"\r\n",
            self.user
        )
    }

    /// The answers to what came, each to be sent.
    pub(crate) fn hear(&mut self, heard: &Heard, rng: &mut fastrand::Rng) -> Vec<String> {
        match heard.status() {
            Some(status) => self.hear_reply(heard, status),
            None => self.hear_request(heard, rng),
        }
    }

    fn hear_reply(&mut self, reply: &Heard, status: u16) -> Vec<String> {
        let id = reply.value("Call-ID").unwrap_or_default();
        let Some(at) = self.calls.iter().position(|call| call.call_id == id) else {
            return Vec::new();
        };
        if reply.method() != "INVITE" || status < 200 {
            return Vec::new();
        }
        let inner = self.proxies.len();
        let call = &mut self.calls[at];
        call.calling = false;
        if status >= 300 {
            let branch = call.branch.clone();
            let mut call = call.clone();
            call.remote = reply.value("To").unwrap_or_default().to_owned();
            return vec![self.request(&call, "ACK", &branch, "")];
        }
        call.remote = reply.value("To").unwrap_or_default().to_owned();
        if !call.is_up {
            call.routes = reply.values("Record-Route");
            call.routes.reverse();
            call.routes.drain(..inner.min(call.routes.len()));
        }
        call.target = inner_uri(reply.value("Contact").unwrap_or_default());
        call.is_up = true;
        vec![self.within(at, "ACK")]
    }

    fn hear_request(&mut self, request: &Heard, rng: &mut fastrand::Rng) -> Vec<String> {
        let id = request.value("Call-ID").unwrap_or_default().to_owned();
        let cseq = request.value("CSeq").unwrap_or_default();
        let cseq = cseq.split(' ').next().unwrap_or_default().to_owned();
        match request.method() {
            "ACK" => Vec::new(),
            "CANCEL" => {
                let mut answers = vec![self.reply(&request.message, 200, "")];
                if let Some(invite) = self.ringing.remove(&(id, cseq)) {
                    answers.push(self.reply(&invite, 487, ""));
                }
                answers
            }
            "INVITE" if request.param("To", "tag").is_none() => {
                if !self.ringing.contains_key(&(id.clone(), cseq.clone())) && !self.knows(&id) {
                    self.calls.push(self.called(request, id.clone()));
                }
                self.ringing.insert((id, cseq), request.message.clone());
                vec![self.reply(&request.message, 180, &self.records())]
            }
            "BYE" => {
                self.calls
                    .iter_mut()
                    .filter(|call| call.call_id == id)
                    .for_each(|call| call.is_up = false);
                vec![self.reply(&request.message, 200, "")]
            }
            "INVITE" if rng.u8(..4) == 0 => vec![self.reply(&request.message, 488, "")],
            _ => vec![self.reply(&request.message, 200, "")],
        }
    }

    fn knows(&self, id: &str) -> bool {
        self.calls.iter().any(|call| call.call_id == id)
    }

    fn called(&self, invite: &Heard, call_id: String) -> Call {
        Call {
            call_id,
            local: format!(
                "{};tag=t{}",
                invite.value("To").unwrap_or_default(),
                self.name
            ),
            remote: invite.value("From").unwrap_or_default().to_owned(),
            target: inner_uri(invite.value("Contact").unwrap_or_default()),
            routes: invite.values("Record-Route"),
            cseq: 100,
            calling: false,
            is_up: false,
            branch: String::new(),
        }
    }

    /// Answers an INVITE that rings here, if one does.
    pub(crate) fn answer(&mut self, status: u16) -> Option<String> {
        let ((id, _), invite) = self.ringing.pop_first()?;
        let is_up = status < 300;
        self.calls
            .iter_mut()
            .filter(|call| call.call_id == id)
            .for_each(|call| call.is_up = is_up);
        Some(self.reply(&invite, status, &self.records()))
    }

    /// The Record-Routes of the proxies behind the server, on the way to this end.
    fn records(&self) -> String {
        let port = self.place.address.port();
        self.proxies
            .iter()
            .map(|proxy| format!("Record-Route: <sip:{proxy}:{port};lr>\r\n"))
            .collect()
    }

    fn reply(&self, request: &str, status: u16, records: &str) -> String {
        let head = request.split("\r\n\r\n").next().unwrap_or_default();
        let mut reply = format!("SIP/2.0 {status} Something\r\n");
        let mut placed = false;
        for line in head.split("\r\n").skip(1) {
            let name = line.split(':').next().unwrap_or_default();
            if name == "Record-Route" && !placed && status < 300 {
                reply.push_str(records);
                placed = true;
            }
            match name {
                "To" if !line.contains(";tag=") => {
                    let _ = write!(reply, "{line};tag=t{}\r\n", self.name);
                }
                "Record-Route" if status >= 300 => {}
                "Via" | "From" | "To" | "Call-ID" | "CSeq" | "Record-Route" => {
                    let _ = write!(reply, "{line}\r\n");
                }
                _ => {}
            }
        }
        let _ = write!(
            reply,
            "{}{}Server: {}\r\nContent-Length: 0\r\n\r\n",
            self.contact(),
            self.telltales(),
            self.domain
        );
        reply
    }
}

fn inner_uri(contact: &str) -> String {
    let inner = contact.split('<').nth(1).unwrap_or(contact);
    inner.split('>').next().unwrap_or_default().to_owned()
}
