//! `{urialias.encode}`, `{urialias.decode}`: `;alias=address~port~transport` and back.

use super::super::Pv;
use super::{owned, simple};
use bytes::Bytes;
use policy::{Declaration, Proto};
use script::Value;
use sip::Uri;

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation(
        "urialias.encode",
        "host~port~transport number of a URI.",
        |_, _| simple(encode),
    );
    d.transformation(
        "urialias.decode",
        "The URI of host~port~transport number.",
        |_, _| simple(decode),
    );
}

fn encode(text: &Bytes) -> Option<Value> {
    let uri = Uri::parse(text).ok()?;
    let proto = match uri.param(b"transport").and_then(|param| param.value) {
        Some(name) => Proto::parse(name)?,
        None if uri.is_sip() && uri.scheme == sip::Scheme::Sips => Proto::Tls,
        None => Proto::Udp,
    };
    let port = uri.port.unwrap_or(proto.default_port());
    let host = String::from_utf8_lossy(uri.host);
    owned(format!("{host}~{port}~{}", proto.number()))
}

fn decode(text: &Bytes) -> Option<Value> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.split('~');
    let (host, port, number) = (parts.next()?, parts.next()?, parts.next()?);
    let port: u16 = port.parse().ok()?;
    let number: i64 = number.parse().ok()?;
    let proto = [Proto::Udp, Proto::Tcp, Proto::Tls, Proto::Ws, Proto::Wss];
    let proto = proto.into_iter().find(|proto| proto.number() == number)?;
    let uri = match proto {
        Proto::Udp => format!("sip:{host}:{port}"),
        proto => format!("sip:{host}:{port};transport={proto}"),
    };
    Uri::parse(uri.as_bytes()).ok()?;
    owned(uri)
}
