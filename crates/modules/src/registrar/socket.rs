//! The socket of a registration as text, `udp:127.0.0.1:5060`.

use super::params::Params;
use policy::{Context, Socket, XavpValue, host_text};
use script::Value;

/// The socket that a REGISTER is kept with: what `xavp_cfg` or the header says, else its own.
pub(super) fn of_registration(context: &Context, params: &Params) -> Vec<u8> {
    let identity = &context.config.identity;
    let named = named(context, params).filter(|text| identity.named(text).is_some());
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
