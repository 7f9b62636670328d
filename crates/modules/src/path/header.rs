//! The text of a Path header.

use policy::{Context, Flow, Identity, Proto, Socket, address_of, host_text};
use sip::Scheme;

/// How the address a request came from is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// An escaped SIP URI.
    Uri,
    /// `ip~port~number of the protocol`, as in `;alias=`.
    Alias,
}

impl Received {
    /// The source of a message.
    pub(super) fn text(self, flow: &Flow) -> String {
        let (host, port) = (host_text(flow.peer.ip()), flow.peer.port());
        match self {
            Received::Alias => format!("{host}~{port}~{}", flow.proto.number()),
            Received::Uri if flow.proto == Proto::Udp => format!("sip:{host}:{port}"),
            Received::Uri => format!("sip:{host}:{port}%3Btransport%3D{}", flow.proto),
        }
    }
}

/// The URI that an alias stands for.
pub(super) fn uri_of_alias(alias: &[u8]) -> Option<Vec<u8>> {
    let mut parts = std::str::from_utf8(alias).ok()?.split('~');
    let (host, port, number) = (parts.next()?, parts.next()?, parts.next()?);
    let port: u16 = port.parse().ok()?;
    let number: i64 = number.parse().ok()?;
    let all = [Proto::Udp, Proto::Tcp, Proto::Tls, Proto::Ws, Proto::Wss];
    let proto = all.into_iter().find(|proto| proto.number() == number)?;
    let transport = if proto == Proto::Udp {
        String::new()
    } else {
        format!(";transport={proto}")
    };
    Some(format!("sip:{host}:{port}{transport}").into_bytes())
}

/// What the Path URIs of one call have in common.
pub(super) struct Uri<'a> {
    pub(super) user: &'a [u8],
    /// Name and value of the parameter with the source.
    pub(super) received: Option<&'a (&'a [u8], String)>,
    /// Further parameters, without the first semicolon.
    pub(super) extra: &'a [u8],
    /// One of two.
    pub(super) double: bool,
}

impl Uri<'_> {
    /// `Path: <sip:user@host:port;lr;…>` with its line end; ports and transports that go without
    /// saying are left out.
    pub(super) fn line(&self, socket: &Socket) -> Vec<u8> {
        let mut line = b"Path: <sip:".to_vec();
        if !self.user.is_empty() {
            line.extend_from_slice(self.user);
            line.push(b'@');
        }
        line.extend_from_slice(&socket.host);
        if socket.port != 5060 {
            line.extend_from_slice(format!(":{}", socket.port).as_bytes());
        }
        if socket.proto != Proto::Udp {
            line.extend_from_slice(format!(";transport={}", socket.proto).as_bytes());
        }
        line.extend_from_slice(b";lr");
        if let Some((name, value)) = self.received {
            line.push(b';');
            line.extend_from_slice(name);
            line.push(b'=');
            line.extend_from_slice(value.as_bytes());
        }
        if self.double {
            line.extend_from_slice(b";r2=on");
        }
        if !self.extra.is_empty() {
            line.push(b';');
            line.extend_from_slice(self.extra);
        }
        line.extend_from_slice(b">\r\n");
        line
    }
}

/// The socket that the request will leave through, as far as that is known now: the one that was
/// forced, or one of the next hop's transport and address family.
pub(super) fn outgoing<'a>(context: &Context, identity: &'a Identity) -> Option<&'a Socket> {
    if let Some(forced) = context.target.socket {
        return identity.socket(forced);
    }
    let next_hop = context
        .target
        .dst_uri
        .as_ref()
        .unwrap_or(&context.target.uri);
    let uri = sip::Uri::parse(next_hop).ok()?;
    let named = uri
        .param(b"transport")
        .and_then(|param| Proto::parse(param.value?));
    let default = if uri.scheme == Scheme::Sips {
        Proto::Tls
    } else {
        Proto::Udp
    };
    let peer = address_of(uri.host).unwrap_or(context.flow.local.ip());
    identity.socket_to(named.unwrap_or(default), peer, Some(context.flow.socket))
}
