//! The variables: `$dlg(…)`, `$dlg_ctx(…)`, `$dlg_var(…)`, `$DLG_count` and its kin.

use super::DialogModule;
use super::call::{Dialog, Live, Side};
use super::current::{current, current_mut};
use super::functions::switched;
use super::logic::Logic;
use bytes::Bytes;
use policy::{Context, Declaration, Prepare, Problem, Text, Var, problem};
use script::{Value, VarSpec};
use std::sync::Arc;

/// Declares them.
pub(super) fn declare(d: &mut Declaration<DialogModule>) {
    d.read(
        "DLG_count",
        "How many dialogs are up, from the 2xx to the end.",
        |module, _| Value::Int(module.logic.counters.active.value()),
    );
    d.read(
        "DLG_status",
        "The state (3, 4 or 5) of the dialog that a request within it belongs to, else null.",
        |_, context| {
            within(context).map_or(Value::Null, |dialog| {
                Value::Int(dialog.live.lock().state.number())
            })
        },
    );
    d.read(
        "DLG_lifetime",
        "Seconds since the 2xx of the dialog that a request within it belongs to, else null.",
        |_, context| {
            let now_s = context.now.unix_s();
            within(context).map_or(Value::Null, |dialog| duration(&dialog.live.lock(), now_s))
        },
    );
    d.variable("dlg(name)", "An attribute of the dialog: callid, state, from_uri, to_contact and others; null where there is none.", false, |module, spec, _| {
        let field = field(spec)?;
        let Some(module) = module.cloned() else {
            return Ok(Var::null());
        };
        Ok(Var::read_only(move |context| {
            let dialog = module.logic.dialog_of(context);
            dialog.map_or(Value::Null, |dialog| field(&dialog))
        }))
    });
    d.variable(
        "dlg_ctx(name)",
        "What this request asks for: timeout, timeout_bye, timeout_route, on; and dir, set.",
        true,
        dlg_ctx,
    );
    d.variable("dlg_var(name)", "A text that the script keeps with the dialog; assigned before it is made, it waits for it.", true, dlg_var);
}

/// The dialog of a request that belongs to one.
fn within(context: &Context) -> Option<Arc<Dialog>> {
    let message = &context.message;
    let is_within = message.is_request() && message.to().is_ok_and(|to| to.tag().is_some());
    current(context).filter(|_| is_within)?.dialog.clone()
}

fn duration(live: &Live, now_s: u64) -> Value {
    let end_s = if live.end_s == 0 { now_s } else { live.end_s };
    number(end_s.saturating_sub(live.start_s))
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

type Field = fn(&Dialog) -> Value;

/// The attributes of `$dlg(…)`.
const FIELDS: [(&str, Field); 23] = [
    ("h_id", |dialog| Value::Int(dialog.did.id.into())),
    ("h_entry", |dialog| Value::Int(dialog.did.entry.into())),
    ("ref", |_| Value::Int(1)),
    ("state", |dialog| {
        Value::Int(dialog.live.lock().state.number())
    }),
    ("callid", |dialog| text(dialog.call_id())),
    ("from_uri", |dialog| text(dialog.caller_uri())),
    ("to_uri", |dialog| text(dialog.callee_uri())),
    ("from_tag", |dialog| text(dialog.caller_tag())),
    ("to_tag", |dialog| text(dialog.live.lock().callee.tag())),
    ("from_rs", |dialog| text(dialog.live.lock().caller.routes())),
    ("to_rs", |dialog| text(dialog.live.lock().callee.routes())),
    ("from_cseq", |dialog| {
        cseq(&dialog.live.lock(), Side::Caller)
    }),
    ("to_cseq", |dialog| cseq(&dialog.live.lock(), Side::Callee)),
    ("from_contact", |dialog| {
        text(dialog.live.lock().caller.contact())
    }),
    ("to_contact", |dialog| {
        text(dialog.live.lock().callee.contact())
    }),
    ("from_bindaddr", |dialog| {
        socket(&dialog.live.lock(), Side::Caller)
    }),
    ("to_bindaddr", |dialog| {
        socket(&dialog.live.lock(), Side::Callee)
    }),
    ("toroute", |dialog| {
        Value::bool(dialog.live.lock().timeout_route.is_some())
    }),
    ("lifetime", |dialog| {
        Value::Int(dialog.live.lock().lifetime_s.into())
    }),
    ("start_ts", |dialog| number(dialog.live.lock().start_s)),
    ("end_ts", |dialog| number(dialog.live.lock().end_s)),
    ("dflags", |dialog| {
        Value::Int(super::show::dflags(&dialog.live.lock()))
    }),
    ("sflags", |dialog| {
        Value::Int(dialog.live.lock().flags.into())
    }),
];

fn field(spec: &VarSpec) -> Result<Field, Problem> {
    let name = spec.inner.as_deref().unwrap_or_default();
    let found = FIELDS.iter().find(|(own, _)| own.as_bytes() == name);
    found.map(|(_, field)| *field).ok_or_else(|| {
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        problem(format!("$dlg(…) has {}", names.join(", ")))
    })
}

/// Kamailio has no text where we have an empty one.
fn text(text: &[u8]) -> Value {
    match text {
        [] => Value::Null,
        text => Value::Str(Bytes::copy_from_slice(text)),
    }
}

fn cseq(live: &Live, side: Side) -> Value {
    match live.leg(side).tag().is_empty() && side == Side::Callee {
        true => Value::Null,
        false => Value::Str(live.leg(side).cseq.to_string().into()),
    }
}

fn socket(live: &Live, side: Side) -> Value {
    let socket = live.leg(side).socket;
    socket.map_or(Value::Null, |socket| Value::Str(socket.to_string().into()))
}

fn dlg_var(
    module: Option<&Arc<DialogModule>>,
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let Some(inner) = spec.inner.as_ref().filter(|inner| !inner.is_empty()) else {
        return Err(problem("a name is missing: $dlg_var(name)"));
    };
    let name = Arc::new(prepare.text(inner)?);
    let Some(module) = module.cloned() else {
        return Ok(Var::null());
    };
    let (same_name, same_module) = (name.clone(), module.clone());
    Ok(Var::read_write(
        move |context| read_var(&module.logic, context, &name),
        move |context, value| write_var(&same_module.logic, context, &same_name, value),
    ))
}

fn read_var(logic: &Logic, context: &mut Context, name: &Text) -> Value {
    let name = name.get(context);
    let found = match logic.dialog_of(context) {
        Some(dialog) => dialog.live.lock().var(&name).cloned(),
        None => current(context).and_then(|current| {
            let mut vars = current.wishes.vars.iter();
            vars.find(|(own, _)| *own == name)
                .map(|(_, value)| value.clone())
        }),
    };
    found.map_or(Value::Null, Value::Str)
}

fn write_var(logic: &Logic, context: &mut Context, name: &Text, value: Value) -> bool {
    let name = name.get(context);
    let value = (!value.is_null()).then(|| value.to_text());
    if let Some(dialog) = logic.dialog_of(context) {
        let done = dialog.live.lock().set_var(&name, value);
        logic.changed(&dialog);
        return done;
    }
    let vars = &mut current_mut(context).wishes.vars;
    vars.retain(|(own, _)| *own != name);
    match value {
        Some(value) if vars.len() < Live::MOST_VARS => vars.push((name, value)),
        Some(_) => return false,
        None => {}
    }
    true
}

/// The names of `$dlg_ctx(…)`.
#[derive(Clone, Copy)]
enum Ctx {
    On,
    Timeout,
    TimeoutBye,
    TimeoutRoute,
    TimeoutRouteId,
    Set,
    Dir,
}

fn dlg_ctx(
    module: Option<&Arc<DialogModule>>,
    spec: &VarSpec,
    _: &mut Prepare<'_>,
) -> Result<Var, Problem> {
    let what = match spec.inner.as_deref().unwrap_or_default() {
        b"on" => Ctx::On,
        b"timeout" => Ctx::Timeout,
        b"timeout_bye" => Ctx::TimeoutBye,
        b"timeout_route" => Ctx::TimeoutRoute,
        b"timeout_route_id" => Ctx::TimeoutRouteId,
        b"set" => Ctx::Set,
        b"dir" => Ctx::Dir,
        _ => {
            return Err(problem(
                "$dlg_ctx(…) has on, timeout, timeout_bye, timeout_route, timeout_route_id, set, dir",
            ));
        }
    };
    let Some(module) = module.cloned() else {
        return Ok(Var::null());
    };
    let read = move |context: &mut Context| read_ctx(context, what);
    let write = move |context: &mut Context, value| write_ctx(&module.logic, context, what, value);
    Ok(match what {
        Ctx::TimeoutRouteId | Ctx::Set | Ctx::Dir => Var::read_only(read),
        _ => Var::read_write(read, write),
    })
}

fn read_ctx(context: &Context, what: Ctx) -> Value {
    let Some(current) = current(context) else {
        return match what {
            Ctx::TimeoutRoute => Value::Null,
            _ => Value::Int(0),
        };
    };
    let wishes = &current.wishes;
    let route = wishes.timeout_route.as_deref();
    match what {
        Ctx::On => Value::Int(current.on),
        Ctx::Timeout => Value::Int(wishes.timeout_s.into()),
        Ctx::TimeoutBye => Value::bool(wishes.switches & Live::TIMEOUT_BYE != 0),
        Ctx::TimeoutRoute => route.map_or(Value::Null, |name| text(name.as_bytes())),
        Ctx::TimeoutRouteId => Value::bool(route.is_some()),
        Ctx::Set => Value::bool(current.dialog.is_some()),
        Ctx::Dir => Value::Int(match current.sender {
            None => 0,
            Some(Side::Caller) => 1,
            Some(Side::Callee) => 2,
        }),
    }
}

fn write_ctx(logic: &Logic, context: &mut Context, what: Ctx, value: Value) -> bool {
    let now_s = context.now.unix_s();
    let current = current_mut(context);
    let dialog = current.dialog.clone();
    let wishes = &mut current.wishes;
    match what {
        Ctx::On => current.on = value.to_int(),
        Ctx::Timeout => {
            let Ok(seconds) = u32::try_from(value.to_int()) else {
                return false;
            };
            wishes.timeout_s = seconds;
            if let Some(dialog) = dialog.filter(|_| seconds > 0) {
                logic.set_lifetime(&dialog, seconds, now_s);
            }
        }
        Ctx::TimeoutBye => {
            let on = value.to_int() != 0;
            wishes.switches = switched(wishes.switches, Live::TIMEOUT_BYE, on);
            if let Some(dialog) = dialog {
                {
                    let mut live = dialog.live.lock();
                    live.switches = switched(live.switches, Live::TIMEOUT_BYE, on);
                }
                logic.changed(&dialog);
            }
        }
        Ctx::TimeoutRoute => {
            let name = String::from_utf8_lossy(&value.to_text()).into_owned();
            wishes.timeout_route = (!name.is_empty()).then(|| Arc::from(name));
            if let Some(dialog) = dialog {
                let route = wishes.timeout_route.clone();
                dialog.live.lock().timeout_route = route;
                logic.changed(&dialog);
            }
        }
        Ctx::TimeoutRouteId | Ctx::Set | Ctx::Dir => return false,
    }
    true
}
