//! What holds for every input.
#![allow(clippy::disallowed_methods, reason = "the corpus is files")]

use bytes::Bytes;
use proptest::prelude::*;
use sip::digest::{Challenge, Credentials};
use sip::{Edits, HeaderId, Limits, Message, NameAddr, Span, Uri, Via};
use std::path::Path;

/// A header line in canonical spelling.
fn header() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("Via".to_string()),
        Just("f".to_string()),
        Just("CONTACT".to_string()),
        Just("Route".to_string()),
        "[A-Za-z0-9.!%*_+`'~-]{1,20}".prop_filter("length must fit the body", |name| {
            !matches!(
                HeaderId::lookup(name.as_bytes()),
                HeaderId::ContentLength | HeaderId::Via
            )
        }),
    ];
    let word = "[!-~\u{e4}]{0,12}";
    (
        name,
        "[ \t]{0,2}",
        prop::collection::vec(word, 0..4),
        prop::sample::select(vec![" ", "\r\n ", "\r\n\t"]),
    )
        .prop_map(|(name, pad, words, glue)| {
            let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
            format!("{name}:{pad}{}\r\n", words.join(glue))
        })
}

fn message() -> impl Strategy<Value = String> {
    let start = prop_oneof![
        "[A-Z]{1,10}".prop_map(|method| format!("{method} sip:a@b;x=1 SIP/2.0")),
        (100..700u16, "[ -~]{0,20}").prop_map(|(code, reason)| format!("SIP/2.0 {code} {reason}")),
    ];
    (start, prop::collection::vec(header(), 0..30), ".{0,40}")
        .prop_map(|(start, headers, body)| format!("{start}\r\n{}\r\n{body}", headers.concat()))
}

fn parse(bytes: impl Into<Bytes>) -> Option<Message> {
    Message::parse(bytes.into(), &Limits::default()).ok()
}

/// Asks for everything a message can tell; every place it names must lie inside it.
fn interrogate(message: &Message) {
    let inside =
        |span: Span| assert!(span.start <= span.end && span.end as usize <= message.bytes().len());
    for header in message.headers() {
        inside(header.span);
        inside(header.value_span);
        assert!(header.span.of(message.bytes()).ends_with(b"\r\n"));
        assert_eq!(header.value, header.value_span.of(message.bytes()));
        assert!(
            message
                .named(header.name)
                .any(|other| other.span == header.span)
        );
        let _ = (
            Credentials::parse(header.value),
            Challenge::parse(header.value),
        );
        message
            .addresses(header.id)
            .flatten()
            .for_each(|address| inside(address.span));
    }
    let _ = (
        message.check(),
        message.from().map(|a| inside(a.span)),
        message.to().map(|a| inside(a.span)),
    );
    let _ = (
        message.cseq(),
        message.call_id(),
        message.max_forwards(),
        message.expires(),
    );
    message.vias().flatten().for_each(|via| inside(via.span));
    let _ = message.contacts().filter(Result::is_ok).count();
    inside(message.request_uri_span());
    let head = &message.bytes()[..message.headers_end()];
    let crlf = head.windows(2).filter(|pair| pair == b"\r\n").count();
    assert_eq!(head.iter().filter(|&&byte| byte == b'\r').count(), crlf);
    assert_eq!(head.iter().filter(|&&byte| byte == b'\n').count(), crlf);
    assert!(
        head.windows(2).all(|pair| pair[1] != 0 || pair[0] == b'\\'),
        "a bare NUL"
    );
    assert!(!head.windows(4).any(|four| four == b"\r\n\r\n"));
}

/// The header section of rendered octets: whole lines only.
fn assert_whole(rendered: &[u8], body_len: usize) {
    let head = &rendered[..rendered.len() - body_len];
    let head = head.strip_suffix(b"\r\n").expect("an empty line");
    for line in head
        .strip_suffix(b"\r\n")
        .expect("a last line")
        .split(|&byte| byte == b'\n')
    {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(!line.is_empty() && !line.contains(&b'\r'));
        assert!(
            line.windows(2).all(|pair| pair[1] != 0 || pair[0] == b'\\'),
            "a bare NUL"
        );
    }
}

/// All that is read of a message, places included.
fn reading(message: &Message) -> String {
    let headers: Vec<_> = message.headers().collect();
    let typed = (
        message.from(),
        message.to(),
        message.cseq(),
        message.top_via(),
    );
    let start = (
        message.method(),
        message.request_uri(),
        message.status(),
        message.start_line(),
    );
    format!(
        "{headers:?}\n{typed:?}\n{start:?}\n{:?}\n{:?}",
        message.body(),
        message.check()
    )
}

/// What was made of a message reads the same by way of it as on its own.
fn assert_followed(made: &sip::Rewritten, former: &Message) {
    let limits = Limits::default();
    let whole = Message::parse(made.bytes().clone(), &limits.of_ours());
    let followed = made.read(former, &limits);
    assert_eq!(
        followed
            .as_ref()
            .map(|message| reading(message))
            .map_err(|error| format!("{error}")),
        whole
            .as_ref()
            .map(reading)
            .map_err(|error| format!("{error}")),
    );
}

fn torture() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture");
    let files = ["rfc4475", "rfc5118"]
        .iter()
        .flat_map(|rfc| std::fs::read_dir(root.join(rfc)).expect("there"));
    let mut paths: Vec<_> = files.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "sip"));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("readable"))
        .collect()
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        prop::sample::select(b"\r\n\0 \t:;,<>\"@[]%=".to_vec()),
        any::<u8>()
    ];
    let change = (any::<prop::sample::Index>(), octet, 0..3u8);
    (
        prop::sample::select(torture()),
        prop::collection::vec(change, 1..12),
    )
        .prop_map(|(mut text, changes)| {
            for (at, octet, kind) in changes {
                let at = at.index(text.len().max(1));
                match kind {
                    0 => text.insert(at.min(text.len()), octet),
                    1 if at < text.len() => text[at] = octet,
                    _ if at < text.len() => drop(text.remove(at)),
                    _ => {}
                }
            }
            text
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_and_render_is_the_identity(text in message()) {
        let message = parse(text.clone()).expect("well-formed");
        interrogate(&message);
        let mut rendered = Vec::new();
        Edits::new().render(&message, &mut rendered);
        prop_assert_eq!(&rendered, text.as_bytes());
        let again = parse(rendered).expect("well-formed");
        prop_assert!(again.headers().eq(message.headers()));
    }

    #[test]
    fn no_octets_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(bytes.clone()).map(|message| interrogate(&message));
        let _ = (Uri::parse(&bytes).map(|uri| uri.host_addr()), NameAddr::parse(&bytes), Via::parse(&bytes));
        let _ = (Credentials::parse(&bytes), Challenge::parse(&bytes));
    }

    #[test]
    fn no_mutation_panics_or_leaves_a_broken_line(bytes in mutated()) {
        if let Some(message) = parse(bytes) {
            interrogate(&message);
            let mut rendered = Vec::new();
            Edits::new().render(&message, &mut rendered);
            prop_assert_eq!(&rendered[..], &message.bytes()[..]);
        }
    }

    #[test]
    fn no_edits_break_a_message(
        text in message(),
        ops in prop::collection::vec((any::<prop::sample::Index>(), 0..40u32, "[a-z:\r\n\0 ]{0,12}"), 0..8),
    ) {
        let message = parse(text).expect("well-formed");
        let mut edits = Edits::new();
        let span = message.headers_start()..=message.headers_end();
        let span: Vec<_> = span.collect();
        for (at, len, with) in ops {
            let start = *at.get(&span) as u32;
            edits.replace(Span::new(start, start + len), with);
        }
        edits.set_via("SIP/2.0/UDP p").expect("clean");
        edits.set_body("12345", None).expect("clean");
        let mut rendered = Vec::new();
        edits.render(&message, &mut rendered);
        assert_whole(&rendered, 5);
        assert_followed(&edits.rewrite(&message), &message);
    }

    #[test]
    fn what_is_made_of_a_message_reads_the_same_by_way_of_it(
        bytes in mutated(),
        hop in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..30u32, "[a-z:,;<> ]{0,8}(\r\n)?"), 0..4),
    ) {
        if let Some(message) = parse(bytes) {
            let _ = message.check();
            let end = message.bytes().len();
            let mut spans: Vec<_> = changes
                .iter()
                .map(|(at, len, text)| (Span::from(at.index(end)..(at.index(end) + *len as usize).min(end)), text.as_bytes()))
                .collect();
            spans.sort_by_key(|(span, _)| span.start);
            assert_followed(&sip::Rewritten::splice(message.bytes(), spans.iter().copied()), &message);
            let mut edits = Edits::new();
            if hop {
                edits.set_via("SIP/2.0/UDP p;branch=z9hG4bKn").expect("clean");
                edits.note_source("192.0.2.1".parse().ok(), Some(9));
            } else {
                edits.drop_top_via();
            }
            assert_followed(&edits.rewrite(&message), &message);
        }
    }

    #[test]
    fn equal_uris_are_equal_both_ways(a in "sip:[a-c%61]{0,3}@?[a-c]{1,2}(;[a-c]=[a-c]){0,3}", b in "sip:[a-c]{0,3}@?[a-c]{1,2}(;[a-c]=[a-c]){0,3}") {
        if let (Ok(a), Ok(b)) = (Uri::parse(a.as_bytes()), Uri::parse(b.as_bytes())) {
            prop_assert!(sip::uri::equivalent(&a, &a));
            prop_assert_eq!(sip::uri::equivalent(&a, &b), sip::uri::equivalent(&b, &a));
        }
    }
}
