//! `$xavp(…)`, `$xavu(…)`, `$xavi(…)`: values with fields.

use super::Pv;
use super::header::Wanted;
use super::part::int;
use super::xavp_path::{Path, Steps, list, list_mut, number};
use bytes::Bytes;
use policy::{Context, Declaration, Prepare, Problem, Var, XavpValue, Xavps};
use script::{Value, VarSpec};
use std::sync::Arc;

/// Which family: they differ in where they are kept, in case, and in whether a name has one value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Xavp,
    Xavu,
    Xavi,
}

impl Family {
    /// The list of the message in hand.
    pub(super) fn root(self, context: &mut Context) -> &mut Xavps {
        match self {
            Family::Xavp => &mut context.vars.xavps,
            Family::Xavu => &mut context.vars.xavus,
            Family::Xavi => &mut context.vars.xavis,
        }
    }
}

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, family) in [
        (
            "xavp(name)",
            "A value with fields: name, name[n], name=>field, name[n]=>field[m].",
            Family::Xavp,
        ),
        (
            "xavu(name)",
            "The same with one value for each name.",
            Family::Xavu,
        ),
        (
            "xavi(name)",
            "The same as $xavp, with names in which case does not matter.",
            Family::Xavi,
        ),
    ] {
        declaration.variable(name, doc, true, move |_, spec, prepare| {
            let path = Arc::new(Path::prepare(spec, prepare)?);
            let same = path.clone();
            Ok(Var::read_write(
                move |context| match path.get(context, family == Family::Xavi) {
                    Some(steps) => read(family.root(context), &steps),
                    None => Value::Null,
                },
                move |context, value| match same.get(context, family == Family::Xavi) {
                    Some(steps) => write(family, family.root(context), &steps, value),
                    None => false,
                },
            ))
        });
    }
}

/// `$cnt($xavp(x))`, `$cnt($xavp(x=>y))`.
pub(super) fn counter(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let path = Path::prepare(spec, prepare)?;
    Ok(Var::read_only(move |context| {
        let steps = path.get(context, false).unwrap_or_default();
        let Some(((name, _), front)) = steps.split_last() else {
            return Value::Int(0);
        };
        let list = list(Family::Xavp.root(context), front);
        int(list.map_or(0, |list| list.count(name)))
    }))
}

fn read(root: &Xavps, steps: &Steps) -> Value {
    let Some(((name, at), front)) = steps.split_last() else {
        return Value::Null;
    };
    let entry = list(root, front).and_then(|list| list.entry(name, number(at)));
    match entry {
        Some(XavpValue::Plain(value)) => value.clone(),
        Some(XavpValue::Fields(_)) => Value::Str([b"<<xavp:", &name[..], b">>"].concat().into()),
        None => Value::Null,
    }
}

fn write(family: Family, root: &mut Xavps, steps: &Steps, value: Value) -> bool {
    let Some(((name, at), front)) = steps.split_last() else {
        return false;
    };
    if family == Family::Xavu {
        return write_unique(root, front, name, value);
    }
    if let ([(parent, None)], false) = (front, value.is_null()) {
        let mut fields = Xavps::default();
        fields.add(name.clone(), XavpValue::Plain(value));
        root.add(parent.clone(), XavpValue::Fields(fields));
        return true;
    }
    let Some(list) = list_mut(root, front) else {
        return value.is_null();
    };
    set(list, name, at, value)
}

/// Sets one entry of a list: null removes it, an index replaces it, else it is added.
fn set(list: &mut Xavps, name: &Bytes, at: &Option<Wanted>, value: Value) -> bool {
    match (at, value) {
        (Some(Wanted::All), Value::Null) => {
            list.remove_all(name);
            true
        }
        (at, Value::Null) => {
            list.remove(name, number(at));
            true
        }
        (Some(Wanted::All), value) => {
            list.remove_all(name);
            list.add(name.clone(), XavpValue::Plain(value));
            true
        }
        (Some(Wanted::One(index)), value) => list
            .entry_mut(name, *index)
            .map(|entry| *entry = XavpValue::Plain(value))
            .is_some(),
        (None, value) => {
            list.add(name.clone(), XavpValue::Plain(value));
            true
        }
    }
}

fn write_unique(
    root: &mut Xavps,
    front: &[(Bytes, Option<Wanted>)],
    name: &Bytes,
    value: Value,
) -> bool {
    let mut list = root;
    for (parent, _) in front {
        if !matches!(list.entry(parent, 0), Some(XavpValue::Fields(_))) {
            if value.is_null() {
                return true;
            }
            list.remove_all(parent);
            list.add(parent.clone(), XavpValue::Fields(Xavps::default()));
        }
        list = match list.entry_mut(parent, 0) {
            Some(XavpValue::Fields(fields)) => fields,
            _ => return false,
        };
    }
    list.remove_all(name);
    if !value.is_null() {
        list.add(name.clone(), XavpValue::Plain(value));
    }
    true
}
