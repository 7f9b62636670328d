//! Stream framing: what is taken, what is a fault, and that no cut of the stream makes a
//! difference.

use proptest::prelude::*;
use stack::framing::{Event, FaultKind, Framer};
use stack::{Instant, Limits};

const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n";

fn framer() -> Framer {
    Framer::new(&Limits::default(), false)
}

/// Everything that comes out of a stream cut into pieces of `cut` bytes, in words.
fn events(framer: &mut Framer, stream: &[u8], cut: usize) -> Vec<String> {
    let mut told = Vec::new();
    for piece in stream.chunks(cut.max(1)) {
        framer.feed(piece);
        while let Some(event) = framer.next_event(Instant::ZERO) {
            told.push(match event {
                Event::Message(m) => format!("message {}", String::from_utf8_lossy(&m)),
                Event::Ping => "ping".into(),
                Event::Fault(f) => {
                    format!("fault {:?} {}", f.kind, String::from_utf8_lossy(&f.head))
                }
            });
        }
    }
    told
}

fn whole(stream: &str) -> Vec<String> {
    events(&mut framer(), stream.as_bytes(), usize::MAX)
}

#[test]
fn many_messages_in_one_read() {
    let one = format!("{HEAD}Content-Length: 4\r\n\r\nbody");
    let two = format!("{HEAD}l:0\r\n\r\n");
    let told = whole(&format!("{one}{two}\r\n\r\n{one}\r\n{two}\r\n\r\n\r\n\r\n"));
    let m = |text: &str| format!("message {text}");
    assert_eq!(
        told,
        [
            m(&one),
            m(&two),
            "ping".into(),
            m(&one),
            m(&two),
            "ping".into(),
            "ping".into()
        ]
    );
}

#[test]
fn lengths_in_every_honest_form() {
    for line in [
        "Content-Length: 3",
        "content-length:3",
        "L : 3",
        "l:\t3 ",
        "CONTENT-LENGTH:  0003",
    ] {
        let text = format!("{HEAD}{line}\r\nX: y\r\n\r\nabc");
        let fine = !line.contains(" :");
        assert_eq!(
            whole(&text).first() == Some(&format!("message {text}")),
            fine,
            "{line}"
        );
    }
}

#[test]
fn any_doubt_about_the_end_is_a_fault() {
    use FaultKind::*;
    let cases: &[(&str, FaultKind)] = &[
        (
            "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
            LengthTwice,
        ),
        ("Content-Length: 5\r\nl: 6\r\n\r\n", LengthTwice),
        ("Content-Length: 5, 5\r\n\r\n", LengthNotANumber),
        ("Content-Length: +5\r\n\r\n", LengthNotANumber),
        ("Content-Length: -1\r\n\r\n", LengthNotANumber),
        ("Content-Length: 0x5\r\n\r\n", LengthNotANumber),
        ("Content-Length: 5 5\r\n\r\n", LengthNotANumber),
        ("Content-Length: 5\x0b\r\n\r\n", LengthNotANumber),
        ("Content-Length: 5;x\r\n\r\n", LengthNotANumber),
        ("Content-Length:\r\n\r\n", LengthNotANumber),
        ("Content-Length: 5\r\n 5\r\n\r\n", LengthNotANumber),
        ("Content-Length:\r\n 5\r\n\r\n", LengthNotANumber),
        (
            "Content-Length: 99999999999999999999\r\n\r\n",
            LengthNotANumber,
        ),
        (
            "Content-Length: 18446744073709551616\r\n\r\n",
            LengthNotANumber,
        ),
        ("Content-Length: 4294967296\r\n\r\n", MessageTooLarge),
        ("Content-Length: 70000\r\n\r\n", MessageTooLarge),
        ("Content-Length : 5\r\n\r\n", LengthNameInDoubt),
        ("Content-Length\t: 5\r\n\r\n", LengthNameInDoubt),
        ("Content-Length\x0b: 5\r\n\r\n", LengthNameInDoubt),
        ("\u{a0}Content-Length: 5\r\n\r\n", LengthNameInDoubt),
        ("Content-Length 5\r\n\r\n", LengthNameInDoubt),
        ("Content-Length\r\n\r\n", LengthNameInDoubt),
        ("l : 5\r\n\r\n", LengthNameInDoubt),
        ("Content-Length: 0\r\nl : 5\r\n\r\n", LengthNameInDoubt),
        (
            "X: y\r\n Content-Length: 5\r\nl: 0\r\n\r\n",
            LengthNameInDoubt,
        ),
        ("X: y\r\n\tl : 5\r\nl: 0\r\n\r\n", LengthNameInDoubt),
        ("X: y\r\n \t\r\nl: 0\r\n\r\n", BlankLine),
        ("X: y\r\n\r\n", NoLength),
        ("Content-Length: 5\n\r\n", BareLineFeed),
        ("Content-Length: 5\n\n", BareLineFeed),
        ("Content-Length: 5\r\n\n", BareLineFeed),
        ("Content-Length: 5\rX: y\r\n\r\n", BareCarriageReturn),
        ("Content-Length: 5\r\r\n\r\n", BareCarriageReturn),
        ("Content-Length: 5\0\r\n\r\n", Nul),
    ];
    for (lines, kind) in cases {
        let stream =
            format!("{HEAD}{lines}INVITE sip:hidden@x SIP/2.0\r\nContent-Length: 0\r\n\r\n");
        let told = whole(&stream);
        assert_eq!(told.len(), 1, "{lines:?}: {told:?}");
        assert!(
            told[0].starts_with(&format!("fault {kind:?}")),
            "{lines:?}: {told:?}"
        );
    }
}

#[test]
fn a_fold_is_no_doubt_by_itself() {
    let text = format!("{HEAD}Subject: vive\r\n l amour: fou\r\n\tl\r\nl:0\r\n\r\n");
    assert_eq!(whole(&text), [format!("message {text}")]);
}

#[test]
fn the_start_line_cannot_be_continued() {
    let told = whole("OPTIONS sip:a SIP/2.0\r\n Content-Length: 5\r\nContent-Length: 0\r\n\r\n");
    assert!(told[0].starts_with("fault FoldedStartLine"), "{told:?}");
}

#[test]
fn what_is_not_sip_ends_at_its_first_byte() {
    for stream in [
        "\x16\x03\x01",
        "\nOPTIONS",
        "\rOPTIONS",
        " OPTIONS",
        "\0",
        "\r\n\nX",
        "<xml",
    ] {
        assert!(whole(stream)[0].starts_with("fault NotSip"), "{stream:?}");
    }
}

#[test]
fn a_missing_length_may_be_accepted() {
    let mut framer = Framer::new(&Limits::default(), true);
    let told = events(&mut framer, format!("{HEAD}\r\n{HEAD}\r\n").as_bytes(), 7);
    assert_eq!(
        told,
        [format!("message {HEAD}\r\n"), format!("message {HEAD}\r\n")]
    );
}

#[test]
fn a_fault_with_a_whole_head_can_be_answered() {
    let status = |lines: &str| {
        let mut framer = framer();
        framer.feed(format!("{HEAD}{lines}").as_bytes());
        match framer.next_event(Instant::ZERO) {
            Some(Event::Fault(fault)) => fault.status().map(|(code, _)| code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(status("l: x\r\n\r\n"), Some(400));
    assert_eq!(status("X: y\r\n\r\n"), Some(400));
    assert_eq!(status("l: 100000\r\n\r\n"), Some(513));
    assert_eq!(status("X: y\n\r\n"), Some(400));
    assert_eq!(status("X: \0\r\nY: z\r\n\r\n"), Some(400));
    assert_eq!(status(&"X: y\r\n".repeat(20_000)), Some(513));
}

#[test]
fn after_a_fault_nothing_is_read() {
    let mut framer = framer();
    framer.feed(b"\n");
    assert!(matches!(
        framer.next_event(Instant::ZERO),
        Some(Event::Fault(_))
    ));
    framer.feed(format!("{HEAD}l:0\r\n\r\n").as_bytes());
    assert_eq!(framer.next_event(Instant::ZERO), None);
    assert_eq!(framer.next_deadline(), None);
}

#[test]
fn a_head_without_end_is_bounded() {
    let mut framer = framer();
    let mut fed = 0;
    framer.feed(HEAD.as_bytes());
    while framer.next_event(Instant::ZERO).is_none() {
        framer.feed(b"X: 0123456789\r\n");
        fed += 15;
        assert!(fed <= Limits::default().max_head_bytes);
    }
}

#[test]
fn a_slow_message_is_cut_off_and_an_idle_connection_is_not() {
    let mut framer = framer();
    let at = Instant::from_ms;
    framer.feed(b"\r\n");
    assert_eq!(
        (framer.next_event(at(5)), framer.next_deadline()),
        (None, None)
    );
    framer.feed(b"O");
    framer.next_event(at(200));
    assert_eq!(framer.next_deadline(), Some(at(10_200)));
    framer.feed(b"PTIONS sip:a SIP/2.0\r\nl: 9\r\n\r\nbody");
    framer.next_event(at(9_000));
    assert_eq!(framer.expire(at(10_199)), None);
    assert!(
        matches!(framer.expire(at(10_200)), Some(Event::Fault(f)) if f.kind == FaultKind::Slow)
    );
}

#[test]
fn the_deadline_ends_with_the_message_and_the_memory_with_it() {
    let mut framer = framer();
    framer.feed(format!("{HEAD}l:0\r\n\r\n").as_bytes());
    assert!(framer.next_event(Instant::ZERO).is_some());
    assert_eq!(
        (framer.next_deadline(), framer.next_event(Instant::ZERO)),
        (None, None)
    );
    assert!(framer.is_idle());
}

/// Pieces from which streams are made: good messages, keep-alives and every kind of trouble.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("{HEAD}l: 4\r\n\r\n\r\n\r\n")),
        Just(format!("{HEAD}Content-Length: 0\r\n\r\n")),
        Just(format!("{HEAD}X: a\r\n b\r\nl:2\r\n\r\n\r\n")),
        Just("\r\n".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just(HEAD.to_owned()),
        "[\r\n\\x00 :a-zA-Z0-9]{0,12}",
        "(l|Content-Length) ?: ?[0-9 +x]{0,4}\r\n\r\n",
    ]
}

proptest! {
    #[test]
    fn every_cut_gives_the_same_events(
        pieces in prop::collection::vec(piece(), 0..8),
        cut in 1usize..40,
    ) {
        let stream = pieces.concat().into_bytes();
        let wanted = events(&mut framer(), &stream, usize::MAX);
        prop_assert_eq!(&events(&mut framer(), &stream, 1), &wanted);
        prop_assert_eq!(&events(&mut framer(), &stream, cut), &wanted);
    }

    #[test]
    fn any_bytes_are_survived(stream in prop::collection::vec(any::<u8>(), 0..400), cut in 1usize..50) {
        let wanted = events(&mut framer(), &stream, usize::MAX);
        prop_assert_eq!(&events(&mut framer(), &stream, cut), &wanted);
    }
}
