//! The answer to a REGISTER: code, reason, and header lines in Kamailio's order.

use super::aor::temporary_user;
use super::params::{Outbound, Params, PathMode};
use policy::{Binding, Q};
use std::sync::Arc;

/// A reply before it is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Ready {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    /// Header lines with their line ends.
    pub(super) lines: Vec<u8>,
}

/// Why a REGISTER is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A header of the message cannot be read.
    Parse,
    /// The address-of-record cannot be read.
    Aor,
    /// A Contact cannot be read.
    Contact,
    /// `*` with an Expires that is not 0.
    StarExpires,
    /// `*` with other contacts.
    StarWithOthers,
    /// A contact URI is too long.
    TooLong,
    /// A q that is none.
    Q,
    /// A reg-id that is none.
    RegId,
    /// CSeq did not rise.
    CSeq,
    /// Expires below the minimum.
    TooBrief,
    /// More contacts than allowed.
    TooMany,
    /// A contact points at this server.
    SelfContact,
    /// The client requires RFC 5626.
    OutboundRequired,
    /// The first hop does not speak RFC 5626.
    OutboundHop,
    /// The database did not answer.
    Database,
}

impl Failure {
    /// Code, reason phrase and the text of `P-Registrar-Error`.
    pub(super) fn reply(self) -> (u16, &'static str, &'static str) {
        const BAD: (u16, &str) = (400, "Bad Request");
        let (code, reason) = match self {
            Failure::TooBrief => (423, "Interval Too Brief"),
            Failure::TooMany => (503, "Service Unavailable"),
            Failure::SelfContact => (403, "Forbidden"),
            Failure::OutboundRequired => (420, "Bad Extension"),
            Failure::OutboundHop => (439, "First Hop Lacks Outbound Support"),
            Failure::Database => (500, "Server Internal Error"),
            _ => BAD,
        };
        let text = match self {
            Failure::Parse => "Failed to parse message",
            Failure::Aor => "Address of record parse error",
            Failure::Contact => "Contact parse error",
            Failure::StarExpires => "* used in contact and expires is not zero",
            Failure::StarWithOthers => "* used in contact and more than 1 contact",
            Failure::TooLong => "Contact/received too long",
            Failure::Q => "Invalid q param in contact",
            Failure::RegId => "Invalid reg-id param in contact",
            Failure::CSeq => "Invalid CSeq number",
            Failure::TooBrief => "Interval too brief",
            Failure::TooMany => "Too many registered contacts",
            Failure::SelfContact => "Contact points at this server",
            Failure::OutboundRequired => "No support for Outbound on server",
            Failure::OutboundHop => "No support for Outbound on edge proxy",
            Failure::Database => "Location database not available",
        };
        (code, reason, text)
    }

    /// The return code of `save()`.
    pub(super) fn code(self) -> i32 {
        if self == Failure::TooMany { -2 } else { -1 }
    }
}

/// What a reply says besides its code.
pub(super) struct Facts<'a> {
    pub(super) params: &'a Params,
    pub(super) now_s: u64,
    pub(super) bindings: &'a [Arc<Binding>],
    /// GRUUs for a client that supports them: user and host of the To, and the hash of the
    /// address-of-record.
    pub(super) gruu: Option<Gruu<'a>>,
    /// The Path of the REGISTER.
    pub(super) path: &'a [u8],
    pub(super) supports_path: bool,
    pub(super) supports_outbound: bool,
}

/// What GRUUs are made of.
pub(super) struct Gruu<'a> {
    pub(super) scheme: &'static str,
    pub(super) user: &'a [u8],
    pub(super) host: &'a [u8],
    pub(super) aor_hash: u32,
}

/// The reply to a REGISTER that was taken.
pub(super) fn accepted(facts: &Facts<'_>) -> Ready {
    let mut lines = contacts(facts);
    if !facts.path.is_empty() && !facts.supports_path && facts.params.path_mode == PathMode::Strict
    {
        lines.extend_from_slice(b"Unsupported: path\r\n");
        put(&mut lines, &[b"Path: ", facts.path]);
        lines.extend_from_slice(b"\r\nP-Registrar-Error: No support for found Path indicated\r\n");
        return Ready {
            code: 420,
            reason: "Bad Extension",
            lines,
        };
    }
    if !facts.path.is_empty() && facts.supports_path && facts.params.path_mode != PathMode::Off {
        put(&mut lines, &[b"Path: ", facts.path]);
        lines.extend_from_slice(b"\r\n");
    }
    match facts.params.outbound {
        Outbound::Off => {}
        Outbound::Supported => {
            lines.extend_from_slice(b"Supported: outbound\r\n");
            if facts.supports_outbound {
                lines.extend_from_slice(b"Require: outbound\r\n");
                flow_timer(&mut lines, facts.params);
            }
        }
        Outbound::Required => {
            lines.extend_from_slice(b"Require: outbound\r\nSupported: outbound\r\n");
            flow_timer(&mut lines, facts.params);
        }
    }
    Ready {
        code: 200,
        reason: "OK",
        lines,
    }
}

/// The reply to a REGISTER that was refused.
pub(super) fn refused(failure: Failure, facts: &Facts<'_>) -> Ready {
    let (code, reason, text) = failure.reply();
    let mut lines = contacts(facts);
    match failure {
        Failure::TooBrief => number_line(&mut lines, "Min-Expires", facts.params.min_expires_s),
        Failure::OutboundRequired => lines.extend_from_slice(b"Unsupported: outbound\r\n"),
        _ => {}
    }
    lines.extend_from_slice(format!("P-Registrar-Error: {text}\r\n").as_bytes());
    if code >= 500 && facts.params.retry_after_s > 0 {
        number_line(&mut lines, "Retry-After", facts.params.retry_after_s);
    }
    Ready {
        code,
        reason,
        lines,
    }
}

fn flow_timer(lines: &mut Vec<u8>, params: &Params) {
    if params.flow_timer_s > 0 {
        number_line(lines, "Flow-Timer", params.flow_timer_s);
    }
}

fn number_line(lines: &mut Vec<u8>, name: &str, number: u32) {
    lines.extend_from_slice(format!("{name}: {number}\r\n").as_bytes());
}

/// Adds texts of peers: a fold in one becomes blanks, so that no line ends early.
fn put(line: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        if part.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            line.extend(part.iter().map(|byte| {
                if matches!(byte, b'\r' | b'\n') {
                    b' '
                } else {
                    *byte
                }
            }));
        } else {
            line.extend_from_slice(part);
        }
    }
}

/// The Contact line with every binding that is alive; empty without one.
fn contacts(facts: &Facts<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    for binding in facts
        .bindings
        .iter()
        .filter(|binding| binding.is_alive(facts.now_s))
    {
        line.extend_from_slice(if line.is_empty() { b"Contact: " } else { b", " });
        contact(&mut line, facts, binding);
    }
    if !line.is_empty() {
        line.extend_from_slice(b"\r\n");
    }
    line
}

/// A contact that is for ever has this many seconds; Kamailio prints a negative number there.
const FOR_EVER_S: u64 = 2_147_483_647;

fn contact(line: &mut Vec<u8>, facts: &Facts<'_>, binding: &Binding) {
    put(line, &[b"<", binding.contact(), b">"]);
    if let Some(q) = printed_q(binding.q()) {
        put(line, &[b";q=", q.as_bytes()]);
    }
    let expires_s = binding
        .expires_s()
        .checked_sub(facts.now_s)
        .unwrap_or(FOR_EVER_S);
    let mut digits = itoa::Buffer::new();
    put(line, &[b";expires=", digits.format(expires_s).as_bytes()]);
    let received_name = &facts.params.received_param;
    if let Some(received) = binding.received().filter(|_| !received_name.is_empty()) {
        put(line, &[b";", received_name, b"=\"", received, b"\""]);
    }
    if let Some(instance) = binding.instance() {
        if let Some(gruu) = &facts.gruu {
            gruus(line, gruu, binding, instance);
        }
        put(line, &[b";+sip.instance=\"", instance, b"\""]);
    }
    if binding.reg_id() > 0 {
        put(
            line,
            &[b";reg-id=", digits.format(binding.reg_id()).as_bytes()],
        );
    }
}

/// `pub-gruu` and `temp-gruu` (RFC 5627 section 5.3).
fn gruus(line: &mut Vec<u8>, gruu: &Gruu<'_>, binding: &Binding, instance: &[u8]) {
    let device = instance
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_suffix(b">"))
        .unwrap_or(instance);
    let scheme = gruu.scheme.as_bytes();
    put(
        line,
        &[
            b";pub-gruu=\"",
            scheme,
            b":",
            gruu.user,
            b"@",
            gruu.host,
            b";gr=",
            device,
            b"\"",
        ],
    );
    let temporary = temporary_user(binding.ruid(), gruu.aor_hash);
    put(
        line,
        &[
            b";temp-gruu=\"",
            scheme,
            b":",
            &temporary,
            b"@",
            gruu.host,
            b";gr\"",
        ],
    );
}

/// `1`, `0.5`, `0`; none where it is unset.
fn printed_q(q: Q) -> Option<String> {
    match q.0 {
        0 => Some("0".to_owned()),
        1000.. => Some("1".to_owned()),
        thousandths @ 1..1000 => Some(
            format!("0.{thousandths:03}")
                .trim_end_matches('0')
                .to_owned(),
        ),
        _ => None,
    }
}
