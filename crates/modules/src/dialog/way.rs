//! Whether a request within a dialog takes the way that the dialog has: from where its sender was, to
//! where the other side said it is.

use super::DialogModule;
use super::call::{Leg, Peer};
use super::current::current;
use policy::{Context, Declaration, Routes, Var, problem};
use script::Value;
use sip::{NameAddr, Uri};

/// What [`DialogModule::check_way`] answers, beside 1.
const NO_DIALOG: i32 = -1;
const OTHER_TARGET: i32 = -2;
const OTHER_ROUTE: i32 = -3;
const OTHER_SOURCE: i32 = -4;
const EARLY: i32 = -5;

pub(super) fn declare(d: &mut Declaration<DialogModule>) {
    d.function(
        "dlg_check_way()",
        "Ours, not Kamailio's: after loose_route(), 1 where the request goes to the Contact of the other side by the routes recorded behind us, and comes from the address that its sender had when the call began, or when a request of his to change it was accepted. -1 no dialog, or not that much known of it; -2 another target, -3 another next hop, -4 from another address; -5 nobody has taken the call yet, and the rest fits.",
        Routes::REQUEST,
        DialogModule::check_way,
    );
    d.variable(
        "dlg_way(peer)",
        "Ours, not Kamailio's: where the packets come from of the side that a request within a call goes to, `sip:203.0.113.7:40123;transport=udp`; null where nobody knows.",
        false,
        |module, spec, _| {
            if spec.inner.as_deref() != Some(b"peer") {
                return Err(problem("$dlg_way(…) has peer"));
            }
            let Some(module) = module.cloned() else {
                return Ok(Var::null());
            };
            Ok(Var::read_only(move |context| {
                let peer = module.with_legs(context, |_, other, _| other?.peer);
                peer.flatten().map_or(Value::Null, |peer| Value::Str(peer.uri().into()))
            }))
        },
    );
}

impl DialogModule {
    fn check_way(&self, context: &mut Context) -> i32 {
        let judged = self.with_legs(context, |sender, other, is_early| match other {
            Some(other) => judge(context, sender, other, is_early),
            None => NO_DIALOG,
        });
        judged.unwrap_or(NO_DIALOG)
    }

    /// Shows the ends of the dialog of a request within it: who sent it, whom it goes to, where they are known,
    /// and whether nobody has taken the call yet.
    fn with_legs<T>(
        &self,
        context: &Context,
        show: impl FnOnce(&Leg, Option<&Leg>, bool) -> T,
    ) -> Option<T> {
        let dialog = self.logic.dialog_of(context)?;
        let sender = current(context)?.sender?;
        let (from, to) = (context.message.from().ok()?, context.message.to().ok()?);
        let live = dialog.live.lock();
        let own = live.leg_of(sender, from.tag().unwrap_or_default());
        let other = live.leg_of(sender.other(), to.tag().unwrap_or_default());
        let is_early = live.state.is_pending();
        Some(show(own.unwrap_or(live.leg(sender)), other, is_early))
    }
}

fn judge(context: &Context, sender: &Leg, other: &Leg, is_early: bool) -> i32 {
    if other.contact().is_empty() {
        return NO_DIALOG;
    }
    if !is_same(other.contact(), &context.target.uri) {
        return OTHER_TARGET;
    }
    if !is_on_the_way(context.target.dst_uri.as_deref(), other.routes()) {
        return OTHER_ROUTE;
    }
    let is_there = |peer: Peer| peer.ip == context.flow.peer.ip();
    match sender.peer.map(is_there) {
        Some(true) | None if is_early => EARLY,
        Some(true) => 1,
        Some(false) if !is_early => OTHER_SOURCE,
        _ => NO_DIALOG,
    }
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    a == b
        || match (Uri::parse(a), Uri::parse(b)) {
            (Ok(a), Ok(b)) => sip::uri::equivalent(&a, &b),
            _ => false,
        }
}

/// Without a next hop the request goes to its target; with one it must be among the routes.
fn is_on_the_way(next_hop: Option<&[u8]>, routes: &[u8]) -> bool {
    let Some(next_hop) = next_hop else {
        return true;
    };
    let uri_of = |value| NameAddr::parse(value).map(|address| address.uri);
    sip::split_values(routes).any(|value| uri_of(value).is_ok_and(|uri| is_same(uri, next_hop)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_hop_is_one_that_was_recorded() {
        let routes = b"<sip:10.0.0.1;lr>,<sip:edge.test:5070;lr;x=y>";
        for (hop, is_there) in [
            (None, true),
            (Some("sip:10.0.0.1;lr"), true),
            (Some("sip:EDGE.test:5070;lr;x=y"), true),
            (Some("sip:10.0.0.2;lr"), false),
            (Some("sip:10.0.0.1:5061;lr"), false),
            (Some("x"), false),
        ] {
            let hop = hop.map(str::as_bytes);
            assert_eq!(is_on_the_way(hop, routes), is_there, "{hop:?}");
        }
        assert!(!is_on_the_way(Some(b"sip:10.0.0.1;lr"), b""));
    }

    #[test]
    fn a_target_is_compared_as_a_uri() {
        assert!(is_same(b"sip:bob@10.0.0.1:5072", b"sip:bob@10.0.0.1:5072"));
        assert!(is_same(b"sip:bob@Host.test", b"sip:bob@host.test"));
        assert!(!is_same(b"sip:bob@10.0.0.1", b"sip:bob@10.0.0.1:5072"));
        assert!(!is_same(b"sip:bob@10.0.0.1", b"sip:eve@10.0.0.1"));
        assert!(!is_same(b"*", b"sip:eve@10.0.0.1"));
    }
}
