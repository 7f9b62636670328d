//! Checks that every request of a stranger should have passed.

use super::on_the_way;
use crate::flow::{Facts, Methods, State, Truth};
use script::{Diagnostic, Span};

/// The first place that each check is missing at.
#[derive(Default)]
pub(super) struct Checks {
    missed: [Option<(Span, Vec<Span>)>; CHECKS.len()],
}

struct Check {
    fact: Facts,
    code: &'static str,
    /// What is missing.
    what: &'static str,
    /// What is missing on one way only.
    partly: &'static str,
    help: &'static str,
    /// A trusted peer need not pass it.
    spares_friends: bool,
    /// A registration must pass it too.
    of_registrations: bool,
}

const CHECKS: [Check; 5] = [
    Check {
        fact: Facts::COUNTED,
        code: "W0605",
        what: "nothing stops a flood",
        partly: "a flood passes on this way",
        help: "write at the beginning: `if (src_ip != myself && !pike_check_req()) { exit; }` \
               (module pike; or `rl_check()`, `pl_check()`, a counter in `$sht(…=>$si)`)",
        spares_friends: true,
        of_registrations: true,
    },
    Check {
        fact: Facts::SANE,
        code: "W0606",
        what: "nothing looks whether requests are well-formed",
        partly: "a malformed request passes on this way",
        help: "write at the beginning: `if (!sanity_check(\"17895\", \"7\")) { exit; }`",
        spares_friends: false,
        of_registrations: true,
    },
    Check {
        fact: Facts::HOPS,
        code: "W0607",
        what: "nothing looks at Max-Forwards",
        partly: "a request that loops passes on this way",
        help: "write at the beginning: `if (!mf_process_maxfwd_header(\"10\")) { \
               sl_send_reply(\"483\", \"Too Many Hops\"); exit; }`",
        spares_friends: false,
        of_registrations: false,
    },
    Check {
        fact: Facts::NO_SCANNER,
        code: "W0608",
        what: "nothing turns scanners away",
        partly: "a scanner passes on this way",
        help: "write at the beginning: `if ($ua =~ \"friendly-scanner|sipvicious|sipcli|VaxSIPUserAgent\") { exit; }` \
               (or `secf_check_ua()`)",
        spares_friends: true,
        of_registrations: true,
    },
    Check {
        fact: Facts::NOT_BANNED,
        code: "W0609",
        what: "nobody is ever banned",
        partly: "",
        help: "write at the beginning: `if ($sht(ipban=>$si) != $null) { exit; }`, and \
               `$sht(ipban=>$si) = 1;` where an attack is seen (or `ban_add()`, `secf_check_ip()`)",
        spares_friends: true,
        of_registrations: true,
    },
];

impl Checks {
    /// A request that begins something is relayed.
    pub(super) fn at_relay(&mut self, state: &State, span: Span, way: &[Span]) {
        self.look(state, span, way, |_| true);
    }

    /// A registration is stored.
    pub(super) fn at_registrar(&mut self, state: &State, span: Span, way: &[Span]) {
        self.look(state, span, way, |check| check.of_registrations);
    }

    fn look(&mut self, state: &State, span: Span, way: &[Span], counts: fn(&Check) -> bool) {
        if !begins(state) {
            return;
        }
        let is_friend = state.facts.any(Facts::TRUSTED.and(Facts::FROM_HERE));
        for (check, missed) in CHECKS.iter().zip(&mut self.missed) {
            let spared = is_friend && check.spares_friends;
            if counts(check) && !spared && !state.facts.any(check.fact) {
                missed.get_or_insert_with(|| (span, way.to_vec()));
            }
        }
    }

    /// What is missing: everywhere, where nothing ever `proved` it, or on one way.
    pub(super) fn findings(self, proved: Facts, start: Span) -> Vec<Diagnostic> {
        let missed = CHECKS.iter().zip(self.missed);
        missed
            .filter_map(|(check, missed)| {
                let (span, way) = missed?;
                match proved.any(check.fact) {
                    false => Some(of(check, start, check.what)),
                    // The server asks its own list of bans before it reads a request.
                    true if check.fact == Facts::NOT_BANNED => None,
                    true => Some(on_the_way(of(check, span, check.partly), &way)),
                }
            })
            .collect()
    }
}

fn of(check: &Check, span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(check.code, span, what).help(check.help)
}

/// Whether a request may begin a dialog or a registration: all others are bound to what began.
fn begins(state: &State) -> bool {
    let later = Methods::ACK
        .and(Methods::CANCEL)
        .and(Methods::BYE)
        .and(Methods::PRACK);
    state.to_tag != Truth::Yes
        && !state.facts.any(Facts::LOOSE.and(Facts::IN_TRANSACTION))
        && state.methods.without(later) != Methods::NONE
}
