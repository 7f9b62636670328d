//! Core parameters of the destination blocklist, with the names of Kamailio 5.4 and before.

use super::Core;
use crate::core::Params;
use policy::{BlocklistParams, Declaration};

/// Name, older names, doc line, where the value goes. Yes counts as 1, as in Kamailio.
type Setting = (
    &'static str,
    &'static [&'static str],
    &'static str,
    fn(&mut BlocklistParams, i64),
);

pub(super) fn declare(d: &mut Declaration<Core>) {
    for (name, older, doc, set) in SETTINGS {
        for name in std::iter::once(name).chain(*older) {
            d.param(name, doc, move |params: &mut Params, value: i64| {
                set(&mut params.core.blocklist, value);
            });
        }
    }
}

const SETTINGS: &[Setting] = &[
    (
        "use_dst_blocklist",
        &["use_dst_blacklist"],
        "Destinations that fail are listed, and nothing is sent to them for a while; default no.",
        |b, on| b.used = on != 0,
    ),
    (
        "dst_blocklist_init",
        &["dst_blacklist_init"],
        "Without it use_dst_blocklist has no effect; default yes.",
        |b, on| b.init = on != 0,
    ),
    (
        "dst_blocklist_expire",
        &[
            "dst_blocklist_ttl",
            "dst_blacklist_expire",
            "dst_blacklist_ttl",
        ],
        "Seconds that a destination stays listed; default 60.",
        |b, seconds| b.expire_s = narrow(seconds),
    ),
    (
        "dst_blocklist_gc_interval",
        &["dst_blacklist_gc_interval"],
        "Seconds between two sweeps of expired entries; default 60.",
        |b, seconds| b.gc_interval_s = narrow(seconds),
    ),
    (
        "dst_blocklist_mem",
        &["dst_blacklist_mem"],
        "Memory for the list, kB; a full list takes nothing more. Default 250.",
        |b, kb| b.mem_kb = usize::try_from(kb).unwrap_or(0),
    ),
    (
        "dst_blocklist_udp_imask",
        &["dst_blacklist_udp_imask"],
        "Reasons that list nothing over UDP: 2 not sent, 4 not connected, 16 never answered, 32 said 503; default 0.",
        |b, mask| b.udp_imask = reasons(mask),
    ),
    (
        "dst_blocklist_tcp_imask",
        &["dst_blacklist_tcp_imask"],
        "The same for TCP.",
        |b, mask| b.tcp_imask = reasons(mask),
    ),
    (
        "dst_blocklist_tls_imask",
        &["dst_blacklist_tls_imask"],
        "The same for TLS.",
        |b, mask| b.tls_imask = reasons(mask),
    ),
];

fn narrow(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The bits that are reasons.
fn reasons(mask: i64) -> u8 {
    (mask & 0xff) as u8
}
