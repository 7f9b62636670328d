//! Where dialogs begin: an INVITE outside of any, with `dlg_manage()` or the flag.

use super::call::{Beginning, Dialog, Leg, Live, Peer, Sock};
use super::current::{Current, Owner};
use super::logic::Logic;
use super::state::State;
use super::table::{Full, Inserted};
use policy::{Context, Level};
use sip::{HeaderId, Message, Method};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Makes the dialog of the INVITE in hand; false where it has one already or cannot have one.
pub(super) fn begin(logic: &Arc<Logic>, context: &mut Context) -> bool {
    if context.message.method() != Method::Invite {
        return false;
    }
    if context
        .extension::<Current>()
        .is_some_and(|current| current.dialog.is_some())
    {
        return false;
    }
    let lifetime_s = logic
        .lifetime(context)
        .unwrap_or(logic.params.default_timeout_s);
    let inserted = insert(logic, context, lifetime_s);
    // The context keeps the other wishes, for $dlg_ctx(…) tells what this request asked for.
    let current = context.extension_mut::<Current>();
    let links = std::mem::take(&mut current.wishes.links);
    match inserted {
        Some(Inserted::New(dialog)) => {
            current.owner = Some(Owner {
                logic: logic.clone(),
                dialog: dialog.clone(),
            });
            current.dialog = Some(dialog.clone());
            logic.counters.processed.inc();
            for link in links {
                logic.join(&dialog, link);
            }
            logic.remind(&dialog);
            logic.tell_begun(&dialog, context.now.unix_ms);
            name(logic, context, &dialog);
            true
        }
        Some(Inserted::Spiral(dialog)) => {
            current.dialog = Some(dialog);
            true
        }
        Some(Inserted::TooLong) => {
            complain_of_length(context);
            false
        }
        None => false,
    }
}

fn complain_of_length(context: &mut Context) {
    let most = super::texts::Texts::<5>::MOST;
    context.log(Level::Err, "dialog", || {
        format!(
            "no dialog: Call-ID, From, To, Contact and Record-Route have more than {most} octets"
        )
    });
}

fn insert(logic: &Logic, context: &Context, lifetime_s: u32) -> Option<Inserted> {
    let message = &context.message;
    let (from, to) = (message.from().ok()?, message.to().ok()?);
    let beginning = Beginning {
        call_id: message.call_id().ok()?,
        from_tag: from.tag()?,
        from_uri: from.uri,
        to_uri: to.uri,
        request_uri: &context.target.uri,
    };
    let table = &logic.shared.table;
    let hash = table.hash(beginning.call_id);
    let init_s = context.now.unix_s();
    let is_spiral = |other: &Arc<Dialog>| {
        logic.params.detect_spirals
            && other.hash == hash
            && other.call_id() == beginning.call_id
            && other.caller_tag() == beginning.from_tag
            && other.live.lock().state != State::Deleted
    };
    let make = |did| {
        let mut live = Live::new(caller(context, message)?, lifetime_s);
        grant(logic, &mut live, context.extension::<Current>());
        Dialog::new(did, hash, init_s, &beginning, live)
    };
    match table.insert(
        (beginning.call_id, hash),
        logic.params.max_dialogs,
        is_spiral,
        make,
    ) {
        Ok(inserted) => Some(inserted),
        Err(full) => {
            complain(logic, init_s, full);
            None
        }
    }
}

/// What the INVITE tells of its sender.
fn caller(context: &Context, message: &Message) -> Option<Leg> {
    let routes = joined(
        message
            .all(HeaderId::RecordRoute)
            .flat_map(|header| sip::split_values(header.value)),
    );
    let mut leg = Leg::new(b"", contact(message).unwrap_or_default(), &routes)?;
    leg.cseq = message.cseq().ok()?.number;
    leg.socket = Some(Sock::of(&context.flow));
    leg.peer = Some(Peer::of(&context.flow));
    Some(leg)
}

/// What the script asked for before, and what parameters say for all.
fn grant(logic: &Logic, live: &mut Live, current: Option<&Current>) {
    if logic.params.send_bye {
        live.switches = Live::TIMEOUT_BYE;
    }
    let Some(Current { wishes, .. }) = current else {
        return;
    };
    live.flags = wishes.flags;
    live.switches |= wishes.switches;
    live.timeout_route.clone_from(&wishes.timeout_route);
    if wishes.timeout_s > 0 {
        live.lifetime_s = wishes.timeout_s;
    }
    for (name, value) in &wishes.vars {
        live.set_var(name, Some(value.clone()));
    }
}

/// Has Record-Route tell the dialog's name.
fn name(logic: &Logic, context: &mut Context, dialog: &Dialog) {
    if !logic.names_dialogs() {
        return;
    }
    let params = &mut context.rr_params;
    params.push(b';');
    params.extend_from_slice(&logic.params.rr_param);
    params.push(b'=');
    dialog.did.write(params);
}

/// One line a minute: a peer who fills the table must not fill the log.
fn complain(logic: &Logic, now_s: u64, full: Full) {
    let last_s = logic.shared.complained_s.load(Ordering::Relaxed);
    if now_s < last_s.saturating_add(60) {
        return;
    }
    logic.shared.complained_s.store(now_s, Ordering::Relaxed);
    let most = logic.params.max_dialogs;
    logic.log(Level::Err, || match full {
        Full::Table => format!("no more dialogs: max_dialogs is {most}"),
        Full::Chain => "no more dialogs with Call-IDs of this kind".to_owned(),
    });
}

/// The URI of the first Contact.
pub(super) fn contact(message: &Message) -> Option<&[u8]> {
    let header = message.header(HeaderId::Contact)?;
    let first = sip::split_values(header.value).next()?;
    Some(sip::NameAddr::parse(first).ok()?.uri)
}

/// Values with commas between them.
pub(super) fn joined<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        if !out.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out
}
