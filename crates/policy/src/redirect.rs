//! The Contact header of a redirection: the destination set of the request.

use crate::{Context, Destination, Q};
use std::io::Write;

/// What a 3xx says of each target beside its URI (`rich_redirect` of modules `sl` and `tm`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RichRedirect {
    /// 1: branch flags, as a header parameter.
    pub flags: bool,
    /// 2: the Path, as a Route header in the URI.
    pub path: bool,
}

impl RichRedirect {
    /// Reads the parameter, a sum of 1 and 2.
    pub fn from_bits(bits: i64) -> RichRedirect {
        RichRedirect {
            flags: bits & 1 != 0,
            path: bits & 2 != 0,
        }
    }
}

/// The Contact line of a redirection, with its line end: the Request-URI where it is no longer the
/// one that came, then the branches. Empty where there is no target.
pub fn redirect_contact(context: &Context, rich: RichRedirect) -> Vec<u8> {
    let received = context.request().map(|request| request.request_uri());
    let first = Some(&context.target).filter(|target| Some(target.uri.as_ref()) != received);
    let mut line = Vec::new();
    for target in first.into_iter().chain(&context.branches) {
        line.extend_from_slice(if line.is_empty() { b"Contact: " } else { b", " });
        push_contact(&mut line, target, rich);
    }
    if !line.is_empty() {
        line.extend_from_slice(b"\r\n");
    }
    line
}

fn push_contact(line: &mut Vec<u8>, target: &Destination, rich: RichRedirect) {
    line.push(b'<');
    line.extend_from_slice(&target.uri);
    if let Some(path) = target.path.as_ref().filter(|_| rich.path) {
        line.extend_from_slice(b"?Route=");
        push_escaped(line, path);
    }
    line.push(b'>');
    if target.q != Q::UNSET {
        line.extend_from_slice(b";q=");
        line.extend_from_slice(target.q.to_string().as_bytes());
    }
    if rich.flags {
        // Writing to a Vec cannot fail.
        let _ = write!(line, ";flags={}", target.flags);
    }
}

/// Escapes what may not stand in a URI header (RFC 3261 section 25.1, `hvalue`).
fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"[]/?:+$-_.!~*'()".contains(byte) {
            out.push(*byte);
        } else {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "%{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_rich_contact_has_path_q_and_flags() {
        let target = Destination {
            uri: Bytes::from_static(b"sip:y@192.0.2.5;a=b"),
            path: Some(Bytes::from_static(b"<sip:192.0.2.9;lr>")),
            q: Q(500),
            flags: 5,
            ..Destination::default()
        };
        let rich = |bits| {
            let mut line = Vec::new();
            push_contact(&mut line, &target, RichRedirect::from_bits(bits));
            String::from_utf8_lossy(&line).into_owned()
        };
        assert_eq!(rich(0), "<sip:y@192.0.2.5;a=b>;q=0.5");
        assert_eq!(
            rich(3),
            "<sip:y@192.0.2.5;a=b?Route=%3csip:192.0.2.9%3blr%3e>;q=0.5;flags=5"
        );
    }
}
