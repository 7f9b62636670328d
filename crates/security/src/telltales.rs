//! Headers that tell of one side what topology hiding keeps from the other.
//!
//! Modules `topoh` and `topos` hide the headers that requests are routed by. What else a message tells is for the
//! script: each way of a request to a relay is looked at, and what every reply passes.

use crate::flow::{Facts, Headers, Methods, Profile, Routes, State, Target, Walk, Watch};
use crate::settings::Settings;
use script::{Diagnostic, RouteKind, Script, Span};
use std::collections::BTreeMap;

/// The findings, where a module that hides topology is loaded.
pub(crate) fn find(script: &Script) -> Vec<Diagnostic> {
    let settings = Settings::of(script);
    let hides = ["topoh", "topos"].map(|module| settings.loaded(module).is_some());
    if hides == [false, false] {
        return Vec::new();
    }
    let routes = Routes::of(script);
    let profile = Profile {
        routes_are_signed: settings.has("rr", "sign_key"),
        minds_headers: true,
    };
    let mut leaving = Leaving::default();
    let mut walk = Walk::new(&routes, profile, &mut leaving);
    walk.begin(RouteKind::Request, "");
    // They may belong to any relay: what one of them takes out counts everywhere.
    let late =
        [RouteKind::Branch, RouteKind::Onsend].map(|kind| all_removed(&mut walk, &routes, kind));
    let replies = kept_in_replies(&mut walk, &routes);
    let late = late[0].and(late[1]);
    let kept = leaving
        .0
        .into_iter()
        .map(|(span, kept)| (span, kept.without(late)));
    let kept: Vec<(Span, Headers)> = kept.collect();
    let place = routes
        .find(RouteKind::CoreReply, "")
        .map_or(settings.start(), |route| route.span);
    let of_replies = (!kept.is_empty())
        .then(|| of_replies(replies, place))
        .flatten();
    let of_requests = kept
        .into_iter()
        .filter_map(|(span, kept)| of_requests(kept, span));
    of_requests.chain(of_replies).collect()
}

/// What the routes of a kind take out, all together.
fn all_removed<'a>(walk: &mut Walk<'a>, routes: &Routes<'a>, kind: RouteKind) -> Headers {
    let names = routes.names(kind);
    let ends = names.flat_map(|name| walk.begin(kind, name));
    ends.fold(Headers::NONE, |all, state| all.and(state.removed))
}

/// What no route for replies takes out for certain.
fn kept_in_replies<'a>(walk: &mut Walk<'a>, routes: &Routes<'a>) -> Headers {
    let some = all_removed(walk, routes, RouteKind::Reply);
    let kept = match routes.find(RouteKind::CoreReply, "") {
        Some(_) => {
            let ends = walk.begin(RouteKind::CoreReply, "").into_iter();
            ends.fold(Headers::NONE, |all, state| {
                all.and(Headers::ALL.without(state.removed))
            })
        }
        None => Headers::ALL,
    };
    kept.without(some)
}

/// What leaves at each relay.
#[derive(Default)]
struct Leaving(BTreeMap<Span, Headers>);

impl Watch for Leaving {
    fn relayed(&mut self, state: &State, _: Target, span: Span, _: &[Span]) {
        // A CANCEL is made here, of what left before.
        if state.methods.without(Methods::CANCEL) != Methods::NONE {
            let kept = self.0.entry(span).or_default();
            *kept = kept.and(Headers::ALL.without(state.removed));
        }
    }

    fn saved(&mut self, _: &State, _: Span, _: &[Span]) {}

    fn commanded(&mut self, _: &State, _: Span) {}

    fn proved(&mut self, _: Facts) {}
}

fn of_requests(kept: Headers, span: Span) -> Option<Diagnostic> {
    finding(kept, span, "requests", "write before it")
}

fn of_replies(kept: Headers, span: Span) -> Option<Diagnostic> {
    finding(kept, span, "replies", "write in `reply_route`")
}

fn finding(kept: Headers, span: Span, what: &str, place: &str) -> Option<Diagnostic> {
    let names = kept.names();
    if names.is_empty() {
        return None;
    }
    let says = format!("headers of {what} tell of the side that is hidden");
    Some(
        Diagnostic::new("W0622", span, says)
            .label(format!("{} leave as they came", names.join(", ")))
            .help(format!(
                "{place}: `remove_hf_re(\"^({})$\");`",
                names.join("|")
            )),
    )
}
