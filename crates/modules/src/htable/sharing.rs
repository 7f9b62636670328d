//! Tables that several servers share.

use super::held::Held;
use super::table::Table;
use super::{Tables, params::Params};
use bytes::{BufMut, Bytes, BytesMut};
use policy::shared::{Change, Item, Life, Owner, Replica};
use policy::{Init, Problem, problem};
use std::sync::Arc;

/// What stands before a text, so that no text is taken for a number.
const TEXT: u8 = b's';
/// What stands between the name of a table, which has no such octet in it, and a key.
const BORDER: u8 = b':';

/// A table's way to the other servers.
pub(super) struct Share {
    replica: Arc<Replica>,
    name: Bytes,
}

impl Share {
    /// An item has a new value.
    pub(super) fn put(&self, key: &[u8], value: &Held, life: Life) {
        let value = encode(value);
        self.change(key, Change::Put { value, life });
    }

    /// So much more, of a number that begins with `first`.
    pub(super) fn add(&self, key: &[u8], by: i64, first: i64, life: Life) {
        self.change(key, Change::Add { by, first, life });
    }

    /// An item has another end.
    pub(super) fn end(&self, key: &[u8], until_s: Option<u64>) {
        self.change(key, Change::End(until_s));
    }

    /// An item is gone.
    pub(super) fn remove(&self, key: &[u8]) {
        self.change(key, Change::Remove);
    }

    /// Where the items are, and the name that an item has there.
    pub(super) fn place(&self, key: &[u8]) -> (&Arc<Replica>, Bytes) {
        (&self.replica, place(&self.name, key))
    }

    fn change(&self, key: &[u8], change: Change) {
        self.replica.change(place(&self.name, key), change);
    }
}

/// Shares the tables that are to be shared, where the parameters name a server for it.
pub(super) fn share(
    params: &Params,
    tables: &mut Tables,
    init: &mut Init<'_>,
) -> Result<(), Problem> {
    let Some(server) = &params.redis else {
        let alone = tables
            .all
            .iter()
            .find(|table| table.definition.must_be_shared);
        return match alone {
            None => Ok(()),
            Some(table) => Err(problem(format!(
                "table {} has dmqreplicate=1: tables are shared through Redis, name it in the parameter redis",
                table.definition.name
            ))),
        };
    };
    let shared = tables.all.iter().filter(|table| table.definition.is_shared);
    let owner = Arc::new(Shared(shared.cloned().collect()));
    let replica = Replica::start(init, "htable", server, owner.clone())?;
    for table in &owner.0 {
        let name = Bytes::copy_from_slice(table.definition.name.as_bytes());
        table.share_by(Share {
            replica: replica.clone(),
            name,
        });
    }
    Ok(())
}

/// The tables that are shared.
struct Shared(Vec<Arc<Table>>);

impl Owner for Shared {
    fn heard(&self, place: &[u8], item: Option<Item>, now_s: u64) {
        let Some(at) = memchr::memchr(BORDER, place) else {
            return;
        };
        let (name, key) = (&place[..at], &place[at + 1..]);
        let mut tables = self.0.iter();
        let Some(table) = tables.find(|table| table.definition.name.as_bytes() == name) else {
            return;
        };
        match item {
            None => drop(table.items.remove(key)),
            Some(item) => {
                let until_s = item.left_s.map_or(0, |left_s| now_s.saturating_add(left_s));
                table.take_over(key, decode(&item.value), until_s, now_s);
            }
        }
    }

    fn all(&self, now_s: u64) -> Vec<(Bytes, Item)> {
        let items = self.0.iter().flat_map(|table| {
            let name = table.definition.name.as_bytes();
            let items = table.slots(now_s).flat_map(|(_, items)| items);
            items.map(move |item| {
                let left_s = table.left_of(&item, now_s);
                let value = encode(&item.value);
                (place(name, &item.key), Item { value, left_s })
            })
        });
        items.collect()
    }
}

fn place(name: &[u8], key: &[u8]) -> Bytes {
    let mut place = BytesMut::with_capacity(name.len() + 1 + key.len());
    place.put_slice(name);
    place.put_u8(BORDER);
    place.put_slice(key);
    place.freeze()
}

fn encode(value: &Held) -> Bytes {
    match value {
        Held::Int(number) => number.to_string().into(),
        Held::Text(text) => [&[TEXT], text.as_ref()].concat().into(),
    }
}

/// A value as Redis has it; what is neither a number nor a text of ours counts as a text.
pub(super) fn decode(value: &[u8]) -> Held {
    match value {
        [TEXT, text @ ..] => Held::Text(text.into()),
        digits => match std::str::from_utf8(digits).map(str::parse) {
            Ok(Ok(number)) => Held::Int(number),
            _ => Held::Text(digits.into()),
        },
    }
}
