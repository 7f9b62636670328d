//! Requests that follow from one already sent: ACK for a negative reply, CANCEL.

use super::Content;
use crate::{HeaderError, HeaderId, Injection, Message};
use bytes::Bytes;

/// The ACK for a reply of 300 or more to `sent`, an INVITE as we sent it: RFC 3261 section
/// 17.1.1.3. To comes from the reply, everything else from the INVITE. `lines` are further header
/// lines, each with its CRLF.
///
/// # Errors
/// A header that the ACK needs is missing or malformed, or `lines` are no header lines.
pub fn ack(sent: &Message, reply: &Message, lines: &[u8]) -> Result<Bytes, HeaderError> {
    follow(sent, b"ACK", reply, lines).map(Into::into)
}

/// The CANCEL for `sent`, a request as we sent it: RFC 3261 section 9.1. `lines` are further
/// header lines (Reason), each with its CRLF.
///
/// # Errors
/// A header that the CANCEL needs is missing or malformed, or `lines` are no header lines.
pub fn cancel(sent: &Message, lines: &[u8]) -> Result<Bytes, HeaderError> {
    follow(sent, b"CANCEL", sent, lines).map(Into::into)
}

fn follow(
    sent: &Message,
    method: &[u8],
    to_from: &Message,
    lines: &[u8],
) -> Result<Vec<u8>, HeaderError> {
    let mut content = Content::default();
    content
        .lines(lines)
        .map_err(|Injection| HeaderError::Malformed)?;
    let mut out = Vec::with_capacity(512);
    for part in [
        method,
        b" ",
        sent.request_uri(),
        b" SIP/2.0\r\nVia: ",
        sent.top_via()?.raw,
        b"\r\n",
    ] {
        out.extend_from_slice(part);
    }
    for (message, id) in [
        (sent, HeaderId::From),
        (to_from, HeaderId::To),
        (sent, HeaderId::CallId),
    ] {
        let header = message.header(id).ok_or(HeaderError::Missing)?;
        super::push_line(&mut out, id.canonical_name(), header.value);
    }
    let cseq = sent.cseq()?.number.to_string();
    super::push_line(&mut out, "CSeq", &[cseq.as_bytes(), b" ", method].concat());
    for route in sent.all(HeaderId::Route) {
        super::push_line(&mut out, "Route", route.value);
    }
    super::push_line(&mut out, "Max-Forwards", b"70");
    content.finish(&mut out);
    Ok(out)
}
