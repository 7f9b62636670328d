//! What a request reaches, judged: relays, the registrar, commands, and the checks on the way.

mod checks;
mod relay;

use crate::flow::{Facts, Methods, Profile, Routes, State, Target, Walk, Watch};
use crate::settings::{Settings, is_http_public};
use checks::Checks;
use script::ast::Item;
use script::{Diagnostic, RouteKind, Script, Span};
use std::collections::BTreeMap;

/// The findings of every way from `request_route` and from HTTP.
pub(crate) fn find(script: &Script) -> Vec<Diagnostic> {
    let Some(start) = start_of(script) else {
        return Vec::new();
    };
    let routes = Routes::of(script);
    let mut seen = Seen::default();
    let profile = Profile {
        routes_are_signed: Settings::of(script).has("rr", "sign_key"),
        ..Profile::default()
    };
    let mut walk = Walk::new(&routes, profile, &mut seen);
    walk.begin(RouteKind::Request, "");
    if is_http_public(script) {
        walk.begin(RouteKind::Event, "xhttp:request");
    }
    let is_complete = walk.is_complete();
    let mut findings = seen.findings(start);
    if !is_complete {
        findings.push(
            Diagnostic::new(
                "W0600",
                start,
                "there are too many ways through these routes",
            )
            .label("not every way from here was looked at")
            .help("decide in fewer places, or move what belongs together into one route"),
        );
    }
    findings
}

fn start_of(script: &Script) -> Option<Span> {
    script.items.iter().find_map(|item| match item {
        Item::Route(route) if route.kind == RouteKind::Request => Some(route.span),
        _ => None,
    })
}

/// What a script finds out that asks who sends.
const ASKED: Facts = Facts::AUTHENTICATED.and(Facts::TRUSTED);

/// What the walk came by.
#[derive(Default)]
pub(crate) struct Seen {
    /// Everything that is proved somewhere.
    proved: Option<Facts>,
    found: BTreeMap<(Span, &'static str), Diagnostic>,
    /// Requests whose sender proved who he is are relayed, or stored: the script asks for it.
    asks: bool,
    /// Relays of requests that only pretend to belong to a dialog, with the way there.
    pretended: BTreeMap<Span, Vec<Span>>,
    checks: Checks,
}

impl Seen {
    fn findings(mut self, start: Span) -> Vec<Diagnostic> {
        let proved = self.proved.unwrap_or(Facts::NONE);
        for (span, way) in std::mem::take(&mut self.pretended) {
            self.add(relay::pretended(span, self.asks), &way);
        }
        let mut findings: Vec<Diagnostic> = self.found.into_values().collect();
        findings.extend(self.checks.findings(proved, start));
        findings
    }

    /// Adds a finding with the calls that led to it, the first one of its kind at its place.
    fn add(&mut self, finding: Diagnostic, way: &[Span]) {
        let key = (finding.span, finding.code);
        self.found
            .entry(key)
            .or_insert_with(|| on_the_way(finding, way));
    }
}

/// Names the last calls before a finding.
fn on_the_way(mut finding: Diagnostic, way: &[Span]) -> Diagnostic {
    const SHOWN: usize = 3;
    for call in &way[way.len().saturating_sub(SHOWN)..] {
        finding = finding.related(*call, "on the way from here");
    }
    finding
}

impl Watch for Seen {
    fn relayed(&mut self, state: &State, target: Target, span: Span, way: &[Span]) {
        self.checks.at_relay(state, span, way);
        self.asks |= state.facts.any(ASKED);
        if relay::forwards_credentials(state) {
            self.add(relay::credentials(span), way);
        }
        match relay::judge(state, target) {
            relay::Verdict::Fine => {}
            relay::Verdict::Pretended => {
                self.pretended.entry(span).or_insert_with(|| way.to_vec());
            }
            verdict => {
                if let Some(finding) = relay::finding(verdict, span) {
                    self.add(finding, way);
                }
            }
        }
    }

    fn saved(&mut self, state: &State, span: Span, way: &[Span]) {
        self.checks.at_registrar(state, span, way);
        self.asks |= state.facts.any(ASKED);
        let is_known = state.facts.any(Facts::KNOWN_SENDER);
        if !is_known && state.methods.any(Methods::REGISTER) {
            let finding = Diagnostic::new(
                "E0604",
                span,
                "a registration is stored without authentication",
            )
            .label("anybody takes over anybody's number here")
            .help(
                "write before it: `if (!www_authenticate(\"$td\", \"subscriber\")) { \
                     www_challenge(\"$td\", \"1\"); exit; }` and \
                     `if ($au != $tU) { sl_send_reply(\"403\", \"Forbidden\"); exit; }`",
            );
            self.add(finding, way);
        }
    }

    fn commanded(&mut self, state: &State, span: Span) {
        if !state.facts.any(Facts::KNOWN_SENDER) {
            let finding = Diagnostic::new("E0618", span, "a stranger can command this server")
                .label("commands are obeyed here, whoever sent them")
                .help("write before it: `if (src_ip != 127.0.0.1) { xhttp_reply(\"403\", \"Forbidden\", \"\", \"\"); exit; }`");
            self.add(finding, &[]);
        }
    }

    fn proved(&mut self, facts: Facts) {
        self.proved = Some(self.proved.unwrap_or(Facts::NONE).and(facts));
    }
}
