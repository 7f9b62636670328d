//! `forward` and `send`: on without a transaction.

use super::Core;
use bytes::Bytes;
use policy::{Context, Declaration, Effect, NextHop, Outcome, Proto, Routes, Text};
use sip::Uri;

pub(super) fn declare(d: &mut Declaration<Core>) {
    let requests = Routes::REQUEST | Routes::FAILURE | Routes::BRANCH;
    let doc = "Forwards the request without a transaction, to its destination or to a host. Its replies find back.";
    d.function(
        "forward([host], [port])",
        doc,
        requests,
        |_: &Core, c: &mut Context, h: &Option<Text>, p: &Option<Text>| forward(c, None, h, p),
    )
    .waits();
    let doc = "The same over UDP.";
    d.function(
        "forward_udp([host], [port])",
        doc,
        requests,
        |_: &Core, c: &mut Context, h: &Option<Text>, p: &Option<Text>| {
            forward(c, Some(Proto::Udp), h, p)
        },
    )
    .waits();
    let doc = "The same over TCP.";
    d.function(
        "forward_tcp([host], [port])",
        doc,
        requests,
        |_: &Core, c: &mut Context, h: &Option<Text>, p: &Option<Text>| {
            forward(c, Some(Proto::Tcp), h, p)
        },
    )
    .waits();
    let doc = "The same over TLS.";
    d.function(
        "forward_tls([host], [port])",
        doc,
        requests,
        |_: &Core, c: &mut Context, h: &Option<Text>, p: &Option<Text>| {
            forward(c, Some(Proto::Tls), h, p)
        },
    )
    .waits();
}

fn forward(
    context: &mut Context,
    proto: Option<Proto>,
    host: &Option<Text>,
    port: &Option<Text>,
) -> Outcome {
    let hop = match host {
        Some(host) => next_hop(context, proto, host, port),
        None if proto.is_none() => return Outcome::ask(Effect::Forward(None)),
        None => target(context, proto),
    };
    hop.map_or(Outcome::FALSE, |hop| {
        Outcome::ask(Effect::Forward(Some(hop)))
    })
}

/// The host and port of the arguments; `uri:host` and `uri:port` are those of the Request-URI.
fn next_hop(
    context: &mut Context,
    proto: Option<Proto>,
    host: &Text,
    port: &Option<Text>,
) -> Option<NextHop> {
    let host = host.get(context);
    if host.as_ref() == b"uri:host" {
        return target(context, proto);
    }
    let (name, own_port) = sip::uri::split_host_port(&host).ok()?;
    let port = match port {
        None => own_port.unwrap_or(0),
        Some(port) => match port.get(context).as_ref() {
            b"uri:port" => target(context, proto)?.port,
            port => u16::try_from(script::parse_int(port.trim_ascii())?).ok()?,
        },
    };
    Some(NextHop {
        proto,
        host: unbracketed(&host, name),
        port,
    })
}

fn target(context: &Context, proto: Option<Proto>) -> Option<NextHop> {
    let text = context
        .target
        .dst_uri
        .as_ref()
        .unwrap_or(&context.target.uri);
    let uri = Uri::parse(text).ok()?;
    Some(NextHop {
        proto,
        host: unbracketed(text, uri.host),
        port: uri.port.unwrap_or(0),
    })
}

fn unbracketed(whole: &Bytes, host: &[u8]) -> Bytes {
    let inner = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        .unwrap_or(host);
    if inner.is_empty() {
        Bytes::new()
    } else {
        whole.slice_ref(inner)
    }
}
