//! No end of a call learns where the others are: random calls between phones and carriers behind random proxies,
//! over a network that loses, doubles and reorders, and every octet that one of them gets is searched for what belongs
//! to the others.
//!
//! `SIM_SEEDS=10000 cargo test -p ringwall-sim --test leaks` plays more than the usual hundred worlds. A further module
//! that hides is a further [`Hiding`].

#[path = "leaks/call.rs"]
mod call;
#[path = "leaks/end.rs"]
mod end;
#[path = "leaks/opened.rs"]
mod opened;
#[path = "leaks/page.rs"]
mod page;
#[path = "leaks/play.rs"]
mod play;
#[path = "leaks/secrets.rs"]
mod secrets;
#[path = "leaks/wording.rs"]
mod wording;

use opened::{Opener, STEPS};
use page::{BUILT_IN, Hiding, MASK_KEY};
use play::played;
use std::collections::BTreeSet;
use wording::TELLTALES;

/// The worlds that are played.
#[allow(
    clippy::disallowed_methods,
    reason = "the runner is asked by the environment"
)]
fn seeds() -> u64 {
    let asked = std::env::var("SIM_SEEDS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(100)
}

fn as_it_is(octets: &[u8]) -> Vec<u8> {
    octets.to_vec()
}

/// What the ends must have said to each other within dialogs, or the worlds show nothing.
const METHODS: [&str; 10] = [
    "ACK",
    "BYE",
    "INFO",
    "INVITE",
    "NOTIFY",
    "PRACK",
    "REFER",
    "SUBSCRIBE",
    "UPDATE",
    "CANCEL",
];

fn nothing_leaks(name: &str, hiding: &Hiding) {
    let (mut calls, mut methods) = (0, BTreeSet::new());
    for seed in 1..=seeds() {
        let outcome = played(seed, hiding, as_it_is);
        assert_eq!(outcome.leak, None, "{name}, seed {seed}");
        calls += outcome.calls as u64;
        methods.extend(outcome.within);
    }
    assert!(calls > 2 * seeds(), "{name}: {calls} calls came up");
    for method in &METHODS[..9] {
        assert!(methods.contains(*method), "{name}: no {method} in a dialog");
    }
}

#[test]
fn nothing_leaks_where_topoh_seals() {
    nothing_leaks("sealed", &Hiding::topoh("sealed"));
}

#[test]
fn nothing_leaks_where_topoh_is_kamailios() {
    nothing_leaks("kamailio", &Hiding::topoh("kamailio"));
}

#[test]
fn nothing_leaks_in_a_changeover() {
    nothing_leaks("migrate", &Hiding::topoh("migrate"));
}

#[test]
fn nothing_leaks_where_topos_keeps_dialogs_in_memory() {
    nothing_leaks("topos in memory", &Hiding::topos("memory"));
}

#[test]
fn nothing_leaks_where_topos_keeps_dialogs_in_a_database() {
    nothing_leaks("topos in a database", &Hiding::topos("db"));
}

/// A reply finds its way back by its Vias, or by the storage, alone: as it does where its request left through another
/// server, or before a restart.
#[test]
fn nothing_leaks_without_transactions() {
    for hiding in [
        Hiding::topoh("sealed"),
        Hiding::topoh("kamailio"),
        Hiding::topos("memory"),
    ] {
        nothing_leaks("stateless", &hiding.stateless());
    }
}

#[test]
fn nothing_leaks_by_the_built_in_policy() {
    nothing_leaks("policy", &Hiding::policy(BUILT_IN));
}

/// True where one of the first worlds leaks.
fn leaks(hiding: &Hiding, look: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    let leaks = |seed| played(seed, hiding, &look).leak.is_some();
    (1..=60).any(leaks)
}

/// Each masking step is needed: what would be told without it is found.
#[test]
fn every_step_is_needed() {
    let (hiding, opener) = (Hiding::topoh("kamailio"), Opener::new(MASK_KEY));
    for step in STEPS {
        let without = |octets: &[u8]| opener.open(octets, step);
        assert!(leaks(&hiding, without), "without {step} nothing was found");
    }
    let clear_ids = hiding
        .clone()
        .and("modparam(\"topoh\", \"mask_callid\", 0)\n");
    assert!(leaks(&clear_ids, as_it_is), "Call-IDs in clear");
    let pass = "event_route[topoh:msg-sending] { if ($rs == 180) { drop; } }\n";
    assert!(leaks(&hiding.and(pass), as_it_is), "180 let pass");
    assert!(leaks(&Hiding::nothing(), as_it_is), "nothing hidden");
}

/// Each header that betrays must be removed: one that stays is found.
#[test]
fn every_telltale_is_needed() {
    for (header, _) in TELLTALES {
        let keeps = Hiding::topoh("sealed").keeping(header);
        assert!(leaks(&keeps, as_it_is), "{header} was not found");
    }
}

/// So must each of them by the built-in policy, on each way that a message takes through it.
#[test]
fn the_built_in_policy_removes_nothing_in_vain() {
    let policy = BUILT_IN;
    let call = "\troute(TELLTALES);\n";
    for (at, _) in policy.match_indices(call) {
        let without = format!("{}{}", &policy[..at], &policy[at + call.len()..]);
        assert!(leaks(&Hiding::policy(&without), as_it_is), "{at}");
    }
    let headers = TELLTALES
        .iter()
        .map(|(name, _)| name.strip_prefix("P-").unwrap_or(name));
    for header in headers {
        let header = header.split_inclusive("Charging-").next().unwrap_or(header);
        let without = policy.replace(header, "X-Unknown-");
        assert!(leaks(&Hiding::policy(&without), as_it_is), "{header}");
    }
}
