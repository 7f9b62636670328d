//! Keys and values in memory, for tests and simulations. It knows the commands that the suite names. Its
//! time stands still until somebody moves it on.

mod log;
mod run;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Command, Heard, KeyStore, Said};
use log::Log;

/// A server of keys and values in memory.
#[derive(Default)]
pub struct MemoryKeys(Mutex<Keys>);

/// What there is, and what time it is.
#[derive(Default)]
struct Keys {
    kept: BTreeMap<Bytes, Kept>,
    /// When keys go that do, in milliseconds.
    ends_ms: BTreeMap<Bytes, u64>,
    now_ms: u64,
}

/// What is kept under a key.
enum Kept {
    Text(Bytes),
    Hash(BTreeMap<Bytes, Bytes>),
    Set(BTreeSet<Bytes>),
    Log(Log),
}

impl MemoryKeys {
    /// So many milliseconds pass: keys whose time is over go.
    pub fn advance(&self, ms: u64) {
        let keys = &mut *self.0.lock();
        keys.now_ms = keys.now_ms.saturating_add(ms);
        let (now_ms, kept) = (keys.now_ms, &mut keys.kept);
        keys.ends_ms.retain(|key, end_ms| {
            let stays = *end_ms > now_ms;
            if !stays {
                kept.remove(key);
            }
            stays
        });
    }
}

impl KeyStore for MemoryKeys {
    fn submit(&self, pipeline: Vec<Command>, heard: Heard) {
        let said = transactions(&mut self.0.lock(), &pipeline);
        heard(Ok(said));
    }
}

/// Runs a pipeline. What stands between `MULTI` and `EXEC` is answered by `EXEC`, in one array.
fn transactions(keys: &mut Keys, pipeline: &[Command]) -> Vec<Said> {
    let mut queued: Option<Vec<Said>> = None;
    let each = pipeline.iter().map(|command| {
        let verb = command.first().map(|verb| verb.to_ascii_uppercase());
        match (verb.as_deref(), &mut queued) {
            (Some(b"MULTI"), None) => {
                queued = Some(Vec::new());
                run::ok()
            }
            (Some(b"EXEC"), Some(said)) => {
                let said = std::mem::take(said);
                queued = None;
                Said::Array(said)
            }
            (_, Some(said)) => {
                said.push(run::command(keys, command));
                Said::Status(Bytes::from_static(b"QUEUED"))
            }
            (_, None) => run::command(keys, command),
        }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{wait, words};

    #[test]
    fn memory_keeps_the_contract() {
        crate::contract::keys::run(&MemoryKeys::default());
    }

    #[test]
    fn a_key_goes_with_its_time() {
        let keys = MemoryKeys::default();
        let ask = |text| wait(&keys, vec![words(text)]).expect("an answer").remove(0);
        ask("SET t 1 EX 10");
        keys.advance(9_999);
        assert_eq!(ask("PTTL t"), Said::Int(1));
        keys.advance(1);
        assert_eq!(ask("EXISTS t"), Said::Int(0));
    }
}
