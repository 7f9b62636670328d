//! What each command does.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::log::{self, Log};
use super::{Command, Kept, Keys, Said};

type Ran = Result<Said, Said>;

/// Runs one command.
pub(super) fn command(keys: &mut Keys, command: &Command) -> Said {
    let Some((verb, words)) = command.split_first() else {
        return error("ERR unknown command ''");
    };
    let verb = verb.to_ascii_uppercase();
    let ran = match verb.as_slice() {
        b"PING" | b"GET" | b"SET" | b"INCR" | b"DECR" | b"INCRBY" => texts(keys, &verb, words),
        b"HSET" | b"HGET" | b"HGETALL" | b"SADD" | b"SMEMBERS" => groups(keys, &verb, words),
        b"DEL" | b"EXISTS" | b"SCAN" => several(keys, &verb, words),
        b"EXPIRE" | b"PERSIST" | b"PTTL" => times(keys, &verb, words),
        b"XADD" | b"XREAD" | b"XREVRANGE" => logs(keys, &verb, words),
        _ => Err(error("ERR unknown command")),
    };
    // An empty hash or set is no key.
    keys.kept.retain(|_, kept| match kept {
        Kept::Text(_) | Kept::Log(_) => true,
        Kept::Hash(hash) => !hash.is_empty(),
        Kept::Set(set) => !set.is_empty(),
    });
    ran.unwrap_or_else(|said| said)
}

fn texts(keys: &mut Keys, verb: &[u8], words: &[Bytes]) -> Ran {
    match (verb, words) {
        (b"PING", []) => Ok(Said::Status(Bytes::from_static(b"PONG"))),
        (b"GET", [key]) => get(keys, key),
        (b"SET", [key, value, options @ ..]) => set_text(keys, key, value, options),
        (b"INCR", [key]) => add(keys, key, 1),
        (b"DECR", [key]) => add(keys, key, -1),
        (b"INCRBY", [key, by]) => add(keys, key, whole(by).ok_or_else(not_whole)?),
        _ => Err(wrong_number()),
    }
}

/// `SET key value [NX] [KEEPTTL] [EX seconds]`.
fn set_text(keys: &mut Keys, key: &Bytes, value: &Bytes, options: &[Bytes]) -> Ran {
    let (mut only_new, mut keeps_end, mut seconds) = (false, false, None);
    let mut options = options.iter().map(|word| word.to_ascii_uppercase());
    while let Some(option) = options.next() {
        match option.as_slice() {
            b"NX" => only_new = true,
            b"KEEPTTL" => keeps_end = true,
            b"EX" => {
                let given = options.next().and_then(|word| whole(&word));
                seconds = Some(given.ok_or_else(not_whole)?);
            }
            _ => return Err(error("ERR syntax error")),
        }
    }
    if only_new && keys.kept.contains_key(key) {
        return Ok(Said::Nil);
    }
    keys.kept.insert(key.clone(), Kept::Text(value.clone()));
    if !keeps_end {
        keys.ends_ms.remove(key);
    }
    if let Some(seconds) = seconds {
        end_in(keys, key, seconds);
    }
    Ok(ok())
}

fn groups(keys: &mut Keys, verb: &[u8], words: &[Bytes]) -> Ran {
    match (verb, words) {
        (b"HSET", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
            let hash = hash(keys, key)?;
            let new = pairs.chunks(2).filter(|pair| match pair {
                [name, value] => hash.insert(name.clone(), value.clone()).is_none(),
                _ => false,
            });
            Ok(count(new.count()))
        }
        (b"HGET", [key, name]) => {
            let found = hash(keys, key)?.get(name).cloned();
            Ok(found.map_or(Said::Nil, Said::Text))
        }
        (b"HGETALL", [key]) => {
            let pairs = hash(keys, key)?
                .iter()
                .flat_map(|(name, value)| [name, value]);
            Ok(Said::Array(pairs.cloned().map(Said::Text).collect()))
        }
        (b"SADD", [key, members @ ..]) if !members.is_empty() => {
            let set = set(keys, key)?;
            let new = members.iter().filter(|it| set.insert((*it).clone()));
            Ok(count(new.count()))
        }
        (b"SMEMBERS", [key]) => {
            let members = set(keys, key)?.iter().cloned();
            Ok(Said::Array(members.map(Said::Text).collect()))
        }
        _ => Err(wrong_number()),
    }
}

fn several(keys: &mut Keys, verb: &[u8], words: &[Bytes]) -> Ran {
    match (verb, words) {
        (b"DEL", [_, ..]) => {
            let removed = words.iter().filter(|key| {
                keys.ends_ms.remove(*key);
                keys.kept.remove(*key).is_some()
            });
            Ok(count(removed.count()))
        }
        (b"EXISTS", [_, ..]) => {
            let there = words.iter().filter(|key| keys.kept.contains_key(*key));
            Ok(count(there.count()))
        }
        // All in one page, whatever COUNT says; a pattern is a beginning before one star.
        (b"SCAN", [_cursor, r#match, pattern, ..]) if r#match.eq_ignore_ascii_case(b"MATCH") => {
            let begin = pattern.strip_suffix(b"*").unwrap_or(pattern);
            let found = keys.kept.keys().filter(|key| key.starts_with(begin));
            let found = Said::Array(found.cloned().map(Said::Text).collect());
            Ok(Said::Array(vec![
                Said::Text(Bytes::from_static(b"0")),
                found,
            ]))
        }
        _ => Err(wrong_number()),
    }
}

fn times(keys: &mut Keys, verb: &[u8], words: &[Bytes]) -> Ran {
    let key = words.first().ok_or_else(wrong_number)?;
    if !keys.kept.contains_key(key) {
        return Ok(Said::Int(if verb == b"PTTL" { -2 } else { 0 }));
    }
    match (verb, &words[1..]) {
        (b"PTTL", []) => {
            let end_ms = keys.ends_ms.get(key);
            let left = end_ms.map(|end_ms| end_ms.saturating_sub(keys.now_ms));
            let left = left.map(|left| i64::try_from(left).unwrap_or(i64::MAX));
            Ok(Said::Int(left.unwrap_or(-1)))
        }
        (b"PERSIST", []) => Ok(Said::Int(keys.ends_ms.remove(key).is_some().into())),
        (b"EXPIRE", [seconds, option @ ..]) => {
            let seconds = whole(seconds).ok_or_else(not_whole)?;
            let only_new = option
                .first()
                .is_some_and(|it| it.eq_ignore_ascii_case(b"NX"));
            if only_new && keys.ends_ms.contains_key(key) {
                return Ok(Said::Int(0));
            }
            end_in(keys, key, seconds);
            Ok(Said::Int(1))
        }
        _ => Err(wrong_number()),
    }
}

/// Gives a key so many seconds; with none left it goes at once.
fn end_in(keys: &mut Keys, key: &Bytes, seconds: i64) {
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => {
            let end_ms = keys.now_ms.saturating_add(seconds.saturating_mul(1000));
            keys.ends_ms.insert(key.clone(), end_ms);
        }
        _ => {
            keys.ends_ms.remove(key);
            keys.kept.remove(key);
        }
    }
}

fn logs(keys: &mut Keys, verb: &[u8], words: &[Bytes]) -> Ran {
    let upper: Vec<Vec<u8>> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&[u8]> = upper.iter().map(Vec::as_slice).collect();
    match (verb, upper.as_slice(), words) {
        (b"XADD", [_, b"MAXLEN", b"~", _, b"*", ..], [key, _, _, most, _, fields @ ..]) => {
            let most = whole(most).and_then(|most| usize::try_from(most).ok());
            let kept = keys.kept.entry(key.clone());
            match kept.or_insert_with(|| Kept::Log(Log::default())) {
                Kept::Log(log) => Ok(log.append(fields, most.ok_or_else(not_whole)?)),
                _ => Err(wrong_type()),
            }
        }
        (b"XREAD", [b"COUNT", _, b"STREAMS", _, _], [_, most, _, key, after]) => {
            let most = whole(most).and_then(|most| usize::try_from(most).ok());
            let found = match log_of(keys, key)? {
                Some(log) => log.after(after, most.ok_or_else(not_whole)?),
                None => Vec::new(),
            };
            Ok(log::read(key, found))
        }
        (b"XREVRANGE", [_, b"+", b"-", b"COUNT", b"1"], [key, ..]) => {
            let last = log_of(keys, key)?.and_then(Log::last);
            Ok(Said::Array(last.into_iter().collect()))
        }
        _ => Err(wrong_number()),
    }
}

fn log_of<'a>(keys: &'a Keys, key: &Bytes) -> Result<Option<&'a Log>, Said> {
    match keys.kept.get(key) {
        None => Ok(None),
        Some(Kept::Log(log)) => Ok(Some(log)),
        Some(_) => Err(wrong_type()),
    }
}

fn get(keys: &Keys, key: &Bytes) -> Ran {
    match keys.kept.get(key) {
        None => Ok(Said::Nil),
        Some(Kept::Text(text)) => Ok(Said::Text(text.clone())),
        Some(_) => Err(wrong_type()),
    }
}

fn add(keys: &mut Keys, key: &Bytes, by: i64) -> Ran {
    let before = match get(keys, key)? {
        Said::Text(text) => whole(&text),
        _ => Some(0),
    };
    let after = before.and_then(|before| before.checked_add(by));
    let after = after.ok_or_else(not_whole)?;
    let text = Kept::Text(after.to_string().into());
    keys.kept.insert(key.clone(), text);
    Ok(Said::Int(after))
}

fn hash<'a>(keys: &'a mut Keys, key: &Bytes) -> Result<&'a mut BTreeMap<Bytes, Bytes>, Said> {
    let kept = keys.kept.entry(key.clone());
    match kept.or_insert_with(|| Kept::Hash(BTreeMap::new())) {
        Kept::Hash(hash) => Ok(hash),
        _ => Err(wrong_type()),
    }
}

fn set<'a>(keys: &'a mut Keys, key: &Bytes) -> Result<&'a mut BTreeSet<Bytes>, Said> {
    let kept = keys.kept.entry(key.clone());
    match kept.or_insert_with(|| Kept::Set(BTreeSet::new())) {
        Kept::Set(set) => Ok(set),
        _ => Err(wrong_type()),
    }
}

pub(super) fn whole(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn count(number: usize) -> Said {
    Said::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn ok() -> Said {
    Said::Status(Bytes::from_static(b"OK"))
}

fn wrong_type() -> Said {
    error("WRONGTYPE Operation against a key holding the wrong kind of value")
}

fn not_whole() -> Said {
    error("ERR value is not an integer or out of range")
}

fn wrong_number() -> Said {
    error("ERR wrong number of arguments")
}

fn error(text: &'static str) -> Said {
    Said::Error(Bytes::from_static(text.as_bytes()))
}
