//! Logs, which Redis calls streams: entries in the order they came, each under a number.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Said;

/// A log, as long as it was allowed to become.
#[derive(Default)]
pub(super) struct Log {
    entries: VecDeque<(u64, Vec<Bytes>)>,
    last: u64,
}

impl Log {
    /// Adds an entry; the oldest go where there are more than `most`.
    pub(super) fn append(&mut self, fields: &[Bytes], most: usize) -> Said {
        self.last += 1;
        self.entries.push_back((self.last, fields.to_vec()));
        while self.entries.len() > most {
            self.entries.pop_front();
        }
        Said::Text(id(self.last))
    }

    /// The entries behind the one of this name, at most so many.
    pub(super) fn after(&self, name: &[u8], most: usize) -> Vec<Said> {
        let after = number(name);
        let newer = self.entries.iter().filter(|(number, _)| *number > after);
        newer.take(most).map(entry).collect()
    }

    /// The last entry.
    pub(super) fn last(&self) -> Option<Said> {
        self.entries.back().map(entry)
    }
}

/// What `XREAD` says of one log.
pub(super) fn read(key: &Bytes, entries: Vec<Said>) -> Said {
    if entries.is_empty() {
        return Said::Nil;
    }
    let log = vec![Said::Text(key.clone()), Said::Array(entries)];
    Said::Array(vec![Said::Array(log)])
}

fn entry((number, fields): &(u64, Vec<Bytes>)) -> Said {
    let fields = fields.iter().cloned().map(Said::Text).collect();
    Said::Array(vec![Said::Text(id(*number)), Said::Array(fields)])
}

fn id(number: u64) -> Bytes {
    format!("{number}-0").into()
}

fn number(name: &[u8]) -> u64 {
    let digits = name.split(|byte| *byte == b'-').next().unwrap_or_default();
    let number = super::run::whole(digits);
    number
        .and_then(|number| u64::try_from(number).ok())
        .unwrap_or(0)
}
