//! Iterators over a table.
//!
//! An iterator holds no lock: it has a copy of one slot at a time, so the table may change meanwhile,
//! also through the script itself. What is gone is not shown; what came to a slot that was copied
//! already is not met.

use super::Htable;
use super::functions::code;
use super::held::Held;
use super::items::Listed;
use super::table::Table;
use bytes::Bytes;
use policy::{Context, Int, Level, Text};
use std::collections::VecDeque;
use std::sync::Arc;

/// Iterators that a script may have open at once.
const MOST: usize = 4;

/// The open iterators of a message.
#[derive(Default)]
pub(super) struct Iterators(Vec<Walk>);

struct Walk {
    name: Bytes,
    table: Arc<Table>,
    /// The next slot to copy.
    slot: usize,
    waiting: VecDeque<Listed>,
    at: Option<Listed>,
}

impl Iterators {
    /// Opens an iterator, or opens it anew; false where there are too many.
    fn start(&mut self, name: Bytes, table: Arc<Table>) -> bool {
        self.end(&name);
        let fits = self.0.len() < MOST;
        if fits {
            self.0.push(Walk {
                name,
                table,
                slot: 0,
                waiting: VecDeque::new(),
                at: None,
            });
        }
        fits
    }

    /// Closes an iterator; false where there is none.
    fn end(&mut self, name: &[u8]) -> bool {
        let before = self.0.len();
        self.0.retain(|walk| walk.name != name);
        self.0.len() < before
    }

    /// The iterator of this name.
    fn walk(&mut self, name: &[u8]) -> Option<&mut Walk> {
        self.0.iter_mut().find(|walk| walk.name == name)
    }

    /// The item it stands at.
    pub(super) fn at(&self, name: &[u8]) -> Option<&Listed> {
        let walk = self.0.iter().find(|walk| walk.name == name);
        walk?.at.as_ref()
    }
}

impl Walk {
    /// Goes to the next item; false at the end.
    fn next(&mut self, now_s: u64) -> bool {
        self.at = None;
        loop {
            while let Some(item) = self.waiting.pop_front() {
                // It may have changed since the slot was copied.
                self.at = self.table.items.item(&item.key, now_s);
                if self.at.is_some() {
                    return true;
                }
            }
            let Some(items) = self.table.items.listed(self.slot) else {
                return false;
            };
            self.slot += 1;
            self.waiting = items.into();
        }
    }

    /// Removes the item it stands at and goes on: 1, -2 where that was the last one, -1 where it
    /// stands at none.
    fn remove(&mut self, now_s: u64) -> i32 {
        let Some(item) = self.at.take() else {
            return -1;
        };
        self.table.remove(&item.key);
        if self.next(now_s) { 1 } else { -2 }
    }

    /// Gives the item another value, without another time.
    fn set(&mut self, value: Held, now_s: u64) -> bool {
        let Some(at) = &mut self.at else {
            return false;
        };
        at.value = value.clone();
        self.table.set_until(&at.key, value, at.until_s, now_s)
    }

    /// Gives the item another time.
    fn expire_in(&mut self, seconds: i64, now_s: u64) -> bool {
        let at = self.at.as_ref();
        at.is_some_and(|at| self.table.expire_in(&at.key, seconds, now_s))
    }
}

impl Htable {
    pub(super) fn iterator_start(&self, context: &mut Context, name: &Text, table: &Text) -> i32 {
        let iterator = name.get(context);
        self.with(context, table, |context, table| {
            if context
                .extension_mut::<Iterators>()
                .start(iterator, table.clone())
            {
                return 1;
            }
            context.log(Level::Err, "htable", || {
                format!("no iterator available - max number is {MOST}")
            });
            -1
        })
    }

    pub(super) fn iterator_end(&self, context: &mut Context, name: &Text) -> i32 {
        let name = name.get(context);
        if context.extension_mut::<Iterators>().end(&name) {
            return 1;
        }
        no_iterator(context, &name)
    }

    pub(super) fn iterator_next(&self, context: &mut Context, name: &Text) -> i32 {
        walk(context, name, |walk, now_s| code(walk.next(now_s)))
    }

    pub(super) fn iterator_remove(&self, context: &mut Context, name: &Text) -> i32 {
        walk(context, name, Walk::remove)
    }

    pub(super) fn iterator_set_text(
        &self,
        context: &mut Context,
        name: &Text,
        value: &Text,
    ) -> i32 {
        let value = Held::Text(value.get(context).as_ref().into());
        walk(context, name, |walk, now_s| code(walk.set(value, now_s)))
    }

    pub(super) fn iterator_set_number(
        &self,
        context: &mut Context,
        name: &Text,
        value: &Int,
    ) -> i32 {
        let value = Held::Int(value.get_or_0(context));
        walk(context, name, |walk, now_s| code(walk.set(value, now_s)))
    }

    pub(super) fn iterator_expire(&self, context: &mut Context, name: &Text, seconds: &Int) -> i32 {
        let seconds = seconds.get_or_0(context);
        walk(context, name, |walk, now_s| {
            code(walk.expire_in(seconds, now_s))
        })
    }
}

fn walk(context: &mut Context, name: &Text, run: impl FnOnce(&mut Walk, u64) -> i32) -> i32 {
    let (name, now_s) = (name.get(context), context.now.unix_s());
    match context.extension_mut::<Iterators>().walk(&name) {
        Some(walk) => run(walk, now_s),
        None => no_iterator(context, &name),
    }
}

fn no_iterator(context: &mut Context, name: &[u8]) -> i32 {
    context.log(Level::Err, "htable", || {
        format!(
            "iterator not initialized [{}]",
            String::from_utf8_lossy(name)
        )
    });
    -1
}
