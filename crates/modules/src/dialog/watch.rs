//! What transactions tell of the dialogs that their INVITEs made.

use super::begin::{begin, contact, joined};
use super::call::{Dialog, Leg, Live, Peer, Sock};
use super::current::Current;
use super::events::Happened;
use super::hooks::Closing;
use super::logic::Logic;
use policy::{Context, Flow, Replied, TransactionHook};
use sip::{HeaderId, Message, Method, NameAddr};
use std::sync::Arc;

/// Watches transactions for the module.
pub(super) struct Watch(pub(super) Arc<Logic>);

impl TransactionHook for Watch {
    fn relayed(&self, context: &mut Context) {
        let wanted = context.flags & self.0.params.flag_mask != 0;
        if wanted && context.message.method() == Method::Invite && is_initial(&context.message) {
            begin(&self.0, context);
        }
    }

    fn progressed(&self, context: &mut Context, outcome: &Replied<'_>) {
        let Some(dialog) = made(context) else {
            return;
        };
        self.0.progressed(&dialog);
        let early = outcome.reply.filter(|_| outcome.code > 100);
        if let Some(leg) = early.and_then(|reply| callee(&self.0, context, reply)) {
            dialog.live.lock().note_early(leg);
        }
    }

    fn replied(&self, context: &mut Context, outcome: &Replied<'_>) {
        match context.message.method() {
            Method::Invite | Method::Update => {}
            Method::Bye => return Closing::end(context),
            _ => return,
        }
        match made(context) {
            Some(dialog) if outcome.code < 300 => self.answered(context, &dialog, outcome),
            Some(dialog) => {
                let message = self.told(context, outcome, Happened::Failed);
                if self.0.failed(&dialog, context.now.unix_s(), &message) {
                    self.0.tell_failed(&dialog, context);
                }
            }
            None => refresh(context, outcome),
        }
    }
}

impl Watch {
    /// What an event route sees: the reply, which is only copied where somebody hears.
    fn told(&self, context: &Context, outcome: &Replied<'_>, what: Happened) -> Arc<Message> {
        match outcome.reply {
            Some(reply) if self.0.heard[what as usize] => Arc::new(reply.clone()),
            _ => context.message.clone(),
        }
    }

    fn answered(&self, context: &mut Context, dialog: &Arc<Dialog>, outcome: &Replied<'_>) {
        let logic = &self.0;
        let lifetime_s = logic.lifetime(context);
        let message = self.told(context, outcome, Happened::Start);
        let leg = outcome
            .reply
            .and_then(|reply| callee(logic, context, reply));
        let to_caller = outcome
            .reply
            .filter(|_| logic.params.keep_proxy_rr & 2 != 0)
            .map(|reply| ours_and_before(context, reply));
        logic.answered(dialog, context.now.unix_ms, &message, |live: &mut Live| {
            if let Some(lifetime_s) = lifetime_s {
                live.lifetime_s = lifetime_s;
            }
            if let Some(leg) = leg {
                live.callee = leg;
                live.early = None;
            }
            if let Some(routes) = to_caller {
                live.caller.reroute(&routes);
            }
        });
    }
}

fn is_initial(message: &Message) -> bool {
    message.to_tag().is_ok_and(<[u8]>::is_empty)
}

/// The dialog that this request made.
fn made(context: &Context) -> Option<Arc<Dialog>> {
    let owner = context.extension::<Current>()?.owner.as_ref()?;
    Some(owner.dialog.clone())
}

/// What a 2xx, or a provisional reply, tells of its sender.
fn callee(logic: &Logic, context: &Context, reply: &Message) -> Option<Leg> {
    let routes = routes_behind(logic, context, reply);
    let contact = contact(reply).unwrap_or_default();
    let mut leg = Leg::new(reply.to_tag().ok()?, contact, &routes)?;
    let flow = asked(context, reply);
    leg.socket = flow.map(Sock::of);
    leg.peer = flow.map(Peer::of);
    Some(leg)
}

/// The route set of its sender, seen from here.
fn routes_behind(logic: &Logic, context: &Context, reply: &Message) -> Vec<u8> {
    let keeps_ours = logic.params.keep_proxy_rr & 1 != 0;
    // Each one that was asked for is in it: mostly there is no other, and none need be read.
    let asked = context.record_routes.len();
    if !keeps_ours && record_routes(reply).nth(asked).is_none() {
        return Vec::new();
    }
    let values: Vec<&[u8]> = record_routes(reply).collect();
    // Behind those of the callee's side stand ours and the caller's: RFC 3261 section 16.6 step 4.
    let keep = match keeps_ours {
        true => {
            let before_us = record_routes(&context.message).count();
            values.len().saturating_sub(before_us)
        }
        false => theirs(context, &values),
    };
    joined(values.iter().take(keep).rev().copied())
}

/// The way that the INVITE took which this is a reply to.
fn asked<'a>(context: &'a Context, reply: &Message) -> Option<&'a Flow> {
    let branches = &context.transaction()?.branches;
    if let [only] = branches.as_slice() {
        return Some(&only.flow);
    }
    let asked = reply.top_branch().ok()??;
    let branch = branches.iter().find(|branch| branch.via_branch == asked)?;
    Some(&branch.flow)
}

/// How many of the Record-Routes of a 2xx were added behind us.
fn theirs(context: &Context, values: &[&[u8]]) -> usize {
    let before_us = record_routes(&context.message).count();
    let mut count = values.len().saturating_sub(before_us);
    let identity = &context.config.identity;
    let is_ours = |value: &[u8]| {
        let address = NameAddr::parse(value).ok();
        let uri = address.and_then(|address| address.parse_uri().ok());
        uri.is_some_and(|uri| identity.is_myself(uri.host, uri.port.unwrap_or(0), None))
    };
    // One, or two with enable_double_rr.
    for _ in 0..2 {
        match count.checked_sub(1).and_then(|last| values.get(last)) {
            Some(value) if is_ours(value) => count -= 1,
            _ => break,
        }
    }
    count
}

/// Our Record-Routes and those before us, as requests to the caller meet them.
fn ours_and_before(context: &Context, reply: &Message) -> Vec<u8> {
    let values: Vec<&[u8]> = record_routes(reply).collect();
    let theirs = theirs(context, &values);
    joined(values.into_iter().skip(theirs))
}

fn record_routes(message: &Message) -> impl Iterator<Item = &[u8]> {
    let headers = message.all(HeaderId::RecordRoute);
    headers.flat_map(|header| sip::split_values(header.value))
}

/// The 2xx to an INVITE or UPDATE within a dialog: from now on both sides are where they said there (RFC
/// 3261 section 12.2). A request that nobody accepted moves nobody: it may be anyone's.
fn refresh(context: &Context, outcome: &Replied<'_>) {
    let Some(reply) = outcome.reply.filter(|_| outcome.code < 300) else {
        return;
    };
    let Some(current) = context.extension::<Current>() else {
        return;
    };
    let (Some(dialog), Some(sender)) = (&current.dialog, current.sender) else {
        return;
    };
    let mut live = dialog.live.lock();
    for (side, message) in [(sender, &*context.message), (sender.other(), reply)] {
        if let Some(contact) = contact(message) {
            live.leg_mut(side).refresh(contact);
        }
    }
    live.leg_mut(sender).peer = Some(Peer::of(&context.flow));
}
