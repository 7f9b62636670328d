//! Settings of the destination blocklist: core parameters `dst_blocklist_…`, and `blst_…` of module `tm`.

use crate::{Now, Proto};
use sip::{HeaderId, Message};
use stack::blocklist::{Blocklist, Entry, Place, Room};
use std::net::SocketAddr;

/// What the core parameters say of the list.
#[derive(Clone, Debug)]
pub struct BlocklistParams {
    /// `use_dst_blocklist`: failures are listed, and what is listed is held back.
    pub used: bool,
    /// `dst_blocklist_init`: without it the list stays off.
    pub init: bool,
    /// `dst_blocklist_expire`: seconds that a destination stays listed.
    pub expire_s: u32,
    /// `dst_blocklist_gc_interval`: seconds between two sweeps of expired entries.
    pub gc_interval_s: u32,
    /// `dst_blocklist_mem`: memory for the list, kilobytes.
    pub mem_kb: usize,
    /// `dst_blocklist_udp_imask`: reasons that list no destination over UDP.
    pub udp_imask: u8,
    /// `dst_blocklist_tcp_imask`.
    pub tcp_imask: u8,
    /// `dst_blocklist_tls_imask`.
    pub tls_imask: u8,
}

impl Default for BlocklistParams {
    fn default() -> BlocklistParams {
        BlocklistParams {
            used: false,
            init: true,
            expire_s: 60,
            gc_interval_s: 60,
            mem_kb: 250,
            udp_imask: 0,
            tcp_imask: 0,
            tls_imask: 0,
        }
    }
}

impl BlocklistParams {
    /// Whether there is a list.
    pub fn is_on(&self) -> bool {
        self.used && self.init
    }

    /// Octets that the list may take.
    pub fn most_octets(&self) -> usize {
        self.mem_kb.saturating_mul(1024)
    }

    /// Lists a destination for `expire_s` seconds, or for `for_s`, where one of the reasons counts for its
    /// transport; false where it was not listed.
    pub fn note(
        &self,
        list: &Blocklist,
        place: Place,
        reasons: u8,
        for_s: Option<u32>,
        now: Now,
    ) -> bool {
        let counting = reasons & !self.imask(place.transport);
        counting != 0 && self.put(list, place, counting, for_s, now)
    }

    /// Lists a destination that somebody named, whatever counts.
    pub fn put(
        &self,
        list: &Blocklist,
        place: Place,
        reasons: u8,
        for_s: Option<u32>,
        now: Now,
    ) -> bool {
        let seconds = u64::from(for_s.unwrap_or(self.expire_s));
        let entry = Entry {
            place,
            reasons,
            until_ms: now.unix_ms.saturating_add(seconds * 1000),
        };
        self.is_on() && list.add(entry, now.unix_ms, self.room())
    }

    /// Whether messages over this transport to this address are held back now.
    pub fn holds_back(
        &self,
        list: &Blocklist,
        proto: Proto,
        address: SocketAddr,
        now: Now,
    ) -> bool {
        self.is_on() && list.has(proto, address, now.unix_ms)
    }

    fn room(&self) -> Room {
        Room {
            most: self.most_octets() / Blocklist::ENTRY_OCTETS,
            sweep_ms: u64::from(self.gc_interval_s) * 1000,
        }
    }

    fn imask(&self, proto: Option<Proto>) -> u8 {
        match proto {
            Some(Proto::Udp) => self.udp_imask,
            Some(Proto::Tls | Proto::Wss) => self.tls_imask,
            Some(Proto::Tcp | Proto::Ws) => self.tcp_imask,
            None => 0,
        }
    }
}

/// Which transactions list their destinations, and which ask the list.
#[derive(Clone, Debug)]
pub struct BlocklistRules {
    /// `blst_503`: who says 503 is listed.
    pub on_503: bool,
    /// `blst_503_def_timeout`: for how many seconds, where the 503 has no Retry-After; 0 is not at all.
    pub without_retry_after_s: u32,
    /// `blst_503_min_timeout`: seconds at least.
    pub least_s: u32,
    /// `blst_503_max_timeout`: seconds at most.
    pub most_s: u32,
    /// `blst_methods_add`: methods whose silence lists a destination, bits of [`sip::Method::bit`].
    pub methods_add: u32,
    /// `blst_methods_lookup`: methods that are held back.
    pub methods_lookup: u32,
}

impl Default for BlocklistRules {
    fn default() -> BlocklistRules {
        BlocklistRules {
            on_503: false,
            without_retry_after_s: 0,
            least_s: 0,
            most_s: 3600,
            methods_add: sip::Method::Invite.bit(),
            methods_lookup: !sip::Method::Bye.bit(),
        }
    }
}

impl BlocklistRules {
    /// How many seconds this 503 lists its sender for; none where it does not.
    pub fn seconds_of(&self, unavailable: &Message) -> Option<u32> {
        if !self.on_503 {
            return None;
        }
        let wanted =
            retry_after_s(unavailable).map(|seconds| between(seconds, self.least_s, self.most_s));
        Some(wanted.unwrap_or(self.without_retry_after_s)).filter(|seconds| *seconds > 0)
    }
}

/// The seconds of a Retry-After header, without its comment and parameters (RFC 3261 section 20.33).
pub fn retry_after_s(message: &Message) -> Option<u32> {
    let value = message
        .header(HeaderId::RetryAfter)?
        .value
        .trim_ascii_start();
    let digits = value
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    std::str::from_utf8(value.get(..digits)?).ok()?.parse().ok()
}

/// `seconds`, but `least` at least and `most` at most.
pub fn between(seconds: u32, least: u32, most: u32) -> u32 {
    seconds.max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::blocklist::reason;

    fn unavailable(retry_after: &str) -> Message {
        let text = format!(
            "SIP/2.0 503 Busy\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\n{retry_after}Content-Length: 0\r\n\r\n"
        );
        Message::parse(text.into(), &sip::Limits::default()).expect("a reply")
    }

    #[test]
    fn a_503_lists_for_as_long_as_it_says_within_bounds() {
        let mut rules = BlocklistRules {
            on_503: true,
            least_s: 50,
            most_s: 70,
            ..BlocklistRules::default()
        };
        for (header, seconds) in [
            ("Retry-After: 7\r\n", Some(50)),
            ("Retry-After: 0\r\n", Some(50)),
            ("Retry-After: 60 (later);duration=7\r\n", Some(60)),
            ("Retry-After: 7777\r\n", Some(70)),
            ("Retry-After: soon\r\n", None),
            ("", None),
        ] {
            assert_eq!(rules.seconds_of(&unavailable(header)), seconds, "{header}");
        }
        rules.without_retry_after_s = 40;
        assert_eq!(rules.seconds_of(&unavailable("")), Some(40));
        rules.on_503 = false;
        assert_eq!(rules.seconds_of(&unavailable("Retry-After: 60\r\n")), None);
    }

    #[test]
    fn a_reason_that_is_ignored_for_a_transport_lists_nobody() {
        let params = BlocklistParams {
            used: true,
            udp_imask: reason::TIMEOUT,
            ..BlocklistParams::default()
        };
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        let place = |transport| Place {
            address,
            transport: Some(transport),
        };
        let (list, now) = (Blocklist::default(), Now::default());
        assert!(!params.note(&list, place(Proto::Udp), reason::TIMEOUT, None, now));
        assert!(params.note(
            &list,
            place(Proto::Udp),
            reason::TIMEOUT | reason::SEND,
            None,
            now
        ));
        assert_eq!(list.entries(0)[0].reasons, reason::SEND);
        assert!(params.note(&list, place(Proto::Tcp), reason::TIMEOUT, None, now));
        assert!(params.holds_back(&list, Proto::Tcp, address, now));
    }

    #[test]
    fn a_list_that_is_off_takes_and_holds_nothing() {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        let place = Place {
            address,
            transport: None,
        };
        let (list, now) = (Blocklist::default(), Now::default());
        let mut params = BlocklistParams {
            used: true,
            ..BlocklistParams::default()
        };
        assert!(params.note(&list, place, reason::SEND, None, now));
        params.init = false;
        assert!(!params.holds_back(&list, Proto::Udp, address, now));
        assert!(!params.note(&list, place, reason::SEND, None, now));
    }
}
