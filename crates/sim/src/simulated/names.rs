//! The simulated name servers.

use crate::scenario::Record;
use bytes::Bytes;
use stack::location::{Answer, NaptrRecord, Query, QueryKind, SrvRecord};
use std::net::IpAddr;

/// All that they know.
pub(super) struct Names(Vec<(String, Known)>);

enum Known {
    Address(IpAddr),
    Srv(SrvRecord),
    Naptr(NaptrRecord),
}

impl Names {
    pub(super) fn new(records: &[Record]) -> Result<Names, String> {
        let known = records
            .iter()
            .map(|record| Ok((record.name.clone(), read(record)?)));
        known.collect::<Result<_, String>>().map(Names)
    }

    pub(super) fn answer(&self, query: &Query) -> Answer {
        let named = self
            .0
            .iter()
            .filter(|(name, _)| name.as_bytes() == query.name);
        let mut addresses = Vec::new();
        let mut services = Vec::new();
        let mut pointers = Vec::new();
        for (_, known) in named {
            match (known, query.kind) {
                (Known::Address(ip), QueryKind::A) if ip.is_ipv4() => addresses.push(*ip),
                (Known::Address(ip), QueryKind::Aaaa) if ip.is_ipv6() => addresses.push(*ip),
                (Known::Srv(record), QueryKind::Srv) => services.push(record.clone()),
                (Known::Naptr(record), QueryKind::Naptr) => pointers.push(record.clone()),
                _ => {}
            }
        }
        // At most one of them has any.
        if !addresses.is_empty() {
            Answer::Addresses(addresses)
        } else if !services.is_empty() {
            Answer::Srv(services)
        } else if !pointers.is_empty() {
            Answer::Naptr(pointers)
        } else {
            Answer::Nothing
        }
    }
}

fn read(record: &Record) -> Result<Known, String> {
    let wrong = || {
        format!(
            "dns {}: `{}` is not understood",
            record.name,
            record.data.join(" ")
        )
    };
    let number = |text: &String| text.parse::<u16>().map_err(|_| wrong());
    match (record.kind.as_str(), record.data.as_slice()) {
        ("A" | "AAAA", [ip]) => ip.parse().map(Known::Address).map_err(|_| wrong()),
        ("SRV", [priority, weight, port, target]) => Ok(Known::Srv(SrvRecord {
            priority: number(priority)?,
            weight: number(weight)?,
            port: number(port)?,
            target: Bytes::from(target.to_ascii_lowercase()),
        })),
        ("NAPTR", [order, preference, flags, services, regexp, replacement]) => {
            Ok(Known::Naptr(NaptrRecord {
                order: number(order)?,
                preference: number(preference)?,
                flags: text(flags),
                services: text(services),
                regexp: text(regexp),
                replacement: text(replacement),
            }))
        }
        _ => Err(wrong()),
    }
}

/// A word as it is, `""` as nothing.
fn text(word: &str) -> Bytes {
    Bytes::copy_from_slice(word.trim_matches('"').as_bytes())
}
