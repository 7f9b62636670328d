//! Switches for replies, Via and connections, and the socket to send from.

use super::Core;
use policy::{
    Alias, Context, Declaration, Level, Prepare, Problem, Proto, Routes, Socket, Switches, Text,
    Written, problem,
};

pub(super) fn declare(d: &mut Declaration<Core>) {
    for (name, alias, doc, set) in SWITCHES {
        let set = *set;
        let function = d.function(
            name,
            doc,
            Routes::ANY,
            move |_: &Core, context: &mut Context| {
                set(&mut context.switches);
                true
            },
        );
        if !alias.is_empty() {
            function.alias(alias);
        }
    }
    d.function(
        "force_send_socket(socket)",
        "Sends from this socket, `[proto:]address[:port]`.",
        Routes::ANY,
        force_send_socket,
    );
    let doc = "What our Via of this request says instead of our address.";
    d.function(
        "set_advertised_address(host)",
        doc,
        Routes::ANY,
        |_: &Core, c: &mut Context, host: &Text| {
            let host = host.get(c);
            let fits = sip::uri::split_host_port(&host).is_ok_and(|(_, port)| port.is_none());
            if fits {
                c.advertised.get_or_insert_default().host = Some(host);
            }
            fits
        },
    );
    let doc = "What our Via of this request says instead of our port.";
    d.function(
        "set_advertised_port(port)",
        doc,
        Routes::ANY,
        |_: &Core, c: &mut Context, port: &policy::Int| {
            let port = port.get(c).and_then(|port| u16::try_from(port).ok());
            if port.is_some() {
                c.advertised.get_or_insert_default().port = port;
            }
            port.is_some()
        },
    );
    let doc = "Writes a line: log(text) at L_ERR or log(level, text).";
    d.function("log(level_or_text, [text])", doc, Routes::ANY, log);
}

type Switch = (&'static str, &'static str, &'static str, fn(&mut Switches));

const SWITCHES: &[Switch] = &[
    (
        "force_rport()",
        "add_rport",
        "Replies go to the port the request came from (RFC 3581).",
        |s| s.force_rport = true,
    ),
    ("add_local_rport()", "", "Our Via asks for rport.", |s| {
        s.local_rport = true
    }),
    (
        "force_tcp_alias()",
        "add_tcp_alias",
        "The connection serves the address in Via too.",
        |s| s.tcp_alias = true,
    ),
    (
        "set_reply_no_connect()",
        "",
        "A reply over a stream opens no connection.",
        |s| s.reply_no_connect = true,
    ),
    (
        "set_reply_close()",
        "",
        "The connection is closed after the reply.",
        |s| s.reply_close = true,
    ),
    (
        "set_forward_no_connect()",
        "",
        "A request over a stream opens no connection.",
        |s| s.forward_no_connect = true,
    ),
    (
        "set_forward_close()",
        "",
        "The connection is closed after the request.",
        |s| s.forward_close = true,
    ),
];

/// A socket as `force_send_socket` takes it.
struct SocketName(Text);

impl policy::Argument for SocketName {
    fn prepare(
        written: Option<&Written>,
        prepare: &mut Prepare<'_>,
    ) -> Result<SocketName, Problem> {
        let text = Text::prepare(written, prepare)?;
        match text.as_literal().map(|name| parse(name).is_some()) {
            Some(false) => Err(problem("expected a socket such as udp:1.2.3.4:5060")),
            _ => Ok(SocketName(text)),
        }
    }
}

fn force_send_socket(_: &Core, context: &mut Context, name: &SocketName) -> bool {
    let name = name.0.get(context);
    let Some(wanted) = parse(&name) else {
        return false;
    };
    let fits = |socket: &&Socket| {
        let same_host = policy::address_of(&wanted.host) == Some(socket.addr.ip())
            || socket.host.eq_ignore_ascii_case(&wanted.host);
        let same_port = wanted.port == 0 || wanted.port == socket.addr.port();
        same_host && same_port && wanted.proto.is_none_or(|proto| proto == socket.proto)
    };
    let found = context
        .config
        .identity
        .sockets
        .iter()
        .find(fits)
        .map(|socket| socket.id);
    if found.is_none() {
        let name = String::from_utf8_lossy(&name).into_owned();
        context.log(Level::Warn, "core", || {
            format!("force_send_socket: no socket of ours is {name}")
        });
    }
    context.target.socket = found.or(context.target.socket);
    found.is_some()
}

fn parse(text: &[u8]) -> Option<Alias> {
    let (proto, rest) = match text
        .iter()
        .position(|byte| *byte == b':')
        .map(|at| text.split_at(at))
    {
        Some((name, rest)) if Proto::parse(name).is_some() => (Proto::parse(name), rest.get(1..)?),
        _ => (None, text),
    };
    let (host, port) = sip::uri::split_host_port(rest).ok()?;
    let host = bytes::Bytes::copy_from_slice(host);
    Some(Alias {
        proto,
        host,
        port: port.unwrap_or(0),
        subdomains: false,
    })
}

fn log(_: &Core, context: &mut Context, first: &Text, second: &Option<Text>) -> bool {
    let (level, text) = match second {
        None => (Level::Err, first),
        Some(text) => {
            let level = first.get(context);
            let level = std::str::from_utf8(&level).ok().and_then(Level::parse);
            (level.unwrap_or(Level::Err), text)
        }
    };
    let text = text.get(context);
    let line = String::from_utf8_lossy(&text)
        .trim_end()
        .escape_default()
        .to_string();
    context.log_all(level, "core", || line);
    true
}
