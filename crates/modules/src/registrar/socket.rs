//! The socket of a registration as text, `udp:127.0.0.1:5060`, and back.

use super::params::Params;
use policy::{Context, Identity, Proto, Socket, SocketId, XavpValue, host_text};
use script::Value;
use std::net::{IpAddr, SocketAddr};

/// The socket that a REGISTER is kept with: what `xavp_cfg` or the header says, else its own.
pub(super) fn of_registration(context: &Context, params: &Params) -> Vec<u8> {
    let identity = &context.config.identity;
    let named = named(context, params).filter(|text| find(identity, text).is_some());
    named.unwrap_or_else(|| own(context, params.sock_advertised))
}

fn named(context: &Context, params: &Params) -> Option<Vec<u8>> {
    let set = params
        .xavp_cfg
        .as_ref()
        .and_then(|name| context.vars.xavps.fields(name, 0)?.entry(b"socket", 0));
    if let Some(XavpValue::Plain(Value::Str(text))) = set {
        return Some(text.to_vec());
    }
    let wanted = params.sock_flag.is_some_and(|flag| context.has_flag(flag));
    let name = params.sock_hdr_name.as_ref().filter(|_| wanted)?;
    Some(context.message.named(name).next()?.value.to_vec())
}

/// The socket the message came in on.
pub(super) fn own(context: &Context, advertised: bool) -> Vec<u8> {
    match context.config.identity.socket(context.flow.socket) {
        Some(socket) => text(socket, advertised),
        None => Vec::new(),
    }
}

fn text(socket: &Socket, advertised: bool) -> Vec<u8> {
    if advertised {
        return [
            socket.proto.name().as_bytes(),
            b":",
            &socket.host,
            b":",
            socket.port.to_string().as_bytes(),
        ]
        .concat();
    }
    format!(
        "{}:{}:{}",
        socket.proto,
        host_text(socket.addr.ip()),
        socket.addr.port()
    )
    .into_bytes()
}

/// The socket of ours that a text names.
pub(super) fn find(identity: &Identity, text: &[u8]) -> Option<SocketId> {
    let text = std::str::from_utf8(text).ok()?;
    let (proto, rest) = text.split_once(':')?;
    let (host, port) = rest.rsplit_once(':')?;
    let proto = Proto::parse(proto.as_bytes())?;
    let port: u16 = port.parse().ok()?;
    let ip: Option<IpAddr> = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok();
    if let Some(found) = ip.and_then(|ip| identity.find(proto, SocketAddr::new(ip, port))) {
        return Some(found.id);
    }
    let is_it = |socket: &&Socket| {
        socket.proto == proto
            && socket.port == port
            && socket.host.eq_ignore_ascii_case(host.as_bytes())
    };
    identity.sockets.iter().find(is_it).map(|socket| socket.id)
}
