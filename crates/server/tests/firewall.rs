//! `ringwall firewall` with real packets between two network namespaces.
#![allow(
    clippy::disallowed_methods,
    reason = "processes, namespaces and packets are tested"
)]

#[path = "firewall/lab.rs"]
mod lab;

use lab::{Lab, SERVER, SERVER6, until, with_lab};

/// A packet of the other host: 198.51.100.2 unless it says otherwise.
fn sip(lab: &Lab, source: &str) -> String {
    lab.packets(&format!("sip {source} {SERVER} 5060"))
}

fn tcp(lab: &Lab, source: &str, port: u16) -> String {
    lab.packets(&format!("tcp {source} {SERVER} {port}"))
}

#[test]
fn what_is_served_is_reached_and_nothing_else() {
    with_lab("what_is_served_is_reached_and_nothing_else", |lab| {
        lab.listen(22);
        lab.listen(8080);
        assert_eq!(tcp(lab, "198.51.100.2", 8080), "open", "before");
        assert_eq!(sip(lab, "192.168.77.2"), "200", "before");
        lab.firewall("apply --dry-run");
        assert_eq!(
            tcp(lab, "198.51.100.2", 8080),
            "open",
            "a dry run changes nothing"
        );
        lab.firewall("apply");
        assert_eq!(sip(lab, "198.51.100.2"), "200");
        assert_eq!(
            lab.packets(&format!("sip 2001:db8::2 {SERVER6} 5060")),
            "200"
        );
        for port in [5060, 5061, 22] {
            assert_eq!(tcp(lab, "198.51.100.2", port), "open", "{port}");
        }
        assert_ne!(tcp(lab, "198.51.100.2", 8080), "open");
        assert_eq!(sip(lab, "192.168.77.2"), "nothing");
        assert_eq!(lab.counted("private source"), 1);
        lab.ringwall("firewall remove --dry-run");
        assert_eq!(sip(lab, "192.168.77.2"), "nothing");
        lab.ringwall("firewall remove");
        assert_eq!(tcp(lab, "198.51.100.2", 8080), "open");
        assert_eq!(sip(lab, "192.168.77.2"), "200");
        lab.ringwall("firewall remove");
    });
}

#[test]
fn trusted_networks_reach_every_port() {
    with_lab("trusted_networks_reach_every_port", |lab| {
        lab.listen(8080);
        lab.ringwall("ctl trunk add 198.51.100.8/30");
        lab.firewall("apply --trusted 198.51.100.4");
        for (source, expected) in [
            ("198.51.100.9", true),
            ("198.51.100.4", true),
            ("198.51.100.2", false),
        ] {
            assert_eq!(tcp(lab, source, 8080) == "open", expected, "{source}");
        }
    });
}

#[test]
fn segments_that_no_honest_stack_sends_are_dropped() {
    with_lab("segments_that_no_honest_stack_sends_are_dropped", |lab| {
        lab.firewall("apply");
        for (bits, comment) in [
            ("00", "no flag"),
            ("3f", "every flag"),
            ("29", "xmas"),
            ("03", "SYN with FIN"),
            ("06", "SYN with RST"),
            ("05", "FIN with RST"),
            ("08", "PSH without ACK"),
            ("20", "URG without ACK"),
            ("01", "FIN without ACK"),
            ("10", "no SYN"),
            ("02 64", "option 64"),
            ("02 128", "option 128"),
        ] {
            assert_eq!(lab.counted(comment), 0, "{comment}");
            lab.packets(&format!("flags 198.51.100.2 {SERVER} 5060 {bits}"));
            assert_eq!(lab.counted(comment), 1, "{comment}");
        }
    });
}

#[test]
fn pings_are_answered_but_not_all() {
    with_lab("pings_are_answered_but_not_all", |lab| {
        let pings = || lab.packets(&format!("ping 198.51.100.2 {SERVER} 100"));
        assert_eq!(pings(), "100", "before");
        lab.firewall("apply");
        let answered: u32 = pings().parse().expect("a number");
        assert!((5..=30).contains(&answered), "{answered} of 100");
        assert_eq!(lab.counted("ping"), u64::from(100 - answered));
    });
}

#[test]
fn a_port_scan_is_noticed_and_calls_go_on() {
    with_lab("a_port_scan_is_noticed_and_calls_go_on", |lab| {
        lab.listen(22);
        lab.firewall("apply");
        lab.packets(&format!("scan 198.51.100.3 {SERVER} 9000 5"));
        assert_eq!(tcp(lab, "198.51.100.3", 22), "open", "five are no scan");
        lab.packets(&format!("scan 198.51.100.3 {SERVER} 9000 30"));
        let scanners = lab.on_server("nft list set inet ringwall scanners");
        assert!(scanners.contains("198.51.100.3"), "{scanners}");
        assert_eq!(tcp(lab, "198.51.100.3", 22), "nothing");
        assert_eq!(
            sip(lab, "198.51.100.3"),
            "200",
            "who spoofs a scan silences no phone"
        );
        assert_eq!(tcp(lab, "198.51.100.2", 22), "open");
    });
}

#[test]
fn banned_sources_end_in_the_firewall() {
    with_lab("banned_sources_end_in_the_firewall", |lab| {
        lab.without_server(|lab| {
            lab.firewall("apply");
            let left = "ringwall_banned { 198.51.100.2 timeout 1h }";
            lab.on_server(&format!("nft add element inet ringwall {left}"));
        });
        lab.ringwall("ctl ban add 198.51.100.3 600");
        lab.ringwall("ctl ban add 2001:db8::/64");
        let set = |name: &str| lab.on_server(&format!("nft list set inet ringwall {name}"));
        until("the ban is in the set", || {
            set("ringwall_banned").contains("198.51.100.3 timeout")
        });
        until("the network too", || {
            set("ringwall_banned6").contains("2001:db8::")
        });
        assert_eq!(sip(lab, "198.51.100.3"), "nothing");
        assert_eq!(
            lab.packets(&format!("sip 2001:db8::2 {SERVER6} 5060")),
            "nothing"
        );
        assert_eq!(
            (lab.counted("banned"), lab.counted("banned network")),
            (1, 1)
        );
        let dropped = lab.ringwall("ctl rpc cnt.get ban dropped");
        assert_eq!(dropped, "0", "the server saw it");
        assert_eq!(sip(lab, "198.51.100.2"), "200");

        // What anybody could have sent in this source's name stays in the server.
        lab.packets(&format!("scanner 198.51.100.5 {SERVER} 5060 20"));
        until("the scanner is banned", || {
            lab.ringwall("ctl ban list").contains("198.51.100.5")
        });

        // A set that was loaded again is filled again.
        lab.firewall("apply");
        lab.ringwall("ctl ban rm 2001:db8::/64");
        until("the ban is back", || {
            set("ringwall_banned").contains("198.51.100.3")
        });
        lab.ringwall("ctl ban rm 198.51.100.3");
        until("the ban is gone", || {
            !set("ringwall_banned").contains("198.51.100.3")
        });
        assert_eq!(sip(lab, "198.51.100.3"), "200");
        assert_eq!(
            lab.packets(&format!("sip 2001:db8::2 {SERVER6} 5060")),
            "200"
        );
        assert!(!set("ringwall_banned").contains("198.51.100.5"));
    });
}
