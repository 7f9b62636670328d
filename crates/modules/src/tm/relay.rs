//! Relaying, replicating, cancelling.

use super::Tm;
use bytes::Bytes;
use policy::{
    Context, Effect, Int, Level, NextHop, Outcome, Proto, Relay, Text, TransactionAction,
    address_of,
};
use sip::{Method, Scheme, Uri};

impl Tm {
    pub(super) fn relay(
        &self,
        context: &mut Context,
        host: &Option<Text>,
        port: &Option<Int>,
    ) -> Outcome {
        relay_over(context, None, host.as_ref(), port.as_ref())
    }

    pub(super) fn relay_udp(
        &self,
        context: &mut Context,
        host: &Option<Text>,
        port: &Option<Int>,
    ) -> Outcome {
        relay_over(context, Some(Proto::Udp), host.as_ref(), port.as_ref())
    }

    pub(super) fn relay_tcp(
        &self,
        context: &mut Context,
        host: &Option<Text>,
        port: &Option<Int>,
    ) -> Outcome {
        relay_over(context, Some(Proto::Tcp), host.as_ref(), port.as_ref())
    }

    pub(super) fn relay_tls(
        &self,
        context: &mut Context,
        host: &Option<Text>,
        port: &Option<Int>,
    ) -> Outcome {
        relay_over(context, Some(Proto::Tls), host.as_ref(), port.as_ref())
    }

    /// With one argument, a number is the flags.
    pub(super) fn relay_to(
        &self,
        context: &mut Context,
        proxy: &Option<Text>,
        flags: &Option<Int>,
    ) -> Outcome {
        let proxy = proxy
            .as_ref()
            .map(|proxy| proxy.get(context))
            .unwrap_or_default();
        let flags = flags.as_ref().map(|flags| flags.get_or_0(context));
        let alone = script::parse_int(&proxy).filter(|_| flags.is_none());
        let to = match alone {
            None if !proxy.is_empty() => match hop_of(&proxy) {
                Some(hop) => Some(hop),
                None => return refused(context, &proxy),
            },
            _ => None,
        };
        let flags = u32::try_from(alone.or(flags).unwrap_or(0)).unwrap_or(0);
        wish(TransactionAction::Relay(Relay {
            to,
            proto: None,
            flags,
        }))
    }

    pub(super) fn forward(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        forward_over(context, None, host, port)
    }

    pub(super) fn forward_udp(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        forward_over(context, Some(Proto::Udp), host, port)
    }

    pub(super) fn forward_tcp(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        forward_over(context, Some(Proto::Tcp), host, port)
    }

    pub(super) fn forward_tls(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        forward_over(context, Some(Proto::Tls), host, port)
    }

    pub(super) fn replicate(
        &self,
        context: &mut Context,
        uri: &Option<Text>,
        port: &Option<Int>,
    ) -> Outcome {
        let Some(uri) = uri else {
            return wish(TransactionAction::Replicate(None));
        };
        let uri = uri.get(context);
        let hop = match port {
            Some(port) => fixed(context, None, uri.clone(), port),
            None => hop_of_uri(&uri),
        };
        match hop {
            Some(hop) => wish(TransactionAction::Replicate(Some(hop))),
            None => refused(context, &uri),
        }
    }

    pub(super) fn replicate_udp(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        replicate_over(context, Proto::Udp, host, port)
    }

    pub(super) fn replicate_tcp(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        replicate_over(context, Proto::Tcp, host, port)
    }

    pub(super) fn replicate_tls(&self, context: &mut Context, host: &Text, port: &Int) -> Outcome {
        replicate_over(context, Proto::Tls, host, port)
    }

    pub(super) fn replicate_to(
        &self,
        context: &mut Context,
        proto: &Text,
        hostport: &Text,
    ) -> Outcome {
        let (proto, hostport) = (proto.get(context), hostport.get(context));
        let hop = Proto::parse(&proto).and_then(|proto| {
            Some(NextHop {
                proto: Some(proto),
                ..hop_of(&hostport)?
            })
        });
        match hop {
            Some(hop) => wish(TransactionAction::Replicate(Some(hop))),
            None => refused(context, &hostport),
        }
    }

    pub(super) fn relay_cancel(&self, context: &mut Context) -> Outcome {
        match context.message.method() {
            Method::Cancel => wish(TransactionAction::RelayCancel),
            _ => Outcome::TRUE,
        }
    }
}

fn wish(action: TransactionAction) -> Outcome {
    Outcome::ask(Effect::Transaction(action))
}

fn relay_over(
    context: &mut Context,
    proto: Option<Proto>,
    host: Option<&Text>,
    port: Option<&Int>,
) -> Outcome {
    let (Some(host), Some(port)) = (host, port) else {
        // One argument alone is none that Kamailio knows.
        if host.is_some() {
            context.log(Level::Err, "tm", || {
                "a host needs a port beside it".to_owned()
            });
            return Outcome::FALSE;
        }
        return wish(TransactionAction::Relay(Relay {
            to: None,
            proto,
            flags: 0,
        }));
    };
    let host = host.get(context);
    match fixed(context, proto, host.clone(), port) {
        Some(hop) => wish(TransactionAction::Relay(Relay {
            to: Some(hop),
            proto,
            flags: 0,
        })),
        None => refused(context, &host),
    }
}

fn forward_over(context: &mut Context, proto: Option<Proto>, host: &Text, port: &Int) -> Outcome {
    if context.transaction().is_none() {
        context.log(Level::Err, "tm", || {
            "forwarding needs a transaction: t_newtran() comes first".to_owned()
        });
        return Outcome::FALSE;
    }
    relay_over(context, proto, Some(host), Some(port))
}

fn replicate_over(context: &mut Context, proto: Proto, host: &Text, port: &Int) -> Outcome {
    let host = host.get(context);
    match fixed(context, Some(proto), host.clone(), port) {
        Some(hop) => wish(TransactionAction::Replicate(Some(hop))),
        None => refused(context, &host),
    }
}

fn refused(context: &mut Context, host: &Bytes) -> Outcome {
    let host = String::from_utf8_lossy(host).into_owned();
    context.log(Level::Err, "tm", || format!("bad next hop \"{host}\""));
    Outcome::FALSE
}

fn fixed(context: &mut Context, proto: Option<Proto>, host: Bytes, port: &Int) -> Option<NextHop> {
    let port = u16::try_from(port.get(context)?).ok()?;
    (!host.is_empty()).then(|| NextHop {
        proto,
        host: bare(&host),
        port,
    })
}

/// Reads `proto:host:port`, where transport and port may be missing.
pub(super) fn hop_of(text: &[u8]) -> Option<NextHop> {
    let (proto, rest) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => match Proto::parse(&text[..colon]) {
            Some(proto) => (Some(proto), &text[colon + 1..]),
            None => (None, text),
        },
        None => (None, text),
    };
    let whole = |host: &[u8]| NextHop {
        proto,
        host: bare(&Bytes::copy_from_slice(host)),
        port: 0,
    };
    if address_of(rest).is_some() {
        return Some(whole(rest));
    }
    let (host, port) = sip::uri::split_host_port(rest).ok()?;
    (!host.is_empty()).then(|| NextHop {
        port: port.unwrap_or(0),
        ..whole(host)
    })
}

fn hop_of_uri(text: &[u8]) -> Option<NextHop> {
    let uri = Uri::parse(text).ok().filter(Uri::is_sip)?;
    let named = uri
        .param(b"transport")
        .and_then(|param| param.value)
        .and_then(Proto::parse);
    let proto = named
        .or((uri.scheme == Scheme::Sips).then_some(Proto::Tls))
        .unwrap_or(Proto::Udp);
    Some(NextHop {
        proto: Some(proto),
        host: bare(&Bytes::copy_from_slice(uri.host)),
        port: uri.port.unwrap_or(0),
    })
}

/// An IPv6 address without its brackets.
fn bare(host: &Bytes) -> Bytes {
    let inner = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    inner.map_or_else(|| host.clone(), |inner| host.slice_ref(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_in_parts() {
        for (text, proto, host, port) in [
            ("tcp:192.0.2.1:5080", Some(Proto::Tcp), "192.0.2.1", 5080),
            ("tls:example.test", Some(Proto::Tls), "example.test", 0),
            ("example.test:5070", None, "example.test", 5070),
            ("udp:[::1]:5070", Some(Proto::Udp), "::1", 5070),
        ] {
            let hop = hop_of(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (hop.proto, hop.host.as_ref(), hop.port),
                (proto, host.as_bytes(), port),
                "{text}"
            );
        }
        assert_eq!(hop_of(b"tcp:"), None);
    }

    #[test]
    fn a_uri_names_host_port_and_transport() {
        let hop = hop_of_uri(b"sip:192.0.2.1:5061;transport=tls").expect("a hop");
        assert_eq!(
            (hop.proto, hop.host.as_ref(), hop.port),
            (Some(Proto::Tls), &b"192.0.2.1"[..], 5061)
        );
        assert_eq!(hop_of_uri(b"tel:1"), None);
    }
}
