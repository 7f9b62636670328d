//! Requests within dialogs: they move it on, prolong it, end it.

use super::call::{Dialog, Live, Side};
use super::current::Current;
use super::hooks::Closing;
use super::logic::{Cause, Logic};
use super::params::Match;
use super::state::Event;
use super::texts::Did;
use policy::Context;
use script::Value;
use sip::{Message, Method};
use std::sync::Arc;

/// A Route of ours was followed: finds the dialog as `dlg_match_mode` says.
pub(super) fn on_own_route(logic: &Arc<Logic>, context: &mut Context, params: &[u8]) {
    if params.is_empty() && logic.params.matching == Match::Did {
        return;
    }
    let did = did_in(params, &logic.params.rr_param);
    match (logic.params.matching, did) {
        (Match::Did, None) => {}
        (Match::Did | Match::DidOrSip, Some(did)) => follow(logic, context, Some(did)),
        (Match::DidOrSip, None) | (Match::Sip, _) => follow(logic, context, None),
    }
}

/// Finds the dialog of the request in hand, with `did` only the one of that name, and lets the request
/// count in it.
pub(super) fn follow(logic: &Arc<Logic>, context: &mut Context, did: Option<Did>) {
    let message = context.message.clone();
    if !message.is_request() || message.method() == Method::Cancel {
        return;
    }
    if context
        .extension::<Current>()
        .is_some_and(|current| current.dialog.is_some())
    {
        return;
    }
    let Some((dialog, sender)) = find(logic, &message, did) else {
        return;
    };
    let current = context.extension_mut::<Current>();
    current.dialog = Some(dialog.clone());
    current.sender = Some(sender);
    let now_s = context.now.unix_s();
    if message.method() == Method::Bye {
        if logic.ended(&dialog, context.now.unix_ms, Cause::Bye, Some(&message)) {
            Closing::begin(logic, context, dialog);
        }
        return;
    }
    let lifetime_s = logic.lifetime(context);
    let counted = {
        let mut live = dialog.live.lock();
        let may_prolong = !(logic.params.timeout_noreset || live.has(Live::NO_RESET));
        count(
            &mut live,
            &message,
            sender,
            lifetime_s,
            (now_s, may_prolong),
        )
    };
    if counted {
        // Only a shorter time needs it, but a longer one is rarely the same second.
        logic.remind(&dialog);
        logic.save(&dialog);
    }
}

fn find(logic: &Logic, message: &Message, did: Option<Did>) -> Option<(Arc<Dialog>, Side)> {
    let (from_tag, to_tag) = (message.from_tag().ok()?, message.to_tag().ok()?);
    if from_tag.is_empty() || to_tag.is_empty() {
        return None;
    }
    let call_id = message.call_id().ok()?;
    logic.shared.table.find(call_id, from_tag, to_tag, did)
}

/// Lets a request count; true where the dialog is up, so that it may have to be looked at at another time, and be written.
fn count(
    live: &mut Live,
    message: &Message,
    sender: Side,
    lifetime_s: Option<u32>,
    (now_s, may_prolong): (u64, bool),
) -> bool {
    let method = message.method();
    let was = live.state;
    live.state = was.after(match method {
        Method::Ack => Event::Ack,
        _ => Event::Request,
    });
    if method != Method::Ack
        && let Ok(cseq) = message.cseq()
    {
        live.leg_mut(sender).cseq = cseq.number;
    }
    if !live.state.is_up() {
        return false;
    }
    let is_new = live.state != was;
    live.is_dirty = true;
    if let Some(lifetime_s) = lifetime_s {
        live.lifetime_s = lifetime_s;
    }
    if may_prolong || is_new || lifetime_s.is_some() {
        live.timeout_s = now_s + u64::from(live.lifetime_s);
    }
    true
}

impl Logic {
    /// The lifetime that `timeout_avp` tells, where it tells one.
    pub(super) fn lifetime(&self, context: &mut Context) -> Option<u32> {
        let value = self.timeout_avp.as_ref()?.value(context);
        let seconds = match value {
            Value::Null => return None,
            value => value.to_int(),
        };
        u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }
}

/// The name of a dialog among the parameters of a Route, `;lr;did=93d.2e01`.
fn did_in(params: &[u8], name: &[u8]) -> Option<Did> {
    let value = params.split(|byte| *byte == b';').find_map(|param| {
        let value = param.strip_prefix(name)?;
        value.strip_prefix(b"=")
    })?;
    Did::parse(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_tells_the_name() {
        let did = Some(Did { entry: 1, id: 2 });
        assert_eq!(did_in(b";lr;did=1.2;ftag=x", b"did"), did);
        assert_eq!(did_in(b";lr;xdid=1.2", b"did"), None);
        assert_eq!(did_in(b";lr;did", b"did"), None);
        assert_eq!(did_in(b"", b"did"), None);
    }
}
