//! Single values and parameters of list headers.

use super::TextOpsX;
use super::field::{Field, Index, Place, chosen, param_span, places};
use bytes::Bytes;
use policy::{
    Argument, Context, Declaration, Prepare, Problem, Routes, Text, Var, Written, problem,
};
use script::{SelectSpec, Value};
use sip::{Message, Span};

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "append_hf_value(hf, hvalue)",
        "Adds a value behind the one with this index; without an index, or where it is missing, a new header at the end.",
        Routes::ANY,
        append,
    );
    d.function(
        "insert_hf_value(hf, hvalue)",
        "Adds a value before the one with this index; without an index a new header before the first of the name.",
        Routes::ANY,
        insert,
    );
    d.function(
        "remove_hf_value(hf_par)",
        "Removes values, or a parameter of values; -1 where there is none.",
        Routes::ANY,
        remove,
    );
    d.function(
        "assign_hf_value(hf, hvalue)",
        "Puts another value, or parameter, in place; -1 where there is no such header.",
        Routes::ANY,
        assign,
    );
    d.function(
        "include_hf_value(hf, hvalue)",
        "Adds a value that is not there yet.",
        Routes::ANY,
        include,
    );
    d.function(
        "exclude_hf_value(hf, hvalue)",
        "Removes a value.",
        Routes::ANY,
        exclude,
    );
    d.function(
        "hf_value_exists(hf, hvalue)",
        "1 where a header has this value, in any case.",
        Routes::ANY,
        exists,
    );
    d.select(
        "hf_value_exists.HF.VALUE",
        "1 where a header has this value, else 0; underscores are dashes.",
        select,
    );
}

fn append(_: &TextOpsX, context: &mut Context, field: &NoParam, value: &Text) -> bool {
    let (field, value) = (&field.0, value.get(context));
    match found(context, field).last() {
        Some(place) if field.index != Index::None => {
            let end = place.trimmed(&context.message).end as usize;
            context.edits.insert(end, [b",", &value[..]].concat());
        }
        _ => add_header(context, &field.name, &value),
    }
    true
}

fn insert(_: &TextOpsX, context: &mut Context, field: &NoParam, value: &Text) -> bool {
    let (field, value) = (&field.0, value.get(context));
    match found(context, field).first() {
        Some(place) if field.index != Index::None => {
            context
                .edits
                .insert(place.span.start as usize, [&value[..], b","].concat());
        }
        Some(place) => context.edits.insert_before(
            place.header,
            [&field.name[..], b": ", &value, b"\r\n"].concat(),
        ),
        None => add_header(context, &field.name, &value),
    }
    true
}

fn remove(_: &TextOpsX, context: &mut Context, field: &Field) -> bool {
    let message = context.message.clone();
    let places = found(context, field);
    if let Some(param) = &field.param {
        let spans: Vec<Span> = places
            .iter()
            .filter_map(|place| param_span(&message, place, param))
            .collect();
        spans.iter().for_each(|span| context.edits.remove(*span));
        return !spans.is_empty();
    }
    for place in &places {
        let span = if field.index == Index::All {
            place.header
        } else {
            place.removal()
        };
        context.edits.remove(span);
    }
    !places.is_empty()
}

fn assign(_: &TextOpsX, context: &mut Context, field: &Assignable, value: &Text) -> bool {
    let (field, value) = (&field.0, value.get(context));
    let message = context.message.clone();
    let places = found(context, field);
    for place in &places {
        match &field.param {
            None => context
                .edits
                .replace(place.trimmed(&message), value.clone()),
            Some(param) => assign_param(context, &message, place, param, &value),
        }
    }
    !places.is_empty()
}

fn assign_param(
    context: &mut Context,
    message: &Message,
    place: &Place,
    param: &Bytes,
    value: &[u8],
) {
    let equals: &[u8] = if value.is_empty() { b"" } else { b"=" };
    let text = [b";", &param[..], equals, value].concat();
    match param_span(message, place, param) {
        Some(span) => context.edits.replace(span, text),
        None => context
            .edits
            .insert(place.trimmed(message).end as usize, text),
    }
}

fn include(_: &TextOpsX, context: &mut Context, field: &NoParam, value: &Text) -> bool {
    let (name, value) = (&field.0.name, value.get(context));
    if equal(&context.message, name, &value).next().is_some() {
        return true;
    }
    match places(&context.message, name).last() {
        Some(place) => {
            let end = place.trimmed(&context.message).end as usize;
            context
                .edits
                .insert_after(Span::from(end..end), [b",", &value[..]].concat());
        }
        None => add_header(context, name, &value),
    }
    true
}

fn exclude(_: &TextOpsX, context: &mut Context, field: &NoParam, value: &Text) -> bool {
    let (name, value) = (&field.0.name, value.get(context));
    let spans: Vec<Span> = equal(&context.message, name, &value)
        .map(|place| place.removal())
        .collect();
    spans
        .into_iter()
        .for_each(|span| context.edits.remove(span));
    true
}

fn exists(_: &TextOpsX, context: &mut Context, field: &NoParam, value: &Text) -> bool {
    let value = value.get(context);
    equal(&context.message, &field.0.name, &value)
        .next()
        .is_some()
}

fn select(spec: &SelectSpec, _: &mut Prepare<'_>) -> Option<Result<Var, Problem>> {
    let [class, header, value] = spec.parts.as_slice() else {
        return None;
    };
    if &class.name[..] != b"hf_value_exists" {
        return None;
    }
    let name: Vec<u8> = header
        .name
        .iter()
        .map(|byte| if *byte == b'_' { b'-' } else { *byte })
        .collect();
    let value = value.name.clone();
    Some(Ok(Var::read_only(move |context| {
        Value::Str(Bytes::from_static(
            match equal(&context.message, &name, &value).next() {
                Some(_) => b"1",
                None => b"0",
            },
        ))
    })))
}

/// Values equal to this one without regard to case.
fn equal(message: &Message, name: &[u8], value: &[u8]) -> impl Iterator<Item = Place> {
    let same = |place: &Place| {
        place
            .trimmed(message)
            .of(message.bytes())
            .eq_ignore_ascii_case(value)
    };
    places(message, name).into_iter().filter(same)
}

fn found(context: &Context, field: &Field) -> Vec<Place> {
    chosen(places(&context.message, &field.name), field.index)
}

fn add_header(context: &mut Context, name: &[u8], value: &[u8]) {
    context
        .edits
        .append_header(&context.message, [name, b": ", value].concat());
}

/// A header value, not a parameter of it.
struct NoParam(Field);

impl Argument for NoParam {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<NoParam, Problem> {
        let field = Field::prepare(written, prepare)?;
        if field.param.is_some() || field.index == Index::All {
            return Err(problem(
                "neither a parameter nor an asterisk can stand here",
            ));
        }
        Ok(NoParam(field))
    }
}

/// All values only together with a parameter, as Kamailio has it.
struct Assignable(Field);

impl Argument for Assignable {
    fn prepare(
        written: Option<&Written>,
        prepare: &mut Prepare<'_>,
    ) -> Result<Assignable, Problem> {
        let field = Field::prepare(written, prepare)?;
        if field.param.is_none() && field.index == Index::All {
            return Err(problem("asterisk not supported without param"));
        }
        Ok(Assignable(field))
    }
}

#[cfg(test)]
mod tests;
