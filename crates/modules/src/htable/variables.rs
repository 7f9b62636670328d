//! The variables `$sht` and its kin.

use super::iterate::Iterators;
use super::matching::{Fits, Match};
use super::table::Table;
use super::{Htable, Record};
use bytes::Bytes;
use policy::{Context, Declaration, Level, Prepare, Problem, Text, Var};
use script::{Value, VarSpec};
use std::sync::Arc;

pub(super) fn declare(d: &mut Declaration<Htable>) {
    d.variable(
        "sht(table=>key)",
        "The value of a key; $null removes it.",
        true,
        |module, spec, prepare| {
            let read = |table: &Table, key: &Bytes, now_s| table.value(key, now_s);
            let write = |table: &Table, key: &Bytes, value, now_s| {
                table.assign(key, value, now_s);
            };
            item(module, spec, prepare, read, write)
        },
    );
    d.variable(
        "shtex(table=>key)",
        "The seconds a key has left; 0 where it is not there or never expires.",
        true,
        |module, spec, prepare| {
            let read = |table: &Table, key: &Bytes, now_s| {
                Value::Int(i64::try_from(table.left_s(key, now_s)).unwrap_or(i64::MAX))
            };
            let write = |table: &Table, key: &Bytes, value: Value, now_s| {
                table.expire_in(key, value.to_int(), now_s);
            };
            item(module, spec, prepare, read, write)
        },
    );
    d.variable(
        "shtinc(table=>key)",
        "Adds one to a number and is the sum; $null where the key has none.",
        false,
        |module, spec, prepare| added(module, spec, prepare, 1),
    );
    d.variable(
        "shtdec(table=>key)",
        "Takes one from a number and is what is left; $null where the key has none.",
        false,
        |module, spec, prepare| added(module, spec, prepare, -1),
    );
    d.variable(
        "shtcn(table=>expression)",
        "How many keys match: a regular expression, or a text behind == (equal), %~ (starts so), ~% (ends so), ~~ (regular expression).",
        false,
        |module, spec, prepare| counted(module, spec, prepare, Match::fits_key),
    );
    d.variable(
        "shtcv(table=>expression)",
        "How many values match, as $shtcn; eq before a number counts numbers.",
        false,
        |module, spec, prepare| counted(module, spec, prepare, Match::fits_item),
    );
    declare_places(d);
}

fn declare_places(d: &mut Declaration<Htable>) {
    d.variable(
        "shtrecord(key|value)",
        "In event_route[htable:expired:NAME]: what has expired.",
        false,
        |_, spec, prepare| match spec.inner.as_deref() {
            Some(b"key") => Ok(Var::read_only(|c| c.extension_mut::<Record>().key.clone())),
            Some(b"value") => Ok(Var::read_only(|c| {
                c.extension_mut::<Record>().value.clone()
            })),
            _ => Err(prepare.problem("expected $shtrecord(key) or $shtrecord(value)")),
        },
    );
    d.variable(
        "shtitkey(iterator)",
        "The key an iterator stands at.",
        false,
        |_, spec, prepare| {
            let name = inner(spec, prepare)?;
            Ok(Var::read_only(move |c| {
                let at = c.extension_mut::<Iterators>().at(&name);
                at.map_or(Value::Null, |item| Value::Str(item.key.clone()))
            }))
        },
    );
    d.variable(
        "shtitval(iterator)",
        "The value an iterator stands at.",
        false,
        |_, spec, prepare| {
            let name = inner(spec, prepare)?;
            Ok(Var::read_only(move |c| {
                let at = c.extension_mut::<Iterators>().at(&name);
                at.map_or(Value::Null, |item| item.value.value())
            }))
        },
    );
}

/// A variable that reads and writes an item.
fn item(
    module: Option<&Arc<Htable>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
    read: fn(&Table, &Bytes, u64) -> Value,
    write: fn(&Table, &Bytes, Value, u64),
) -> Result<Var, Problem> {
    let Some((table, key)) = place(module, spec, prepare)? else {
        return Ok(Var::read_write(|_| Value::Null, |_, _| true));
    };
    let (same, key) = (table.clone(), Arc::new(key));
    let same_key = key.clone();
    Ok(Var::read_write(
        move |context| {
            let key = key.get(context);
            read(&table, &key, context.now.unix_s())
        },
        move |context, value| {
            let key = same_key.get(context);
            write(&same, &key, value, context.now.unix_s());
            true
        },
    ))
}

fn added(
    module: Option<&Arc<Htable>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
    more: i64,
) -> Result<Var, Problem> {
    let Some((table, key)) = place(module, spec, prepare)? else {
        return Ok(Var::null());
    };
    Ok(Var::read_only(move |context| {
        let key = key.get(context);
        table.add(&key, more, context.now.unix_s())
    }))
}

fn counted(
    module: Option<&Arc<Htable>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
    fits: Fits,
) -> Result<Var, Problem> {
    let Some((table, expression)) = place(module, spec, prepare)? else {
        return Ok(Var::null());
    };
    Ok(Var::read_only(move |context| {
        let expression = expression.get(context);
        let Ok(wanted) = Match::by_prefix(&expression) else {
            bad_regex(context, &expression);
            return Value::Int(0);
        };
        let all = usize::MAX;
        let count = table
            .items
            .count(all, |key, value| fits(&wanted, key, value));
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }))
}

/// Says that a regular expression does not compile.
pub(super) fn bad_regex(context: &mut Context, source: &Bytes) {
    context.log(Level::Err, "htable", || {
        format!("bad re {}", String::from_utf8_lossy(source))
    });
}

/// The table and the key of `$sht(table=>key)`; none while the configuration does not start.
fn place(
    module: Option<&Arc<Htable>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Option<(Arc<Table>, Text)>, Problem> {
    let whole = inner(spec, prepare)?;
    let Some(at) = memchr::memmem::find(&whole, b"=>") else {
        return Err(prepare.problem("expected table=>key in the brackets"));
    };
    let key = prepare.text(&whole.slice(at + 2..))?;
    let Some(module) = module else {
        return Ok(None);
    };
    let name = whole.get(..at).unwrap_or_default().trim_ascii();
    let table = module.tables.by_name(name).cloned();
    table.map(|table| Some((table, key))).ok_or_else(|| {
        let name = String::from_utf8_lossy(name).into_owned();
        policy::unknown("htable", &name, module.tables.names())
    })
}

fn inner(spec: &VarSpec, prepare: &Prepare<'_>) -> Result<Bytes, Problem> {
    let inner = spec.inner.clone();
    inner.ok_or_else(|| prepare.problem("something must stand in the brackets"))
}
