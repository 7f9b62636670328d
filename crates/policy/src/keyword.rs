//! Condition keywords: `method`, `uri`, `src_ip`, `myself` and their kin, as variables.

use crate::{Context, Proto, Var, address_of, problem};
use bytes::Bytes;
use script::{Keyword, Network, Problem, Test, TestWith, Value};
use sip::Uri;
use std::net::{IpAddr, SocketAddr};

/// The keyword read as a value.
pub(crate) fn variable(keyword: Keyword) -> Var {
    Var::read_only(move |context| value(keyword, context))
}

/// What a bare word means beside a keyword: `proto == UDP`, `method == INVITE`, `af == INET6`.
pub(crate) fn word(keyword: Keyword, word: &[u8]) -> Option<Value> {
    match keyword {
        Keyword::Proto | Keyword::SndProto => {
            Proto::parse(word).map(|proto| Value::Int(proto.number()))
        }
        Keyword::Af | Keyword::SndAf => family(word).map(Value::Int),
        Keyword::Method => Some(Value::Str(Bytes::copy_from_slice(word))),
        _ => None,
    }
}

/// A keyword against `myself`, a network, a host name or a URI.
pub(crate) fn test(test: &Test<'_>) -> Result<Var, Problem> {
    let keyword = test.keyword;
    match test.with {
        TestWith::Myself if names_host(keyword) => {
            Ok(truth(move |context| is_myself(keyword, context)))
        }
        TestWith::Network(network) if is_address(keyword) => {
            Ok(truth(move |context| within(keyword, network, context)))
        }
        TestWith::Host(host) if is_address(keyword) => host_test(keyword, host),
        _ => Err(problem(format!(
            "`{}` cannot be compared with this",
            keyword.word()
        ))),
    }
}

fn value(keyword: Keyword, context: &mut Context) -> Value {
    match keyword {
        Keyword::Method => Value::Str(context.message.slice_of(context.message.method_bytes())),
        Keyword::Uri | Keyword::FromUri | Keyword::ToUri => {
            uri_text(keyword, context).map_or(Value::Null, Value::Str)
        }
        Keyword::SrcIp | Keyword::DstIp | Keyword::SndIp | Keyword::ToIp => {
            endpoint(keyword, context).map_or(Value::Null, |end| {
                Value::Str(Bytes::from(end.ip().to_string()))
            })
        }
        Keyword::SrcPort | Keyword::DstPort | Keyword::SndPort | Keyword::ToPort => {
            endpoint(keyword, context).map_or(Value::Null, |end| Value::Int(end.port().into()))
        }
        Keyword::Proto => Value::Int(context.flow.proto.number()),
        Keyword::SndProto => context
            .sending
            .as_deref()
            .map_or(Value::Null, |flow| Value::Int(flow.proto.number())),
        Keyword::Af => Value::Int(family_of(context.flow.peer)),
        Keyword::SndAf => context
            .sending
            .as_deref()
            .map_or(Value::Null, |flow| Value::Int(family_of(flow.local))),
        Keyword::Status => context
            .message
            .status()
            .map_or(Value::Null, |status| Value::Int(status.into())),
        Keyword::MsgLen => {
            Value::Int(i64::try_from(context.message.bytes().len()).unwrap_or(i64::MAX))
        }
        Keyword::MaxLen => Value::Int(65_535),
    }
}

fn truth(test: impl Fn(&mut Context) -> bool + Send + Sync + 'static) -> Var {
    Var::read_only(move |context| Value::bool(test(context)))
}

fn is_uri(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Uri | Keyword::FromUri | Keyword::ToUri)
}

fn is_address(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::SrcIp | Keyword::DstIp | Keyword::SndIp | Keyword::ToIp
    )
}

fn names_host(keyword: Keyword) -> bool {
    is_uri(keyword) || is_address(keyword)
}

fn endpoint(keyword: Keyword, context: &Context) -> Option<SocketAddr> {
    match keyword {
        Keyword::SrcIp | Keyword::SrcPort => Some(context.flow.peer),
        Keyword::DstIp | Keyword::DstPort => Some(context.flow.local),
        Keyword::SndIp | Keyword::SndPort => context.sending.as_deref().map(|flow| flow.local),
        Keyword::ToIp | Keyword::ToPort => context.sending.as_deref().map(|flow| flow.peer),
        _ => None,
    }
}

fn uri_text(keyword: Keyword, context: &Context) -> Option<Bytes> {
    let message = &context.message;
    match keyword {
        Keyword::Uri if message.is_request() => Some(context.target.uri.clone()),
        Keyword::FromUri => message.from().ok().map(|from| message.slice_of(from.uri)),
        Keyword::ToUri => message.to().ok().map(|to| message.slice_of(to.uri)),
        _ => None,
    }
}

fn is_myself(keyword: Keyword, context: &Context) -> bool {
    let identity = &context.config.identity;
    if let Some(end) = endpoint(keyword, context) {
        return identity.is_myself(end.ip().to_string().as_bytes(), 0, None);
    }
    let Some(text) = uri_text(keyword, context) else {
        return false;
    };
    Uri::parse(&text).is_ok_and(|uri| {
        let default = if uri.scheme == sip::Scheme::Sips {
            5061
        } else {
            5060
        };
        identity.is_myself(uri.host, uri.port.unwrap_or(default), None)
    })
}

fn within(keyword: Keyword, network: Network, context: &Context) -> bool {
    endpoint(keyword, context).is_some_and(|end| network.contains(end.ip()))
}

/// A host name beside an address is an address in quotes. Kamailio 5.6.3 takes names and never looks them
/// up, so that the comparison is never true: nobody can want that.
fn host_test(keyword: Keyword, host: &[u8]) -> Result<Var, Problem> {
    let Some(address) = address_of(host) else {
        let host = String::from_utf8_lossy(host).into_owned();
        return Err(problem(format!(
            "`{host}` is no address, and names are not looked up: `{}` would never be equal to it",
            keyword.word()
        )));
    };
    Ok(truth(move |context| {
        endpoint(keyword, context).is_some_and(|end| end.ip() == address)
    }))
}

/// The system's numbers of address families, as Kamailio shows them in `$af`.
fn family_of(address: SocketAddr) -> i64 {
    match address.ip() {
        IpAddr::V4(_) => INET,
        IpAddr::V6(_) => INET6,
    }
}

fn family(word: &[u8]) -> Option<i64> {
    match word {
        b"INET" | b"inet" | b"IPv4" => Some(INET),
        b"INET6" | b"inet6" | b"IPv6" => Some(INET6),
        _ => None,
    }
}

const INET: i64 = 2;
const INET6: i64 = 10;
