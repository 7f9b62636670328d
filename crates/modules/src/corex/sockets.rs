//! Which of our sockets a message came in on and leaves through.

use super::CoreX;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Proto, Routes, Socket, Text, address_of};
use std::net::SocketAddr;

pub(super) fn declare(d: &mut Declaration<CoreX>) {
    d.function(
        "set_send_socket(saddr)",
        "Sends through this socket, `proto:address:port`; always 1.",
        Routes::ANY,
        |_: &CoreX, c: &mut Context, t: &Text| {
            choose(c, t, by_address, |context, socket| {
                context.target.socket = Some(socket.id)
            })
        },
    );
    d.function(
        "set_send_socket_name(sname)",
        "Sends through the socket of this name; always 1.",
        Routes::ANY,
        |_: &CoreX, c: &mut Context, t: &Text| {
            choose(c, t, by_name, |context, socket| {
                context.target.socket = Some(socket.id)
            })
        },
    );
    d.function(
        "set_recv_socket(saddr)",
        "Takes the message as received on this socket; always 1.",
        Routes::ANY,
        |_: &CoreX, c: &mut Context, t: &Text| choose(c, t, by_address, receive_on),
    );
    d.function(
        "set_recv_socket_name(sname)",
        "Takes the message as received on the socket of this name; always 1.",
        Routes::ANY,
        |_: &CoreX, c: &mut Context, t: &Text| choose(c, t, by_name, receive_on),
    );
    d.function(
        "set_source_address(saddr)",
        "Takes the message as sent from this address, `proto:address:port`.",
        Routes::ANY,
        set_source,
    );
    d.function(
        "is_socket_name(sockname)",
        "1 where one of our sockets has this name.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, name: &Text| {
            let name = name.get(context);
            by_name(context, &name).is_some()
        },
    );
    d.deviation(
        "set_source_address() takes addresses only: a host name would have to be looked up.",
    );
}

fn choose(
    context: &mut Context,
    which: &Text,
    find: fn(&Context, &[u8]) -> Option<Socket>,
    apply: fn(&mut Context, &Socket),
) -> bool {
    let which: Bytes = which.get(context);
    match find(context, &which) {
        Some(socket) => apply(context, &socket),
        None => {
            let which = String::from_utf8_lossy(&which).into_owned();
            context.log(Level::Warn, "corex", || {
                format!("no socket found to match [{which}] (0)")
            });
        }
    }
    true
}

fn receive_on(context: &mut Context, socket: &Socket) {
    context.flow.socket = socket.id;
    context.flow.local = socket.addr;
}

fn set_source(_: &CoreX, context: &mut Context, address: &Text) -> bool {
    let text = address.get(context);
    let Some((_, peer)) = endpoint(&text) else {
        let text = String::from_utf8_lossy(&text).into_owned();
        context.log(Level::Err, "corex", || {
            format!("failed to resolve address [{text}]")
        });
        return false;
    };
    context.flow.peer = peer;
    true
}

pub(super) fn by_address(context: &Context, text: &[u8]) -> Option<Socket> {
    let (proto, addr) = endpoint(text)?;
    let mut sockets = context.config.identity.sockets.iter();
    sockets
        .find(|socket| socket.addr == addr && proto.is_none_or(|proto| proto == socket.proto))
        .cloned()
}

fn by_name(context: &Context, name: &[u8]) -> Option<Socket> {
    let mut sockets = context.config.identity.sockets.iter();
    sockets
        .find(|socket| socket.name.as_deref() == Some(name))
        .cloned()
}

/// `[proto:]address[:port]`; a missing port is the transport's.
fn endpoint(text: &[u8]) -> Option<(Option<Proto>, SocketAddr)> {
    let first = text.split(|byte| *byte == b':').next()?;
    let proto = Proto::parse(first);
    let rest = if proto.is_some() {
        text.get(first.len() + 1..)?
    } else {
        text
    };
    let default = proto.unwrap_or(Proto::Udp).default_port();
    if let Some(ip) = address_of(rest) {
        return Some((proto, SocketAddr::new(ip, default)));
    }
    let colon = rest.iter().rposition(|byte| *byte == b':')?;
    let port = std::str::from_utf8(rest.get(colon + 1..)?)
        .ok()?
        .parse()
        .ok()?;
    Some((
        proto,
        SocketAddr::new(address_of(rest.get(..colon)?)?, port),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    #[test]
    fn endpoints_are_read() {
        for (text, proto, addr) in [
            ("udp:127.0.0.1:5060", Some(Proto::Udp), "127.0.0.1:5060"),
            ("tls:127.0.0.1", Some(Proto::Tls), "127.0.0.1:5061"),
            ("127.0.0.1:99", None, "127.0.0.1:99"),
            ("tcp:[::1]:99", Some(Proto::Tcp), "[::1]:99"),
        ] {
            assert_eq!(
                endpoint(text.as_bytes()),
                addr.parse().ok().map(|addr| (proto, addr)),
                "{text}"
            );
        }
        for text in ["foo", "udp:", "udp:host:5060", "127.0.0.1:x", ""] {
            assert_eq!(endpoint(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn sockets_are_chosen_and_sources_set() {
        let script = "loadmodule \"corex\"\nrequest_route { set_send_socket(\"udp:127.0.0.1:5060\"); rc(); set_recv_socket(\"udp:1.1.1.1:5\"); rc();
            set_source_address(\"udp:9.9.9.9:99\"); rc(); set_source_address(\"foo\"); rc(); is_socket_name(\"nope\"); rc(); set_send_socket_name(\"nope\"); rc(); }";
        let ran = run(script, "OPTIONS sip:b@x SIP/2.0\n\n");
        assert_eq!(ran.codes, [1, 1, 1, -1, -1, 1]);
        assert_eq!(ran.context.target.socket.map(|socket| socket.0), Some(0));
        assert_eq!(ran.context.flow.peer.to_string(), "9.9.9.9:99");
        assert_eq!(
            ran.log[0],
            "WARNING corex: no socket found to match [udp:1.1.1.1:5] (0)"
        );
    }
}
