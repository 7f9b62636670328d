//! The torture messages of RFC 4475 and RFC 5118, as far as the parser decides about them.
#![allow(clippy::disallowed_methods, reason = "the corpus is files")]

use sip::{Limits, Message};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the parser and its check say about each message that they do not accept: the reply, or
/// that it is dropped.
const REFUSED: &[(&str, &str)] = &[
    ("badaspec.sip", "400 Bad To Header"),
    ("baddn.sip", "400 Headers Not Terminated"),
    ("badinv01.sip", "400 Bad Via Header"),
    ("badvers.sip", "505 Version Not Supported"),
    ("bigcode.sip", "drop"),
    ("clerr.sip", "400 Content-Length Larger Than Message"),
    ("escruri.sip", "400 Headers in Request-URI"),
    ("insuf.sip", "400 Missing From Header"),
    ("ipv6-bad.sip", "400 Bad Request-URI"),
    ("ltgtruri.sip", "400 Bad Request-URI"),
    ("lwsruri.sip", "400 Bad Request-URI"),
    ("lwsstart.sip", "400 Bad Request Line"),
    ("mcl01.sip", "400 Multiple Content-Length Headers"),
    ("mismatch01.sip", "400 CSeq Method Mismatch"),
    ("mismatch02.sip", "400 CSeq Method Mismatch"),
    ("multi01.sip", "400 Multiple From Headers"),
    ("ncl.sip", "400 Bad Content-Length Header"),
    ("novelsc.sip", "416 Unsupported URI Scheme"),
    ("quotbal.sip", "400 Bad To Header"),
    ("scalar02.sip", "400 Bad CSeq Header"),
    ("scalarlg.sip", "drop"),
    ("trws.sip", "400 Bad Request Line"),
    ("unkscm.sip", "416 Unsupported URI Scheme"),
];

#[test]
fn every_message_is_judged_as_expected() {
    let refused: BTreeMap<_, _> = REFUSED.iter().copied().collect();
    let mut seen = 0;
    for row in expectations() {
        let verdict = verdict(&row.file);
        let name = row
            .file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        assert_eq!(
            verdict,
            refused.get(name).copied().unwrap_or("accept"),
            "{name}"
        );
        assert!(
            row.allows(&verdict),
            "{name}: {verdict} is not in {}",
            row.udp
        );
        seen += 1;
    }
    assert_eq!(seen, 49 + 12);
}

#[test]
fn what_is_accepted_is_sent_on_unchanged_or_canonical() {
    for row in expectations() {
        let received = std::fs::read(&row.file).expect("readable");
        let Ok(message) = Message::parse(received.into(), &Limits::default()) else {
            continue;
        };
        let mut sent = Vec::new();
        sip::Edits::new().render(&message, &mut sent);
        assert_eq!(sent, message.bytes()[..], "{:?}", row.file);
        let again = Message::parse(sent.into(), &Limits::default()).expect("parses again");
        assert_eq!(again.bytes(), message.bytes());
        assert_eq!(again.headers().len(), message.headers().len());
    }
}

#[test]
fn all_values_of_the_tortuous_invite_are_read() {
    let file = root().join("rfc4475/wsinv.sip");
    let message = Message::parse(
        std::fs::read(file).expect("readable").into(),
        &Limits::default(),
    );
    let message = message.expect("parses");
    let hosts: Vec<_> = message
        .vias()
        .map(|via| text(via.expect("valid").sent_by))
        .collect();
    assert_eq!(
        hosts,
        ["192.0.2.2", "spindle.example.com", "192.168.255.111"]
    );
    assert_eq!(
        message.top_via().map(|via| text(via.branch.expect("one"))),
        Ok("390skdjuw".into())
    );
    assert_eq!(
        message.to().map(|to| text(to.tag().expect("one"))),
        Ok("1918181833n".into())
    );
    assert_eq!(
        message.from().map(|from| text(from.tag().expect("one"))),
        Ok("98asjd8".into())
    );
    assert_eq!(message.cseq().map(|cseq| cseq.number), Ok(9));
    assert_eq!(message.max_forwards(), Ok(Some(68)));
    assert_eq!(message.routes().filter_map(Result::ok).count(), 1);
    assert_eq!(message.contacts().filter_map(Result::ok).count(), 1);
    assert_eq!(message.declared_content_length(), Ok(Some(150)));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `accept`, `drop`, or the reply.
fn verdict(file: &Path) -> String {
    let bytes = std::fs::read(file).expect("readable");
    let Ok(message) = Message::parse(bytes.into(), &Limits::default()) else {
        return "drop".into();
    };
    match message.check() {
        Ok(()) => "accept".into(),
        Err(_) if !message.is_request() => "drop".into(),
        Err(violation) => violation.to_string(),
    }
}

struct Row {
    file: PathBuf,
    udp: String,
}

impl Row {
    /// Whether the expectation for UDP leaves room for a verdict; what is accepted is judged
    /// further up, so any answer may still come of it.
    fn allows(&self, verdict: &str) -> bool {
        match verdict {
            "accept" => true,
            "drop" => self.udp.split('|').any(|way| way == "drop"),
            reply => self
                .udp
                .split('|')
                .any(|way| way == &reply[..3] || way.ends_with("xx") && way[..1] == reply[..1]),
        }
    }
}

fn expectations() -> Vec<Row> {
    let mut rows = Vec::new();
    for rfc in ["rfc4475", "rfc5118"] {
        let table = std::fs::read_to_string(root().join(rfc).join("EXPECT.tsv")).expect("readable");
        for line in table.lines().skip(1) {
            let mut cells = line.split('\t');
            let file = root().join(rfc).join(cells.next().expect("a file"));
            rows.push(Row {
                file,
                udp: cells.nth(2).expect("a udp column").to_string(),
            });
        }
    }
    rows
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture")
}
