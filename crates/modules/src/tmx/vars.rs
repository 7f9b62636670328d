//! The variables.

use super::{EMPTY, Tmx};
use policy::{Arrival, Branch, Context, Prepare, Problem, ReplyInHand, Routes, Var};
use script::{Value, VarSpec};
use sip::Method;
use std::sync::Arc;

/// `$T_branch_idx`.
pub(super) fn branch_index(context: &Context) -> Value {
    let branches = context
        .transaction()
        .map_or(0, |transaction| transaction.branches.len());
    let index = match &context.reply {
        _ if context.route.meets(Routes::FAILURE) => branches,
        Some(reply) => reply.branch,
        None if context.route.meets(Routes::BRANCH) => context.branch_index,
        None => 0,
    };
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

/// `$T_reply_code`.
pub(super) fn reply_code(context: &Context) -> Value {
    let in_hand = context
        .reply
        .as_ref()
        .map(|reply| match reply.branch {
            ReplyInHand::NO_BRANCH => 0,
            _ => reply.code,
        })
        .or_else(|| context.message.status());
    let sent = || context.transaction().map(|transaction| transaction.replied);
    Value::Int(in_hand.or_else(sent).unwrap_or(0).into())
}

/// `$T_reply_reason`.
pub(super) fn reply_reason(context: &Context) -> Value {
    if !context.message.is_request() {
        return Value::Str(context.message.slice_of(context.message.reason()));
    }
    let Some(reply) = context
        .reply
        .as_ref()
        .filter(|_| context.route.meets(Routes::FAILURE))
    else {
        return EMPTY;
    };
    match (&reply.message, reply.code) {
        (Some(message), _) => Value::Str(message.slice_of(message.reason())),
        (None, 408) => Value::text("Request Timeout"),
        (None, 487) => Value::text("Request Terminated"),
        (None, 477) => Value::text("Unfortunately error on sending to next hop occurred (477/TM)"),
        (None, _) => EMPTY,
    }
}

/// `$T_reply_last`.
pub(super) fn reply_last(context: &Context) -> Value {
    match &context.reply {
        Some(reply) if context.route.meets(Routes::REPLY) => Value::Int(reply.code.into()),
        _ => EMPTY,
    }
}

/// `$T_reply_ruid`.
pub(super) fn reply_ruid(context: &Context) -> Value {
    let ruid = branch(context).and_then(|branch| branch.target.ruid().cloned());
    ruid.map_or(EMPTY, Value::Str)
}

/// `$T(name)`.
pub(super) fn prepare_part(
    _: Option<&Arc<Tmx>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let read: fn(&Context) -> Value = match spec.inner.as_deref() {
        Some(b"id_index") => |context| id(context, |id| id.hash as i64),
        Some(b"id_label") => |context| id(context, |id| id.label.into()),
        Some(b"branch_index") => branch_index,
        Some(b"reply_code") => reply_code,
        Some(b"reply_reason") => reply_reason,
        Some(b"reply_last") => reply_last,
        Some(b"reply_type") => |context| {
            Value::bool(context.reply.as_ref().is_some_and(|reply| reply.message.is_none()))
        },
        Some(b"method") => |context| match context.request() {
            Some(request) if context.transaction().is_some() => Value::Str(request.slice_of(request.method_bytes())),
            _ => Value::Null,
        },
        _ => return Err(prepare.problem("no such part of a transaction: id_index, id_label, branch_index, reply_code, reply_reason, reply_last, reply_type, method")),
    };
    Ok(Var::read_only(move |context| read(context)))
}

/// `$T_branch(name)`.
pub(super) fn prepare_branch(
    _: Option<&Arc<Tmx>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let read: fn(&Branch) -> Value = match spec.inner.as_deref() {
        Some(b"uri") => |branch| Value::Str(branch.target.uri.clone()),
        Some(b"flags") => |branch| Value::Int(branch.flags.into()),
        _ => return Err(prepare.problem("no such part of a branch: uri, flags")),
    };
    Ok(Var::read_only(move |context| match branch(context) {
        Some(branch) if context.route.meets(Routes::REPLY) => read(branch),
        _ => Value::Null,
    }))
}

/// `$T_req(pv)`.
pub(super) fn prepare_request(
    _: Option<&Arc<Tmx>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let inner = inner(spec, prepare)?;
    Ok(Var::read_only(move |context| {
        let Some(mut home) = context.home.take() else {
            return if context.transaction.is_some() {
                inner.read(context)
            } else {
                Value::Null
            };
        };
        // The AVPs of the transaction are with the route that runs.
        std::mem::swap(&mut home.vars, &mut context.vars);
        let value = inner.read(&mut home);
        std::mem::swap(&mut home.vars, &mut context.vars);
        context.home = Some(home);
        value
    }))
}

/// `$T_inv(pv)`.
pub(super) fn prepare_invite(
    tmx: Option<&Arc<Tmx>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let inner = inner(spec, prepare)?;
    let transactions = tmx.map(|tmx| tmx.transactions.clone()).unwrap_or_default();
    if let Some(tmx) = tmx {
        tmx.invites
            .0
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(Var::read_only(move |context| {
        let is_cancel = context.message.is_request() && context.message.method() == Method::Cancel;
        let all = transactions.get().filter(|_| is_cancel);
        let Some(invite) = all.and_then(|all| all.cancelled_by(&context.message)) else {
            return Value::Null;
        };
        let mut of_invite = Context::new(Arrival {
            config: context.config.clone(),
            now: context.now,
            seed: context.rng.u64(..),
            route: context.route,
            message: invite.message,
            flow: context.flow,
        });
        of_invite.flags = invite.flags;
        inner.read(&mut of_invite)
    }))
}

/// `$T_rpl(pv)`.
pub(super) fn prepare_reply(
    _: Option<&Arc<Tmx>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let inner = inner(spec, prepare)?;
    Ok(Var::read_only(move |context| {
        let failure = context
            .route
            .meets(Routes::FAILURE.or(Routes::BRANCH_FAILURE));
        let reply = context
            .reply
            .as_ref()
            .filter(|_| failure)
            .and_then(|reply| reply.message.clone());
        let Some(reply) = reply else {
            return Value::Null;
        };
        let came = branch(context).map_or(context.flow, |branch| branch.flow);
        let message = std::mem::replace(&mut context.message, reply);
        let flow = std::mem::replace(&mut context.flow, came);
        let value = inner.read(context);
        (context.message, context.flow) = (message, flow);
        value
    }))
}

/// The variable in the brackets, with or without its dollar sign.
fn inner(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let written = spec.inner.clone().unwrap_or_default();
    let text = match written.first() {
        Some(b'$') => written,
        _ => [b"$", written.as_ref()].concat().into(),
    };
    let spec = VarSpec::parse(&text)
        .map_err(|error| prepare.problem(format!("expected a variable: {}", error.what)))?;
    prepare.variable(&spec)
}

fn id(context: &Context, part: fn(&policy::TxId) -> i64) -> Value {
    context
        .transaction()
        .map_or(Value::Null, |transaction| Value::Int(part(&transaction.id)))
}

/// The branch that the reply or failure in hand belongs to.
fn branch(context: &Context) -> Option<&Branch> {
    let reply = context.reply.as_ref()?;
    context.transaction()?.branches.get(reply.branch)
}
