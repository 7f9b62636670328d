//! The book of users, trunks and their calls. It outlives a configuration, and is lost with the process.

use super::person::{Exceeded, Moment, Numbers, Person, Verdict, Wanted};
use super::profile::Profile;
use ahash::RandomState;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// How far the book grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Users and trunks, about 400 octets each: 26 MB for the default. One more is not counted, which
    /// `fraud_check()` tells.
    pub(super) people: usize,
    /// Calls that ring or are up, about 100 octets each: 6.5 MB for the default. One more is not counted,
    /// which `fraud_check()` tells.
    pub(super) calls: usize,
    /// Numbers called in the last hour, 16 octets each: 8 MB for the default. One more is taken for one that
    /// was called before.
    pub(super) destinations: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            people: 65_536,
            calls: 65_536,
            destinations: 524_288,
        }
    }
}

pub(super) struct Book {
    pages: Mutex<Pages>,
    hasher: RandomState,
    limits: Limits,
}

struct Pages {
    people: HashMap<u64, Person, RandomState>,
    /// By Call-ID and the caller's tag; one for each profile that counts the call.
    calls: HashMap<u64, SmallVec<[Call; 1]>, RandomState>,
    destinations: usize,
    swept_s: u64,
}

struct Call {
    person: u64,
    started_s: u64,
    answered_s: Option<u64>,
    /// The hash of the callee's tag, once the call is up.
    callee: u64,
}

/// A question: may this one begin this call?
pub(super) struct Question<'a> {
    pub(super) profile: &'a Profile,
    pub(super) who: &'a [u8],
    /// The number as it is compared.
    pub(super) number: &'a [u8],
    pub(super) is_risky: bool,
    /// From [`Book::call`].
    pub(super) call: u64,
    pub(super) at: Moment,
    /// Seconds for which a limit that stays exceeded is no news.
    pub(super) tell_s: u64,
}

/// There is no room to count a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Book {
    pub(super) fn new(hasher: RandomState, limits: Limits) -> Book {
        Book {
            pages: Mutex::new(Pages {
                people: HashMap::with_hasher(hasher.clone()),
                calls: HashMap::with_hasher(hasher.clone()),
                destinations: 0,
                swept_s: 0,
            }),
            hasher,
            limits,
        }
    }

    /// The name of a call, by which its BYE is known again.
    pub(super) fn call(&self, call_id: &[u8], caller_tag: &[u8]) -> u64 {
        self.hasher.hash_one((call_id, caller_tag))
    }

    /// Judges a call, and counts it where it passes. A call that is counted already passes: the request came
    /// again.
    ///
    /// # Errors
    /// Where there is no room for it.
    pub(super) fn ask(&self, question: &Question<'_>) -> Result<(Verdict, Vec<Exceeded>), Full> {
        let key = self.person(&question.profile.name, question.who);
        let wanted = Wanted {
            destination: self.hasher.hash_one(question.number),
            is_risky: question.is_risky,
        };
        let mut pages = self.pages.lock();
        let mut counted = pages.calls.get(&question.call).into_iter().flatten();
        if counted.any(|call| call.person == key) {
            return Ok((Verdict::Pass, Vec::new()));
        }
        pages.make_room(&self.limits, key, question.at)?;
        let free = self.limits.destinations.saturating_sub(pages.destinations);
        let name = &question.profile.name;
        let new = || Person::new(name.as_str().into(), question.who);
        let person = pages.people.entry(key).or_insert_with(new);
        let before = person.destinations();
        let judged = person.judge(question.profile, wanted, question.at, question.tell_s);
        let passes = matches!(judged.0, Verdict::Pass | Verdict::Alert);
        if passes {
            let room = person.destinations().saturating_add(free);
            person.begin(
                wanted,
                question.at,
                room.min(question.profile.destinations()),
            );
        }
        let after = person.destinations();
        pages.count_destinations(before, after);
        if passes {
            pages.calls.entry(question.call).or_default().push(Call {
                person: key,
                started_s: question.at.now_s,
                answered_s: None,
                callee: 0,
            });
        }
        Ok(judged)
    }

    /// The call is up.
    pub(super) fn answered(&self, call: u64, callee_tag: &[u8], at: Moment) {
        let callee = self.hasher.hash_one(callee_tag);
        let mut pages = self.pages.lock();
        let Pages { people, calls, .. } = &mut *pages;
        for call in calls.get_mut(&call).into_iter().flatten() {
            if call.answered_s.is_none() {
                call.answered_s = Some(at.now_s);
                call.callee = callee;
                if let Some(person) = people.get_mut(&call.person) {
                    person.answer(at);
                }
            }
        }
    }

    /// The INVITE came to nothing; a call that is up stays.
    pub(super) fn given_up(&self, call: u64) {
        let mut pages = self.pages.lock();
        let Pages { people, calls, .. } = &mut *pages;
        let Some(all) = calls.get_mut(&call) else {
            return;
        };
        all.retain(|call| {
            if call.answered_s.is_none()
                && let Some(person) = people.get_mut(&call.person)
            {
                person.give_up();
            }
            call.answered_s.is_some()
        });
        if all.is_empty() {
            calls.remove(&call);
        }
    }

    /// A BYE ended the call between these tags; false where it is none of ours.
    pub(super) fn ended(&self, call: u64, callee_tag: &[u8], at: Moment) -> bool {
        let callee = self.hasher.hash_one(callee_tag);
        let mut pages = self.pages.lock();
        let Pages { people, calls, .. } = &mut *pages;
        let is_it = |call: &Call| call.answered_s.is_some() && call.callee == callee;
        if !calls.get(&call).is_some_and(|all| all.iter().any(is_it)) {
            return false;
        }
        for call in calls.remove(&call).into_iter().flatten() {
            if let Some(person) = people.get_mut(&call.person) {
                person.end(call.answered_s, at);
            }
        }
        true
    }

    /// Ends calls that began `lifetime_s` ago, and forgets who did nothing lately.
    pub(super) fn sweep(&self, lifetime_s: u64, at: Moment) {
        let mut pages = self.pages.lock();
        let Pages { people, calls, .. } = &mut *pages;
        calls.retain(|_, all| {
            all.retain(|call| {
                let began_s = call.answered_s.unwrap_or(call.started_s);
                let stays = at.now_s.saturating_sub(began_s) < lifetime_s;
                if !stays && let Some(person) = people.get_mut(&call.person) {
                    person.end(call.answered_s, at);
                }
                stays
            });
            !all.is_empty()
        });
        pages.sweep(at);
    }

    /// Everybody under the profile of this name, or under all: profile, who, numbers.
    pub(super) fn list(
        &self,
        profile: Option<&str>,
        at: Moment,
    ) -> Vec<(Arc<str>, Box<[u8]>, Numbers)> {
        let mut pages = self.pages.lock();
        let people = pages.people.values_mut();
        let wanted = people.filter(|person| profile.is_none_or(|name| name == &*person.profile));
        let shown = wanted.map(|person| {
            (
                person.profile.clone(),
                person.who.clone(),
                person.numbers(at),
            )
        });
        let mut list: Vec<_> = shown.collect();
        list.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        list
    }

    /// Forgets what somebody did; false where he is not known.
    pub(super) fn forget(&self, profile: &str, who: &[u8], at: Moment) -> bool {
        let key = self.person(profile, who);
        let mut pages = self.pages.lock();
        let Some(person) = pages.people.get_mut(&key) else {
            return false;
        };
        let before = person.destinations();
        person.forget(at);
        pages.count_destinations(before, 0);
        true
    }

    /// Users and trunks that are known.
    pub(super) fn people(&self) -> usize {
        self.pages.lock().people.len()
    }

    /// Calls that ring or are up.
    pub(super) fn calls(&self) -> usize {
        self.pages.lock().calls.len()
    }

    fn person(&self, profile: &str, who: &[u8]) -> u64 {
        self.hasher.hash_one((profile, who))
    }
}

impl Pages {
    fn make_room(&mut self, limits: &Limits, person: u64, at: Moment) -> Result<(), Full> {
        let is_full = |pages: &Pages| {
            let is_new = !pages.people.contains_key(&person);
            pages.calls.len() >= limits.calls || (is_new && pages.people.len() >= limits.people)
        };
        // A look at everybody is dear: at most once a second.
        if is_full(self) && self.swept_s != at.now_s {
            self.sweep(at);
        }
        if is_full(self) { Err(Full) } else { Ok(()) }
    }

    fn sweep(&mut self, at: Moment) {
        self.swept_s = at.now_s;
        self.people.retain(|_, person| !person.is_idle(at));
        self.destinations = self.people.values().map(Person::destinations).sum();
    }

    fn count_destinations(&mut self, before: usize, after: usize) {
        self.destinations = (self.destinations + after).saturating_sub(before);
    }
}

#[cfg(test)]
mod tests {
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

    fn ask(book: &Book, text: &str, who: &str, call: u64, at: Moment) -> Result<Verdict, Full> {
        let profile = Profile::parse(&format!("p=>{text}")).expect(text);
        let question = Question {
            profile: &profile,
            who: who.as_bytes(),
            number: &call.to_be_bytes(),
            is_risky: false,
            call,
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
        book.answered(1, b"tag", NOON);
        book.given_up(1);
        assert!(!book.ended(1, b"other", NOON) && !book.ended(9, b"tag", NOON));
        assert_eq!(
            ask(&book, "calls=1", "alice", 3, NOON),
            Ok(Verdict::Blocked)
        );
        assert!(book.ended(1, b"tag", later(90)));
        assert_eq!(book.list(Some("p"), later(90))[0].2.seconds_today, 90);
        assert_eq!(ask(&book, "calls=1", "alice", 3, NOON), Ok(Verdict::Pass));
        book.given_up(3);
        book.given_up(2);
        assert_eq!(book.calls(), 0);
    }

    #[test]
    fn a_call_whose_bye_is_lost_ends_with_its_lifetime() {
        let book = book(10, 10, 10);
        ask(&book, "calls=1", "alice", 1, NOON).expect("room");
        book.answered(1, b"tag", NOON);
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
            book.given_up(call);
        }
        for call in 4..9 {
            ask(&book, text, "bob", call, NOON).expect("room");
            book.given_up(call);
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
}
