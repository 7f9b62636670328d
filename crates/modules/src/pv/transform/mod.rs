//! Transformations: `{s.len}`, `{uri.user}`, `{param.value,name}` and their kin.
//!
//! A transformation of null, and one that cannot be made, is null; inside a text it prints nothing.

mod address;
mod base;
mod encode;
mod escape;
mod hash;
mod lines;
mod pairs;
mod search;
mod text;
mod uri;
mod urialias;

use super::Pv;
use bytes::Bytes;
use policy::{Context, Declaration, Prepare, Problem, Text, Transform, Written, problem};
use script::Value;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    text::declare(declaration);
    search::declare(declaration);
    encode::declare(declaration);
    uri::declare(declaration);
    urialias::declare(declaration);
    pairs::declare(declaration);
    address::declare(declaration);
    lines::declare(declaration);
}

/// A transformation of text without arguments.
fn simple(apply: fn(&Bytes) -> Option<Value>) -> Result<Transform, Problem> {
    Ok(Transform::new(move |_, value| with_text(value, apply)))
}

/// A transformation of text with arguments, each with its variables put in.
fn with_arguments(
    written: &[Written],
    prepare: &mut Prepare<'_>,
    apply: fn(&Bytes, &[Bytes]) -> Option<Value>,
) -> Result<Transform, Problem> {
    let mut arguments = Vec::with_capacity(written.len());
    for argument in written {
        arguments.push(prepare.text(&argument.source())?);
    }
    Ok(Transform::new(move |context: &mut Context, value| {
        let arguments: Vec<Bytes> = arguments
            .iter()
            .map(|argument| argument.get(context))
            .collect();
        with_text(value, |text| apply(text, &arguments))
    }))
}

fn with_text(value: Value, apply: impl Fn(&Bytes) -> Option<Value>) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Str(text) => apply(&text).unwrap_or_default(),
        Value::Int(_) => apply(&value.to_text()).unwrap_or_default(),
    }
}

/// Refuses a transformation that lacks an argument.
fn at_least(written: &[Written], count: usize) -> Result<(), Problem> {
    match written.len() >= count {
        true => Ok(()),
        false => Err(problem(format!(
            "this transformation takes {count} arguments"
        ))),
    }
}

/// The number that an argument is.
fn number(argument: Option<&Bytes>) -> Option<i64> {
    script::parse_int(argument?.trim_ascii())
}

/// A text as a value.
fn owned(text: impl Into<Bytes>) -> Option<Value> {
    Some(Value::Str(text.into()))
}

/// A part of the text as a value, empty where there is none.
fn part(text: &Bytes, part: Option<&[u8]>) -> Option<Value> {
    Some(Value::Str(
        part.map(|part| super::part::slice(text, part))
            .unwrap_or_default(),
    ))
}

/// Prepared arguments, for transformations that keep them.
fn texts(written: &[Written], prepare: &mut Prepare<'_>) -> Result<Vec<Text>, Problem> {
    written
        .iter()
        .map(|argument| prepare.text(&argument.source()))
        .collect()
}
