//! Values that are parts of a text or of the message, shared and not copied.

use bytes::Bytes;
use policy::Context;
use script::Value;
use sip::{Scheme, Uri};
use std::fmt::Display;

/// A part of `whole`; a text from elsewhere is copied.
pub(super) fn slice(whole: &Bytes, part: &[u8]) -> Bytes {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    let end = start.wrapping_add(part.len());
    if start <= end && end <= whole.len() {
        whole.slice(start..end)
    } else {
        Bytes::copy_from_slice(part)
    }
}

/// A part of `whole` as a value, or null.
pub(super) fn part(whole: &Bytes, part: Option<&[u8]>) -> Value {
    part.map_or(Value::Null, |part| Value::Str(slice(whole, part)))
}

/// A part of the message in hand as a value, or null.
pub(super) fn of_message(context: &Context, part: Option<&[u8]>) -> Value {
    part.map_or(Value::Null, |part| {
        Value::Str(context.message.slice_of(part))
    })
}

/// Anything that prints, as text.
pub(super) fn text(value: impl Display) -> Value {
    Value::Str(Bytes::from(value.to_string()))
}

/// A length or a count.
pub(super) fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A text or null.
pub(super) fn optional(text: Option<Bytes>) -> Value {
    text.map_or(Value::Null, Value::Str)
}

/// What the parts of a URI are called in `$rU`, `$rd`, `$rp`, `$rP`, `$rz`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UriPart {
    User,
    Domain,
    Port,
    Proto,
    Scheme,
}

/// A part of a URI as the variables show it. A user part with `user=phone` ends at its first
/// semicolon where `phone2tel` is on.
pub(super) fn uri_part(context: &Context, uri: Option<Bytes>, wanted: UriPart) -> Value {
    let Some(text) = uri else {
        return Value::Null;
    };
    let Ok(uri) = Uri::parse(&text) else {
        return Value::Null;
    };
    let phone = context.core().phone2tel && is_phone(&uri);
    match wanted {
        UriPart::User => part(
            &text,
            uri.user
                .map(|user| number_of(user, phone))
                .filter(|user| !user.is_empty()),
        ),
        UriPart::Domain => part(&text, Some(uri.host).filter(|host| !host.is_empty())),
        UriPart::Port => Value::Str(port(&text, &uri)),
        UriPart::Proto => transport(&text, &uri).map_or(Value::text("UDP"), Value::Str),
        UriPart::Scheme => Value::Str(scheme(&text, &uri, phone)),
    }
}

/// True for `user=phone`, which makes a telephone number of a SIP URI.
pub(super) fn is_phone(uri: &Uri<'_>) -> bool {
    uri.param(b"user")
        .and_then(|param| param.value)
        .is_some_and(|value| value.eq_ignore_ascii_case(b"phone"))
}

/// The port as text, as `$rp` and its kin have it in Kamailio; 5060 without one.
fn port(text: &Bytes, uri: &Uri<'_>) -> Bytes {
    let written = uri.port.and_then(|_| {
        let end_of_host =
            (uri.host.as_ptr() as usize).checked_sub(text.as_ptr() as usize)? + uri.host.len();
        let digits = text.get(end_of_host + 1..)?;
        let len = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        digits.get(..len)
    });
    written.map_or(Bytes::from_static(b"5060"), |digits| slice(text, digits))
}

/// The transport parameter as written.
fn transport(text: &Bytes, uri: &Uri<'_>) -> Option<Bytes> {
    uri.param(b"transport")
        .and_then(|param| param.value)
        .map(|value| slice(text, value))
}

fn number_of(user: &[u8], phone: bool) -> &[u8] {
    let end = user.iter().position(|byte| *byte == b';').filter(|_| phone);
    user.get(..end.unwrap_or(user.len())).unwrap_or_default()
}

fn scheme(text: &Bytes, uri: &Uri<'_>, phone: bool) -> Bytes {
    if phone && uri.scheme == Scheme::Sip {
        return Bytes::from_static(b"tel");
    }
    let end = text.iter().position(|byte| *byte == b':').unwrap_or(0);
    text.slice(..end)
}
