//! The commands, and what Redis says to them.

use super::Item;
use super::change::{Change, Life};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeSet;
use store::keys::{Command, Said};

/// Entries that the log has: those of twenty servers in ten seconds.
const LOG: &str = "2000";
/// Entries that are read at once.
const ENTRIES: usize = 1000;
/// Seconds for which it is remembered which transaction of a server was the last.
const REMEMBERED_S: &str = "86400";

/// What things of one module are called in Redis.
pub(super) struct Names {
    /// Before the key of each item: `ringwall:htable:i:`.
    items: String,
    log: Bytes,
    last: Bytes,
    age: Bytes,
    node: Bytes,
}

/// What the log says.
pub(super) struct Log {
    /// The last entry.
    pub(super) at: Option<Bytes>,
    /// The items that other servers changed.
    pub(super) changed: BTreeSet<Bytes>,
}

impl Names {
    pub(super) fn new(module: &str, node: &str) -> Names {
        let name = |rest: &str| Bytes::from(format!("ringwall:{module}:{rest}"));
        Names {
            items: format!("ringwall:{module}:i:"),
            log: name("log"),
            last: name(&format!("last:{node}")),
            age: name("age"),
            node: Bytes::copy_from_slice(node.as_bytes()),
        }
    }

    /// Changes as one transaction, which names them in the log; a serial number is remembered with it.
    pub(super) fn transaction(
        &self,
        changes: &[(Bytes, Change)],
        serial: Option<u64>,
        now_s: u64,
    ) -> Vec<Command> {
        if changes.is_empty() {
            return Vec::new();
        }
        let mut commands = vec![words(["MULTI"])];
        for (key, change) in changes {
            let key = self.item(key);
            commands.extend(change_of(&key, change, now_s));
            commands.push(pair("GET", &key));
            commands.push(pair("PTTL", &key));
        }
        if let Some(serial) = serial {
            let mut last = pair("SET", &self.last);
            last.push(serial.to_string().into());
            last.extend(words(["EX", REMEMBERED_S]));
            commands.push(last);
        }
        commands.push(self.entry(changes));
        commands.push(words(["EXEC"]));
        commands
    }

    /// What the log has behind an entry.
    pub(super) fn read_log(&self, at: &Bytes) -> Command {
        let mut command = words(["XREAD", "COUNT"]);
        command.push(ENTRIES.to_string().into());
        command.push(Bytes::from_static(b"STREAMS"));
        command.extend([self.log.clone(), at.clone()]);
        command
    }

    /// Which transaction was the last, whether the data is as old as it was, and where the log ends.
    pub(super) fn look_around(&self) -> Vec<Command> {
        let mut age = pair("SET", &self.age);
        age.extend([self.node.clone(), Bytes::from_static(b"NX")]);
        let mut end = pair("XREVRANGE", &self.log);
        end.extend(words(["+", "-", "COUNT", "1"]));
        vec![pair("GET", &self.last), age, end]
    }

    /// A page of the keys of all items.
    pub(super) fn scan(&self, cursor: &Bytes) -> Command {
        let mut command = vec![Bytes::from_static(b"SCAN"), cursor.clone()];
        command.push(Bytes::from_static(b"MATCH"));
        command.push(format!("{}*", self.items).into());
        command.extend(words(["COUNT", "1000"]));
        command
    }

    /// Items by their keys.
    pub(super) fn read<'a>(&self, keys: impl IntoIterator<Item = &'a Bytes>) -> Vec<Command> {
        let both = keys.into_iter().flat_map(|key| {
            let key = self.item(key);
            [pair("GET", &key), pair("PTTL", &key)]
        });
        both.collect()
    }

    /// What [`Names::read_log`] brings.
    pub(super) fn log(&self, said: &Said) -> Option<Log> {
        let mut log = Log {
            at: None,
            changed: BTreeSet::new(),
        };
        let Said::Array(logs) = said else {
            return matches!(said, Said::Nil).then_some(log);
        };
        let [Said::Array(named)] = logs.as_slice() else {
            return None;
        };
        let [_, Said::Array(entries)] = named.as_slice() else {
            return None;
        };
        for entry in entries {
            let (id, fields) = entry_of(entry)?;
            log.at = Some(id.clone());
            let (pairs, _) = fields.as_chunks::<2>();
            let of_ours = |[_, value]: &[Said; 2]| *value == Said::Text(self.node.clone());
            if pairs.first().is_some_and(of_ours) {
                continue;
            }
            for [_, key] in pairs.iter().skip(1) {
                if let Said::Text(key) = key {
                    log.changed.insert(key.clone());
                }
            }
        }
        Some(log)
    }

    /// The key of an item, by its name in Redis.
    pub(super) fn key(&self, name: &Bytes) -> Option<Bytes> {
        let begins = name.starts_with(self.items.as_bytes());
        begins.then(|| name.slice(self.items.len()..))
    }

    fn item(&self, key: &[u8]) -> Bytes {
        let mut name = BytesMut::with_capacity(self.items.len() + key.len());
        name.extend_from_slice(self.items.as_bytes());
        name.extend_from_slice(key);
        name.freeze()
    }

    fn entry(&self, changes: &[(Bytes, Change)]) -> Command {
        let mut command = pair("XADD", &self.log);
        command.extend(words(["MAXLEN", "~", LOG, "*", "n"]));
        command.push(self.node.clone());
        for (key, _) in changes {
            command.extend([Bytes::from_static(b"k"), key.clone()]);
        }
        command
    }
}

/// What a transaction answers for each of its changes; none where it was refused. `said` begins with the
/// answer to its first command.
pub(super) fn items(said: &[Said], changes: &[(Bytes, Change)]) -> Option<Vec<Option<Item>>> {
    let executed = said.iter().find_map(|said| match said {
        Said::Array(executed) => Some(executed),
        _ => None,
    })?;
    let mut at = 0;
    let each = changes.iter().map(|(_, change)| {
        at += length_of(change);
        let item = item(executed.get(at)?, executed.get(at + 1)?);
        at += 2;
        item
    });
    each.collect()
}

/// What `GET` and `PTTL` say: an item, or that there is none; none where it is neither.
pub(super) fn item(value: &Said, left: &Said) -> Option<Option<Item>> {
    match (value, left) {
        (Said::Nil, _) => Some(None),
        (Said::Text(value), Said::Int(left_ms)) => Some(Some(Item {
            value: value.clone(),
            left_s: u64::try_from(*left_ms).ok().map(|ms| ms.div_ceil(1000)),
        })),
        _ => None,
    }
}

/// An entry of a log: its name and its fields.
pub(super) fn entry_of(entry: &Said) -> Option<(&Bytes, &[Said])> {
    match entry {
        Said::Array(parts) => match parts.as_slice() {
            [Said::Text(id), Said::Array(fields)] => Some((id, fields)),
            _ => None,
        },
        _ => None,
    }
}

/// The commands of a change: as many as [`length_of`] says.
fn change_of(key: &Bytes, change: &Change, now_s: u64) -> Vec<Command> {
    match change {
        Change::Put { value, life } => {
            let mut set = pair("SET", key);
            set.push(value.clone());
            if !life.renews {
                set.push(Bytes::from_static(b"KEEPTTL"));
            }
            vec![set, live(key, *life, now_s)]
        }
        Change::Add { by, first, life } => {
            let mut begin = pair("SET", key);
            begin.extend([first.to_string().into(), Bytes::from_static(b"NX")]);
            let mut add = pair("INCRBY", key);
            add.push(by.to_string().into());
            vec![begin, add, live(key, *life, now_s)]
        }
        Change::Seed(item) => {
            let mut set = pair("SET", key);
            set.extend([item.value.clone(), Bytes::from_static(b"NX")]);
            let life = Life {
                until_s: item.left_s.map(|left_s| now_s.saturating_add(left_s)),
                renews: false,
            };
            vec![set, live(key, life, now_s)]
        }
        Change::End(until_s) => {
            let life = Life {
                until_s: *until_s,
                renews: true,
            };
            vec![live(key, life, now_s)]
        }
        Change::Remove => vec![pair("DEL", key)],
    }
}

fn length_of(change: &Change) -> usize {
    match change {
        Change::Put { .. } | Change::Seed(_) => 2,
        Change::Add { .. } => 3,
        Change::End(_) | Change::Remove => 1,
    }
}

/// Gives an item its end. Redis counts from when it hears it, so that clocks need not agree.
fn live(key: &Bytes, life: Life, now_s: u64) -> Command {
    let Some(until_s) = life.until_s else {
        return match life.renews {
            true => pair("PERSIST", key),
            // What is there keeps its end, and what is new has none.
            false => pair("PTTL", key),
        };
    };
    let mut command = pair("EXPIRE", key);
    command.push(until_s.saturating_sub(now_s).to_string().into());
    if !life.renews {
        command.push(Bytes::from_static(b"NX"));
    }
    command
}

fn pair(verb: &'static str, key: &Bytes) -> Command {
    vec![Bytes::from_static(verb.as_bytes()), key.clone()]
}

fn words<const N: usize>(words: [&'static str; N]) -> Command {
    words
        .map(|word| Bytes::from_static(word.as_bytes()))
        .to_vec()
}
