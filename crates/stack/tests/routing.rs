//! Route and Record-Route. The cases of `loose.txt` are those that Kamailio 5.6.3 was seen to
//! handle so.

use bytes::Bytes;
use sip::{Edits, HeaderId, Message, Uri};
use stack::Transport::{self, Tcp, Tls, Udp};
use stack::routing::{Double, Hop, Mode, RecordRoute, loose_route};

/// `us` and `us2` are ours.
fn is_myself(uri: &Uri<'_>) -> bool {
    matches!(uri.host, b"us" | b"us2") && uri.port.is_none()
}

fn request(uri: &str, to_tag: bool, routes: &[&str]) -> Message {
    let tag = if to_tag { ";tag=to" } else { "" };
    let routes: String = routes.iter().map(|r| format!("Route: {r}\r\n")).collect();
    let text = format!(
        "BYE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=from\r\n\
         To: <sip:b@b>{tag}\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n{routes}Content-Length: 0\r\n\r\n"
    );
    Message::parse(Bytes::from(text), &sip::Limits::default()).expect("parses")
}

/// Routes a request and tells what came of it.
fn routed(uri: &str, to_tag: bool, routes: &[&str], mode: Mode) -> String {
    let message = request(uri, to_tag, routes);
    let loose = loose_route(&message, message.request_uri(), mode, is_myself);
    let mut edits = Edits::new();
    loose.apply(&message, message.request_uri(), &mut edits);
    let mut out = Vec::new();
    edits.render(&message, &mut out);
    let sent = Message::parse(Bytes::from(out), &sip::Limits::default()).expect("parses again");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut told = vec![loose.outcome.code().to_string()];
    told.extend(loose.request_uri.map(|uri| format!("ruri {}", text(uri))));
    told.extend(loose.next_hop.map(|uri| format!("next {}", text(uri))));
    told.extend(
        loose
            .send_from
            .filter(is_myself)
            .map(|uri| format!("from {}", text(uri.host))),
    );
    told.extend(
        sent.all(HeaderId::Route)
            .map(|h| format!("route {}", text(h.value))),
    );
    told.join(" | ")
}

/// Each story: Request-URI, `in` or `out` of a dialog, the Route lines; behind `=>` what comes of
/// it.
#[test]
fn routes_are_followed_as_kamailio_does() {
    let stories = include_str!("routing/loose.txt");
    for story in stories
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (asked, wanted) = story.split_once(" => ").expect("a story");
        let mut words = asked.split(" | ");
        let (uri, dialog) = (words.next().unwrap_or(""), words.next());
        let routes: Vec<&str> = words.collect();
        assert_eq!(
            routed(uri, dialog == Some("in"), &routes, Mode::Both),
            wanted,
            "{asked}"
        );
    }
}

#[test]
fn loose_mode_leaves_our_own_request_uri_alone() {
    let routes = ["<sip:us;lr>", "<sip:b;lr>"];
    assert_eq!(
        routed("sip:us", true, &routes, Mode::LooseOnly),
        "1 | next sip:b;lr | route <sip:b;lr>"
    );
}

#[test]
fn the_direction_is_read_from_ftag() {
    let upstream = |route: &str| {
        let message = request("sip:x", true, &[route]);
        loose_route(&message, b"sip:x", Mode::Both, is_myself).is_upstream(b"from")
    };
    assert!(upstream("<sip:us;lr;ftag=other>"));
    assert!(!upstream("<sip:us;lr;ftag=from>"));
    assert!(!upstream("<sip:us;lr>"));
    assert!(
        !upstream("<sip:them;lr;ftag=other>"),
        "only our own route counts"
    );
}

const PLAIN: RecordRoute<'_> = RecordRoute {
    sips: false,
    user: None,
    full_lr: false,
    ftag: Some(b"ft"),
    params: b"",
};

fn hop(host: &str, port: u16, transport: Transport) -> Hop<'_> {
    Hop {
        host: host.as_bytes(),
        port,
        transport,
        name: None,
    }
}

fn shown(values: impl IntoIterator<Item = Bytes>) -> Vec<String> {
    values
        .into_iter()
        .map(|v| String::from_utf8_lossy(&v).into_owned())
        .collect()
}

#[test]
fn record_routes_have_rr_s_form() {
    let udp = hop("1.1.1.1", 25080, Udp);
    let tcp = hop("1.1.1.1", 25080, Tcp);
    let values = |rr: &RecordRoute<'_>, i, o, double| shown(rr.values(i, o, double));
    let one = "<sip:1.1.1.1:25080;lr;ftag=ft>";
    let two = [
        "<sip:1.1.1.1:25080;transport=tcp;r2=on;lr;ftag=ft>",
        "<sip:1.1.1.1:25080;r2=on;lr;ftag=ft>",
    ];
    assert_eq!(values(&PLAIN, &udp, &udp, Double::WhenDifferent), [one]);
    assert_eq!(values(&PLAIN, &udp, &tcp, Double::WhenDifferent), two);
    assert_eq!(values(&PLAIN, &udp, &tcp, Double::Never), [one]);
    assert_eq!(values(&PLAIN, &udp, &udp, Double::Always), [two[1], two[1]]);
    let named = Hop {
        name: Some(b"out"),
        ..tcp
    };
    assert_eq!(
        values(&PLAIN, &udp, &named, Double::WhenDifferent),
        [
            "<sip:1.1.1.1:25080;transport=tcp;sn=out;r2=on;lr;ftag=ft>",
            two[1]
        ]
    );
    let full = RecordRoute {
        full_lr: true,
        ..PLAIN
    };
    assert_eq!(
        values(&full, &udp, &udp, Double::Never),
        ["<sip:1.1.1.1:25080;lr=on;ftag=ft>"]
    );
    let all = RecordRoute {
        sips: true,
        user: Some(b"bob"),
        ftag: None,
        params: b";p2=2;p1=1",
        ..PLAIN
    };
    let v6 = hop("[::1]", 5060, Tls);
    assert_eq!(
        values(&all, &v6, &v6, Double::Never),
        ["<sips:bob@[::1];transport=tls;lr;p2=2;p1=1>"]
    );
}

#[test]
fn given_record_routes_end_in_lr() {
    assert_eq!(
        shown([PLAIN.preset(b"1.2.3.4:5090;x=y")]),
        ["<sip:1.2.3.4:5090;x=y;ftag=ft;lr>"]
    );
    assert_eq!(
        shown(PLAIN.advertised(b"a:5080", Udp, Udp)),
        ["<sip:a:5080;ftag=ft;lr>"]
    );
    assert_eq!(
        shown(PLAIN.advertised(b"a:5080", Udp, Tcp)),
        [
            "<sip:a:5080;transport=tcp;r2=on;ftag=ft;lr>",
            "<sip:a:5080;transport=udp;r2=on;ftag=ft;lr>"
        ]
    );
}
