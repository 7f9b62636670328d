//! `$avp(…)`: the variables a transaction carries.

use super::Pv;
use super::header::{At, Wanted, joined};
use super::part::int;
use bytes::Bytes;
use policy::{AvpName, Avps, Context, Declaration, Prepare, Problem, Text, Var, problem};
use script::{AssignOp, Value, VarSpec};
use std::sync::Arc;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let doc =
        "An AVP: name, s:name or i:number; the newest value first, `[n]` another one, `[*]` all.";
    declaration.variable("avp(name)", doc, true, |module, spec, prepare| {
        let aliases = module.map(|pv| pv.aliases.as_slice()).unwrap_or_default();
        let inner = spec
            .inner
            .as_ref()
            .ok_or_else(|| problem("the name of the AVP is missing"))?;
        let name = Arc::new(Name::prepare(inner, aliases, prepare)?);
        let at = Arc::new(At::prepare(spec, prepare)?);
        let has_index = spec.index.is_some();
        let (own_name, own_at) = (name.clone(), at.clone());
        Ok(Var::assignable(
            move |context| {
                let wanted = at.get(context);
                name.with(context, |context, name| {
                    read(&context.vars.avps, name, wanted)
                })
            },
            move |context, op, value| {
                let wanted = if has_index { own_at.get(context) } else { None };
                own_name.with(context, |context, name| {
                    write(&mut context.vars.avps, name, wanted, op, value)
                })
            },
        ))
    });
}

/// `$cnt($avp(x))`.
pub(super) fn counter(
    module: Option<&Arc<Pv>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let aliases = module.map(|pv| pv.aliases.as_slice()).unwrap_or_default();
    let inner = spec
        .inner
        .as_ref()
        .ok_or_else(|| problem("the name of the AVP is missing"))?;
    let name = Name::prepare(inner, aliases, prepare)?;
    Ok(Var::read_only(move |context| {
        int(name.with(context, |context, name| {
            context.vars.avps.values(name).count()
        }))
    }))
}

enum Name {
    Known(AvpName),
    Computed(Text),
}

impl Name {
    fn prepare(
        inner: &Bytes,
        aliases: &[(Bytes, AvpName)],
        prepare: &mut Prepare<'_>,
    ) -> Result<Name, Problem> {
        let trimmed = inner.trim_ascii();
        if let Some((_, target)) = aliases.iter().find(|(alias, _)| alias == trimmed) {
            return Ok(Name::Known(target.clone()));
        }
        let text = prepare.text(&inner.slice_ref(trimmed))?;
        match text.as_literal() {
            None => Ok(Name::Computed(text)),
            Some(name) => parse(name)
                .map(Name::Known)
                .ok_or_else(|| problem("no name of an AVP")),
        }
    }

    fn with<T: Default>(
        &self,
        context: &mut Context,
        then: impl FnOnce(&mut Context, &AvpName) -> T,
    ) -> T {
        match self {
            Name::Known(name) => then(context, name),
            Name::Computed(text) => match parse(&text.get(context)) {
                Some(name) => then(context, &name),
                None => T::default(),
            },
        }
    }
}

fn parse(text: &[u8]) -> Option<AvpName> {
    match std::str::from_utf8(text) {
        Ok(text) => AvpName::parse(text),
        Err(_) => Some(AvpName::Text(Bytes::copy_from_slice(text))),
    }
}

fn read(avps: &Avps, name: &AvpName, wanted: Option<Wanted>) -> Value {
    match wanted {
        Some(Wanted::One(index)) => avps.value(name, index).cloned().unwrap_or_default(),
        Some(Wanted::All) => {
            let texts: Vec<Bytes> = avps.values(name).map(Value::to_text).collect();
            joined(texts.iter().map(Bytes::as_ref), b", ")
        }
        None => Value::Null,
    }
}

/// A value is added, whatever the index, as 5.6.3 was seen to do; `[*]` keeps this value alone, and
/// null removes the newest.
fn write(
    avps: &mut Avps,
    name: &AvpName,
    wanted: Option<Wanted>,
    op: AssignOp,
    value: Value,
) -> bool {
    match (wanted, value) {
        (Some(Wanted::All), Value::Null) => _ = avps.remove_all(name),
        (_, Value::Null) => _ = avps.remove_newest(name),
        (wanted, value) => {
            if matches!(wanted, Some(Wanted::All)) || op == AssignOp::Replace {
                avps.remove_all(name);
            }
            avps.add(name.clone(), value);
        }
    }
    true
}
