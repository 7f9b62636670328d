use super::*;

/// 2026-11-21 12:00:00 UTC.
const NOON_S: u64 = 1_795_262_400;

fn profile(text: &str) -> Profile {
    Profile::parse(&format!("p=>{text}")).expect(text)
}

fn person() -> Person {
    Person::new("p".into(), b"alice")
}

fn to(destination: u64) -> Wanted {
    Wanted {
        destination,
        is_risky: destination >= 100,
    }
}

fn at(second: u64) -> Moment {
    Moment::new(NOON_S + second, 0)
}

/// Asks and, where it may pass, begins.
fn call(person: &mut Person, profile: &Profile, destination: u64, second: u64) -> Verdict {
    let (verdict, _) = person.judge(profile, to(destination), at(second), 300);
    if matches!(verdict, Verdict::Pass | Verdict::Alert) {
        person.begin(to(destination), at(second), 1001);
    }
    verdict
}

#[test]
fn calls_at_once_are_freed() {
    let (mut alice, profile) = (person(), profile("calls=2"));
    let asked = |alice: &mut Person| call(alice, &profile, 1, 0);
    assert_eq!(asked(&mut alice), Verdict::Pass);
    assert_eq!(asked(&mut alice), Verdict::Pass);
    assert_eq!(asked(&mut alice), Verdict::Blocked);
    alice.give_up();
    assert_eq!(asked(&mut alice), Verdict::Pass);
    assert_eq!(asked(&mut alice), Verdict::Blocked);
    alice.answer(at(1));
    alice.end(Some(NOON_S + 1), at(2));
    assert_eq!(asked(&mut alice), Verdict::Pass);
}

#[test]
fn an_hour_counts_calls_numbers_and_risks() {
    for (text, numbers, verdicts) in [
        ("calls_per_hour=2", [1, 1, 1, 1], "PPBB"),
        ("destinations_per_hour=2", [1, 2, 1, 3], "PPPB"),
        ("risky_calls_per_hour=1", [100, 1, 100, 1], "PPBP"),
        ("risky_calls_per_hour=0", [1, 100, 1, 1], "PBPP"),
    ] {
        let (mut alice, profile) = (person(), profile(text));
        let letter = |verdict| if verdict == Verdict::Pass { 'P' } else { 'B' };
        let asked: String = numbers
            .iter()
            .map(|number| letter(call(&mut alice, &profile, *number, 0)))
            .collect();
        assert_eq!(asked, verdicts, "{text}");
        assert_eq!(call(&mut alice, &profile, 1, 4000), Verdict::Pass, "{text}");
    }
}

#[test]
fn minutes_are_those_of_the_day_and_of_calls_that_are_up() {
    let (mut alice, profile) = (person(), profile("minutes_per_day=10"));
    assert_eq!(call(&mut alice, &profile, 1, 0), Verdict::Pass);
    alice.answer(at(0));
    assert_eq!(call(&mut alice, &profile, 1, 599), Verdict::Pass);
    alice.give_up();
    assert_eq!(call(&mut alice, &profile, 1, 600), Verdict::Blocked);
    alice.end(Some(NOON_S), at(660));
    assert_eq!(alice.numbers(at(700)).seconds_today, 660);
    assert_eq!(call(&mut alice, &profile, 1, 700), Verdict::Blocked);
    // It goes over midnight: the next day has its own share of it.
    alice.begin(to(1), at(43_000), 1);
    alice.answer(at(43_000));
    assert_eq!(alice.numbers(at(43_260)).seconds_today, 60);
    alice.end(Some(NOON_S + 43_000), at(43_300));
    assert_eq!(alice.numbers(at(43_400)).seconds_today, 100);
}

#[test]
fn days_and_hours_are_local() {
    let east = Moment::new(NOON_S, 3600);
    assert_eq!(
        (east.minute(), NOON_S - east.midnight_s),
        (13 * 60, 13 * 3600)
    );
    let west = Moment::new(NOON_S, -13 * 3600);
    assert_eq!(west.minute(), 23 * 60);
    let profile = profile("hours=8-12");
    let ask = |at| person().judge(&profile, to(1), at, 0).0;
    assert_eq!(ask(Moment::new(NOON_S, 0)), Verdict::Blocked);
    assert_eq!(ask(Moment::new(NOON_S, -3600)), Verdict::Pass);
}

#[test]
fn throttled_calls_take_turns() {
    let (mut alice, profile) = (person(), profile("calls_per_hour=1:throttle;throttle=60"));
    let verdicts = [0, 1, 2, 60, 61, 122].map(|second| call(&mut alice, &profile, 1, second));
    use Verdict::{Alert, Pass, Throttled};
    assert_eq!(verdicts, [Pass, Alert, Throttled, Throttled, Alert, Alert]);
}

#[test]
fn a_block_may_last() {
    let (mut alice, profile) = (person(), profile("calls=1;block=600"));
    assert_eq!(call(&mut alice, &profile, 1, 0), Verdict::Pass);
    assert_eq!(call(&mut alice, &profile, 1, 1), Verdict::Blocked);
    alice.give_up();
    assert_eq!(call(&mut alice, &profile, 1, 600), Verdict::Blocked);
    assert_eq!(call(&mut alice, &profile, 1, 601), Verdict::Pass);
    assert_eq!(call(&mut alice, &profile, 1, 602), Verdict::Blocked);
    alice.forget(at(603));
    assert_eq!(alice.numbers(at(603)).blocked_s, 0);
    assert_eq!(alice.numbers(at(603)).calls, 1);
}

#[test]
fn what_stays_exceeded_is_no_news() {
    let (mut alice, profile) = (
        person(),
        profile("calls_per_hour=0:alert;risky_calls_per_hour=0"),
    );
    let mut news = |second| {
        let (_, exceeded) = alice.judge(&profile, to(100), at(second), 300);
        exceeded
            .iter()
            .map(|exceeded| exceeded.is_news)
            .collect::<Vec<_>>()
    };
    assert_eq!(news(0), [true, true]);
    assert_eq!(news(299), [false, false]);
    assert_eq!(news(300), [true, true]);
}
