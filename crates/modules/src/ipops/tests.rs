//! The functions as scripts call them; what is expected was seen in Kamailio 5.6.3.

use crate::testing::Bench;
use policy::location::{Answer as Names, Query, QueryKind, SrvRecord};
use policy::{Answer, Context, Effect};

const MESSAGE: &str = "OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=1\nTo: <sip:b@h>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n";

fn bench(statements: &str) -> Bench {
    Bench::new(&format!(
        "loadmodule \"pv\"\nloadmodule \"ipops\"\nroute {{\n{statements}\n}}\n"
    ))
}

#[test]
fn forms_and_kinds() {
    let codes = |ip: &str| {
        bench(&format!(
            r#"$var(x) = "{ip}"; is_ip($var(x)); rc(); is_pure_ip("$var(x)"); rc(); is_ipv4($var(x)); rc();
            is_ipv6($var(x)); rc(); is_ipv6_reference($var(x)); rc(); ip_type($var(x)); rc(); is_ip_rfc1918($var(x)); rc();"#
        ))
        .run(MESSAGE)
        .codes
    };
    assert_eq!(codes("1.2.3.4"), [1, 1, 1, -1, -1, 1, -1]);
    assert_eq!(codes("10.0.0.1"), [1, 1, 1, -1, -1, 1, 1]);
    assert_eq!(codes("::1"), [1, 1, -1, 1, -1, 2, -1]);
    assert_eq!(codes("[::1]"), [1, -1, -1, -1, 1, 3, -1]);
    assert_eq!(codes("1.2.3"), [-1; 7]);
    let ran = bench(
        r#"detailed_ip_type("192.168.1.2", "$var(r)"); rc(); detailed_ipv4_type("::1", "$var(s)"); rc(); detailed_ipv6_type("[::1]", "$var(s)"); rc(); note("$var(r) $var(s)");"#,
    )
    .run(MESSAGE);
    assert_eq!(ran.codes, [1, -1, 1]);
    assert_eq!(ran.notes, ["PRIVATE LOOPBACK"]);
}

#[test]
fn comparisons() {
    let codes = |one: &str, other: &str| {
        bench(&format!(
            r#"compare_ips("{one}", "{other}"); rc(); compare_pure_ips("{one}", "{other}"); rc();"#
        ))
        .run(MESSAGE)
        .codes
    };
    assert_eq!(codes("1.2.3.4", "1.2.3.4"), [1, 1]);
    assert_eq!(codes("::1", "[0::1]"), [1, -1]);
    assert_eq!(codes("2001:db8::1", "2001:DB8:0:0::1"), [1, 1]);
    assert_eq!(codes("::ffff:1.2.3.4", "1.2.3.4"), [-1, -1]);
    assert_eq!(codes("x", "x"), [-1, -1]);
}

/// A name server with one host and one service.
fn answer(effect: Effect) -> Answer {
    let Effect::Lookup(Query { name, kind }) = effect else {
        return Answer::Code(1);
    };
    let record = |priority, weight, port, target| SrvRecord {
        priority,
        weight,
        port,
        target: bytes::Bytes::from_static(target),
    };
    Answer::Names(match (name.as_ref(), kind) {
        (b"host.test", QueryKind::A) => {
            Names::Addresses(vec!["192.0.2.1".parse().expect("an address")])
        }
        (b"host.test", QueryKind::Aaaa) => {
            Names::Addresses(vec!["2001:db8::1".parse().expect("an address")])
        }
        (b"_sip._udp.host.test", QueryKind::Srv) => Names::Srv(vec![
            record(20, 0, 5062, b"c.test."),
            record(10, 5, 5060, b"a.test."),
            record(10, 50, 5061, b"b.test."),
        ]),
        _ => Names::Nothing,
    })
}

fn asked(statements: &str) -> crate::testing::Ran {
    let bench = bench(statements);
    let context: Context = bench.context(MESSAGE);
    bench.serve_answering(context, answer).ran
}

#[test]
fn names_are_asked_for() {
    let ran = asked(
        r#"dns_query("HOST.test", "q"); rc();
        note("$dns(q=>count) $dns(q=>ipv4) $dns(q=>ipv6) $dns(q=>addr[0]) $dns(q=>type[0])");
        $var(i) = 1; note("$dns(q=>addr[$var(i)]) $dns(q=>type[$var(i)]) $dns(q=>addr[9]) $dns(no=>count)");
        dns_query("192.0.2.9", "p"); rc(); note("$dns(p=>count) $dns(p=>addr[0]) $dns(q=>count)");
        dns_query("none.test", "q"); rc(); note("now $dns(q=>count)");
        dns_sys_match_ip("host.test", "2001:DB8:0::1"); rc(); dns_int_match_ip("host.test", "192.0.2.2"); rc();
        dns_sys_match_ip("none.test", "192.0.2.2"); rc(); dns_sys_match_ip("host.test", "x"); rc();"#,
    );
    assert_eq!(ran.codes, [1, 1, -4, 1, -1, -4, -3]);
    assert_eq!(
        ran.notes,
        [
            "2 1 1 192.0.2.1 4",
            "2001:db8::1 6 <null> <null>",
            "1 192.0.2.9 2",
            "now <null>"
        ]
    );
}

#[test]
fn services_are_asked_for() {
    let ran = asked(
        r#"srv_query("_sip._udp.host.test", "s"); rc(); $var(i) = 1;
        note("$srvquery(s=>count) $srvquery(s=>target[0]) $srvquery(s=>port[0]) $srvquery(s=>weight[$var(i)]) $srvquery(s=>priority[2])");
        srv_query("_sip._tcp.host.test", "s"); rc(); note("$srvquery(s=>count) $srvquery(s=>port[0])");"#,
    );
    assert_eq!(ran.codes, [1, 1]);
    assert_eq!(ran.notes, ["3 b.test 5061 5 20", "0 <null>"]);
}
