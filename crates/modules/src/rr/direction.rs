//! Which way an in-dialog request goes, by the `ftag` in our own Route.

use super::Rr;
use super::route::{Followed, is_myself, own_params};
use bytes::Bytes;
use policy::{Context, Pattern, Prepare, Problem, Text, Var};
use script::{Value, VarSpec};
use sip::Params;
use std::sync::Arc;

impl Rr {
    pub(super) fn check_param(&self, context: &mut Context, pattern: &Pattern) -> bool {
        let Some(params) = own(context) else {
            return false;
        };
        pattern
            .with(context, |_, regex| regex.matches(&params).unwrap_or(false))
            .unwrap_or(false)
    }

    pub(super) fn is_direction(&self, context: &mut Context, direction: &Text) -> bool {
        match direction.get(context).to_ascii_lowercase().as_slice() {
            b"downstream" => !is_upstream(context),
            b"upstream" => is_upstream(context),
            _ => false,
        }
    }

    pub(super) fn caller_tag(&self, context: &mut Context) -> Value {
        caller_tag(context).map_or(Value::Null, Value::Str)
    }

    pub(super) fn callee_tag(&self, context: &mut Context) -> Value {
        let tag = if is_upstream(context) {
            from_tag(context)
        } else {
            to_tag(context)
        };
        tag.map_or(Value::Null, Value::Str)
    }
}

/// `$rdir(id)`, `$rdir(name)`.
pub(super) fn prepare(
    _: Option<&Arc<Rr>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    match spec.inner.as_deref() {
        Some(b"id") => Ok(Var::read_only(|context| {
            Value::Int(if is_upstream(context) { 2 } else { 1 })
        })),
        Some(b"name") => Ok(Var::read_only(|context| {
            Value::text(if is_upstream(context) {
                "upstream"
            } else {
                "downstream"
            })
        })),
        _ => Err(prepare.problem("expected $rdir(id) or $rdir(name)")),
    }
}

/// The tag of the dialog's caller.
pub(super) fn caller_tag(context: &Context) -> Option<Bytes> {
    if is_upstream(context) {
        to_tag(context)
    } else {
        from_tag(context)
    }
}

/// True where the request goes towards the dialog's caller.
fn is_upstream(context: &Context) -> bool {
    let Some(params) = own(context) else {
        return false;
    };
    let ftag = Params::new(&params)
        .find_name(b"ftag")
        .and_then(|param| param.value);
    ftag.is_some_and(|tag| from_tag(context).is_none_or(|own| own != tag))
}

/// The parameters of our own Route: those that `loose_route()` found, else those of the topmost one.
fn own(context: &Context) -> Option<Bytes> {
    if let Some(params) = context
        .extension::<Followed>()
        .and_then(|followed| followed.own.clone())
    {
        return Some(params);
    }
    let first = context.message.routes().next()?.ok()?;
    let uri = first.parse_uri().ok()?;
    is_myself(&context.config.identity, &uri)
        .then(|| Bytes::copy_from_slice(own_params(&uri, false)))
}

fn from_tag(context: &Context) -> Option<Bytes> {
    let message = &context.message;
    message.from().ok()?.tag().map(|tag| message.slice_of(tag))
}

fn to_tag(context: &Context) -> Option<Bytes> {
    let message = &context.message;
    message.to().ok()?.tag().map(|tag| message.slice_of(tag))
}
