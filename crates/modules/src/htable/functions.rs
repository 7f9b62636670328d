//! The functions `sht_*`.

use super::held::Held;
use super::matching::{Fits, Match, Refused};
use super::table::Table;
use super::variables::bad_regex;
use super::{Htable, lock};
use bytes::Bytes;
use policy::{Context, Int, Level, Outcome, Text};
use std::sync::Arc;

impl Htable {
    pub(super) fn print(&self, context: &mut Context) -> i32 {
        for table in self.tables.each() {
            let (name, expires_s) = (&table.definition.name, table.definition.autoexpire_s);
            context.log(Level::Err, "htable", || {
                format!("htable[{name}] exp: {expires_s}")
            });
            for (slot, items) in table.slots(context.now.unix_s()) {
                for item in items {
                    let key = String::from_utf8_lossy(&item.key).into_owned();
                    let (value, until_s) = (item.value.value().to_text(), item.until_s);
                    context.log(Level::Err, "htable", || {
                        let value = String::from_utf8_lossy(&value);
                        format!("htable[{slot}] cell: {key} value: {value} expire: {until_s}")
                    });
                }
            }
        }
        1
    }

    pub(super) fn remove(&self, context: &mut Context, name: &Text, key: &Text) -> i32 {
        self.with(context, name, |context, table| {
            table.remove(&key.get(context));
            1
        })
    }

    pub(super) fn reset(&self, context: &mut Context, name: &Text) -> i32 {
        self.with(context, name, |_, table| {
            table.remove_where(|_, _| true);
            1
        })
    }

    pub(super) fn set_text(
        &self,
        context: &mut Context,
        name: &Text,
        key: &Text,
        value: &Text,
        expires: &Int,
    ) -> i32 {
        self.with(context, name, |context, table| {
            let value = Held::Text(value.get(context).as_ref().into());
            put(context, table, key, value, expires)
        })
    }

    pub(super) fn set_number(
        &self,
        context: &mut Context,
        name: &Text,
        key: &Text,
        value: &Int,
        expires: &Int,
    ) -> i32 {
        self.with(context, name, |context, table| {
            let value = Held::Int(value.get_or_0(context));
            put(context, table, key, value, expires)
        })
    }

    /// Removes what fits a regular expression, `table=>expression`.
    pub(super) fn remove_matching(&self, context: &mut Context, place: &Text, fits: Fits) -> i32 {
        self.at(context, place, |context, table, regex| {
            remove_fitting(context, table, Match::regex(&regex), &regex, fits)
        })
    }

    pub(super) fn lock(&self, context: &mut Context, place: &Text) -> Outcome {
        match self.split(context, place) {
            Some((table, key)) => lock::lock(context, table.items.clone(), key),
            None => Outcome::FALSE,
        }
    }

    pub(super) fn unlock(&self, context: &mut Context, place: &Text) -> i32 {
        self.at(context, place, |context, table, key| {
            lock::unlock(context, &table.items, &key);
            1
        })
    }

    /// Removes what fits an operand by an operator, `re` or `sw`.
    pub(super) fn remove_by(
        &self,
        context: &mut Context,
        [name, operator, operand]: [&Text; 3],
        fits: Fits,
    ) -> i32 {
        let (operator, operand) = (operator.get(context), operand.get(context));
        self.with(context, name, |context, table| {
            // Kamailio removes by expression and by front alone.
            let wanted = match operator.as_ref() {
                b"re" | b"sw" => Match::by_operator(&operator, operand.clone()),
                _ => Err(Refused::Operator),
            };
            if wanted.as_ref().err() == Some(&Refused::Operator) {
                return bad_operator(context, &operator);
            }
            remove_fitting(context, table, wanted, &operand, fits)
        })
    }

    /// Whether something fits an operand by an operator.
    pub(super) fn has(
        &self,
        context: &mut Context,
        [name, operator, operand]: [&Text; 3],
        fits: Fits,
    ) -> i32 {
        let (operator, operand) = (operator.get(context), operand.get(context));
        self.with(context, name, |context, table| {
            match Match::by_operator(&operator, operand.clone()) {
                Ok(wanted) => code(table.items.count(1, |k, v| fits(&wanted, k, v)) > 0),
                Err(Refused::Operator) => bad_operator(context, &operator),
                Err(Refused::Regex) => {
                    bad_regex(context, &operand);
                    -1
                }
            }
        })
    }

    /// Runs with the table of this name; -1 where there is none.
    pub(super) fn with(
        &self,
        context: &mut Context,
        name: &Text,
        run: impl FnOnce(&mut Context, &Arc<Table>) -> i32,
    ) -> i32 {
        let name = name.get(context);
        match self.table(context, &name) {
            Some(table) => run(context, &table),
            None => -1,
        }
    }

    /// Runs with the table and the rest of `table=>rest`.
    fn at(
        &self,
        context: &mut Context,
        place: &Text,
        run: impl FnOnce(&mut Context, &Arc<Table>, Bytes) -> i32,
    ) -> i32 {
        match self.split(context, place) {
            Some((table, rest)) => run(context, &table, rest),
            None => -1,
        }
    }

    fn split(&self, context: &mut Context, place: &Text) -> Option<(Arc<Table>, Bytes)> {
        let place = place.get(context);
        let Some(at) = memchr::memmem::find(&place, b"=>") else {
            context.log(Level::Err, "htable", || {
                format!(
                    "expected table=>key, found {}",
                    String::from_utf8_lossy(&place)
                )
            });
            return None;
        };
        let table = self.table(context, place.get(..at).unwrap_or_default())?;
        Some((table, place.slice(at + 2..)))
    }

    pub(super) fn table(&self, context: &mut Context, name: &[u8]) -> Option<Arc<Table>> {
        let table = self.tables.by_name(name.trim_ascii()).cloned();
        if table.is_none() {
            context.log(Level::Err, "htable", || {
                format!("cannot get hash table [{}]", String::from_utf8_lossy(name))
            });
        }
        table
    }
}

fn put(context: &mut Context, table: &Table, key: &Text, value: Held, expires: &Int) -> i32 {
    let (key, expires_s) = (key.get(context), expires.get_or_0(context));
    code(table.set_for(&key, value, expires_s, context.now.unix_s()))
}

fn remove_fitting(
    context: &mut Context,
    table: &Table,
    wanted: Result<Match, Refused>,
    source: &Bytes,
    fits: Fits,
) -> i32 {
    match wanted {
        Ok(wanted) => {
            table.remove_where(|key, value| fits(&wanted, key, value));
            1
        }
        Err(_) => {
            bad_regex(context, source);
            -1
        }
    }
}

fn bad_operator(context: &mut Context, operator: &[u8]) -> i32 {
    context.log(Level::Warn, "htable", || {
        format!(
            "unsupported match operator: {}",
            String::from_utf8_lossy(operator)
        )
    });
    -1
}

/// 1 or -1.
pub(super) fn code(yes: bool) -> i32 {
    if yes { 1 } else { -1 }
}
