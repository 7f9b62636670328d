//! What one user or trunk did, and what that means for the call in hand.

#[cfg(test)]
mod tests;

use super::profile::{Action, Measure, Profile, Rule};
use super::window::Hour;
use std::sync::Arc;

/// One user or trunk under one profile.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) profile: Arc<str>,
    pub(super) who: Box<[u8]>,
    /// Calls that ring or are up.
    pub(super) active: u32,
    /// Those that are up.
    answered: u32,
    /// The sum of the Unix seconds at which those began, or of today's midnight where that is later.
    answered_sum_s: u64,
    /// When today began, in Unix seconds.
    midnight_s: u64,
    /// Seconds talked today in calls that are over.
    talked_s: u64,
    calls: Hour,
    risky: Hour,
    /// Hashes of numbers, with the Unix second of the last call there.
    destinations: Vec<(u64, u64)>,
    throttled_until_s: u64,
    blocked_until_s: u64,
    /// When somebody was told last, by the place of the rule.
    told: Vec<(usize, u64)>,
}

/// A moment, with what local time needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Unix seconds.
    pub(super) now_s: u64,
    /// Unix seconds of the midnight before, in local time.
    pub(super) midnight_s: u64,
}

impl Moment {
    /// A Unix second where local time is so many seconds ahead of UTC.
    pub(super) fn new(now_s: u64, offset_s: i32) -> Moment {
        let local_s = now_s.saturating_add_signed(offset_s.into());
        Moment {
            now_s,
            midnight_s: now_s.saturating_sub(local_s % 86_400),
        }
    }

    /// Minutes after midnight.
    fn minute(self) -> u64 {
        self.now_s.saturating_sub(self.midnight_s) / 60
    }
}

/// The call that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The hash of its number.
    pub(super) destination: u64,
    /// It leads to a high-risk destination.
    pub(super) is_risky: bool,
}

/// What is to become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes.
    Pass,
    /// It passes, and a limit is exceeded.
    Alert,
    /// It waits for its turn.
    Throttled,
    /// It does not pass.
    Blocked,
}

/// A limit that a call exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    pub(super) measure: Measure,
    pub(super) value: u64,
    pub(super) most: u64,
    pub(super) action: Action,
    /// Nobody was told of it lately.
    pub(super) is_news: bool,
}

/// What a person's numbers are, for commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) calls: u64,
    pub(super) calls_per_hour: u64,
    pub(super) destinations_per_hour: u64,
    pub(super) seconds_today: u64,
    pub(super) risky_calls_per_hour: u64,
    /// Seconds that a block lasts yet.
    pub(super) blocked_s: u64,
}

/// Seconds of an hour.
const HOUR_S: u64 = 3600;

impl Person {
    pub(super) fn new(profile: Arc<str>, who: &[u8]) -> Person {
        Person {
            profile,
            who: who.into(),
            active: 0,
            answered: 0,
            answered_sum_s: 0,
            midnight_s: 0,
            talked_s: 0,
            calls: Hour::default(),
            risky: Hour::default(),
            destinations: Vec::new(),
            throttled_until_s: 0,
            blocked_until_s: 0,
            told: Vec::new(),
        }
    }

    /// Judges a call; nothing of it is counted yet. `tell_s` is how long a limit that stays exceeded is no
    /// news.
    pub(super) fn judge(
        &mut self,
        profile: &Profile,
        wanted: Wanted,
        at: Moment,
        tell_s: u64,
    ) -> (Verdict, Vec<Exceeded>) {
        self.turn(at);
        let mut exceeded = Vec::new();
        for (place, rule) in profile.rules.iter().enumerate() {
            let value = self.value(rule.measure, wanted, at);
            if value > rule.most {
                exceeded.push(self.exceeded((place, rule), value, at.now_s, tell_s));
            }
        }
        let worst = exceeded.iter().map(|exceeded| exceeded.action).max();
        (self.verdict(worst, profile, at.now_s), exceeded)
    }

    /// Counts a call that passes; `room` is how many destinations may be remembered.
    pub(super) fn begin(&mut self, wanted: Wanted, at: Moment, room: usize) {
        self.active = self.active.saturating_add(1);
        self.calls.add(at.now_s);
        if wanted.is_risky {
            self.risky.add(at.now_s);
        }
        let mut known = self.destinations.iter_mut();
        if let Some((_, seen_s)) = known.find(|(own, _)| *own == wanted.destination) {
            *seen_s = at.now_s;
        } else if self.destinations.len() < room {
            self.destinations.push((wanted.destination, at.now_s));
        }
    }

    /// A call is up.
    pub(super) fn answer(&mut self, at: Moment) {
        self.turn(at);
        self.answered = self.answered.saturating_add(1);
        self.answered_sum_s = self.answered_sum_s.saturating_add(at.now_s);
    }

    /// A call is over; `answered_s` is when it was taken, where it was.
    pub(super) fn end(&mut self, answered_s: Option<u64>, at: Moment) {
        self.turn(at);
        self.active = self.active.saturating_sub(1);
        if let Some(answered_s) = answered_s {
            let since_s = answered_s.max(self.midnight_s);
            self.answered = self.answered.saturating_sub(1);
            self.answered_sum_s = self.answered_sum_s.saturating_sub(since_s);
            self.talked_s = self
                .talked_s
                .saturating_add(at.now_s.saturating_sub(since_s));
        }
    }

    /// A call that never was: its INVITE came to nothing.
    pub(super) fn give_up(&mut self) {
        self.active = self.active.saturating_sub(1);
    }

    /// The numbers now.
    pub(super) fn numbers(&mut self, at: Moment) -> Numbers {
        self.turn(at);
        Numbers {
            calls: self.active.into(),
            calls_per_hour: self.calls.count(at.now_s),
            destinations_per_hour: self.destinations.len() as u64,
            seconds_today: self.talked_today_s(at.now_s),
            risky_calls_per_hour: self.risky.count(at.now_s),
            blocked_s: self.blocked_until_s.saturating_sub(at.now_s),
        }
    }

    /// True where nothing of it counts any more.
    pub(super) fn is_idle(&mut self, at: Moment) -> bool {
        let numbers = self.numbers(at);
        let recent = numbers.calls_per_hour + numbers.destinations_per_hour;
        self.active == 0 && recent == 0 && numbers.seconds_today == 0 && numbers.blocked_s == 0
    }

    /// Destinations that are remembered.
    pub(super) fn destinations(&self) -> usize {
        self.destinations.len()
    }

    /// Forgets everything but the calls that ring or are up.
    pub(super) fn forget(&mut self, at: Moment) {
        self.turn(at);
        let mut fresh = Person::new(self.profile.clone(), &self.who);
        fresh.active = self.active;
        fresh.answered = self.answered;
        fresh.answered_sum_s = self.answered_sum_s;
        fresh.midnight_s = self.midnight_s;
        *self = fresh;
    }

    fn value(&mut self, measure: Measure, wanted: Wanted, at: Moment) -> u64 {
        match measure {
            Measure::Calls => u64::from(self.active) + 1,
            Measure::CallsPerHour => self.calls.count(at.now_s) + 1,
            Measure::DestinationsPerHour => {
                let mut known = self.destinations.iter();
                let is_new = !known.any(|(own, _)| *own == wanted.destination);
                self.destinations.len() as u64 + u64::from(is_new)
            }
            // The minute that begins counts.
            Measure::MinutesPerDay => self.talked_today_s(at.now_s) / 60 + 1,
            Measure::RiskyCallsPerHour if wanted.is_risky => self.risky.count(at.now_s) + 1,
            Measure::RiskyCallsPerHour => 0,
            Measure::Hours(hours) => u64::from(!hours.contains(at.minute())),
        }
    }

    fn exceeded(
        &mut self,
        (place, rule): (usize, &Rule),
        value: u64,
        now_s: u64,
        tell_s: u64,
    ) -> Exceeded {
        let known = self.told.iter_mut().find(|(own, _)| *own == place);
        let is_news = match known {
            Some((_, told_s)) if now_s.saturating_sub(*told_s) < tell_s => false,
            Some((_, told_s)) => {
                *told_s = now_s;
                true
            }
            None => {
                self.told.push((place, now_s));
                true
            }
        };
        Exceeded {
            measure: rule.measure,
            value,
            most: rule.most,
            action: rule.action,
            is_news,
        }
    }

    fn verdict(&mut self, worst: Option<Action>, profile: &Profile, now_s: u64) -> Verdict {
        if worst == Some(Action::Block) {
            let until_s = now_s.saturating_add(profile.block_s);
            self.blocked_until_s = self.blocked_until_s.max(until_s);
            return Verdict::Blocked;
        }
        if self.blocked_until_s > now_s {
            return Verdict::Blocked;
        }
        match worst {
            Some(Action::Throttle) if self.throttled_until_s > now_s => Verdict::Throttled,
            Some(Action::Throttle) => {
                self.throttled_until_s = now_s.saturating_add(profile.throttle_s);
                Verdict::Alert
            }
            Some(_) => Verdict::Alert,
            None => Verdict::Pass,
        }
    }

    fn talked_today_s(&self, now_s: u64) -> u64 {
        let running_s = u64::from(self.answered)
            .saturating_mul(now_s)
            .saturating_sub(self.answered_sum_s);
        self.talked_s.saturating_add(running_s)
    }

    /// Begins a new day where one has begun, and forgets destinations of more than an hour ago.
    fn turn(&mut self, at: Moment) {
        if at.midnight_s > self.midnight_s {
            self.midnight_s = at.midnight_s;
            self.talked_s = 0;
            // Whatever is up was taken before this midnight.
            self.answered_sum_s = u64::from(self.answered).saturating_mul(at.midnight_s);
        }
        let is_recent = |seen_s: u64| at.now_s.saturating_sub(seen_s) < HOUR_S;
        self.destinations.retain(|(_, seen_s)| is_recent(*seen_s));
    }
}
