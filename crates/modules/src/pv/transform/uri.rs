//! `{uri.*}`: parts of a URI.

use super::super::Pv;
use super::super::part::is_phone;
use super::{at_least, owned, part, simple, with_arguments};
use bytes::Bytes;
use policy::{Declaration, Proto};
use script::Value;
use sip::{Scheme, Uri};

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation("uri.scheme", "The scheme.", |_, _| {
        simple(|text| read(text, |uri| Some(scheme(uri))))
    });
    d.transformation("uri.user", "The user part.", |_, _| {
        simple(|text| read(text, user))
    });
    d.transformation("uri.passwd", "The password.", |_, _| {
        simple(|text| read(text, |uri| uri.password))
    });
    d.transformation("uri.host", "The host.", |_, _| {
        simple(|text| read(text, |uri| Some(uri.host)))
    });
    d.transformation("uri.domain", "The host.", |_, _| {
        simple(|text| read(text, |uri| Some(uri.host)))
    });
    d.transformation("uri.port", "The port, where it is given.", |_, _| {
        simple(|text| match Uri::parse(text).ok()?.port {
            Some(port) => Some(Value::Int(port.into())),
            None => owned(""),
        })
    });
    d.transformation("uri.params", "All parameters.", |_, _| {
        simple(|text| {
            read(text, |uri| {
                uri.params.raw().strip_prefix(b";").filter(|_| uri.is_sip())
            })
        })
    });
    d.transformation(
        "uri.param,name",
        "The value of a parameter.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                read(text, |uri| uri.param(args.first()?.trim_ascii())?.value)
            })
        },
    );
    d.transformation("uri.headers", "What follows the question mark.", |_, _| {
        simple(|text| read(text, |uri| uri.headers))
    });
    d.transformation("uri.transport", "The parameter transport.", |_, _| {
        simple(|text| parameter(text, b"transport"))
    });
    d.transformation("uri.ttl", "The parameter ttl.", |_, _| {
        simple(|text| parameter(text, b"ttl"))
    });
    d.transformation("uri.uparam", "The parameter user.", |_, _| {
        simple(|text| parameter(text, b"user"))
    });
    d.transformation("uri.maddr", "The parameter maddr.", |_, _| {
        simple(|text| parameter(text, b"maddr"))
    });
    d.transformation("uri.method", "The parameter method.", |_, _| {
        simple(|text| parameter(text, b"method"))
    });
    d.transformation("uri.lr", "The value of the parameter lr.", |_, _| {
        simple(|text| parameter(text, b"lr"))
    });
    d.transformation("uri.r2", "The value of the parameter r2.", |_, _| {
        simple(|text| parameter(text, b"r2"))
    });
    d.transformation(
        "uri.duri",
        "scheme:host:port;transport, for a destination.",
        |_, _| simple(|text| compose(text, false, true)),
    );
    d.transformation("uri.suri", "scheme:user@host:port;transport.", |_, _| {
        simple(|text| compose(text, true, true))
    });
    d.transformation("uri.saor", "scheme:user@host.", |_, _| {
        simple(|text| compose(text, true, false))
    });
    d.transformation(
        "uri.tosocket",
        "proto:host:port; empty without transport or port.",
        |_, _| simple(to_socket),
    );
}

fn read<'a>(text: &'a Bytes, of: impl Fn(&Uri<'a>) -> Option<&'a [u8]>) -> Option<Value> {
    let uri = Uri::parse(text).ok()?;
    part(text, of(&uri))
}

fn parameter(text: &Bytes, name: &[u8]) -> Option<Value> {
    read(text, |uri| uri.param(name)?.value)
}

/// A user part with `user=phone` ends at its first semicolon (`phone2tel`).
fn user<'a>(uri: &Uri<'a>) -> Option<&'a [u8]> {
    let user = uri.user?;
    let end = user
        .iter()
        .position(|byte| *byte == b';')
        .filter(|_| is_phone(uri));
    user.get(..end.unwrap_or(user.len()))
}

fn scheme<'a>(uri: &Uri<'a>) -> &'a [u8] {
    uri.raw
        .split(|byte| *byte == b':')
        .next()
        .unwrap_or_default()
}

fn compose(text: &Bytes, with_user: bool, with_port: bool) -> Option<Value> {
    let uri = Uri::parse(text).ok()?;
    let mut out = [scheme(&uri), b":"].concat();
    if let Some(user) = uri.user.filter(|_| with_user && uri.scheme != Scheme::Tel) {
        out.extend_from_slice(user);
        out.push(b'@');
    }
    out.extend_from_slice(uri.host);
    if with_port {
        if let Some(port) = uri.port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
        if let Some(transport) = uri.param(b"transport").and_then(|param| param.value) {
            out.extend_from_slice(b";transport=");
            out.extend_from_slice(transport);
        }
    }
    owned(out)
}

fn to_socket(text: &Bytes) -> Option<Value> {
    let uri = Uri::parse(text).ok()?;
    let proto = uri
        .param(b"transport")
        .and_then(|param| Proto::parse(param.value?));
    let (Some(proto), host) = (proto, String::from_utf8_lossy(uri.host)) else {
        return owned("");
    };
    owned(format!(
        "{proto}:{host}:{}",
        uri.port.unwrap_or(proto.default_port())
    ))
}
