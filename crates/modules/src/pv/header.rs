//! `$hdr`, `$hdrc`, `$hfl`, `$hflc`: headers by name.

use super::Pv;
use super::part::int;
use bytes::{Bytes, BytesMut};
use policy::{Context, Declaration, Prepare, Problem, Text, Var, problem};
use script::{Index, Value, VarSpec};
use sip::{HeaderId, Message};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let doc =
        "The body of the header with that name; `[n]` the n-th, negative from the end, `[*]` all.";
    declaration.variable("hdr(name)", doc, false, |_, spec, prepare| {
        let (name, at) = (name(spec, prepare)?, At::prepare(spec, prepare)?);
        Ok(Var::read_only(move |context| header(&name, &at, context)))
    });
    declaration.variable(
        "hdrc(name)",
        "How many headers have that name.",
        false,
        |_, spec, prepare| {
            let name = name(spec, prepare)?;
            Ok(Var::read_only(move |context| {
                name.with(context, |message, name| int(message.named(name).count()))
            }))
        },
    );
    let doc =
        "One value of a header that is a list, over all its lines; `[n]` and `[*]` as in $hdr.";
    declaration.variable("hfl(name)", doc, false, |_, spec, prepare| {
        let (name, at) = (name(spec, prepare)?, At::prepare(spec, prepare)?);
        Ok(Var::read_only(move |context| match at.get(context) {
            Some(Wanted::All) => header(&name, &at, context),
            Some(Wanted::One(index)) => {
                name.with(context, |message, name| item(message, name, index))
            }
            None => Value::Null,
        }))
    });
    declaration.variable(
        "hflc(name)",
        "How many values a header that is a list has.",
        false,
        |_, spec, prepare| {
            let name = name(spec, prepare)?;
            Ok(Var::read_only(move |context| {
                name.with(context, |message, name| int(items(message, name).count()))
            }))
        },
    );
}

/// The name of a header, known at load or not.
enum Name {
    Known(Bytes),
    Computed(Text),
}

impl Name {
    fn with(&self, context: &mut Context, read: impl FnOnce(&Message, &[u8]) -> Value) -> Value {
        match self {
            Name::Known(name) => read(&context.message, name),
            Name::Computed(text) => {
                let name = text.get(context);
                read(&context.message, &name)
            }
        }
    }
}

fn name(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Name, Problem> {
    let inner = spec
        .inner
        .as_ref()
        .ok_or_else(|| problem("the name of a header is missing"))?;
    let text = prepare.text(&inner.slice_ref(inner.trim_ascii()))?;
    match text.as_literal() {
        Some(name) if name.is_empty() => Err(problem("the name of a header is missing")),
        Some(name) => Ok(Name::Known(name.clone())),
        None => Ok(Name::Computed(text)),
    }
}

/// The index of a variable, as written.
pub(super) enum At {
    Fixed(i64),
    All,
    Computed(Var),
}

/// The index of a variable, now.
pub(super) enum Wanted {
    One(i64),
    All,
}

impl At {
    /// The index of `spec`; without one it is 0.
    pub(super) fn prepare(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<At, Problem> {
        Ok(match &spec.index {
            None => At::Fixed(0),
            Some(Index::All) => At::All,
            Some(Index::At(index)) => At::Fixed(*index),
            Some(Index::Variable(var)) => At::Computed(prepare.variable(var)?),
        })
    }

    /// The index now; none where the variable is no number.
    pub(super) fn get(&self, context: &mut Context) -> Option<Wanted> {
        match self {
            At::Fixed(index) => Some(Wanted::One(*index)),
            At::All => Some(Wanted::All),
            At::Computed(var) => match var.read(context) {
                Value::Int(index) => Some(Wanted::One(index)),
                Value::Str(text) => script::parse_int(&text).map(Wanted::One),
                Value::Null => None,
            },
        }
    }
}

fn header(name: &Name, at: &At, context: &mut Context) -> Value {
    let wanted = at.get(context);
    name.with(context, |message, name| match wanted {
        Some(Wanted::All) => joined(message.named(name).map(|header| header.value), b","),
        Some(Wanted::One(index)) => one(message, name, index),
        None => Value::Null,
    })
}

fn one(message: &Message, name: &[u8], index: i64) -> Value {
    let found = match usize::try_from(index) {
        Ok(index) => message.named(name).nth(index),
        Err(_) => {
            let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let count = message.named(name).count();
            count
                .checked_sub(back)
                .and_then(|index| message.named(name).nth(index))
        }
    };
    found.map_or(Value::Null, |header| {
        Value::Str(message.slice_of(header.value))
    })
}

fn item(message: &Message, name: &[u8], index: i64) -> Value {
    let found = match usize::try_from(index) {
        Ok(index) => items(message, name).nth(index),
        Err(_) => {
            let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let count = items(message, name).count();
            count
                .checked_sub(back)
                .and_then(|index| items(message, name).nth(index))
        }
    };
    found.map_or(Value::Null, |value| Value::Str(message.slice_of(value)))
}

/// The values of a header, in order. Only headers that Kamailio reads as lists are split.
fn items<'a>(message: &'a Message, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let is_list = LISTS.contains(&HeaderId::lookup(name));
    message.named(name).flat_map(move |header| {
        let split = is_list
            .then(|| sip::split_values(header.value))
            .into_iter()
            .flatten();
        split.chain((!is_list).then_some(header.value))
    })
}

const LISTS: [HeaderId; 8] = [
    HeaderId::Via,
    HeaderId::Contact,
    HeaderId::Route,
    HeaderId::RecordRoute,
    HeaderId::Path,
    HeaderId::PAssertedIdentity,
    HeaderId::PPreferredIdentity,
    HeaderId::Diversion,
];

/// Texts with a separator between them; null where there is none.
pub(super) fn joined<'a>(texts: impl Iterator<Item = &'a [u8]>, separator: &[u8]) -> Value {
    let mut out: Option<BytesMut> = None;
    for text in texts {
        match &mut out {
            None => out = Some(BytesMut::from(text)),
            Some(out) => {
                out.extend_from_slice(separator);
                out.extend_from_slice(text);
            }
        }
    }
    out.map_or(Value::Null, |out| Value::Str(out.freeze()))
}
