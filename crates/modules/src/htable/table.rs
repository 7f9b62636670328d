//! A table as a configuration uses it: its items with what the declaration says of them.

use super::definition::Definition;
use super::held::Held;
use super::items::{LOADED, Listed, Shared, Until};
use super::sharing::Share;
use policy::shared::Life;
use policy::{Level, Logger};
use script::Value;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Table {
    pub(super) definition: Definition,
    pub(super) items: Shared,
    pub(super) logger: Logger,
    /// The event route for what has expired, where the script has it.
    pub(super) expired_event: Option<String>,
    /// When it was last said that the table is full.
    complained_s: AtomicU64,
    /// The way to other servers, where the table is shared.
    share: OnceLock<Share>,
}

/// Seconds between two complaints of a table.
const COMPLAINT_S: u64 = 60;

impl Table {
    pub(super) fn new(
        definition: Definition,
        items: Shared,
        logger: Logger,
        expired_event: Option<String>,
    ) -> Table {
        Table {
            definition,
            items,
            logger,
            expired_event,
            complained_s: AtomicU64::new(0),
            share: OnceLock::new(),
        }
    }

    /// From now on other servers hear of every change.
    pub(super) fn share_by(&self, share: Share) {
        let _first_counts = self.share.set(share);
    }

    /// The way to other servers, where the table is shared.
    pub(super) fn share(&self) -> Option<&Share> {
        self.share.get()
    }

    /// `$sht(table=>key)`.
    pub(super) fn value(&self, key: &[u8], now_s: u64) -> Value {
        let found = self.items.value(key, now_s);
        found.unwrap_or_else(|| self.definition.initval.map_or(Value::Null, Value::Int))
    }

    /// `$sht(table=>key) = value`; `$null` removes. False where the table is full.
    pub(super) fn assign(&self, key: &[u8], value: Value, now_s: u64) -> bool {
        match Held::from_value(value) {
            Some(value) => self.set(key, value, self.until(now_s), now_s),
            None => {
                self.remove(key);
                true
            }
        }
    }

    /// Writes a value with seconds to live, which count only where the table has `autoexpire`.
    pub(super) fn set_for(&self, key: &[u8], value: Held, expires_s: i64, now_s: u64) -> bool {
        self.set(key, value, Until::At(self.end(expires_s, now_s)), now_s)
    }

    /// Writes a value until a Unix second, as far as the table has `autoexpire`.
    pub(super) fn set_until(&self, key: &[u8], value: Held, until_s: u64, now_s: u64) -> bool {
        let until_s = if self.expires() { until_s } else { 0 };
        self.set(key, value, Until::At(until_s), now_s)
    }

    /// Takes over what was kept elsewhere, until a Unix second as far as the table has `autoexpire`.
    pub(super) fn take_over(&self, key: &[u8], value: Held, until_s: u64, now_s: u64) -> bool {
        let until_s = if self.expires() { until_s } else { 0 };
        self.keep(key, value, Until::At(until_s), now_s)
    }

    /// Takes over what was kept elsewhere, but for a key that has an item: a script that ran before it was read knows better.
    pub(super) fn take_over_new(&self, key: &[u8], value: Held, until_s: u64) -> bool {
        let until_s = if self.expires() { until_s } else { 0 };
        self.keep(key, value, Until::Absent(until_s), 0)
    }

    /// Removes an item; false where it was not there.
    pub(super) fn remove(&self, key: &[u8]) -> bool {
        if let Some(share) = self.share() {
            share.remove(key);
        }
        self.items.remove(key)
    }

    /// Removes what `is_meant` says.
    pub(super) fn remove_where(&self, is_meant: impl Fn(&[u8], &Held) -> bool) {
        self.items.remove_where(|key, value| {
            let goes = is_meant(key, value);
            if let Some(share) = self.share().filter(|_| goes) {
                share.remove(key);
            }
            goes
        });
    }

    /// `$shtinc()` and `$shtdec()`.
    pub(super) fn add(&self, key: &[u8], more: i64, now_s: u64) -> Value {
        let sum = self.add_unshared(key, more, now_s);
        if let Some(share) = self.share().filter(|_| sum != Value::Null) {
            share.add(key, more, self.first(), self.usual_life(now_s));
        }
        sum
    }

    /// The same, of which no other server hears.
    pub(super) fn add_unshared(&self, key: &[u8], more: i64, now_s: u64) -> Value {
        let until = self.until(now_s);
        if let Some(sum) = self.items.add(key, more, until, now_s) {
            return Value::Int(sum);
        }
        // A text is not counted, and what is not there only where it has a value to begin with.
        let (Some(first), None) = (self.definition.initval, self.items.value(key, now_s)) else {
            return Value::Null;
        };
        let sum = first.wrapping_add(more);
        self.keep(key, Held::Int(sum), until, now_s);
        Value::Int(sum)
    }

    /// What a number begins with.
    pub(super) fn first(&self) -> i64 {
        self.definition.initval.unwrap_or(0)
    }

    /// The life that a write without a time of its own gives.
    pub(super) fn usual_life(&self, now_s: u64) -> Life {
        life(self.until(now_s))
    }

    /// Seconds that an item has left; 0 where it is not there or never expires.
    pub(super) fn left_s(&self, key: &[u8], now_s: u64) -> u64 {
        let item = self.items.item(key, now_s);
        item.and_then(|item| self.left_of(&item, now_s))
            .unwrap_or(0)
    }

    /// The same of an item in hand; none where it never expires.
    pub(super) fn left_of(&self, item: &Listed, now_s: u64) -> Option<u64> {
        match item.until_s {
            0 => None,
            LOADED => Some(self.definition.autoexpire_s),
            until_s => Some(until_s.saturating_sub(now_s)),
        }
    }

    /// Gives an item seconds to live.
    pub(super) fn expire_in(&self, key: &[u8], seconds: i64, now_s: u64) -> bool {
        let until_s = self.end(seconds, now_s);
        let is_there = self.items.set_until(key, until_s);
        if let Some(share) = self.share().filter(|_| is_there) {
            share.end(key, Some(until_s).filter(|until_s| *until_s > 0));
        }
        is_there
    }

    /// Whether items expire.
    pub(super) fn expires(&self) -> bool {
        self.definition.autoexpire_s > 0
    }

    /// Slot by slot, what has not expired.
    pub(super) fn slots(&self, now_s: u64) -> impl Iterator<Item = (usize, Vec<Listed>)> + '_ {
        let slots = (0..).map_while(move |index| Some((index, self.items.listed(index)?)));
        slots.map(move |(index, mut items)| {
            items.retain(|item| item.until_s == 0 || item.until_s >= now_s);
            (index, items)
        })
    }

    fn set(&self, key: &[u8], value: Held, until: Until, now_s: u64) -> bool {
        let told = self.share().map(|share| (share, value.clone()));
        let done = self.keep(key, value, until, now_s);
        if let Some((share, value)) = told.filter(|_| done) {
            share.put(key, &value, life(until));
        }
        done
    }

    fn keep(&self, key: &[u8], value: Held, until: Until, now_s: u64) -> bool {
        let most = self.definition.max_bytes;
        let done = self.items.set(key, value, until, now_s, most);
        if !done {
            self.complain(now_s);
        }
        done
    }

    /// What a write without a time of its own does to the time of an item.
    fn until(&self, now_s: u64) -> Until {
        let seconds = i64::try_from(self.definition.autoexpire_s).unwrap_or(i64::MAX);
        let until_s = self.end(seconds, now_s);
        if self.definition.updateexpire {
            Until::At(until_s)
        } else {
            Until::New(until_s)
        }
    }

    fn end(&self, seconds: i64, now_s: u64) -> u64 {
        match u64::try_from(seconds) {
            Ok(seconds) if seconds > 0 && self.expires() => now_s.saturating_add(seconds),
            _ => 0,
        }
    }

    /// Says once a minute that the table is full: a flood shall not fill the log too.
    fn complain(&self, now_s: u64) {
        let last_s = self.complained_s.load(Ordering::Relaxed);
        if now_s < last_s.saturating_add(COMPLAINT_S) {
            return;
        }
        self.complained_s.store(now_s, Ordering::Relaxed);
        let (name, most) = (&self.definition.name, self.definition.max_bytes);
        self.logger.log(Level::Err, "htable", || {
            format!("table {name} is full ({most} octets): nothing new is kept")
        });
    }
}

/// The life of an item, as other servers are told of it.
fn life(until: Until) -> Life {
    let (until_s, renews) = match until {
        Until::At(until_s) => (until_s, true),
        Until::New(until_s) | Until::Absent(until_s) => (until_s, false),
    };
    Life {
        until_s: Some(until_s).filter(|until_s| *until_s > 0),
        renews,
    }
}
