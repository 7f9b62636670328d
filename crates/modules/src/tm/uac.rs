//! Requests of our own: `t_uac_send()` and `tm.t_uac_…`.

use super::Tm;
use super::relay::hop_of;
use bytes::Bytes;
use policy::{Context, Effect, Level, LocalRequest, Outcome, Text};
use sip::Uri;

/// What a request of our own is made of, as written by an operator or a script.
pub(super) struct Draft<'a> {
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
    /// Empty or `.` for none.
    pub(super) next_hop: &'a [u8],
    /// Empty or `.` for none.
    pub(super) socket: &'a [u8],
    pub(super) headers: &'a [u8],
    pub(super) body: &'a [u8],
}

impl Tm {
    #[expect(
        clippy::too_many_arguments,
        reason = "a script function has the arguments of its usage"
    )]
    pub(super) fn uac_send(
        &self,
        context: &mut Context,
        method: &Text,
        uri: &Text,
        next_hop: &Text,
        socket: &Text,
        headers: &Text,
        body: &Text,
    ) -> Outcome {
        let [method, uri, next_hop, socket, headers, body] =
            [method, uri, next_hop, socket, headers, body].map(|text| text.get(context));
        let draft = Draft {
            method: &method,
            uri: &uri,
            next_hop: &next_hop,
            socket: &socket,
            headers: &headers,
            body: &body,
        };
        match request(&draft) {
            Ok(request) => Outcome::ask(Effect::Request(Box::new(request))),
            Err(problem) => {
                context.log(Level::Err, "tm", || problem);
                Outcome::FALSE
            }
        }
    }
}

/// A request as drafted, or the sentence that Kamailio's command has for what is wrong with it.
pub(super) fn request(draft: &Draft<'_>) -> Result<LocalRequest, String> {
    if draft.method.is_empty() || !draft.method.iter().all(|byte| is_token(*byte)) {
        return Err("Empty or invalid method".to_owned());
    }
    let uri = |text: &[u8], what: &str| {
        Uri::parse(text)
            .map(|_| Bytes::copy_from_slice(text))
            .map_err(|_| {
                let text = String::from_utf8_lossy(text);
                format!("Invalid {what} uri \"{text}\"")
            })
    };
    let target = uri(draft.uri, "request")?;
    let next_hop = match given(draft.next_hop) {
        Some(text) => Some(uri(text, "next-hop")?),
        None => None,
    };
    let socket =
        match given(draft.socket) {
            Some(text) => Some(hop_of(text).ok_or_else(|| {
                format!("No local socket for \"{}\"", String::from_utf8_lossy(text))
            })?),
            None => None,
        };
    let mut request = LocalRequest {
        method: Bytes::copy_from_slice(draft.method),
        uri: target,
        next_hop,
        socket,
        from: Bytes::new(),
        to: Bytes::new(),
        body: Bytes::copy_from_slice(draft.body),
        ..LocalRequest::default()
    };
    let has_type = fill(&mut request, draft.headers)?;
    match () {
        () if request.from.is_empty() => Err("From missing".to_owned()),
        () if request.to.is_empty() => Err("To missing".to_owned()),
        () if !has_type && !request.body.is_empty() => Err("Content-Type missing".to_owned()),
        () => Ok(request),
    }
}

/// Sorts header lines into those that have a place of their own and the others; true where
/// Content-Type is among them.
fn fill(request: &mut LocalRequest, headers: &[u8]) -> Result<bool, String> {
    let (mut lines, mut has_type) = (Vec::new(), false);
    for line in headers.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon
            .map(|colon| (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
            .ok_or("Invalid headers")?;
        let owned = || Bytes::copy_from_slice(value);
        match name.to_ascii_lowercase().as_slice() {
            b"from" | b"f" => request.from = owned(),
            b"to" | b"t" => request.to = owned(),
            b"call-id" | b"i" => request.call_id = Some(owned()),
            b"cseq" => request.cseq = Some(cseq_of(value).ok_or("Invalid headers")?),
            b"content-length" | b"l" | b"max-forwards" | b"via" | b"v" => {}
            own => {
                has_type |= matches!(own, b"content-type" | b"c");
                lines.extend_from_slice(line);
                lines.extend_from_slice(b"\r\n");
            }
        }
    }
    if lines.is_empty() && request.from.is_empty() && request.to.is_empty() {
        return Err("Invalid headers".to_owned());
    }
    request.lines = lines.into();
    Ok(has_type)
}

fn cseq_of(value: &[u8]) -> Option<u32> {
    let number = value.split(u8::is_ascii_whitespace).next()?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// What stands there, where it is not empty or a lone dot.
fn given(text: &[u8]) -> Option<&[u8]> {
    Some(text).filter(|text| !matches!(*text, b"" | b"."))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(headers: &'static str) -> Draft<'static> {
        Draft {
            method: b"OPTIONS",
            uri: b"sip:x@192.0.2.1",
            next_hop: b".",
            socket: b"",
            headers: headers.as_bytes(),
            body: b"",
        }
    }

    #[test]
    fn headers_find_their_places() {
        let headers =
            "f: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\nCSeq: 33 OPTIONS\r\nCall-ID: x\r\nX-Q: 1";
        let made = request(&draft(headers)).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(
            (made.from.as_ref(), made.to.as_ref()),
            (&b"<sip:a@b>;tag=1"[..], &b"<sip:c@d>"[..])
        );
        assert_eq!(
            (made.cseq, made.call_id.as_deref()),
            (Some(33), Some(&b"x"[..]))
        );
        assert_eq!(made.lines, "X-Q: 1\r\n");
    }

    #[test]
    fn what_is_wrong_is_said_as_kamailio_says_it() {
        let good = "From: <sip:a@b>\r\nTo: <sip:c@d>\r\n";
        for (change, wanted) in [
            (draft(""), "Invalid headers"),
            (draft("To: <sip:c@d>"), "From missing"),
            (draft("From: <sip:c@d>"), "To missing"),
            (
                Draft {
                    uri: b"junk",
                    ..draft(good)
                },
                "Invalid request uri \"junk\"",
            ),
            (
                Draft {
                    next_hop: b"junk",
                    ..draft(good)
                },
                "Invalid next-hop uri \"junk\"",
            ),
            (
                Draft {
                    body: b"v=0",
                    ..draft(good)
                },
                "Content-Type missing",
            ),
            (
                Draft {
                    method: b"OP TIONS",
                    ..draft(good)
                },
                "Empty or invalid method",
            ),
        ] {
            assert_eq!(request(&change).err().as_deref(), Some(wanted));
        }
    }
}
