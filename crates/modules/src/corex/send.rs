//! Bytes sent past every transaction.

use super::CoreX;
use super::sockets::by_address;
use bytes::Bytes;
use policy::{
    Context, Declaration, Effect, Level, NextHop, Outcome, Parcel, Proto, Routes, SocketId, Text,
};
use sip::Uri;

pub(super) fn declare(d: &mut Declaration<CoreX>) {
    d.function(
        "send_data(uri, data)",
        "Sends the data to where the URI says.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, uri: &Text, data: &Text| {
            let (uri, data) = (uri.get(context), data.get(context));
            send_to_uri(context, &uri, None, data)
        },
    )
    .waits();
    d.function(
        "sendx(uri, sock, data)",
        "The same from one of our sockets.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, uri: &Text, socket: &Text, data: &Text| {
            let (uri, socket, data) = (uri.get(context), socket.get(context), data.get(context));
            match by_address(context, &socket) {
                Some(socket) => send_to_uri(context, &uri, Some(socket.id), data),
                None => refuse(context, "no socket found to match", &socket),
            }
        },
    )
    .waits();
    d.function(
        "send_udp([host])",
        "Sends the message as it came to host[:port], else to the destination URI.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, host: &Option<Text>| {
            send_message(context, Proto::Udp, host.as_ref())
        },
    )
    .waits();
    d.function(
        "send_tcp([host])",
        "The same over TCP.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, host: &Option<Text>| {
            send_message(context, Proto::Tcp, host.as_ref())
        },
    )
    .waits();
}

fn send_message(context: &mut Context, proto: Proto, host: Option<&Text>) -> Outcome {
    let bytes = context.message.bytes().clone();
    let Some(host) = host else {
        let uri = context
            .target
            .dst_uri
            .clone()
            .unwrap_or_else(|| context.target.uri.clone());
        return match hop_of(&uri) {
            Some(hop) => send(
                NextHop {
                    proto: Some(proto),
                    ..hop
                },
                None,
                bytes,
            ),
            None => refuse(context, "bad uri", &uri),
        };
    };
    let text = host.get(context);
    match sip::uri::split_host_port(&text) {
        Ok((host, port)) => {
            let host = text.slice_ref(host);
            send(
                NextHop {
                    proto: Some(proto),
                    host,
                    port: port.unwrap_or(proto.default_port()),
                },
                None,
                bytes,
            )
        }
        Err(_) => refuse(context, "bad host", &text),
    }
}

fn send_to_uri(
    context: &mut Context,
    uri: &Bytes,
    socket: Option<SocketId>,
    data: Bytes,
) -> Outcome {
    match hop_of(uri) {
        Some(hop) => send(hop, socket, data),
        None => refuse(context, "bad uri", uri),
    }
}

fn hop_of(uri: &Bytes) -> Option<NextHop> {
    let parsed = Uri::parse(uri).ok().filter(Uri::is_sip)?;
    let transport = parsed.param(b"transport").and_then(|param| param.value);
    let proto = transport
        .and_then(Proto::parse)
        .or((parsed.scheme == sip::Scheme::Sips).then_some(Proto::Tls));
    Some(NextHop {
        proto: Some(proto.unwrap_or(Proto::Udp)),
        host: uri.slice_ref(parsed.host),
        port: parsed.port.unwrap_or(0),
    })
}

fn send(to: NextHop, socket: Option<SocketId>, bytes: Bytes) -> Outcome {
    Outcome::ask(Effect::Send(Box::new(Parcel { to, socket, bytes })))
}

fn refuse(context: &mut Context, why: &'static str, text: &Bytes) -> Outcome {
    let text = String::from_utf8_lossy(text).into_owned();
    context.log(Level::Err, "corex", || format!("{why} [{text}]"));
    Outcome::FALSE
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use policy::Effect;

    const MESSAGE: &str = "OPTIONS sip:b@1.2.3.4:70 SIP/2.0\n\n";

    #[test]
    fn bytes_leave_for_where_they_should() {
        for (call, to, bytes) in [
            (
                "send_data(\"sip:127.0.0.1:99;transport=tcp\", \"hello\")",
                "Tcp 127.0.0.1 99",
                "hello",
            ),
            (
                "sendx(\"sip:127.0.0.1:99\", \"udp:127.0.0.1:5060\", \"hello\")",
                "Udp 127.0.0.1 99",
                "hello",
            ),
            (
                "send_udp(\"127.0.0.1:99\")",
                "Udp 127.0.0.1 99",
                "OPTIONS sip:b@1.2.3.4:70 SIP/2.0\r\n\r\n",
            ),
            (
                "send_tcp(\"127.0.0.1:99\")",
                "Tcp 127.0.0.1 99",
                "OPTIONS sip:b@1.2.3.4:70 SIP/2.0\r\n\r\n",
            ),
            (
                "send_udp()",
                "Udp 1.2.3.4 70",
                "OPTIONS sip:b@1.2.3.4:70 SIP/2.0\r\n\r\n",
            ),
        ] {
            let ran = run(
                &format!("loadmodule \"corex\"\nrequest_route {{ {call}; }}"),
                MESSAGE,
            );
            let Some(Effect::Send(parcel)) = ran.effect else {
                panic!("{call} sends nothing")
            };
            let (hop, sent) = (parcel.to, parcel.bytes);
            let host = String::from_utf8_lossy(&hop.host).into_owned();
            assert_eq!(
                format!("{:?} {host} {}", hop.proto.expect("a transport"), hop.port),
                to,
                "{call}"
            );
            assert_eq!(sent, bytes, "{call}");
        }
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        for call in [
            "send_data(\"foo\", \"x\")",
            "sendx(\"sip:a\", \"udp:9.9.9.9:1\", \"x\")",
        ] {
            let ran = run(
                &format!("loadmodule \"corex\"\nrequest_route {{ {call}; rc(); }}"),
                MESSAGE,
            );
            assert_eq!(ran.codes, [-1], "{call}");
        }
    }
}
