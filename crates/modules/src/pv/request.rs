//! `$ru`, `$du`, `$ou` and their parts: where the request goes.

use super::Pv;
use super::part::{UriPart, of_message, optional, text, uri_part};
use bytes::Bytes;
use policy::{
    Context, Declaration, Proto, Socket, SocketId, UriEdit, address_of, problem, rewrite_uri,
};
use script::Value;
use sip::Uri;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| read(context));
    }
    for (name, doc, read, write) in WRITTEN {
        declaration.read_write(
            name,
            doc,
            move |_, context| read(context),
            move |_, context, value| write(context, value),
        );
    }
    declaration.variable(
        "nh(key)",
        "The next hop, `$du` or else `$ru`: u URI, U user, d domain, p port, P transport.",
        false,
        |_, spec, _| {
            let wanted = match spec.inner.as_deref() {
                Some(b"u") => None,
                Some(b"U") => Some(UriPart::User),
                Some(b"d") => Some(UriPart::Domain),
                Some(b"p") => Some(UriPart::Port),
                Some(b"P") => Some(UriPart::Proto),
                _ => return Err(problem("$nh takes u, U, d, p or P")),
            };
            Ok(policy::Var::read_only(move |context| {
                let uri = next_hop(context);
                match wanted {
                    Some(wanted) => uri_part(context, uri, wanted),
                    None => optional(uri),
                }
            }))
        },
    );
}

type Read = fn(&mut Context) -> Value;
type Write = fn(&mut Context, Value) -> bool;

const READ: [(&str, &str, Read); 11] = [
    (
        "rP",
        "Transport parameter of the Request-URI, UDP without one.",
        |c| uri_part(c, uri(c), UriPart::Proto),
    ),
    ("rz", "Scheme of the Request-URI.", |c| {
        uri_part(c, uri(c), UriPart::Scheme)
    }),
    ("dd", "Domain of the destination URI.", |c| {
        uri_part(c, c.target.dst_uri.clone(), UriPart::Domain)
    }),
    ("dp", "Port of the destination URI.", |c| {
        uri_part(c, c.target.dst_uri.clone(), UriPart::Port)
    }),
    ("dP", "Transport of the destination URI.", |c| {
        uri_part(c, c.target.dst_uri.clone(), UriPart::Proto)
    }),
    ("ou", "The Request-URI as received.", |c| {
        optional(original(c))
    }),
    ("oU", "User of the Request-URI as received.", |c| {
        uri_part(c, original(c), UriPart::User)
    }),
    ("od", "Domain of the Request-URI as received.", |c| {
        uri_part(c, original(c), UriPart::Domain)
    }),
    ("op", "Port of the Request-URI as received.", |c| {
        uri_part(c, original(c), UriPart::Port)
    }),
    ("oP", "Transport of the Request-URI as received.", |c| {
        uri_part(c, original(c), UriPart::Proto)
    }),
    (
        "ruid",
        "The record id of the contact the request goes to.",
        |c| optional(c.target.ruid().cloned()),
    ),
];

const WRITTEN: [(&str, &str, Read, Write); 8] = [
    (
        "ru",
        "The Request-URI.",
        |c| optional(uri(c)),
        |c, value| set_uri(c, value),
    ),
    (
        "ruri",
        "The Request-URI.",
        |c| optional(uri(c)),
        |c, value| set_uri(c, value),
    ),
    (
        "rU",
        "User of the Request-URI; empty or $null takes it away.",
        |c| uri_part(c, uri(c), UriPart::User),
        |c, value| match value {
            Value::Str(user) => edit(c, UriEdit::User(&user)),
            Value::Null => edit(c, UriEdit::User(b"")),
            Value::Int(_) => false,
        },
    ),
    (
        "rd",
        "Domain of the Request-URI.",
        |c| uri_part(c, uri(c), UriPart::Domain),
        |c, value| match value {
            Value::Str(host) => edit(c, UriEdit::Host(&host)),
            _ => false,
        },
    ),
    (
        "rp",
        "Port of the Request-URI; empty or $null takes it away.",
        |c| uri_part(c, uri(c), UriPart::Port),
        |c, value| edit(c, UriEdit::Port(&value.to_text())),
    ),
    (
        "du",
        "The destination URI: where the request goes instead of the Request-URI.",
        |c| optional(c.target.dst_uri.clone()),
        |c, value| {
            c.target.dst_uri = match value {
                Value::Str(uri) if !uri.is_empty() => Some(uri),
                Value::Int(_) => return false,
                _ => None,
            };
            true
        },
    ),
    (
        "fs",
        "The socket to send from, `udp:1.2.3.4:5060`.",
        |c| socket(c).map_or(Value::Null, |socket| text(address(&socket))),
        |c, value| set_socket(c, &value, find_socket),
    ),
    (
        "fsn",
        "The socket to send from, by its name.",
        |c| optional(socket(c).and_then(|socket| socket.name)),
        |c, value| {
            set_socket(c, &value, |context, name| {
                let sockets = &context.config.identity.sockets;
                sockets
                    .iter()
                    .find(|socket| socket.name.as_deref() == Some(name))
                    .map(|socket| socket.id)
            })
        },
    ),
];

/// The Request-URI as it is now; none in a reply.
pub(super) fn uri(context: &Context) -> Option<Bytes> {
    context
        .message
        .is_request()
        .then(|| context.target.uri.clone())
}

/// Where the message goes on to: a request to `$du`, else `$ru`; a reply to the second Via.
fn next_hop(context: &Context) -> Option<Bytes> {
    if context.message.is_request() {
        return context.target.dst_uri.clone().or_else(|| uri(context));
    }
    let via = context.message.vias().nth(1)?.ok()?;
    let host = String::from_utf8_lossy(via.received.unwrap_or(via.host));
    let proto = Proto::parse(via.transport)?;
    let port = via
        .rport
        .flatten()
        .or(via.port)
        .unwrap_or(proto.default_port());
    Some(Bytes::from(format!("sip:{host}:{port};transport={proto}")))
}

/// A socket as `proto:address:port`.
pub(super) fn address(socket: &Socket) -> String {
    let host = policy::host_text(socket.addr.ip());
    format!("{}:{host}:{}", socket.proto, socket.addr.port())
}

/// The socket of ours that `[proto:]address[:port]` names.
pub(super) fn find_socket(context: &Context, text: &[u8]) -> Option<SocketId> {
    let (proto, rest) = match text
        .iter()
        .position(|byte| *byte == b':')
        .map(|at| text.split_at(at))
    {
        Some((name, rest)) => match Proto::parse(name) {
            Some(proto) => (Some(proto), rest.get(1..).unwrap_or_default()),
            None => (None, text),
        },
        None => (None, text),
    };
    let (host, port) = sip::uri::split_host_port(rest).ok()?;
    let address = address_of(host);
    let fits = |socket: &&Socket| {
        let same_host = address == Some(socket.addr.ip()) || socket.host.eq_ignore_ascii_case(host);
        same_host
            && proto.is_none_or(|proto| proto == socket.proto)
            && port.is_none_or(|port| port == socket.addr.port())
    };
    context
        .config
        .identity
        .sockets
        .iter()
        .find(fits)
        .map(|socket| socket.id)
}

fn original(context: &Context) -> Option<Bytes> {
    match of_message(
        context,
        Some(context.message.request_uri()).filter(|uri| !uri.is_empty()),
    ) {
        Value::Str(uri) => Some(uri),
        _ => None,
    }
}

fn set_uri(context: &mut Context, value: Value) -> bool {
    match value {
        Value::Str(uri) if Uri::parse(&uri).is_ok() => {
            context.set_uri(uri);
            true
        }
        _ => false,
    }
}

fn edit(context: &mut Context, edit: UriEdit<'_>) -> bool {
    let changed = uri(context).and_then(|uri| rewrite_uri(&uri, edit));
    changed.map(|uri| context.set_uri(uri)).is_some()
}

fn socket(context: &Context) -> Option<Socket> {
    context
        .target
        .socket
        .and_then(|id| context.config.identity.socket(id).cloned())
}

fn set_socket(
    context: &mut Context,
    value: &Value,
    find: fn(&Context, &[u8]) -> Option<SocketId>,
) -> bool {
    match value {
        Value::Null => context.target.socket = None,
        Value::Int(_) => return false,
        Value::Str(name) => match find(context, name) {
            Some(id) => context.target.socket = Some(id),
            None => {
                let name = String::from_utf8_lossy(name).into_owned();
                context.log(policy::Level::Warn, "pv", || {
                    format!("no socket found to match [{name}]")
                });
            }
        },
    }
    true
}
