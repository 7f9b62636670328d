//! One end of calls: a phone, or a carrier, behind some proxies.

use crate::call::{Call, inner_uri};
use crate::wording::{naming, proof};
use sim::{Heard, Place};
use std::collections::BTreeMap;

/// A phone or a carrier, and the proxies between it and the server. All of them sit at one address here; what the
/// proxies write stands in the messages all the same.
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The user part of its Contact.
    pub(crate) user: String,
    pub(super) domain: String,
    /// In every Call-ID it makes.
    pub(super) stem: String,
    pub(crate) proxies: Vec<String>,
    /// A carrier, which says more of itself.
    pub(crate) is_carrier: bool,
    /// It writes compact and folded headers.
    pub(super) is_terse: bool,
    pub(crate) calls: Vec<Call>,
    /// Requests from here, by Call-ID and CSeq, as they were sent.
    pub(super) asked: BTreeMap<(String, u32), Asked>,
    /// INVITEs that have no final answer from here yet, by Call-ID and CSeq.
    ringing: BTreeMap<(String, u32), Heard>,
    pub(super) count: u32,
    pub(super) rng: fastrand::Rng,
}

/// A request as it was sent.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) call: Call,
    pub(super) method: String,
    pub(super) more: String,
}

impl End {
    pub(crate) fn new(number: usize, place: Place, rng: &mut fastrand::Rng) -> End {
        let domain = format!("core{:x}.example.net", rng.u32(0x1000..));
        let hops = 0..rng.usize(..3);
        End {
            name: format!("end{number}"),
            place,
            user: format!("u{:x}", rng.u64(0x1000_0000..)),
            stem: format!("i{:x}", rng.u64(0x1000_0000..)),
            proxies: hops.map(|hop| format!("p{hop}.{domain}")).collect(),
            domain,
            is_carrier: rng.bool(),
            is_terse: rng.bool(),
            calls: Vec::new(),
            asked: BTreeMap::new(),
            ringing: BTreeMap::new(),
            count: 0,
            rng: rng.fork(),
        }
    }

    /// What of its messages is nobody's business.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let address = self.place.address;
        vec![
            address.ip().to_string(),
            address.to_string(),
            self.domain.clone(),
            self.user.clone(),
            self.stem.clone(),
        ]
    }

    /// A request that begins something, with some headers more.
    pub(crate) fn begin(&mut self, method: &str, target: &str, more: &str) -> String {
        let began_with = match method {
            "SUBSCRIBE" => "SUBSCRIBE",
            _ => "INVITE",
        };
        let mut call = Call {
            call_id: self.new_call_id(),
            began_with,
            is_mine: true,
            local: format!("<sip:{}@example.test>;tag={}", self.name, self.tag()),
            remote: "<sip:somebody@example.test>".to_owned(),
            target: target.to_owned(),
            routes: Vec::new(),
            cseq: 0,
            branch: String::new(),
            is_pending: true,
            is_up: false,
        };
        let text = self.request(&mut call, method, more);
        if method == began_with {
            self.calls.push(call);
        }
        text
    }

    /// A request within a call.
    pub(crate) fn within(&mut self, at: usize, method: &str) -> String {
        let named = self.rng.usize(..=at);
        let more = naming(method, self.calls.get(named));
        let mut call = self.calls[at].clone();
        let text = self.request(&mut call, method, &more);
        self.calls[at] = call;
        text
    }

    /// The CANCEL of a call that is not answered.
    pub(crate) fn cancel(&mut self, at: usize) -> Option<String> {
        let call = self.calls.get(at)?;
        let invite = &self.asked.get(&(call.call_id.clone(), call.cseq))?.call;
        Some(self.same(invite, "CANCEL", &invite.remote))
    }

    /// Answers an INVITE that rings here, if one does.
    pub(crate) fn answer(&mut self, status: u16) -> Option<String> {
        let ((id, _), invite) = self.ringing.pop_first()?;
        let mine = |call: &&mut Call| call.call_id == id && !call.is_mine;
        let calls = self.calls.iter_mut().filter(mine);
        calls.for_each(|call| call.is_up = status < 300);
        Some(self.reply(&invite, status, ""))
    }

    /// The answers to what came, each to be sent.
    pub(crate) fn hear(&mut self, heard: &Heard) -> Vec<String> {
        match heard.status() {
            Some(status) => self.hear_reply(heard, status),
            None => self.hear_request(heard),
        }
    }

    fn hear_reply(&mut self, reply: &Heard, status: u16) -> Vec<String> {
        let id = reply.value("Call-ID").unwrap_or_default();
        let asked = self.asked.get(&(id.to_owned(), number(reply))).cloned();
        if let (401 | 407, Some(asked)) = (status, &asked) {
            return self.challenged(asked, reply);
        }
        let of_call = |call: &Call| call.is_mine && call.call_id == id;
        let Some(at) = self.calls.iter().position(of_call) else {
            return Vec::new();
        };
        match (reply.method(), status) {
            ("INVITE", 101..=199) if reply.value("RSeq").is_some() => self.provisional(at, reply),
            ("INVITE", 200..=299) => self.confirmed(at, reply),
            ("INVITE", 300..) => self.refused(at, asked, reply),
            ("SUBSCRIBE", 200..=299) if !self.calls[at].is_up => {
                let call = self.calls[at].confirmed(reply, self.proxies.len());
                self.calls[at] = Call {
                    is_up: true,
                    ..call
                };
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The same again, with a password.
    fn challenged(&mut self, asked: &Asked, reply: &Heard) -> Vec<String> {
        let mut said = Vec::new();
        if asked.method == "INVITE" {
            let to = reply.value("To").unwrap_or_default();
            said.push(self.same(&asked.call, "ACK", to));
        }
        let (method, mut call) = (asked.method.as_str(), asked.call.clone());
        let proof = proof(&self.name, method, &call.target, reply);
        if let Some(proof) = proof.filter(|_| !asked.more.contains("Digest")) {
            said.push(self.request(&mut call, method, &format!("{}{proof}", asked.more)));
            let id = &call.call_id;
            let same = |known: &&mut Call| known.call_id == *id && known.local == call.local;
            let known = self.calls.iter_mut().filter(same);
            known.for_each(|known| (known.cseq, known.branch) = (call.cseq, call.branch.clone()));
        }
        said
    }

    /// PRACK, and now and then something else before the call is taken.
    fn provisional(&mut self, at: usize, reply: &Heard) -> Vec<String> {
        let mut early = self.calls[at].confirmed(reply, self.proxies.len());
        let (rseq, cseq) = (reply.value("RSeq").unwrap_or_default(), number(reply));
        let rack = format!("RAck: {rseq} {cseq} INVITE\r\n");
        let mut said = vec![self.request(&mut early, "PRACK", &rack)];
        if self.rng.bool() {
            said.push(self.request(&mut early, "UPDATE", ""));
        }
        self.calls[at].cseq = early.cseq;
        said
    }

    /// The ACK of a 2xx; that of another branch makes another call.
    fn confirmed(&mut self, at: usize, reply: &Heard) -> Vec<String> {
        let remote = reply.value("To").unwrap_or_default();
        let known = |call: &Call| call.call_id == self.calls[at].call_id && call.remote == remote;
        let known = self.calls.iter().position(known);
        let mut call = self.calls[known.unwrap_or(at)].clone();
        let confirmed = call.confirmed(reply, self.proxies.len());
        call.target.clone_from(&confirmed.target);
        if known.is_none_or(|known| !self.calls[known].is_up) {
            call = Call {
                is_up: true,
                ..confirmed
            };
        }
        let at = match (known, self.calls[at].is_up) {
            (Some(known), _) => known,
            (None, false) => at,
            (None, true) => {
                self.calls.push(call.clone());
                self.calls.len() - 1
            }
        };
        let mut ack = call.clone();
        ack.cseq = number(reply);
        self.calls[at] = call;
        vec![self.request(&mut ack, "ACK", "")]
    }

    /// The ACK of a negative reply; a redirection is followed.
    fn refused(&mut self, at: usize, asked: Option<Asked>, reply: &Heard) -> Vec<String> {
        let Some(asked) = asked else {
            return Vec::new();
        };
        self.calls[at].is_pending = false;
        let to = reply.value("To").unwrap_or_default();
        let mut said = vec![self.same(&asked.call, "ACK", to)];
        if matches!(reply.status(), Some(300..=399)) && self.rng.bool() {
            for contact in reply.values("Contact") {
                said.push(self.begin("INVITE", &inner_uri(&contact), ""));
            }
        }
        said
    }

    fn hear_request(&mut self, request: &Heard) -> Vec<String> {
        let key = (
            request.value("Call-ID").unwrap_or_default().to_owned(),
            number(request),
        );
        let is_within = request.param("To", "tag").is_some();
        match request.method() {
            "ACK" => Vec::new(),
            "CANCEL" => {
                let mut answers = vec![self.reply(request, 200, "")];
                let invite = self.ringing.remove(&key);
                answers.extend(invite.map(|invite| self.reply(&invite, 487, "")));
                answers
            }
            "INVITE" if !is_within => self.rings(request, key),
            "SUBSCRIBE" if !is_within => self.subscribed(request, &key.0),
            "BYE" => {
                let calls = self.calls.iter_mut().filter(|call| call.call_id == key.0);
                calls.for_each(|call| call.is_up = false);
                vec![self.reply(request, 200, "")]
            }
            "REFER" => self.referred(request, &key.0),
            "INVITE" if self.rng.u8(..4) == 0 => vec![self.reply(request, 488, "")],
            _ => vec![self.reply(request, 200, "")],
        }
    }

    fn rings(&mut self, invite: &Heard, key: (String, u32)) -> Vec<String> {
        if !self.knows(&key.0) {
            let call = Call::asked_for(invite, "INVITE", &self.tag());
            self.calls.push(call);
        }
        self.ringing.insert(key, invite.clone());
        let more = match self.rng.bool() {
            true => "Require: 100rel\r\nRSeq: 1\r\n",
            false => "",
        };
        vec![self.reply(invite, if more.is_empty() { 180 } else { 183 }, more)]
    }

    fn subscribed(&mut self, request: &Heard, id: &str) -> Vec<String> {
        if self.knows(id) {
            return vec![self.reply(request, 200, "Expires: 600\r\n")];
        }
        let call = Call::asked_for(request, "SUBSCRIBE", &self.tag());
        self.calls.push(call);
        let notify = self.within(self.calls.len() - 1, "NOTIFY");
        vec![self.reply(request, 200, "Expires: 600\r\n"), notify]
    }

    /// Goes where a REFER says, and tells of it.
    fn referred(&mut self, refer: &Heard, id: &str) -> Vec<String> {
        let mut said = vec![self.reply(refer, 202, "")];
        let at = self.calls.iter().position(|call| call.call_id == id);
        said.extend(at.map(|at| self.within(at, "NOTIFY")));
        let uri = inner_uri(refer.value("Refer-To").unwrap_or_default());
        let (target, headers) = uri.split_once('?').unwrap_or((&uri, ""));
        let named = headers.strip_prefix("Replaces=").unwrap_or_default();
        let named = sip::unescape(named.as_bytes());
        let more = match named.is_empty() {
            true => String::new(),
            false => format!("Replaces: {}\r\n", String::from_utf8_lossy(&named)),
        };
        said.push(self.begin("INVITE", target, &more));
        said
    }

    fn knows(&self, id: &str) -> bool {
        self.calls.iter().any(|call| call.call_id == id)
    }
}

/// The number in CSeq.
fn number(heard: &Heard) -> u32 {
    let cseq = heard.value("CSeq").unwrap_or_default();
    let number = cseq.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or_default()
}
