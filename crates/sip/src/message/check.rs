//! What RFC 3261 makes mandatory in every message.

use super::{Message, Rewritten};
use crate::uri::{Scheme, Uri};
use crate::{HeaderError, HeaderId, lex};
use std::fmt;

/// What is wrong with a message, as the reply to send. A reply message that has one is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// 400, 416 or 505.
    pub status: u16,
    /// The reason phrase.
    pub reason: &'static str,
}

/// What a message that passed [`Message::check`] is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The scheme of the From URI.
    pub from: Scheme,
    /// The scheme of the To URI.
    pub to: Scheme,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.reason)
    }
}

impl Message {
    /// Checks version, defects, the mandatory headers, Request-URI and Content-Length.
    ///
    /// Values that only a script or a module acts on (Max-Forwards, Expires, Contact, Route) are
    /// left to it.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn check(&self) -> Result<(), Violation> {
        if self.checked().is_some() {
            return Ok(());
        }
        self.note(self.check_all(None)?)
    }

    /// Checks a message that was made so of `former`, which has passed: headers that are the same are not read again.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn check_again(&self, former: &Message, made: &Rewritten) -> Result<(), Violation> {
        let checked = match former.checked() {
            Some(checked) if made.is_sound() => self.check_values(former, checked)?,
            checked => self.check_all(checked.map(|checked| (former, checked)))?,
        };
        self.note(checked)
    }

    /// Checks what sound values may still break.
    fn check_values(&self, former: &Message, checked: Checked) -> Result<Checked, Violation> {
        // One value without quotes, as nearly every line has, stands as it stood.
        if !self.has_plain_via() {
            self.check_quotes_of_vias()?;
        }
        if !self.has_sip_target() {
            self.check_new_request_uri(former, checked.to)?;
        }
        Ok(checked)
    }

    fn note(&self, checked: Checked) -> Result<(), Violation> {
        // Somebody else may have been quicker, with the same result.
        let _ = self.typed.checked.set(checked);
        Ok(())
    }

    /// What [`Message::check`] found, once it has passed: whoever checks a part of it again can save
    /// the work.
    pub fn checked(&self) -> Option<Checked> {
        self.typed.checked.get().copied()
    }

    fn check_all(&self, former: Option<(&Message, Checked)>) -> Result<Checked, Violation> {
        if !self.is_version_2() {
            return Err(Violation {
                status: 505,
                reason: "Version Not Supported",
            });
        }
        self.check_defects()?;
        self.check_singletons()?;
        let is_same = |id| former.is_some_and(|(former, _)| self.value(id) == former.value(id));
        let same = NAMING.map(is_same);
        self.check_names(same)?;
        let [same_via, same_from, same_to, _] = same;
        if !same_via {
            self.check_via()?;
        }
        let known = former.map(|(_, checked)| checked);
        // A tag may be missing (RFC 2543), but not be empty or stand twice, and the URI must be one; of an unknown
        // scheme it is the registrar's business.
        let from = match known.filter(|_| same_from) {
            Some(checked) => checked.from,
            None => self.scheme_of_from().or(bad("Bad From Header"))?,
        };
        let to = match known.filter(|_| same_to) {
            Some(checked) => checked.to,
            None => self.scheme_of_to().or(bad("Bad To Header"))?,
        };
        self.call_id().or(bad("Bad Call-ID Header"))?;
        self.check_cseq()?;
        self.check_content_length()?;
        match former {
            Some((former, _)) => self.check_new_request_uri(former, to)?,
            None => self.check_request_uri(to)?,
        }
        Ok(Checked { from, to })
    }

    fn check_defects(&self) -> Result<(), Violation> {
        match self.defects {
            d if d.octets => bad("NUL or CR in Header"),
            d if d.truncated => bad("Headers Not Terminated"),
            d if d.start_line => bad("Bad Request Line"),
            _ => Ok(()),
        }
    }

    fn check_singletons(&self) -> Result<(), Violation> {
        let required = || {
            SINGLETONS
                .iter()
                .filter(|(_, missing, _)| missing.is_some())
        };
        if !self.index.is_any_repeated(ONCE) && required().all(|(id, ..)| self.has(*id)) {
            return Ok(());
        }
        for (id, missing, repeated) in SINGLETONS {
            if let Some(missing) = missing
                && !self.has(id)
            {
                return bad(missing);
            }
            if self.is_repeated(id) {
                return bad(repeated);
            }
        }
        Ok(())
    }

    /// What names a dialog and its transaction is short, and has no control octets, or logs, screens and other
    /// readers take it for something else. What is known to be sound is passed over.
    fn check_names(&self, is_sound: [bool; NAMING.len()]) -> Result<(), Violation> {
        let value = |at: usize| match is_sound[at] {
            true => b"",
            false => self.value(NAMING[at]).unwrap_or_default(),
        };
        let [via, names @ ..] = std::array::from_fn::<_, { NAMING.len() }, _>(value);
        if has_control(via) || names.into_iter().any(has_control) {
            return bad("Control Character in Header");
        }
        // A line may hold the Vias of many hops.
        let branch = self.top_branch().ok().flatten().unwrap_or_default();
        match names.iter().any(|name| name.len() > NAME_BYTES) || branch.len() > NAME_BYTES {
            true => bad("Header Too Long"),
            false => Ok(()),
        }
    }

    /// The first Via line counts as a whole, since the first hop behind us reads on in it.
    fn check_via(&self) -> Result<(), Violation> {
        match self.top_branch() {
            Err(HeaderError::Missing) => return bad("Missing Via Header"),
            Err(_) => return bad("Bad Via Header"),
            Ok(_) => {}
        }
        // One value, as nearly every line has, has been read already.
        if self.has_plain_via() {
            return Ok(());
        }
        self.check_quotes_of_vias()?;
        let line = self.value(HeaderId::Via).unwrap_or_default();
        match crate::split_values(line)
            .skip(1)
            .all(|value| crate::Via::parse(value).is_ok())
        {
            true => Ok(()),
            false => bad("Bad Via Header"),
        }
    }

    fn check_quotes_of_vias(&self) -> Result<(), Violation> {
        let line = self.value(HeaderId::Via).unwrap_or_default();
        let has_quotes = memchr::memchr(b'"', line).is_some();
        match line.ends_with(b",") || has_quotes && memchr::memchr_iter(b'"', line).count() % 2 == 1
        {
            true => bad("Bad Via Header"),
            false => Ok(()),
        }
    }

    fn check_cseq(&self) -> Result<(), Violation> {
        let Ok(cseq) = self.cseq() else {
            return bad("Bad CSeq Header");
        };
        if cseq.number > i32::MAX as u32 {
            return bad("CSeq Number Out of Range");
        }
        match self.is_request() && cseq.method_bytes != self.method_bytes() {
            true => bad("CSeq Method Mismatch"),
            false => Ok(()),
        }
    }

    fn check_content_length(&self) -> Result<(), Violation> {
        match self.declared_content_length() {
            Err(_) => bad("Bad Content-Length Header"),
            Ok(Some(length)) if length as usize > self.body().len() => {
                bad("Content-Length Larger Than Message")
            }
            Ok(_) => Ok(()),
        }
    }

    fn check_new_request_uri(&self, former: &Message, to: Scheme) -> Result<(), Violation> {
        match former.request_uri() == self.request_uri() {
            true => Ok(()),
            false => self.check_request_uri(to),
        }
    }

    /// The Request-URI of what begins a dialog is mostly that of To, whose scheme is `to`, and that has been read.
    fn check_request_uri(&self, to: Scheme) -> Result<(), Violation> {
        if !self.is_request() || (to == Scheme::Sip && self.has_plain_target()) {
            return Ok(());
        }
        match Uri::parse(self.request_uri()) {
            Ok(uri) if uri.scheme == Scheme::Other => Err(Violation {
                status: 416,
                reason: "Unsupported URI Scheme",
            }),
            Ok(uri) if uri.is_sip() && uri.headers.is_some() => bad("Headers in Request-URI"),
            Ok(_) => Ok(()),
            Err(_) => bad("Bad Request-URI"),
        }
    }

    /// Whether a Request-URI that is known to be a URI is one of SIP without headers.
    fn has_sip_target(&self) -> bool {
        let uri = self.request_uri();
        let is_sip = |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"sip:");
        uri.get(..4).is_some_and(is_sip) && memchr::memchr(b'?', uri).is_none()
    }

    /// Whether the Request-URI is that of To, and has no headers.
    fn has_plain_target(&self) -> bool {
        let uri = self.request_uri();
        self.to_uri() == Ok(uri) && memchr::memchr(b'?', uri).is_none()
    }
}

/// Octets of From, To, Call-ID, and of a branch. They are copied into every message of a call and kept for its
/// life; the longest of RFC 4475 have some hundreds.
const NAME_BYTES: usize = 4096;

/// What names a dialog and its transaction.
const NAMING: [HeaderId; 4] = [
    HeaderId::Via,
    HeaderId::From,
    HeaderId::To,
    HeaderId::CallId,
];

/// Headers that may stand once only: which, what to say when it is missing (where it must not
/// be), what to say when it is repeated.
const SINGLETONS: [(HeaderId, Option<&str>, &str); 6] = [
    (
        HeaderId::From,
        Some("Missing From Header"),
        "Multiple From Headers",
    ),
    (
        HeaderId::To,
        Some("Missing To Header"),
        "Multiple To Headers",
    ),
    (
        HeaderId::CallId,
        Some("Missing Call-ID Header"),
        "Multiple Call-ID Headers",
    ),
    (
        HeaderId::CSeq,
        Some("Missing CSeq Header"),
        "Multiple CSeq Headers",
    ),
    (HeaderId::MaxForwards, None, "Multiple Max-Forwards Headers"),
    (
        HeaderId::ContentLength,
        None,
        "Multiple Content-Length Headers",
    ),
];

/// A bit for each of [`SINGLETONS`].
const ONCE: u128 = {
    let (mut bits, mut at) = (0, 0);
    while at < SINGLETONS.len() {
        bits |= 1 << SINGLETONS[at].0 as u32;
        at += 1;
    }
    bits
};

/// A control octet that is neither white space, as folds have it, nor quoted by a backslash.
fn has_control(value: &[u8]) -> bool {
    let is_control = |byte: u8| byte < 0x20 || byte == 0x7f;
    // Nearly always there is none.
    if !lex::any(value, is_control) {
        return false;
    }
    let mut escaped = false;
    value.iter().any(|byte| {
        let found = is_control(*byte) && !matches!(byte, b'\t' | b'\r' | b'\n') && !escaped;
        escaped = *byte == b'\\' && !escaped;
        found
    })
}

fn bad<T>(reason: &'static str) -> Result<T, Violation> {
    Err(Violation {
        status: 400,
        reason,
    })
}
