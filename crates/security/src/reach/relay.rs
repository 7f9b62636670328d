//! Who may send a request where.

use crate::flow::{Facts, Methods, State, Target, Truth};
use script::{Diagnostic, Span};

/// What to think of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is wrong.
    Fine,
    /// Anybody sends requests anywhere.
    Open,
    /// Anybody sends requests anywhere through a Route header of his own, outside of dialogs.
    Preloaded,
    /// Anybody sends requests anywhere who says that they belong to a dialog.
    Pretended,
    /// Anybody reaches a server that the script names.
    Gateway,
}

/// Judges a relay of `state` to `target`.
pub(super) fn judge(state: &State, target: Target) -> Verdict {
    let proofs = Facts::KNOWN_SENDER
        .and(Facts::IN_DIALOG)
        .and(Facts::IN_TRANSACTION);
    if state.facts.any(proofs) || !begins_something(state) {
        return Verdict::Fine;
    }
    match target {
        Target::Registered | Target::Dispatched => Verdict::Fine,
        Target::Named => Verdict::Gateway,
        Target::Request if state.uri_ours == Truth::Yes => Verdict::Fine,
        Target::Routed if state.to_tag != Truth::Yes => Verdict::Preloaded,
        Target::Routed => Verdict::Pretended,
        Target::Request if state.to_tag == Truth::Yes => Verdict::Pretended,
        Target::Request => Verdict::Open,
    }
}

/// ACK and CANCEL alone begin nothing at the other side.
fn begins_something(state: &State) -> bool {
    let harmless = Methods::ACK.and(Methods::CANCEL);
    state.methods.without(harmless) != Methods::NONE
}

/// The finding of a verdict; none where nothing is wrong, or more must be known.
pub(super) fn finding(verdict: Verdict, span: Span) -> Option<Diagnostic> {
    match verdict {
        Verdict::Fine | Verdict::Pretended => None,
        Verdict::Open => Some(
            Diagnostic::new("E0601", span, "this is an open relay")
                .label("a stranger's request goes from here wherever he wants")
                .help(AUTHENTICATE),
        ),
        Verdict::Preloaded => Some(
            Diagnostic::new("E0601", span, "this is an open relay: a Route header is obeyed outside of dialogs")
                .label("a stranger's request goes from here wherever its Route says")
                .help(
                    "ask `has_totag()` before `loose_route()`, and write \
                     `remove_hf(\"Route\");` for all other requests",
                ),
        ),
        Verdict::Gateway => Some(
            Diagnostic::new("W0603", span, "strangers reach a server that this script names")
                .label("a request whose sender is unknown goes from here to that server")
                .help(
                    "is it a gateway, somebody else's calls are on your bill. Write before it: \
                     `if (!allow_source_address(\"1\")) { if (!proxy_authenticate(\"$fd\", \"subscriber\")) \
                     { proxy_challenge(\"$fd\", \"1\"); exit; } consume_credentials(); }`",
                ),
        ),
    }
}

/// The finding of a relay that believes whoever pretends to be in a dialog. Where the script asks
/// nobody who he is, not even the dialogs themselves were begun by somebody known.
pub(super) fn pretended(span: Span, asks: bool) -> Diagnostic {
    if asks {
        return Diagnostic::new(
            "W0602",
            span,
            "a request within a dialog is believed without proof",
        )
        .label("an invented To tag and Route header pass here without authentication")
        .help(SIGN);
    }
    Diagnostic::new(
        "E0601",
        span,
        "this is an open relay for whoever invents a To tag",
    )
    .label("a stranger's request with a To tag and a Route header goes from here wherever he wants")
    .help(format!(
        "{AUTHENTICATE}; for requests within dialogs {SIGN}"
    ))
}

const AUTHENTICATE: &str = "authenticate initial requests: `if (!proxy_authenticate(\"$fd\", \"subscriber\")) \
    { proxy_challenge(\"$fd\", \"1\"); exit; } consume_credentials();`, \
    or refuse foreign destinations: `if (uri != myself) { sl_send_reply(\"403\", \"Not relaying\"); exit; }`";

const SIGN: &str = "write `modparam(\"rr\", \"sign_key\", \"a long secret of your own\")`, so that \
    only routes of dialogs that came through here are followed";

/// Whether the next server sees credentials that were meant for this one. Registrations and
/// publications of our users may have to prove themselves to a registrar behind.
pub(super) fn forwards_credentials(state: &State) -> bool {
    let proved_again = Methods::REGISTER.and(Methods::PUBLISH);
    state.facts.any(Facts::CREDENTIALS) && state.methods.without(proved_again) != Methods::NONE
}

/// The finding of credentials that go on.
pub(super) fn credentials(span: Span) -> Diagnostic {
    Diagnostic::new(
        "W0610",
        span,
        "the caller's credentials go on to the next server",
    )
    .label("Authorization or Proxy-Authorization leave from here")
    .help("write `consume_credentials();` after the successful authentication")
}
