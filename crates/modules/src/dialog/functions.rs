//! The script functions.

use super::DialogModule;
use super::begin::begin;
use super::bridge;
use super::call::{Dialog, Live, Side};
use super::current::{Current, current, current_mut};
use super::follow::follow;
use super::load;
use super::logic::Cause;
use super::request::Within;
use super::texts::Did;
use bytes::Bytes;
use policy::{
    Argument, Context, Declaration, Int, Level, Literal, Outcome, Prepare, Problem, Routes, Text,
    Var, Written,
};
use script::Value;
use std::sync::Arc;

/// Declares the functions for dialogs; those for profiles are in `profiles.rs`.
pub(super) fn declare(d: &mut Declaration<DialogModule>) {
    let any = Routes::ANY;
    d.function(
        "dlg_manage()",
        "Makes the dialog of an INVITE (-1 where it has one or is none), or finds that of a request within one (1).",
        Routes::REQUESTS,
        DialogModule::manage,
    );
    d.function(
        "is_known_dlg()",
        "1 where the message belongs to a dialog, else -1.",
        any,
        DialogModule::is_known,
    );
    d.function(
        "dlg_get(callid, ftag, ttag)",
        "Makes the dialog with these the current one: 1, or -1 where there is none.",
        any,
        DialogModule::get,
    );
    d.function(
        "dlg_setflag(flag)",
        "Sets a flag of the dialog, 0 to 31, also before it is made: 1.",
        any,
        DialogModule::set_flag,
    );
    d.function(
        "dlg_resetflag(flag)",
        "Clears a flag of the dialog: 1.",
        any,
        DialogModule::reset_flag,
    );
    d.function(
        "dlg_isflagset(flag)",
        "1 where the flag is set, else -1.",
        any,
        DialogModule::is_flag_set,
    );
    d.function("dlg_set_property(attr)", "Switches timeout-noreset, ka-src or ka-dst on: 1, or -1 where there is no dialog or property.", any, DialogModule::set_property);
    d.function(
        "dlg_reset_property(attr)",
        "Switches it off again.",
        any,
        DialogModule::reset_property,
    );
    d.function(
        "dlg_set_timeout(timeout, [h_entry], [h_id])",
        "Gives the dialog so many seconds from now on: 1, or -1 where there is none.",
        any,
        DialogModule::set_timeout,
    );
    d.function(
        "dlg_bye(side)",
        "Sends a BYE to caller, callee or all and ends the dialog: 1, or -1 where it is not up.",
        any,
        DialogModule::bye,
    );
    d.function(
        "dlg_refer(side, address)",
        "Sends caller or callee a REFER to the address: 1, or -1 where the dialog is not up.",
        any,
        DialogModule::refer,
    );
    d.function(
        "dlg_bridge(from, to, op)",
        "Calls from, puts it on hold, refers it to to: 1, or -1 where nothing was sent.",
        any,
        DialogModule::bridge,
    );
    d.function("dlg_set_ruri()", "Sets the Request-URI to the Contact of the side the request goes to: 1, or -1 where it is not known.", any, DialogModule::set_uri);
    d.function(
        "dlg_db_load_callid(cival)",
        "Reads the dialogs with this Call-ID from the database: 1, or -1 where there is none.",
        any,
        DialogModule::load_call_id,
    )
    .waits();
    d.function(
        "dlg_db_load_extra()",
        "Reads the dialogs from the database that are not in memory, 10000 at most: 1, or -1.",
        any,
        DialogModule::load_extra,
    )
    .waits();
    d.function(
        "dlg_set_var(callid, ftag, ttag, key, value)",
        "Sets a variable of the dialog with these: 1, or -1 where there is none. Not in Kamailio 5.6.3.",
        any,
        DialogModule::set_var_of,
    );
    d.function(
        "dlg_get_var(callid, ftag, ttag, key, target)",
        "Reads a variable of the dialog with these into target: 1, or -1 where it is not there. Not in Kamailio 5.6.3.",
        any,
        DialogModule::var_of,
    );
}

impl DialogModule {
    fn manage(&self, context: &mut Context) -> i32 {
        let tag = context.message.to().map(|to| to.tag().is_some());
        match tag {
            Err(_) => -1,
            Ok(true) => {
                follow(&self.logic, context, None);
                1
            }
            Ok(false) if begin(&self.logic, context) => 1,
            Ok(false) => -1,
        }
    }

    fn is_known(&self, context: &mut Context) -> bool {
        self.logic.dialog_of(context).is_some()
    }

    fn get(&self, context: &mut Context, call_id: &Text, from_tag: &Text, to_tag: &Text) -> bool {
        let (call_id, from_tag) = (call_id.get(context), from_tag.get(context));
        let to_tag = to_tag.get(context);
        let found = self
            .logic
            .shared
            .table
            .find(&call_id, &from_tag, &to_tag, None);
        let Some((dialog, sender)) = found else {
            return false;
        };
        let current = context.extension_mut::<Current>();
        current.dialog = Some(dialog);
        current.sender = Some(sender);
        true
    }

    fn set_flag(&self, context: &mut Context, flag: &Int) -> bool {
        self.change_flag(context, flag, true)
    }

    fn reset_flag(&self, context: &mut Context, flag: &Int) -> bool {
        self.change_flag(context, flag, false)
    }

    fn change_flag(&self, context: &mut Context, flag: &Int, on: bool) -> bool {
        let Some(mask) = mask(context, flag) else {
            return false;
        };
        let current = current_mut(context);
        match &current.dialog {
            Some(dialog) => {
                {
                    let mut live = dialog.live.lock();
                    live.flags = switched(live.flags, mask, on);
                }
                self.logic.changed(dialog);
            }
            None => current.wishes.flags = switched(current.wishes.flags, mask, on),
        }
        true
    }

    fn is_flag_set(&self, context: &mut Context, flag: &Int) -> bool {
        let Some(mask) = mask(context, flag) else {
            return false;
        };
        let flags = current(context).map_or(0, |current| match &current.dialog {
            Some(dialog) => dialog.live.lock().flags,
            None => current.wishes.flags,
        });
        flags & mask != 0
    }

    fn set_property(&self, context: &mut Context, name: &Text) -> bool {
        self.change_property(context, name, true)
    }

    fn reset_property(&self, context: &mut Context, name: &Text) -> bool {
        self.change_property(context, name, false)
    }

    fn change_property(&self, context: &mut Context, name: &Text, on: bool) -> bool {
        let name = name.get(context);
        let switch = match name.as_ref() {
            b"timeout-noreset" => Live::NO_RESET,
            b"ka-src" => Live::KA_SRC,
            b"ka-dst" => Live::KA_DST,
            _ => {
                context.log(Level::Err, "dialog", || {
                    format!("unknown property value [{}]", super::show::printable(&name))
                });
                return false;
            }
        };
        let Some(dialog) = self.logic.dialog_of(context) else {
            let switches = &mut current_mut(context).wishes.switches;
            *switches = switched(*switches, switch, on);
            return true;
        };
        {
            let mut live = dialog.live.lock();
            live.switches = switched(live.switches, switch, on);
            if live.state.is_up() && switch != Live::NO_RESET {
                self.logic.start_keepalive(&mut live, context.now.unix_s());
            }
        }
        self.logic.changed(&dialog);
        true
    }

    fn set_timeout(
        &self,
        context: &mut Context,
        timeout: &Int,
        entry: &Option<Int>,
        id: &Option<Int>,
    ) -> bool {
        let Some(seconds) = positive(timeout.get(context)) else {
            return false;
        };
        let dialog = match (entry, id) {
            (Some(entry), Some(id)) => {
                let numbers = (entry.get(context), id.get(context));
                did(numbers).and_then(|did| self.logic.shared.table.named(did))
            }
            _ => self.logic.dialog_of(context),
        };
        let Some(dialog) = dialog else {
            return false;
        };
        self.logic
            .set_lifetime(&dialog, seconds, context.now.unix_s());
        true
    }

    fn bye(&self, context: &mut Context, side: &Sides) -> bool {
        let sides = side.0;
        let now_s = context.now.unix_s();
        let dialog = self.logic.dialog_of(context);
        dialog.is_some_and(|dialog| self.logic.hang_up(&dialog, sides, b"", (now_s, Cause::Bye)))
    }

    fn refer(&self, context: &mut Context, side: &Sides, address: &Text) -> bool {
        let address = address.get(context);
        let [to] = side.0 else { return false };
        let Some(dialog) = self.logic.dialog_of(context) else {
            return false;
        };
        let Some(lines) = bridge::refer_lines(&self.logic.params, &address) else {
            return false;
        };
        let is_up = dialog.live.lock().state.is_up();
        is_up
            && self.logic.send(
                &dialog,
                Within {
                    to: *to,
                    method: "REFER",
                    lines: &lines,
                    counts: true,
                    on_end: None,
                },
            )
    }

    fn bridge(&self, context: &mut Context, from: &Text, to: &Text, proxy: &Text) -> bool {
        let (from, to) = (from.get(context), to.get(context));
        let proxy = proxy.get(context);
        let proxy = (!proxy.is_empty() && proxy.as_ref() != b".").then_some(proxy);
        bridge::start(&self.logic, from, to, proxy, Some(bridge::hold()))
    }

    fn set_uri(&self, context: &mut Context) -> bool {
        let Some(dialog) = self.logic.dialog_of(context) else {
            return false;
        };
        let sender = current(context).and_then(|current| current.sender);
        let to = sender.map_or(Side::Callee, Side::other);
        let contact = Bytes::copy_from_slice(dialog.live.lock().leg(to).contact());
        if contact.is_empty() {
            let leg = to as u8;
            context.log(Level::Notice, "dialog", || {
                format!("no contact uri (leg: {leg})")
            });
            return false;
        }
        context.set_uri(contact);
        true
    }
}

impl DialogModule {
    fn load_call_id(&self, context: &mut Context, call_id: &Text) -> Outcome {
        load::read_call_id(&self.logic, Some(call_id.get(context)))
    }

    fn load_extra(&self, _: &mut Context) -> Outcome {
        load::read_call_id(&self.logic, None)
    }

    fn set_var_of(
        &self,
        context: &mut Context,
        call_id: &Text,
        from_tag: &Text,
        to_tag: &Text,
        key: &Text,
        value: &Text,
    ) -> bool {
        let Some(dialog) = self.tagged(context, [call_id, from_tag, to_tag]) else {
            return false;
        };
        let (key, value) = (key.get(context), value.get(context));
        let done = dialog.live.lock().set_var(&key, Some(value));
        self.logic.changed(&dialog);
        done
    }

    fn var_of(
        &self,
        context: &mut Context,
        call_id: &Text,
        from_tag: &Text,
        to_tag: &Text,
        key: &Text,
        target: &Var,
    ) -> bool {
        let Some(dialog) = self.tagged(context, [call_id, from_tag, to_tag]) else {
            return false;
        };
        let key = key.get(context);
        let value = dialog.live.lock().var(&key).cloned();
        value.is_some_and(|value| target.set(context, Value::Str(value)))
    }

    fn tagged(&self, context: &mut Context, names: [&Text; 3]) -> Option<Arc<Dialog>> {
        let [call_id, from_tag, to_tag] = names.map(|name| name.get(context));
        let table = &self.logic.shared.table;
        let found = table.find(&call_id, &from_tag, &to_tag, None);
        found.map(|(dialog, _)| dialog)
    }
}

/// `caller`, `callee` or `all`.
struct Sides(&'static [Side]);

impl Argument for Sides {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        let Literal(word) = Literal::prepare(written, prepare)?;
        match word.as_ref() {
            b"caller" => Ok(Sides(&[Side::Caller])),
            b"callee" => Ok(Sides(&[Side::Callee])),
            b"all" => Ok(Sides(&[Side::Caller, Side::Callee])),
            _ => Err(prepare.problem("expected caller, callee or all")),
        }
    }
}

/// A number of seconds above 0.
pub(super) fn positive(number: Option<i64>) -> Option<u32> {
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.filter(|number| *number > 0)
}

fn did((entry, id): (Option<i64>, Option<i64>)) -> Option<Did> {
    Some(Did {
        entry: u32::try_from(entry?).ok()?,
        id: u32::try_from(id?).ok()?,
    })
}

fn mask(context: &mut Context, flag: &Int) -> Option<u32> {
    let number = flag.get(context)?;
    let number = u32::try_from(number).ok().filter(|number| *number < 32)?;
    Some(1 << number)
}

/// The bits with those of `mask` on or off.
pub(super) fn switched(bits: u32, mask: u32, on: bool) -> u32 {
    match on {
        true => bits | mask,
        false => bits & !mask,
    }
}
