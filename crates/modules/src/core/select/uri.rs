//! Parts of a URI: `user`, `host`, `port`, `hostport`, `params.x`, `transport`, …

use super::{Read, names, slice, text};
use bytes::Bytes;
use policy::Context;
use script::{SelectPart, Value};
use sip::{Scheme, Uri};

/// A part of a URI, read from its text.
pub(super) type Part = Box<dyn Fn(&Bytes) -> Option<Value> + Send + Sync>;

/// `@ruri…`, `@dst_uri…`, `@next_hop…`.
pub(super) fn resolve(parts: &[SelectPart]) -> Option<Read> {
    let source: fn(&Context) -> Option<Bytes> = match parts.first()?.name.as_ref() {
        b"ruri" | b"r_uri" | b"request_uri" => {
            |c| c.message.is_request().then(|| c.target.uri.clone())
        }
        b"dst_uri" => |c| c.target.dst_uri.clone(),
        b"next_hop" => |c| {
            c.target
                .dst_uri
                .clone()
                .or_else(|| c.message.is_request().then(|| c.target.uri.clone()))
        },
        _ => return None,
    };
    let part = part(parts.get(1..)?)?;
    Some(Box::new(move |context| {
        source(context).and_then(|uri| part(&uri))
    }))
}

/// What a path behind a URI reads.
pub(super) fn part(parts: &[SelectPart]) -> Option<Part> {
    Some(match names(parts).as_slice() {
        [] => Box::new(|uri| text(uri.clone())),
        [b"user" | b"rn_user"] => of(|uri| uri.user),
        [b"pwd"] => of(|uri| uri.password),
        [b"host"] => of(|uri| Some(uri.host)),
        [b"port"] => Box::new(|uri| text(Uri::parse(uri).ok()?.port?.to_string())),
        [b"hostport"] => Box::new(host_port),
        [b"type"] => Box::new(scheme),
        [b"params"] => of(|uri| {
            uri.params
                .raw()
                .strip_prefix(b";")
                .filter(|params| !params.is_empty() && !is_phone(uri))
        }),
        [b"params", name]
        | [name @ (b"transport" | b"maddr" | b"ttl" | b"method" | b"lr" | b"r2")] => {
            let name = Bytes::copy_from_slice(name);
            Box::new(move |uri| {
                let parsed = Uri::parse(uri).ok()?;
                slice(uri, parsed.param(&name)?.value?)
            })
        }
        _ => return None,
    })
}

fn of(read: for<'a> fn(&Uri<'a>) -> Option<&'a [u8]>) -> Part {
    Box::new(move |uri| {
        let parsed = Uri::parse(uri).ok()?;
        slice(uri, read(&parsed)?)
    })
}

fn host_port(uri: &Bytes) -> Option<Value> {
    let parsed = Uri::parse(uri).ok()?;
    let port = parsed.port.unwrap_or(if parsed.scheme == Scheme::Sips {
        5061
    } else {
        5060
    });
    text(format!("{}:{port}", String::from_utf8_lossy(parsed.host)))
}

/// The scheme in small letters; a SIP URI with `user=phone` counts as `tel`.
fn scheme(uri: &Bytes) -> Option<Value> {
    let parsed = Uri::parse(uri).ok()?;
    match parsed.scheme {
        Scheme::Sip | Scheme::Sips if is_phone(&parsed) => text("tel"),
        Scheme::Sip => text("sip"),
        Scheme::Sips => text("sips"),
        Scheme::Tel => text("tel"),
        _ => slice(uri, uri.split(|byte| *byte == b':').next()?),
    }
}

fn is_phone(uri: &Uri<'_>) -> bool {
    uri.param(b"user")
        .and_then(|param| param.value)
        .is_some_and(|value| value.eq_ignore_ascii_case(b"phone"))
}
