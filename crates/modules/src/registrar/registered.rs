//! `registered()` and `unregister()`.

use super::{Inner, record};
use bytes::Bytes;
use policy::{
    Binding, Bindings, Change, ChangeTask, Changes, Context, Keep, Level, LocationTable, Outcome,
    XavpValue,
};
use std::sync::Arc;

/// Bits of `match_option`.
const MATCH_CALL_ID: i64 = 1;
const MATCH_RECEIVED: i64 = 2;
const MATCH_CONTACT: i64 = 4;
/// Bits of `match_action`.
const RESTORE_XAVPS: i64 = 1;
const SKIP_RECORD: i64 = 2;

/// 1 where a contact that fits is alive, -1 where none is.
pub(super) fn registered(
    context: &mut Context,
    inner: Arc<Inner>,
    table: &Arc<dyn LocationTable>,
    uri: &[u8],
    options: (i64, i64),
) -> Outcome {
    let Ok(aor) = inner.aor_rules.aor(uri) else {
        context.log(Level::Err, "registrar", || {
            "failed to extract address of record".to_owned()
        });
        return Outcome::FALSE;
    };
    let (wanted, action) = options;
    let fits = move |context: &mut Context, found: Option<Bindings>| {
        let now_s = context.now.unix_s();
        let bindings = found.unwrap_or_default();
        let matches = |binding: &&Arc<Binding>| {
            binding.is_alive(now_s) && is_wanted(context, &inner, wanted, binding)
        };
        let Some(binding) = bindings.iter().find(matches).cloned() else {
            return Outcome::FALSE;
        };
        if action & SKIP_RECORD == 0 {
            record::leave(context, &inner.params, &binding);
        }
        if action & RESTORE_XAVPS != 0 {
            record::restore(
                context,
                inner.location.rules().xavp_contact.as_ref(),
                &binding,
            );
        }
        Outcome::TRUE
    };
    table.find(context, &aor, Box::new(fits))
}

/// Compares with the values in `xavp_cfg`; one that is not set matches everything.
fn is_wanted(context: &Context, inner: &Inner, wanted: i64, binding: &Binding) -> bool {
    let fields = inner
        .params
        .xavp_cfg
        .as_ref()
        .and_then(|name| context.vars.xavps.fields(name, 0));
    let is =
        |bit: i64, name: &[u8], own: &[u8]| match fields.and_then(|fields| fields.entry(name, 0)) {
            Some(XavpValue::Plain(value)) if wanted & bit != 0 => value.clone().to_text() == own,
            _ => true,
        };
    is(MATCH_CALL_ID, b"match_callid", binding.call_id())
        && is(
            MATCH_RECEIVED,
            b"match_received",
            binding.received().unwrap_or_default(),
        )
        && is(MATCH_CONTACT, b"match_contact", binding.contact())
}

/// Removes the contacts of a user, or one by its record id: 1 done, -1 no user, -2 database, -3 no
/// such contact.
pub(super) fn unregister(
    context: &mut Context,
    inner: &Inner,
    table: &Arc<dyn LocationTable>,
    uri: &[u8],
    ruid: Option<Bytes>,
) -> Outcome {
    if let (true, Some(ruid)) = (uri.is_empty(), ruid.clone()) {
        let (same_table, wanted) = (table.clone(), ruid.clone());
        let then = move |context: &mut Context, found: Option<(Bytes, Arc<Binding>)>| match found {
            Some((aor, _)) => remove(context, &same_table, aor, Some(ruid)),
            None => missing(context),
        };
        return table.find_ruid(context, &wanted, None, Box::new(then));
    }
    match inner.aor_rules.aor(uri) {
        Ok(aor) => remove(context, table, aor, ruid),
        Err(_) => {
            context.log(Level::Err, "registrar", || {
                "failed to extract Address Of Record".to_owned()
            });
            Outcome::Code(-1)
        }
    }
}

fn remove(
    context: &mut Context,
    table: &Arc<dyn LocationTable>,
    aor: Bytes,
    ruid: Option<Bytes>,
) -> Outcome {
    let task = Removal {
        ruid,
        found_any: false,
    };
    table.change(context, aor, Keep::AsConfigured, Box::new(task))
}

/// Removes the contact with the record id, or all.
struct Removal {
    ruid: Option<Bytes>,
    found_any: bool,
}

impl ChangeTask for Removal {
    fn decide(&mut self, _: &mut Context, present: &[Arc<Binding>]) -> Changes {
        let ruid = self.ruid.as_ref();
        let wanted = |binding: &&Arc<Binding>| ruid.is_none_or(|ruid| binding.ruid() == ruid);
        let wanted = present.iter().filter(wanted).cloned();
        let changes: Changes = wanted.map(Change::Remove).collect();
        self.found_any = !changes.is_empty();
        changes
    }

    fn done(self: Box<Self>, context: &mut Context, _: &[u8], found: Option<Bindings>) -> Outcome {
        match found {
            None => Outcome::Code(-2),
            Some(_) if self.ruid.is_some() && !self.found_any => missing(context),
            Some(_) => Outcome::TRUE,
        }
    }
}

fn missing(context: &mut Context) -> Outcome {
    context.log(Level::Warn, "registrar", || {
        "AOR/Contact not found".to_owned()
    });
    Outcome::Code(-3)
}
