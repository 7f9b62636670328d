use super::*;

const NOON: Moment = Moment {
    now_s: 1_795_262_400,
    midnight_s: 1_795_219_200,
};

fn book(people: usize, calls: usize, destinations: usize) -> Book {
    let limits = Limits {
        people,
        calls,
        destinations,
    };
    Book::new(RandomState::with_seeds(1, 2, 3, 4), limits)
}

fn later(seconds: u64) -> Moment {
    Moment {
        now_s: NOON.now_s + seconds,
        ..NOON
    }
}

fn id(book: &Book, call: u64) -> CallId {
    book.call(&call.to_be_bytes(), b"a", b"z9hG4bK1", 1)
}

fn ended(book: &Book, call: u64, callee: &[u8], at: Moment) -> bool {
    book.ended(&call.to_be_bytes(), (b"a", callee), at)
}

fn ask(book: &Book, text: &str, who: &str, call: u64, at: Moment) -> Result<Verdict, Full> {
    let profile = Profile::parse(&format!("p=>{text}")).expect(text);
    let question = Question {
        profile: &profile,
        who: who.as_bytes(),
        number: &call.to_be_bytes(),
        is_risky: false,
        call: id(book, call),
        at,
        tell_s: 0,
    };
    book.ask(&question).map(|(verdict, _)| verdict)
}

#[test]
fn a_call_goes_from_its_invite_to_its_bye() {
    let book = book(10, 10, 10);
    assert_eq!(ask(&book, "calls=1", "alice", 1, NOON), Ok(Verdict::Pass));
    assert_eq!(
        ask(&book, "calls=1", "alice", 1, NOON),
        Ok(Verdict::Pass),
        "again"
    );
    assert_eq!(ask(&book, "calls=1", "bob", 2, NOON), Ok(Verdict::Pass));
    assert_eq!(
        ask(&book, "calls=1", "alice", 3, NOON),
        Ok(Verdict::Blocked)
    );
    book.answered(id(&book, 1), b"tag", NOON);
    book.given_up(id(&book, 1));
    assert!(!ended(&book, 1, b"other", NOON) && !ended(&book, 9, b"tag", NOON));
    assert_eq!(
        ask(&book, "calls=1", "alice", 3, NOON),
        Ok(Verdict::Blocked)
    );
    assert!(ended(&book, 1, b"tag", later(90)));
    assert_eq!(book.list(Some("p"), later(90))[0].2.seconds_today, 90);
    assert_eq!(ask(&book, "calls=1", "alice", 3, NOON), Ok(Verdict::Pass));
    book.given_up(id(&book, 3));
    book.given_up(id(&book, 2));
    assert_eq!(book.calls(), 0);
}

#[test]
fn another_invite_with_the_same_call_id_is_another_call() {
    let book = book(10, 10, 10);
    let profile = Profile::parse("p=>calls=2").expect("a profile");
    let ask = |via: &[u8], cseq| {
        let question = Question {
            profile: &profile,
            who: b"alice",
            number: b"1",
            is_risky: false,
            call: book.call(b"one", b"a", via, cseq),
            at: NOON,
            tell_s: 0,
        };
        book.ask(&question).map(|(verdict, _)| verdict)
    };
    assert_eq!(ask(b"z9hG4bK1", 1), Ok(Verdict::Pass));
    assert_eq!(ask(b"z9hG4bK1", 1), Ok(Verdict::Pass), "a retransmission");
    assert_eq!(ask(b"z9hG4bK2", 1), Ok(Verdict::Pass));
    assert_eq!(ask(b"z9hG4bK1", 2), Ok(Verdict::Blocked));
    for (via, tag) in [(b"z9hG4bK1", b"x"), (b"z9hG4bK2", b"y")] {
        book.answered(book.call(b"one", b"a", via, 1), tag, NOON);
    }
    assert!(book.ended(b"one", (b"a", b"x"), NOON));
    assert_eq!(book.calls(), 1, "the other one is up");
}

#[test]
fn a_call_whose_bye_is_lost_ends_with_its_lifetime() {
    let book = book(10, 10, 10);
    ask(&book, "calls=1", "alice", 1, NOON).expect("room");
    book.answered(id(&book, 1), b"tag", NOON);
    book.sweep(3600, later(3599));
    assert_eq!(book.calls(), 1);
    book.sweep(3600, later(3600));
    let (_, _, numbers) = book.list(None, later(3600)).remove(0);
    assert_eq!((numbers.calls, numbers.seconds_today), (0, 3600));
}

#[test]
fn the_book_is_bounded_and_idle_people_make_room() {
    let book = book(2, 3, 3);
    let text = "destinations_per_hour=1000";
    assert_eq!(ask(&book, text, "alice", 1, NOON), Ok(Verdict::Pass));
    assert_eq!(ask(&book, text, "bob", 2, NOON), Ok(Verdict::Pass));
    assert_eq!(ask(&book, text, "carol", 3, NOON), Err(Full));
    assert_eq!(ask(&book, text, "bob", 3, NOON), Ok(Verdict::Pass));
    assert_eq!(ask(&book, text, "bob", 4, NOON), Err(Full));
    for call in 2..4 {
        book.given_up(id(&book, call));
    }
    for call in 4..9 {
        ask(&book, text, "bob", call, NOON).expect("room");
        book.given_up(id(&book, call));
    }
    let known = book.list(None, NOON);
    let destinations: u64 = known
        .iter()
        .map(|(_, _, numbers)| numbers.destinations_per_hour)
        .sum();
    assert_eq!(destinations, 3);
    assert_eq!(
        ask(&book, text, "carol", 10, later(4000)),
        Ok(Verdict::Pass)
    );
    assert_eq!(book.people(), 2);
}

#[test]
fn what_is_forgotten_counts_no_more() {
    let book = book(10, 10, 10);
    ask(&book, "calls_per_hour=1;block=600", "alice", 1, NOON).expect("room");
    assert_eq!(
        ask(&book, "calls_per_hour=1;block=600", "alice", 2, NOON),
        Ok(Verdict::Blocked)
    );
    assert!(book.forget("p", b"alice", NOON) && !book.forget("p", b"bob", NOON));
    assert_eq!(
        ask(&book, "calls_per_hour=1;block=600", "alice", 2, NOON),
        Ok(Verdict::Pass)
    );
}
