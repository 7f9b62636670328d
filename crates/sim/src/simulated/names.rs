//! The simulated name servers.

use crate::scenario::Record;
use bytes::Bytes;
use stack::location::{Answer, Query, QueryKind, SrvRecord};
use std::net::IpAddr;

/// All that they know.
pub(super) struct Names(Vec<(String, Known)>);

enum Known {
    Address(IpAddr),
    Srv(SrvRecord),
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
        for (_, known) in named {
            match (known, query.kind) {
                (Known::Address(ip), QueryKind::A) if ip.is_ipv4() => addresses.push(*ip),
                (Known::Address(ip), QueryKind::Aaaa) if ip.is_ipv6() => addresses.push(*ip),
                (Known::Srv(record), QueryKind::Srv) => services.push(record.clone()),
                _ => {}
            }
        }
        match (addresses.is_empty(), services.is_empty()) {
            (false, _) => Answer::Addresses(addresses),
            (true, false) => Answer::Srv(services),
            (true, true) => Answer::Nothing,
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
    match (record.kind.as_str(), record.data.as_slice()) {
        ("A" | "AAAA", [ip]) => ip.parse().map(Known::Address).map_err(|_| wrong()),
        ("SRV", [priority, weight, port, target]) => {
            let number = |text: &String| text.parse::<u16>().map_err(|_| wrong());
            Ok(Known::Srv(SrvRecord {
                priority: number(priority)?,
                weight: number(weight)?,
                port: number(port)?,
                target: Bytes::from(target.to_ascii_lowercase()),
            }))
        }
        _ => Err(wrong()),
    }
}
