//! Where the message came from and where it goes: `$si`, `$Ri`, `$proto`, `$snd(…)`, …

use super::part::{int, optional, text};
use super::{Pv, request};
use policy::{Context, Declaration, Flow, Routes, Socket, Var, host_text, problem};
use script::Value;
use std::net::{IpAddr, SocketAddr};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| read(context));
    }
    for (name, doc, end) in [
        (
            "snd(key)",
            "The message that is being sent: ip, port, af, proto, sproto, buf, len.",
            End::Local,
        ),
        (
            "sndfrom(key)",
            "Our end of the message that is being sent: ip, port, af, proto, sproto.",
            End::Local,
        ),
        (
            "sndto(key)",
            "The other end of the message that is being sent: ip, port, af, proto, sproto.",
            End::Peer,
        ),
    ] {
        declaration.variable(name, doc, false, move |_, spec, _| {
            let key = Key::parse(spec.inner.as_deref())?;
            Ok(Var::read_only(move |context| {
                context
                    .sending
                    .as_deref()
                    .map_or(Value::Null, |flow| key.read(context, *flow, end))
            }))
        });
    }
    declaration.variable("rcv(key)", "In event routes of the core, the message received: buf, len, proto, af, srcip, rcvip, srcport, rcvport.", false, |_, spec, _| {
        let (key, end) = received_key(spec.inner.as_deref())?;
        Ok(Var::read_only(move |context| match context.route.meets(Routes::EVENT) {
            true => key.read(context, context.flow, end),
            false => Value::Null,
        }))
    });
}

/// A variable: name, doc line, how it is read.
type Read = (&'static str, &'static str, fn(&mut Context) -> Value);

const READ: [Read; 23] = [
    ("si", "Source address.", |c| ip(c.flow.peer.ip())),
    ("src_ip", "Source address.", |c| ip(c.flow.peer.ip())),
    ("siz", "Source address, IPv6 in brackets.", |c| {
        text(host_text(c.flow.peer.ip()))
    }),
    ("sp", "Source port.", |c| {
        Value::Int(c.flow.peer.port().into())
    }),
    (
        "su",
        "Source as a URI; the transport only where it is not UDP.",
        |c| uri(c.flow, c.flow.peer, false),
    ),
    ("sut", "Source as a URI with its transport.", |c| {
        uri(c.flow, c.flow.peer, true)
    }),
    ("sas", "Source as proto:address:port.", |c| {
        text(format_args!("{}:{}", c.flow.proto, c.flow.peer))
    }),
    ("Ri", "Address the message was received on.", |c| {
        ip(c.flow.local.ip())
    }),
    ("Rp", "Port the message was received on.", |c| {
        Value::Int(c.flow.local.port().into())
    }),
    (
        "Ru",
        "Receiving socket as a URI; the transport only where it is not UDP.",
        |c| uri(c.flow, c.flow.local, false),
    ),
    (
        "Rut",
        "Receiving socket as a URI with its transport.",
        |c| uri(c.flow, c.flow.local, true),
    ),
    ("Rn", "Name of the receiving socket.", |c| {
        optional(socket(c).and_then(|socket| socket.name.clone()))
    }),
    ("RAi", "Advertised address of the receiving socket.", |c| {
        optional(socket(c).map(|socket| socket.host.clone()))
    }),
    ("RAp", "Advertised port of the receiving socket.", |c| {
        socket(c).map_or(Value::Null, |socket| Value::Int(socket.port.into()))
    }),
    (
        "RAu",
        "Advertised socket as a URI; the transport only where it is not UDP.",
        |c| advertised(c, false),
    ),
    (
        "RAut",
        "Advertised socket as a URI with its transport.",
        |c| advertised(c, true),
    ),
    (
        "proto",
        "Transport the message came over, in small letters.",
        |c| Value::text(c.flow.proto.name()),
    ),
    (
        "pr",
        "Transport the message came over, in small letters.",
        |c| Value::text(c.flow.proto.name()),
    ),
    (
        "prid",
        "Number of the transport: udp 1, tcp 2, tls 3, sctp 4, ws 5, wss 6.",
        |c| Value::Int(c.flow.proto.number()),
    ),
    (
        "af",
        "Address family the message came over: IPv4 or IPv6.",
        |c| {
            Value::text(if c.flow.peer.is_ipv4() {
                "IPv4"
            } else {
                "IPv6"
            })
        },
    ),
    ("afid", "Number of the address family: 2 or 10.", |c| {
        Value::Int(family(c.flow.peer))
    }),
    (
        "conid",
        "Number of the stream connection the message came over.",
        |c| {
            c.flow.connection.map_or(Value::Null, |id| {
                Value::Int(i64::try_from(id.0).unwrap_or(i64::MAX))
            })
        },
    ),
    ("Rs", "Receiving socket as proto:address:port.", |c| {
        socket(c).map_or(Value::Null, |socket| text(request::address(socket)))
    }),
];

#[derive(Clone, Copy)]
enum End {
    Local,
    Peer,
}

#[derive(Clone, Copy)]
enum Key {
    Ip,
    Port,
    Family,
    Proto,
    ProtoName,
    Buffer,
    Length,
}

impl Key {
    fn parse(inner: Option<&[u8]>) -> Result<Key, script::Problem> {
        Ok(match inner.unwrap_or_default().trim_ascii() {
            b"ip" => Key::Ip,
            b"port" => Key::Port,
            b"af" => Key::Family,
            b"proto" => Key::Proto,
            b"sproto" => Key::ProtoName,
            b"buf" => Key::Buffer,
            b"len" => Key::Length,
            _ => {
                return Err(problem(
                    "the key is ip, port, af, proto, sproto, buf or len",
                ));
            }
        })
    }

    fn read(self, context: &Context, flow: Flow, end: End) -> Value {
        let address = match end {
            End::Local => flow.local,
            End::Peer => flow.peer,
        };
        match self {
            Key::Ip => ip(address.ip()),
            Key::Port => Value::Int(address.port().into()),
            Key::Family => Value::Int(family(address)),
            Key::Proto => Value::Int(flow.proto.number()),
            Key::ProtoName => Value::text(flow.proto.name()),
            Key::Buffer => Value::Str(context.octets().clone()),
            Key::Length => int(context.octets().len()),
        }
    }
}

fn received_key(inner: Option<&[u8]>) -> Result<(Key, End), script::Problem> {
    Ok(match inner.unwrap_or_default().trim_ascii() {
        b"buf" => (Key::Buffer, End::Peer),
        b"len" => (Key::Length, End::Peer),
        b"proto" => (Key::ProtoName, End::Peer),
        b"af" => (Key::Family, End::Peer),
        b"srcip" => (Key::Ip, End::Peer),
        b"srcport" => (Key::Port, End::Peer),
        b"rcvip" => (Key::Ip, End::Local),
        b"rcvport" => (Key::Port, End::Local),
        _ => {
            return Err(problem(
                "$rcv takes buf, len, proto, af, srcip, srcport, rcvip or rcvport",
            ));
        }
    })
}

fn ip(address: IpAddr) -> Value {
    text(address)
}

fn family(address: SocketAddr) -> i64 {
    if address.is_ipv4() { 2 } else { 10 }
}

fn uri(flow: Flow, end: SocketAddr, always: bool) -> Value {
    uri_text(flow, &host_text(end.ip()), end.port(), always)
}

fn uri_text(flow: Flow, host: &str, port: u16, always: bool) -> Value {
    match always || flow.proto != policy::Proto::Udp {
        true => text(format_args!("sip:{host}:{port};transport={}", flow.proto)),
        false => text(format_args!("sip:{host}:{port}")),
    }
}

fn socket(context: &Context) -> Option<&Socket> {
    context.config.identity.socket(context.flow.socket)
}

fn advertised(context: &Context, always: bool) -> Value {
    let Some(socket) = socket(context) else {
        return Value::Null;
    };
    uri_text(
        context.flow,
        &String::from_utf8_lossy(&socket.host),
        socket.port,
        always,
    )
}
