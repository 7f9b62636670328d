//! The socket of a registration as text, `udp:127.0.0.1:5060`.

use super::params::Params;
use bytes::Bytes;
use policy::{Context, Socket, XavpValue};
use script::Value;

/// The socket that a REGISTER is kept with: what `xavp_cfg` or the header says, else its own.
pub(super) fn of_registration(context: &Context, params: &Params) -> Bytes {
    let identity = &context.config.identity;
    let named = named(context, params).filter(|text| identity.named(text).is_some());
    named.unwrap_or_else(|| own(context, params.sock_advertised))
}

fn named(context: &Context, params: &Params) -> Option<Bytes> {
    let set = params
        .xavp_cfg
        .as_ref()
        .and_then(|name| context.vars.xavps.fields(name, 0)?.entry(b"socket", 0));
    if let Some(XavpValue::Plain(Value::Str(text))) = set {
        return Some(text.clone());
    }
    let wanted = params.sock_flag.is_some_and(|flag| context.has_flag(flag));
    let name = params.sock_hdr_name.as_ref().filter(|_| wanted)?;
    let line = context.message.named(name).next()?;
    Some(context.message.slice_of(line.value))
}

/// The socket the message came in on.
pub(super) fn own(context: &Context, advertised: bool) -> Bytes {
    match context.config.identity.socket(context.flow.socket) {
        Some(socket) => text(socket, advertised),
        None => Bytes::new(),
    }
}

fn text(socket: &Socket, advertised: bool) -> Bytes {
    if !advertised {
        return socket.text.clone();
    }
    let port = socket.port.to_string();
    let proto = socket.proto.name().as_bytes();
    Bytes::from([proto, b":", &socket.host, b":", port.as_bytes()].concat())
}
