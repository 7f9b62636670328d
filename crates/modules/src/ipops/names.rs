//! Questions to name servers; the script waits for the answers.

use super::results::{Found, Results};
use super::{IpOps, address};
use bytes::Bytes;
use policy::location::{Answer as Names, Query, QueryKind, SrvRecord};
use policy::{Answer, Context, Effect, Level, Outcome, Text};
use std::net::IpAddr;

/// Records are asked for of an empty name.
const NO_NAME: i32 = -2;
/// The answer shall have no name.
const NO_ID: i32 = -3;
/// The text is no address.
const BAD_ADDRESS: i32 = -3;
/// The name has no address, or nobody answered.
const UNRESOLVED: i32 = -4;
/// Addresses and records that are kept of one answer.
const MOST: usize = 64;

impl IpOps {
    /// Also `dns_int_match_ip()`.
    pub(super) fn match_ip(&self, context: &mut Context, host: &Text, ip: &Text) -> Outcome {
        let (host, ip) = (host.get(context), ip.get(context));
        let Some((ip, _)) = address::parse(&ip) else {
            context.log(Level::Err, "ipops", || {
                format!("invalid ip address: {}", String::from_utf8_lossy(&ip))
            });
            return Outcome::Code(BAD_ADDRESS);
        };
        resolve(context, host, move |context, host, addresses| {
            if addresses.is_empty() {
                return unresolved(context, &host);
            }
            addresses.contains(&ip).into()
        })
    }

    pub(super) fn dns_query(&self, context: &mut Context, host: &Text, id: &Text) -> Outcome {
        let (host, id) = (host.get(context), id.get(context));
        resolve(context, host, move |context, host, addresses| {
            let results = context.extension_mut::<Results>();
            if addresses.is_empty() {
                results.remove_addresses(&id);
                return unresolved(context, &host);
            }
            results.keep(id, Found::Addresses(addresses));
            Outcome::TRUE
        })
    }

    /// No record is no failure: the count is 0 then, as in Kamailio.
    pub(super) fn srv_query(&self, context: &mut Context, name: &Text, id: &Text) -> Outcome {
        let (name, id) = match named(context, name, id) {
            Ok(both) => both,
            Err(code) => return Outcome::Code(code),
        };
        ask(name, QueryKind::Srv, move |context, answer| {
            let mut records = match answer {
                Names::Srv(records) => records,
                _ => Vec::new(),
            };
            records.truncate(MOST);
            records.sort_by_key(by_rank);
            let results = context.extension_mut::<Results>();
            results.keep(id, Found::Services(records));
            Outcome::TRUE
        })
    }

    /// Here too.
    pub(super) fn naptr_query(&self, context: &mut Context, name: &Text, id: &Text) -> Outcome {
        let (name, id) = match named(context, name, id) {
            Ok(both) => both,
            Err(code) => return Outcome::Code(code),
        };
        ask(name, QueryKind::Naptr, move |context, answer| {
            let mut records = match answer {
                Names::Naptr(records) => records,
                _ => Vec::new(),
            };
            records.truncate(MOST);
            records.sort_by_key(|record| (record.order, record.preference));
            let results = context.extension_mut::<Results>();
            results.keep(id, Found::Pointers(records));
            Outcome::TRUE
        })
    }
}

/// What is asked for and the name of the answer, or the code where one of them is empty.
fn named(context: &mut Context, name: &Text, id: &Text) -> Result<(Bytes, Bytes), i32> {
    match (name.get(context), id.get(context)) {
        (name, _) if name.is_empty() => Err(NO_NAME),
        (_, id) if id.is_empty() => Err(NO_ID),
        both => Ok(both),
    }
}

/// Lowest priority first, and of those the largest weight.
fn by_rank(record: &SrvRecord) -> (u16, std::cmp::Reverse<u16>) {
    (record.priority, std::cmp::Reverse(record.weight))
}

fn unresolved(context: &mut Context, host: &[u8]) -> Outcome {
    context.log(Level::Err, "ipops", || {
        format!("unable to resolve {}", String::from_utf8_lossy(host))
    });
    Outcome::Code(UNRESOLVED)
}

/// Asks for the IPv4 and the IPv6 addresses of a host; an address is its own, one in brackets none.
fn resolve(
    context: &mut Context,
    host: Bytes,
    then: impl FnOnce(&mut Context, Bytes, Vec<IpAddr>) -> Outcome + Send + 'static,
) -> Outcome {
    if let Some(ip) = address::parse_pure(&host) {
        return then(context, host, vec![ip]);
    }
    ask(host.clone(), QueryKind::A, move |_, answer| {
        let mut addresses = addresses_of(answer);
        ask(host.clone(), QueryKind::Aaaa, move |context, answer| {
            addresses.extend(addresses_of(answer));
            addresses.truncate(MOST);
            then(context, host, addresses)
        })
    })
}

fn addresses_of(answer: Names) -> Vec<IpAddr> {
    match answer {
        Names::Addresses(addresses) => addresses,
        _ => Vec::new(),
    }
}

fn ask(
    name: Bytes,
    kind: QueryKind,
    then: impl FnOnce(&mut Context, Names) -> Outcome + Send + 'static,
) -> Outcome {
    let name = Bytes::from(name.to_ascii_lowercase());
    let effect = Effect::Lookup(Query { name, kind });
    Outcome::ask_then(effect, move |context, answer| match answer {
        Answer::Names(names) => then(context, names),
        _ => then(context, Names::Nothing),
    })
}
