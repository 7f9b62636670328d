//! Where replies go. The cases are those that Kamailio 5.6.3 was seen to handle so.

use stack::reply::{Return, SentBy};

/// `received rport -> destination` for a Via and a source.
fn way(host: &str, port: Option<u16>, rport: bool, force: bool, source: &str) -> String {
    let via = SentBy {
        address: sip::uri::host_addr(host.as_bytes()),
        port,
        rport,
        default_port: 5060,
    };
    let back = Return::of(&via, source.parse().expect("an address"), force);
    let received = back.received.map_or("-".into(), |ip| ip.to_string());
    let rport = back.rport.map_or("-".into(), |port| port.to_string());
    format!("{received} {rport} {}", back.to)
}

#[test]
fn replies_go_to_the_source_at_the_port_that_the_via_says() {
    let from = "127.0.0.1:25095";
    for (host, port, rport, force, wanted) in [
        (
            "127.0.0.1",
            Some(25095),
            false,
            false,
            "- - 127.0.0.1:25095",
        ),
        ("127.0.0.1", Some(9), false, false, "- - 127.0.0.1:9"),
        ("127.0.0.1", None, false, false, "- - 127.0.0.1:5060"),
        ("127.0.0.1", Some(0), false, false, "- - 127.0.0.1:5060"),
        ("10.0.0.1", Some(9), false, false, "127.0.0.1 - 127.0.0.1:9"),
        (
            "host.example",
            Some(9),
            false,
            false,
            "127.0.0.1 - 127.0.0.1:9",
        ),
        (
            "127.0.0.1",
            Some(9),
            true,
            false,
            "127.0.0.1 25095 127.0.0.1:25095",
        ),
        (
            "10.0.0.1",
            None,
            true,
            false,
            "127.0.0.1 25095 127.0.0.1:25095",
        ),
        ("127.0.0.1", Some(9), false, true, "- 25095 127.0.0.1:25095"),
        (
            "10.0.0.1",
            Some(9),
            false,
            true,
            "127.0.0.1 25095 127.0.0.1:25095",
        ),
        (
            "10.0.0.1",
            Some(9),
            true,
            true,
            "127.0.0.1 25095 127.0.0.1:25095",
        ),
    ] {
        assert_eq!(
            way(host, port, rport, force, from),
            wanted,
            "{host} {port:?} {rport} {force}"
        );
    }
}

#[test]
fn addresses_compare_as_addresses() {
    let v6 = "[2001:db8::1]:5070";
    assert_eq!(
        way("[2001:DB8:0::1]", None, false, false, v6),
        "- - [2001:db8::1]:5060"
    );
    assert_eq!(
        way("[2001:db8::2]", None, false, false, v6),
        "2001:db8::1 - [2001:db8::1]:5060"
    );
    assert_eq!(
        way("192.0.2.1", Some(9), false, false, "[::ffff:192.0.2.1]:7"),
        "- - 192.0.2.1:9"
    );
}
