//! Keys and values in memory, for tests and simulations. It knows the commands that the suite names, and no
//! time, so that nothing expires.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Command, Heard, KeyStore, Said};

/// A server of keys and values in memory.
#[derive(Default)]
pub struct MemoryKeys(Mutex<BTreeMap<Bytes, Kept>>);

/// What is kept under a key.
enum Kept {
    Text(Bytes),
    Hash(BTreeMap<Bytes, Bytes>),
    Set(BTreeSet<Bytes>),
}

type Keys = BTreeMap<Bytes, Kept>;

impl KeyStore for MemoryKeys {
    fn submit(&self, pipeline: Vec<Command>, heard: Heard) {
        let said = {
            let mut keys = self.0.lock();
            let commands = pipeline.iter();
            commands.map(|command| run(&mut keys, command)).collect()
        };
        heard(Ok(said));
    }
}

fn run(keys: &mut Keys, command: &Command) -> Said {
    let Some((verb, words)) = command.split_first() else {
        return error("ERR unknown command ''");
    };
    let done = match (verb.to_ascii_uppercase().as_slice(), words) {
        (b"PING", []) => Ok(Said::Status(Bytes::from_static(b"PONG"))),
        (b"GET", [key]) => get(keys, key),
        (b"SET", [key, value]) => {
            keys.insert(key.clone(), Kept::Text(value.clone()));
            Ok(Said::Status(Bytes::from_static(b"OK")))
        }
        (b"DEL", [_, ..]) => Ok(count(
            words.iter().filter_map(|key| keys.remove(key)).count(),
        )),
        (b"EXISTS", [_, ..]) => Ok(count(
            words.iter().filter(|key| keys.contains_key(*key)).count(),
        )),
        (b"INCR", [key]) => add(keys, key, 1),
        (b"DECR", [key]) => add(keys, key, -1),
        (b"INCRBY", [key, by]) => match whole(by) {
            Some(by) => add(keys, key, by),
            None => Ok(not_whole()),
        },
        (b"HSET", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
            hash(keys, key).map(|hash| {
                let new = pairs.chunks(2).filter(|pair| match pair {
                    [name, value] => hash.insert(name.clone(), value.clone()).is_none(),
                    _ => false,
                });
                count(new.count())
            })
        }
        (b"HGET", [key, name]) => {
            hash(keys, key).map(|hash| hash.get(name).cloned().map_or(Said::Nil, Said::Text))
        }
        (b"HGETALL", [key]) => hash(keys, key).map(|hash| {
            let pairs = hash.iter().flat_map(|(name, value)| [name, value]);
            Said::Array(pairs.cloned().map(Said::Text).collect())
        }),
        (b"SADD", [key, members @ ..]) if !members.is_empty() => set(keys, key).map(|set| {
            count(
                members
                    .iter()
                    .filter(|it| set.insert((*it).clone()))
                    .count(),
            )
        }),
        (b"SMEMBERS", [key]) => {
            set(keys, key).map(|set| Said::Array(set.iter().cloned().map(Said::Text).collect()))
        }
        (b"PING" | b"GET" | b"SET" | b"DEL" | b"EXISTS" | b"INCR" | b"DECR" | b"INCRBY", _)
        | (b"HSET" | b"HGET" | b"HGETALL" | b"SADD" | b"SMEMBERS", _) => {
            Ok(error("ERR wrong number of arguments"))
        }
        _ => Ok(error("ERR unknown command")),
    };
    // An empty hash or set is no key.
    keys.retain(|_, kept| match kept {
        Kept::Text(_) => true,
        Kept::Hash(hash) => !hash.is_empty(),
        Kept::Set(set) => !set.is_empty(),
    });
    done.unwrap_or_else(|said| said)
}

fn get(keys: &Keys, key: &Bytes) -> Result<Said, Said> {
    match keys.get(key) {
        None => Ok(Said::Nil),
        Some(Kept::Text(text)) => Ok(Said::Text(text.clone())),
        Some(_) => Err(wrong_type()),
    }
}

fn add(keys: &mut Keys, key: &Bytes, by: i64) -> Result<Said, Said> {
    let before = match get(keys, key)? {
        Said::Text(text) => whole(&text),
        _ => Some(0),
    };
    let Some(after) = before.and_then(|before| before.checked_add(by)) else {
        return Err(not_whole());
    };
    keys.insert(key.clone(), Kept::Text(after.to_string().into()));
    Ok(Said::Int(after))
}

fn hash<'a>(keys: &'a mut Keys, key: &Bytes) -> Result<&'a mut BTreeMap<Bytes, Bytes>, Said> {
    let kept = keys.entry(key.clone());
    match kept.or_insert_with(|| Kept::Hash(BTreeMap::new())) {
        Kept::Hash(hash) => Ok(hash),
        _ => Err(wrong_type()),
    }
}

fn set<'a>(keys: &'a mut Keys, key: &Bytes) -> Result<&'a mut BTreeSet<Bytes>, Said> {
    let kept = keys.entry(key.clone());
    match kept.or_insert_with(|| Kept::Set(BTreeSet::new())) {
        Kept::Set(set) => Ok(set),
        _ => Err(wrong_type()),
    }
}

fn whole(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn count(number: usize) -> Said {
    Said::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn wrong_type() -> Said {
    error("WRONGTYPE Operation against a key holding the wrong kind of value")
}

fn not_whole() -> Said {
    error("ERR value is not an integer or out of range")
}

fn error(text: &'static str) -> Said {
    Said::Error(Bytes::from_static(text.as_bytes()))
}
