//! The wheel: everything fires, in time, not early, and memory comes back.

use proptest::prelude::*;
use stack::Instant;
use stack::timer::{Hint, Wheel};

fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn expired(wheel: &mut Wheel<u64>, now: u64) -> Vec<u64> {
    let mut out = Vec::new();
    wheel.expire(at(now), &mut out);
    out
}

#[test]
fn hints_fire_at_their_tick_and_only_once() {
    let mut wheel = Wheel::new(at(1_000));
    wheel.arm(at(1_500), 1);
    wheel.arm(at(1_010), 2);
    wheel.arm(at(500), 3);
    assert_eq!(expired(&mut wheel, 1_003), [3], "the past is due at once");
    assert_eq!(expired(&mut wheel, 1_009), []);
    assert_eq!(expired(&mut wheel, 1_012), [2]);
    assert_eq!(expired(&mut wheel, 1_499), []);
    assert_eq!(expired(&mut wheel, 1_503), [1]);
    assert_eq!((wheel.len(), wheel.next_deadline()), (0, None));
}

#[test]
fn far_deadlines_go_from_wheel_to_wheel() {
    let day = 86_400_000;
    for deadline in [
        1_020,
        1_024,
        1_028,
        262_143,
        262_144,
        262_148,
        30 * day,
        3 * day + 1,
    ] {
        let mut wheel = Wheel::new(at(0));
        wheel.arm(at(deadline), 1);
        assert_eq!(expired(&mut wheel, deadline - 1), [], "{deadline}");
        assert_eq!(expired(&mut wheel, deadline + 4), [1], "{deadline}");
    }
}

#[test]
fn the_end_of_time_is_no_trouble() {
    let mut wheel = Wheel::new(at(0));
    wheel.arm(at(u64::MAX), 1);
    assert_eq!(expired(&mut wheel, 100_000_000), []);
    assert_eq!(wheel.len(), 1);
}

#[test]
fn a_machine_arms_only_what_comes_earlier() {
    let mut hint = Hint::default();
    assert_eq!(hint.want(None), None);
    assert_eq!(hint.want(Some(at(500))), Some(at(500)));
    assert_eq!(
        hint.want(Some(at(120_000))),
        None,
        "the hint at 500 comes first and asks again"
    );
    assert_eq!(hint.want(Some(at(100))), Some(at(100)));
    hint.fired(at(100));
    assert_eq!(hint.want(Some(at(120_000))), Some(at(120_000)));
    hint.fired(at(500));
    assert_eq!(
        hint.want(Some(at(120_000))),
        None,
        "a stray hint changes nothing"
    );
}

proptest! {
    /// Whoever sleeps until `next_deadline` meets every hint no later than one tick after it is
    /// due.
    #[test]
    fn a_sleeper_misses_nothing(
        start in 0u64..1_000_000,
        delays in prop::collection::vec(prop_oneof![0u64..300, 0u64..200_000, 0u64..80_000_000], 1..60),
    ) {
        let mut wheel = Wheel::new(at(start));
        delays.iter().for_each(|delay| wheel.arm(at(start + delay), start + delay));
        let mut fired = Vec::new();
        let mut now = start;
        while let Some(next) = wheel.next_deadline() {
            now = now.max(next.as_ms());
            for due in expired(&mut wheel, now) {
                prop_assert!(due <= now && now <= due + 4, "due {} at {}", due, now);
                fired.push(due);
            }
        }
        let mut wanted: Vec<u64> = delays.iter().map(|delay| start + delay).collect();
        wanted.sort_unstable();
        fired.sort_unstable();
        prop_assert_eq!(fired, wanted);
    }

    /// However the clock jumps, nothing is early and nothing is lost.
    #[test]
    fn a_jumping_clock_loses_nothing(
        steps in prop::collection::vec((prop_oneof![0u64..50, 0u64..600_000], 0u64..400_000), 1..80),
    ) {
        let mut wheel = Wheel::new(at(0));
        let (mut now, mut waiting) = (0, Vec::new());
        for (jump, delay) in steps {
            wheel.arm(at(now + delay), now + delay);
            waiting.push(now + delay);
            now += jump;
            for due in expired(&mut wheel, now) {
                prop_assert!(due <= now);
                let place = waiting.iter().position(|w| *w == due);
                prop_assert!(place.is_some());
                waiting.swap_remove(place.unwrap_or(0));
            }
            prop_assert!(waiting.iter().all(|due| due + 8 > now));
            prop_assert_eq!(wheel.len(), waiting.len());
        }
    }
}
