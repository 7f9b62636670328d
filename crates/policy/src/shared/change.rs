//! Changes of an item, and what several of them come to.

use super::Item;
use bytes::Bytes;

/// A change of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has this value.
    Put {
        /// The value.
        value: Bytes,
        /// How long.
        life: Life,
    },
    /// A number more. An item that is not there begins with `first`.
    Add {
        /// How much.
        by: i64,
        /// Where it begins.
        first: i64,
        /// How long.
        life: Life,
    },
    /// It has this value where it is not there.
    Seed(Item),
    /// It ends with this Unix second; none for never.
    End(Option<u64>),
    /// It is gone.
    Remove,
}

/// How long an item lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The Unix second of its end; none for never.
    pub until_s: Option<u64>,
    /// True where an item that is there gets this end too.
    pub renews: bool,
}

impl Life {
    fn anew(self) -> Life {
        Life {
            renews: true,
            ..self
        }
    }
}

impl Change {
    /// Another change came behind this one.
    pub(super) fn follow(&mut self, next: Change) {
        use Change::{Add, End, Put, Remove, Seed};
        *self = match (&*self, next) {
            // What is kept of the time of an item that was removed is nothing.
            (Remove, Put { value, life }) => Put {
                value,
                life: life.anew(),
            },
            (Remove, Add { by, first, life }) => Put {
                value: number(first.wrapping_add(by)),
                life: life.anew(),
            },
            (Remove, End(_)) => Remove,
            (
                Put { value, life },
                Add {
                    by, life: later, ..
                },
            ) => Put {
                value: added(value, by).unwrap_or_else(|| value.clone()),
                life: if later.renews { later } else { *life },
            },
            (Add { by, first, .. }, Add { by: more, life, .. }) => Add {
                by: by.wrapping_add(more),
                first: *first,
                life,
            },
            (Put { value, .. }, End(until_s)) => Put {
                value: value.clone(),
                life: Life {
                    until_s,
                    renews: true,
                },
            },
            (Add { by, first, .. }, End(until_s)) => Add {
                by: *by,
                first: *first,
                life: Life {
                    until_s,
                    renews: true,
                },
            },
            (End(until_s), Add { by, first, life }) if !life.renews => Add {
                by,
                first,
                life: Life {
                    until_s: *until_s,
                    renews: true,
                },
            },
            (kept @ (Put { .. } | Add { .. } | End(_) | Remove), Seed(_)) => kept.clone(),
            (_, next) => next,
        };
    }

    /// What an item is with this change, given what Redis has; none where this change decides alone, and
    /// nothing new is known of it.
    pub(super) fn on(&self, item: Option<Item>) -> Option<Item> {
        match (self, item) {
            (Change::Add { by, .. }, Some(item)) => Some(Item {
                value: added(&item.value, *by)?,
                left_s: item.left_s,
            }),
            (Change::Seed(_), item) => item,
            _ => None,
        }
    }
}

fn added(value: &[u8], by: i64) -> Option<Bytes> {
    let before: i64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some(number(before.wrapping_add(by)))
}

fn number(number: i64) -> Bytes {
    number.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Life = Life {
        until_s: Some(100),
        renews: true,
    };
    const KEPT: Life = Life {
        until_s: Some(200),
        renews: false,
    };

    fn put(value: &'static str, life: Life) -> Change {
        let value = Bytes::from_static(value.as_bytes());
        Change::Put { value, life }
    }

    fn add(by: i64, life: Life) -> Change {
        Change::Add { by, first: 0, life }
    }

    #[test]
    fn changes_come_to_one() {
        let anew = KEPT.anew();
        let ends = Life {
            until_s: None,
            renews: true,
        };
        for (first, next, both) in [
            (add(2, LONG), add(3, KEPT), add(5, KEPT)),
            (put("4", LONG), add(3, KEPT), put("7", LONG)),
            (put("4", KEPT), add(3, LONG), put("7", LONG)),
            (put("text", LONG), add(3, LONG), put("text", LONG)),
            (add(3, LONG), put("4", KEPT), put("4", KEPT)),
            (Change::Remove, put("4", KEPT), put("4", anew)),
            (Change::Remove, add(4, KEPT), put("4", anew)),
            (Change::Remove, Change::End(None), Change::Remove),
            (put("4", LONG), Change::Remove, Change::Remove),
            (put("4", LONG), Change::End(None), put("4", ends)),
            (add(4, LONG), Change::End(None), add(4, ends)),
            (Change::End(None), add(4, KEPT), add(4, ends)),
            (Change::End(None), add(4, LONG), add(4, LONG)),
        ] {
            let mut change = first.clone();
            change.follow(next.clone());
            assert_eq!(change, both, "{first:?} then {next:?}");
        }
    }

    #[test]
    fn what_is_not_sent_yet_counts_too() {
        let item = |value: &'static str| {
            Some(Item {
                value: Bytes::from_static(value.as_bytes()),
                left_s: Some(5),
            })
        };
        assert_eq!(add(2, LONG).on(item("40")), item("42"));
        assert_eq!(put("1", LONG).on(item("40")), None);
        assert_eq!(Change::Remove.on(item("40")), None);
    }
}
