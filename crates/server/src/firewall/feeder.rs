//! Keeps the sets of banned sources in the firewall, so that a banned source costs the server nothing.
//!
//! The sets are those of `ringwall firewall apply`. Without them, or without the right to change them, nothing
//! is done: banned packets are dropped here.

use super::program;
use nftables::batch::Batch;
use nftables::expr::{Elem, Expression, NamedExpression};
use nftables::helper;
use nftables::schema::{Element, FlushObject, NfCmd, NfListObject, Set};
use nftables::types::NfFamily;
use policy::{BansLink, Level, Logger, Source};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The thread that writes the sets.
pub(crate) struct Feeder {
    bans: BansLink,
    logger: Logger,
    /// What the sets have, with when it ends in Unix milliseconds.
    written: HashMap<Source, u64>,
    /// The list that was written last; none where the sets have what this process did not write.
    revision: Option<u64>,
    /// The kernel's number of the table, which changes when it is loaded again.
    table: Option<u64>,
    looked: Option<Instant>,
    /// A failure was said, and nothing has worked since.
    has_complained: bool,
}

const TABLE: &str = "ringwall";
const SETS: [&str; 2] = ["ringwall_banned", "ringwall_banned6"];
/// Between two batches.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks whether the stop has come.
const STEP: Duration = Duration::from_millis(100);
/// Between two looks for the table.
const LOOK: Duration = Duration::from_secs(10);
/// Elements in one batch; more wait for the next second.
const MOST: usize = 8192;
/// The longest time of an element in seconds, for the kernel counts milliseconds.
const LONGEST_S: u64 = 30 * 86_400;

impl Feeder {
    /// Nothing is written yet.
    pub(crate) fn new(bans: BansLink, logger: Logger) -> Feeder {
        Feeder {
            bans,
            logger,
            written: HashMap::new(),
            revision: None,
            table: None,
            looked: None,
            has_complained: false,
        }
    }

    /// Works until `stop` is set.
    pub(crate) fn run(mut self, stop: &AtomicBool) {
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(STEP);
            if Instant::now() >= next {
                self.each_second(crate::clock::unix_ms());
                next = Instant::now() + PAUSE;
            }
        }
    }

    fn each_second(&mut self, now_ms: u64) {
        self.written.retain(|_, until_ms| *until_ms > now_ms);
        let bans = self.bans.clone();
        let Some(bans) = bans.get() else { return };
        let revision = bans.revision();
        let has_nothing = self.written.is_empty() && bans.is_empty();
        if (has_nothing && self.looked.is_some()) || !self.finds_table() {
            return;
        }
        if self.revision == Some(revision) {
            return;
        }
        let wanted: HashMap<Source, u64> = bans
            .founded(now_ms)
            .into_iter()
            .filter(|(source, _)| element_of(*source).is_some())
            .collect();
        let steps = steps(&self.written, &wanted);
        let is_all = steps.len() <= MOST;
        let steps = steps.get(..MOST).unwrap_or(&steps);
        match write(steps, self.revision.is_none(), now_ms) {
            Ok(()) => {
                self.has_complained = false;
                steps.iter().for_each(|step| self.note(*step));
                // Any other number than the list's says that there is more.
                self.revision = Some(if is_all {
                    revision
                } else {
                    revision.wrapping_sub(1)
                });
            }
            Err(why) => self.complain(&why),
        }
    }

    fn note(&mut self, step: Step) {
        match step.until_ms {
            Some(until_ms) => self.written.insert(step.source, until_ms),
            None => self.written.remove(&step.source),
        };
    }

    /// Whether the table is there. One that was loaded again is empty.
    fn finds_table(&mut self) -> bool {
        let is_time = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK);
        if is_time {
            self.looked = Some(Instant::now());
            let found = table();
            if found != self.table {
                self.table = found;
                self.logger.log(Level::Notice, "firewall", || match found {
                    Some(_) => "banned sources are dropped in the firewall too".to_owned(),
                    None => "banned sources are dropped here alone: there is no table".to_owned(),
                });
                self.written.clear();
                self.revision = None;
            }
        }
        self.table.is_some()
    }

    fn complain(&mut self, why: &str) {
        // The sets may have changed: look, and write all of it.
        (self.table, self.looked) = (None, Some(Instant::now()));
        self.revision = None;
        self.written.clear();
        if !std::mem::replace(&mut self.has_complained, true) {
            self.logger.log(Level::Warn, "firewall", || {
                format!("banned sources are dropped here, not in the firewall: {why}")
            });
        }
    }
}

/// One element to be written: with a new end, or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    source: Source,
    until_ms: Option<u64>,
}

/// What leads from the sets as they are to those that are wanted. What is over goes by itself.
fn steps(written: &HashMap<Source, u64>, wanted: &HashMap<Source, u64>) -> Vec<Step> {
    let gone = written.keys().filter(|source| !wanted.contains_key(source));
    let gone = gone.map(|source| Step {
        source: *source,
        until_ms: None,
    });
    let new = wanted
        .iter()
        .filter(|(source, until_ms)| written.get(source) != Some(until_ms));
    let new = new.map(|(source, until_ms)| Step {
        source: *source,
        until_ms: Some(*until_ms),
    });
    gone.chain(new).collect()
}

/// Writes a batch, `empties` into empty sets: all of it or nothing.
fn write(steps: &[Step], empties: bool, now_ms: u64) -> Result<(), String> {
    if steps.is_empty() && !empties {
        return Ok(());
    }
    let mut batch = Batch::new();
    for name in SETS.into_iter().filter(|_| empties) {
        let set = Set {
            family: NfFamily::INet,
            table: TABLE.into(),
            name: name.into(),
            ..Set::default()
        };
        batch.add_cmd(NfCmd::Flush(FlushObject::Set(Box::new(set))));
    }
    for step in steps {
        let Some((set, address)) = element_of(step.source) else {
            continue;
        };
        // Nobody can delete what is not there, or give what is there another time: so it is added,
        // deleted, and added again.
        batch.add(element(set, address, None));
        batch.delete(element(set, address, None));
        if let Some(until_ms) = step.until_ms {
            batch.add(element(set, address, Some(until_ms.saturating_sub(now_ms))));
        }
    }
    let written = helper::apply_ruleset_with_args(&batch.to_nftables(), Some(program()), NO_ARGS);
    written.map_err(|error| error.to_string())
}

const NO_ARGS: [&str; 0] = [];

/// The set that a source belongs into, and its element there. A network other than that of one subscriber
/// has none, and neither has a single address that looks like one.
fn element_of(source: Source) -> Option<(&'static str, IpAddr)> {
    let [v4, v6] = SETS;
    match source.parts() {
        (address @ IpAddr::V4(_), 32) => Some((v4, address)),
        (address @ IpAddr::V6(_), Source::V6_UNIT) => Some((v6, address)),
        (IpAddr::V6(address), 128) => {
            let [.., a, b, c, d] = address.segments();
            ([a, b, c, d] != [0; 4]).then_some((v6, address.into()))
        }
        _ => None,
    }
}

fn element(set: &'static str, address: IpAddr, left_ms: Option<u64>) -> NfListObject<'static> {
    let value = Expression::String(address.to_string().into());
    let left_s = left_ms.map(|ms| ms.div_ceil(1000).min(LONGEST_S));
    let elem = match left_s.and_then(|left_s| u32::try_from(left_s).ok()) {
        None => value,
        Some(left_s) => Expression::Named(NamedExpression::Elem(Elem {
            val: Box::new(value),
            timeout: Some(left_s),
            ..Elem::default()
        })),
    };
    NfListObject::Element(Element {
        family: NfFamily::INet,
        table: TABLE.into(),
        name: set.into(),
        elem: vec![elem].into(),
    })
}

/// The kernel's number of our table, where there is one and we may see it.
fn table() -> Option<u64> {
    let text = helper::get_current_ruleset_raw(Some(program()), ["list", "tables"]).ok()?;
    let all: serde_json::Value = serde_json::from_str(&text).ok()?;
    let tables = all["nftables"].as_array()?.iter().map(|one| &one["table"]);
    let mut own = tables.filter(|table| table["name"] == TABLE && table["family"] == "inet");
    own.find_map(|table| table["handle"].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(text).expect(text)
    }

    #[test]
    fn single_sources_and_subscribers_have_an_element() {
        for (text, expected) in [
            ("192.0.2.1", Some(("ringwall_banned", "192.0.2.1"))),
            ("192.0.2.0/24", None),
            ("2001:db8::/64", Some(("ringwall_banned6", "2001:db8::"))),
            ("2001:db8::1", Some(("ringwall_banned6", "2001:db8::1"))),
            ("2001:db8::", None),
            ("2001:db8::/32", None),
        ] {
            let found = element_of(source(text));
            let found = found.map(|(set, address)| (set, address.to_string()));
            let expected = expected.map(|(set, address)| (set, address.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_what_differs_is_written() {
        let (a, b, c, d) = (
            source("192.0.2.1"),
            source("192.0.2.2"),
            source("192.0.2.3"),
            source("192.0.2.4"),
        );
        let written = HashMap::from([(a, 1), (b, 1), (c, 1)]);
        let wanted = HashMap::from([(a, 1), (b, 2), (d, 3)]);
        let mut found = steps(&written, &wanted);
        found.sort_by_key(|step| step.source);
        let step = |source, until_ms| Step { source, until_ms };
        assert_eq!(found, [step(b, Some(2)), step(c, None), step(d, Some(3))]);
        assert!(steps(&wanted, &wanted).is_empty());
    }
}
