//! What a phone knows of one call, registration or exchange.

use crate::Heard;
use crate::scenario::Form;
use std::net::SocketAddr;

/// A dialog, or what may become one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// The From of our requests, with our tag.
    pub(crate) local: String,
    /// The To of our requests, with the other's tag once it is known.
    pub(crate) remote: String,
    pub(crate) cseq: u32,
    /// The Routes of requests in the dialog, in order.
    pub(crate) routes: Vec<String>,
    /// The Request-URI of requests in the dialog.
    pub(crate) target: String,
    /// True once both tags are known.
    pub(crate) established: bool,
    /// True once a 2xx has made it last.
    pub(super) confirmed: bool,
    pub(crate) sent: Vec<SentRequest>,
    pub(crate) heard: Vec<HeardRequest>,
    /// The last final reply to our INVITE.
    pub(crate) invite_final: Option<Heard>,
    /// The last reply that asked for credentials.
    pub(crate) challenge: Option<Heard>,
    /// What was sent, for `again`.
    pub(crate) said: Vec<Said>,
    /// How often a nonce was used.
    pub(crate) nonce_count: u32,
}

/// A request of ours, sent or about to be.
#[derive(Clone, Debug)]
pub(crate) struct SentRequest {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) cseq: u32,
    pub(crate) via: String,
    pub(crate) to: String,
    pub(crate) routes: Vec<String>,
    pub(crate) form: Form,
}

/// A request of the other side.
#[derive(Clone, Debug)]
pub(crate) struct HeardRequest {
    pub(crate) heard: Heard,
    pub(crate) source: SocketAddr,
    pub(crate) connection: Option<u64>,
}

/// A message as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Method or status code.
    pub(crate) word: String,
    pub(crate) way: crate::Way,
    pub(crate) octets: Vec<u8>,
}

impl Dialog {
    /// Learns from a request; `tag` is for our end if this begins a dialog.
    pub(crate) fn hear_request(&mut self, request: HeardRequest, tag: &str) {
        let heard = &request.heard;
        if heard.value("Call-ID") != Some(&self.call_id) {
            let to = heard.value("To").unwrap_or_default();
            let has_tag = heard.param("To", "tag").is_some();
            *self = Dialog {
                call_id: heard.value("Call-ID").unwrap_or_default().to_owned(),
                local: if has_tag {
                    to.to_owned()
                } else {
                    format!("{to};tag={tag}")
                },
                remote: heard.value("From").unwrap_or_default().to_owned(),
                routes: heard.values("Record-Route"),
                ..Dialog::default()
            };
        }
        if let Some(contact) = heard.value("Contact") {
            self.target = uri_of(contact).to_owned();
        }
        self.heard.push(request);
    }

    /// Learns from a reply.
    pub(crate) fn hear_reply(&mut self, heard: &Heard) {
        let status = heard.status().unwrap_or_default();
        let method = heard.method();
        if matches!(status, 401 | 407) {
            self.challenge = Some(heard.clone());
        }
        if method == "INVITE" && status >= 200 {
            self.invite_final = Some(heard.clone());
        }
        if !matches!(method, "INVITE" | "SUBSCRIBE" | "REFER") {
            return;
        }
        match status {
            101..=299 if heard.param("To", "tag").is_some() => self.establish(heard),
            300.. if !self.confirmed => self.established = false,
            _ => {}
        }
    }

    fn establish(&mut self, reply: &Heard) {
        self.remote = reply.value("To").unwrap_or_default().to_owned();
        if !self.established {
            self.routes = reply.values("Record-Route");
            self.routes.reverse();
        }
        if let Some(contact) = reply.value("Contact") {
            self.target = uri_of(contact).to_owned();
        }
        self.established = true;
        self.confirmed |= reply.status().is_some_and(|status| status >= 200);
    }

    /// Learns from a reply of our own to a request.
    pub(crate) fn replied(&mut self, status: u16, method: &str) {
        if matches!(status, 101..=299) && matches!(method, "INVITE" | "SUBSCRIBE" | "REFER") {
            self.confirmed |= status >= 200;
            self.established = true;
        }
    }

    /// The last request of ours with this method.
    pub(crate) fn last_sent(&self, method: &str) -> Option<&SentRequest> {
        self.sent.iter().rev().find(|sent| sent.method == method)
    }

    /// The last request that was heard, of this method where one is given. An ACK is never meant
    /// otherwise: nobody answers it.
    pub(crate) fn last_heard(&self, method: Option<&str>) -> Option<&HeardRequest> {
        self.heard.iter().rev().find(|request| match method {
            Some(method) => request.heard.method() == method,
            None => request.heard.method() != "ACK",
        })
    }
}

/// The URI of a Contact.
fn uri_of(contact: &str) -> &str {
    match contact.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => contact.split(';').next().unwrap_or_default(),
    }
}
