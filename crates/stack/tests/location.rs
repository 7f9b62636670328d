//! Where a URI leads, told as questions and answers.

use sip::Uri;
use stack::Limits;
use stack::location::{
    Answer, Destination, DestinationError, Families, Query, QueryKind, Resolver, SrvRecord, Step,
};

const BOTH: Families = Families {
    v4: true,
    v6: true,
    prefer_v6: false,
};

fn destination(uri: &str) -> Result<Destination, DestinationError> {
    Destination::of(&Uri::parse(uri.as_bytes()).expect("a URI"))
}

fn resolver(uri: &str, families: Families) -> Resolver {
    Resolver::new(
        destination(uri).expect("a destination"),
        families,
        42,
        &Limits::default(),
    )
}

/// What a step says, in words.
fn told(step: &Step) -> String {
    match step {
        Step::Done(targets) => {
            let each = targets
                .iter()
                .map(|t| format!("{}:{}", t.transport.param(), t.address));
            each.collect::<Vec<_>>().join(" ")
        }
        Step::Ask(Query { name, kind }) => format!("{kind:?} {}", String::from_utf8_lossy(name)),
        Step::Unreachable => "unreachable".into(),
    }
}

fn addresses(list: &[&str]) -> Answer {
    Answer::Addresses(
        list.iter()
            .map(|ip| ip.parse().expect("an address"))
            .collect(),
    )
}

fn srv(priority: u16, weight: u16, port: u16, target: &'static str) -> SrvRecord {
    SrvRecord {
        priority,
        weight,
        port,
        target: target.into(),
    }
}

#[test]
fn addresses_need_no_question() {
    for (uri, wanted) in [
        ("sip:a@192.0.2.1", "udp:192.0.2.1:5060"),
        ("sip:a@192.0.2.1:5070", "udp:192.0.2.1:5070"),
        ("sip:192.0.2.1;transport=TCP", "tcp:192.0.2.1:5060"),
        ("sip:192.0.2.1;transport=tls", "tls:192.0.2.1:5061"),
        ("sips:192.0.2.1", "tls:192.0.2.1:5061"),
        ("sips:192.0.2.1:5070;transport=tcp", "tls:192.0.2.1:5070"),
        ("sip:192.0.2.1;transport=ws", "ws:192.0.2.1:80"),
        ("sips:192.0.2.1;transport=ws", "ws:192.0.2.1:443"),
        ("sip:[2001:db8::1]:5070", "udp:[2001:db8::1]:5070"),
        ("sip:[::ffff:192.0.2.1]", "udp:192.0.2.1:5060"),
        ("sip:192.0.2.1;maddr=203.0.113.9", "udp:192.0.2.1:5060"),
    ] {
        assert_eq!(told(&resolver(uri, BOTH).next()), wanted, "{uri}");
    }
}

#[test]
fn an_address_of_a_family_without_socket_is_no_target() {
    let v4 = Families { v6: false, ..BOTH };
    assert_eq!(resolver("sip:[2001:db8::1]", v4).next(), Step::Unreachable);
}

#[test]
fn addresses_of_nobody_are_no_targets() {
    for uri in [
        "sip:a@0.0.0.0",
        "sip:a@[::]",
        "sip:a@[::ffff:0.0.0.0]:5070",
        "sip:a@255.255.255.255",
    ] {
        assert_eq!(told(&resolver(uri, BOTH).next()), "unreachable", "{uri}");
    }
    let mut resolver = resolver("sip:a@host.test:5060", BOTH);
    assert_eq!(told(&resolver.next()), "A host.test");
    let step = resolver.answer(addresses(&["0.0.0.0", "192.0.2.1"]));
    assert_eq!(told(&step), "udp:192.0.2.1:5060");
}

#[test]
fn some_uris_lead_nowhere() {
    assert_eq!(destination("tel:+123"), Err(DestinationError::NoHost));
    assert_eq!(
        destination("sip:h;transport=sctp"),
        Err(DestinationError::Transport)
    );
    assert_eq!(destination("sip:h:0"), Err(DestinationError::Port));
}

#[test]
fn a_name_is_asked_for_srv_first() {
    for (uri, wanted) in [
        ("sip:Example.COM", "Srv _sip._udp.example.com"),
        ("sip:example.com;transport=tcp", "Srv _sip._tcp.example.com"),
        ("sips:example.com", "Srv _sips._tcp.example.com"),
        ("sip:example.com:5070", "A example.com"),
        ("sip:example.com;transport=ws", "A example.com"),
    ] {
        assert_eq!(told(&resolver(uri, BOTH).next()), wanted, "{uri}");
    }
}

#[test]
fn without_srv_the_name_itself_is_asked() {
    let mut resolver = resolver("sip:example.com;transport=tls", BOTH);
    resolver.next();
    assert_eq!(told(&resolver.answer(Answer::Nothing)), "A example.com");
    assert_eq!(told(&resolver.answer(addresses(&[]))), "Aaaa example.com");
    let targets = resolver.answer(addresses(&["2001:db8::1", "2001:db8::2"]));
    assert_eq!(
        told(&targets),
        "tls:[2001:db8::1]:5061 tls:[2001:db8::2]:5061"
    );
    assert_eq!(resolver.next(), Step::Unreachable);
}

#[test]
fn srv_targets_come_by_priority_one_after_the_other() {
    let mut resolver = resolver(
        "sip:example.com",
        Families {
            prefer_v6: true,
            ..BOTH
        },
    );
    resolver.next();
    let records = vec![
        srv(20, 0, 5080, "b.example.com."),
        srv(10, 0, 5070, "A.example.com."),
    ];
    assert_eq!(
        told(&resolver.answer(Answer::Srv(records))),
        "Aaaa a.example.com"
    );
    assert_eq!(told(&resolver.answer(Answer::Nothing)), "A a.example.com");
    assert_eq!(
        told(&resolver.answer(addresses(&["192.0.2.1"]))),
        "udp:192.0.2.1:5070"
    );
    assert_eq!(
        told(&resolver.next()),
        "Aaaa b.example.com",
        "the first has failed"
    );
    assert_eq!(
        told(&resolver.answer(addresses(&["2001:db8::1"]))),
        "udp:[2001:db8::1]:5080"
    );
    assert_eq!(resolver.next(), Step::Unreachable);
}

#[test]
fn who_tries_all_gets_the_places_of_all_hosts_at_once() {
    let limits = Limits {
        max_targets: 3,
        ..Limits::default()
    };
    let only_v4 = Families { v6: false, ..BOTH };
    let destination = destination("sip:example.com").expect("a destination");
    let mut resolver = Resolver::new(destination, only_v4, 1, &limits).gathering();
    resolver.next();
    let hosts = ["a.", "gone.", "b.", "c."];
    let records = (0..).zip(hosts).map(|(n, host)| srv(n, 0, 5070 + n, host));
    let steps = [
        resolver.answer(Answer::Srv(records.collect())),
        resolver.answer(addresses(&["192.0.2.1"])),
        resolver.answer(Answer::Nothing),
        resolver.answer(addresses(&["192.0.2.2", "192.0.2.3", "192.0.2.4"])),
        resolver.next(),
    ];
    assert_eq!(
        steps.each_ref().map(told),
        [
            "A a",
            "A gone",
            "A b",
            "udp:192.0.2.1:5070 udp:192.0.2.2:5072 udp:192.0.2.3:5072",
            "unreachable"
        ]
    );
}

#[test]
fn a_dot_says_that_the_service_is_not_offered() {
    let mut resolver = resolver("sip:example.com", BOTH);
    resolver.next();
    assert_eq!(
        resolver.answer(Answer::Srv(vec![srv(0, 0, 0, ".")])),
        Step::Unreachable
    );
}

#[test]
fn weights_decide_how_often_a_record_is_first() {
    let mut heavy_first = 0;
    for random in 0..1_000 {
        let limits = Limits::default();
        let destination = destination("sip:example.com").expect("a destination");
        let mut resolver = Resolver::new(destination, BOTH, random, &limits);
        resolver.next();
        let records = vec![
            srv(0, 10, 1, "light."),
            srv(0, 90, 1, "heavy."),
            srv(1, 99, 1, "later."),
        ];
        match told(&resolver.answer(Answer::Srv(records))).as_str() {
            "A heavy" => heavy_first += 1,
            "A light" => {}
            other => panic!("{other}"),
        }
    }
    assert!((850..950).contains(&heavy_first), "{heavy_first} of 1000");
}

#[test]
fn the_heaviest_record_may_always_be_the_first() {
    for random in 0..100 {
        let limits = Limits::default();
        let destination = destination("sip:example.com").expect("a destination");
        let resolver = Resolver::new(destination, BOTH, random, &limits);
        let mut resolver = resolver.heaviest_first();
        resolver.next();
        let records = vec![
            srv(1, 99, 1, "later."),
            srv(0, 10, 1, "light."),
            srv(0, 90, 1, "heavy."),
        ];
        assert_eq!(told(&resolver.answer(Answer::Srv(records))), "A heavy");
    }
}

#[test]
fn questions_and_targets_are_bounded() {
    let limits = Limits {
        max_queries: 4,
        max_targets: 2,
        ..Limits::default()
    };
    let destination = destination("sip:example.com").expect("a destination");
    let mut resolver = Resolver::new(destination, BOTH, 1, &limits);
    let mut step = resolver.next();
    let mut asked = 0;
    while let Step::Ask(query) = &step {
        asked += 1;
        step = resolver.answer(match query.kind {
            QueryKind::Srv => Answer::Srv((0..100).map(|_| srv(0, 0, 1, "x.")).collect()),
            _ => Answer::Nothing,
        });
    }
    assert_eq!((asked, step), (4, Step::Unreachable));
    let many: Vec<String> = (1..20).map(|n| format!("192.0.2.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let uri = Uri::parse(b"sip:example.com:5070").expect("a URI");
    let destination = Destination::of(&uri).expect("a destination");
    let mut resolver = Resolver::new(destination, BOTH, 1, &limits);
    resolver.next();
    assert!(matches!(resolver.answer(addresses(&many)), Step::Done(t) if t.len() == 2));
}
