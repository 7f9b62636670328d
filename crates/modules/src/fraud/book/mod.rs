//! The book of users, trunks and their calls. It outlives a configuration, and is lost with the process.

#[cfg(test)]
mod tests;

use super::person::{Exceeded, Moment, Numbers, Person, Verdict, Wanted};
use super::profile::Profile;
use ahash::RandomState;
use parking_lot::Mutex;
use policy::memory::give_back;
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
    /// Calls in all of these.
    count: usize,
    destinations: usize,
    swept_s: u64,
}

struct Call {
    person: u64,
    /// Which INVITE it was.
    attempt: u64,
    started_s: u64,
    answered_s: Option<u64>,
    /// The hash of the callee's tag, once the call is up.
    callee: u64,
}

/// Which call is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallId {
    /// The hash of Call-ID and caller's tag, by which a BYE is known.
    dialog: u64,
    /// The hash of what only retransmissions of its INVITE share. Another INVITE with the same Call-ID and tag is
    /// another call, or whoever wants many would use one Call-ID.
    attempt: u64,
}

/// A question: may this one begin this call?
pub(super) struct Question<'a> {
    pub(super) profile: &'a Profile,
    pub(super) who: &'a [u8],
    /// The number as it is compared.
    pub(super) number: &'a [u8],
    pub(super) is_risky: bool,
    pub(super) call: CallId,
    pub(super) at: Moment,
    /// Seconds for which a limit that stays exceeded is no news.
    pub(super) tell_s: u64,
}

/// There is no room to count a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Calls that share Call-ID and tag: no phone makes even two at once, and all of them are looked at.
const MOST_OF_ONE_DIALOG: usize = 16;

impl Book {
    pub(super) fn new(hasher: RandomState, limits: Limits) -> Book {
        Book {
            pages: Mutex::new(Pages {
                people: HashMap::with_hasher(hasher.clone()),
                calls: HashMap::with_hasher(hasher.clone()),
                count: 0,
                destinations: 0,
                swept_s: 0,
            }),
            hasher,
            limits,
        }
    }

    /// The call of an INVITE: Call-ID, caller's tag, branch of the topmost Via, CSeq number.
    pub(super) fn call(&self, call_id: &[u8], caller_tag: &[u8], via: &[u8], cseq: u32) -> CallId {
        CallId {
            dialog: self.dialog(call_id, caller_tag),
            attempt: self.hasher.hash_one((via, cseq)),
        }
    }

    fn dialog(&self, call_id: &[u8], caller_tag: &[u8]) -> u64 {
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
        let CallId { dialog, attempt } = question.call;
        let mut counted = pages.calls.get(&dialog).into_iter().flatten();
        if counted.any(|call| call.person == key && call.attempt == attempt) {
            return Ok((Verdict::Pass, Vec::new()));
        }
        if pages
            .calls
            .get(&dialog)
            .is_some_and(|all| all.len() >= MOST_OF_ONE_DIALOG)
        {
            return Ok((Verdict::Blocked, Vec::new()));
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
            pages.count += 1;
            pages.calls.entry(dialog).or_default().push(Call {
                person: key,
                attempt,
                started_s: question.at.now_s,
                answered_s: None,
                callee: 0,
            });
        }
        Ok(judged)
    }

    /// The call is up.
    pub(super) fn answered(&self, call: CallId, callee_tag: &[u8], at: Moment) {
        let callee = self.hasher.hash_one(callee_tag);
        let mut pages = self.pages.lock();
        let Pages { people, calls, .. } = &mut *pages;
        let all = calls.get_mut(&call.dialog).into_iter().flatten();
        for one in all.filter(|one| one.attempt == call.attempt && one.answered_s.is_none()) {
            one.answered_s = Some(at.now_s);
            one.callee = callee;
            if let Some(person) = people.get_mut(&one.person) {
                person.answer(at);
            }
        }
    }

    /// The INVITE came to nothing; a call that is up stays.
    pub(super) fn given_up(&self, call: CallId) {
        let is_it = |one: &Call| one.attempt == call.attempt && one.answered_s.is_none();
        let mut pages = self.pages.lock();
        pages.end(call.dialog, is_it, |person, _| person.give_up());
    }

    /// A BYE ended the call of this Call-ID between these tags; false where it is none of ours.
    pub(super) fn ended(&self, call_id: &[u8], tags: (&[u8], &[u8]), at: Moment) -> bool {
        let (caller_tag, callee_tag) = tags;
        let callee = self.hasher.hash_one(callee_tag);
        let is_it = |one: &Call| one.answered_s.is_some() && one.callee == callee;
        let dialog = self.dialog(call_id, caller_tag);
        let mut pages = self.pages.lock();
        pages.end(dialog, is_it, |person, answered_s| {
            person.end(answered_s, at)
        })
    }

    /// Ends calls that began `lifetime_s` ago, and forgets who did nothing lately.
    pub(super) fn sweep(&self, lifetime_s: u64, at: Moment) {
        let mut pages = self.pages.lock();
        let is_over = |one: &Call| {
            let began_s = one.answered_s.unwrap_or(one.started_s);
            at.now_s.saturating_sub(began_s) >= lifetime_s
        };
        let over = pages
            .calls
            .iter()
            .filter(|(_, all)| all.iter().any(is_over));
        let over: Vec<u64> = over.map(|(dialog, _)| *dialog).collect();
        for dialog in over {
            pages.end(dialog, is_over, |person, answered_s| {
                person.end(answered_s, at);
            });
        }
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
        self.pages.lock().count
    }

    fn person(&self, profile: &str, who: &[u8]) -> u64 {
        self.hasher.hash_one((profile, who))
    }
}

impl Pages {
    /// Takes out calls of a dialog, and tells those who began them; false where there are none.
    fn end(
        &mut self,
        dialog: u64,
        is_it: impl Fn(&Call) -> bool,
        tell: impl Fn(&mut Person, Option<u64>),
    ) -> bool {
        let Some(all) = self.calls.get_mut(&dialog) else {
            return false;
        };
        let before = all.len();
        all.retain(|one| {
            let goes = is_it(one);
            if goes && let Some(person) = self.people.get_mut(&one.person) {
                tell(person, one.answered_s);
            }
            !goes
        });
        let gone = before - all.len();
        if all.is_empty() {
            self.calls.remove(&dialog);
            give_back(&mut self.calls);
        }
        self.count = self.count.saturating_sub(gone);
        gone > 0
    }

    fn make_room(&mut self, limits: &Limits, person: u64, at: Moment) -> Result<(), Full> {
        let is_full = |pages: &Pages| {
            let is_new = !pages.people.contains_key(&person);
            pages.count >= limits.calls || (is_new && pages.people.len() >= limits.people)
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
        give_back(&mut self.people);
        self.destinations = self.people.values().map(Person::destinations).sum();
    }

    fn count_destinations(&mut self, before: usize, after: usize) {
        self.destinations = (self.destinations + after).saturating_sub(before);
    }
}
