//! Calls of functions: what each proves, changes or does.

use super::assign::{aim, destination, target_of};
use super::condition::Split;
use super::outcome::{of_methods, truth, truth_if_yes};
use super::parts;
use super::state::{Code, FAILURE, FLAGS_LOST, Facts, Known, Methods, State, Target, Truth};
use super::walk::Walk;
use crate::knowledge::{Meaning, Part, meaning};
use bytes::Bytes;
use script::ast::{Call, ExprKind};
use script::{RouteKind, Span};

/// A secret in a Route parameter has at least this many characters.
const SECRET: usize = 16;

impl<'a> Walk<'a> {
    /// What comes out of a call, `$rc` set.
    pub(super) fn call(&mut self, call: &'a Call, span: Span, state: State) -> Vec<State> {
        let Some(meaning) = meaning(&call.name.text) else {
            return vec![state.after(Code::Unknown)];
        };
        let split = match meaning {
            Meaning::Proves(Facts::TRUSTED) if asks_of_the_destination(call) => {
                (vec![state.clone()], vec![state])
            }
            Meaning::Proves(facts) => {
                self.watch.proved(facts);
                (vec![state.clone().with(facts)], vec![state])
            }
            Meaning::Passes(facts, unless) => return self.passes(facts, unless, state),
            Meaning::Bans => {
                self.watch.proved(Facts::NOT_BANNED);
                return sure(state);
            }
            Meaning::Consumes => return sure(without(state, Facts::CREDENTIALS)),
            Meaning::RemovesHeader => return sure(header_removed(call, state)),
            Meaning::Relays(at) => return self.relay(call, at, span, state),
            Meaning::Saves => {
                self.watch.saved(&state, span, &self.way);
                return open(state);
            }
            Meaning::Finds(target) => (vec![aim(state.clone(), target)], vec![state]),
            Meaning::Rewrites => {
                let rewritten = call
                    .args
                    .first()
                    .map(|value| destination(b"ru", value, state.clone()));
                return sure(rewritten.unwrap_or(state));
            }
            Meaning::Flags(set) => return sure(flagged(call, set, state)),
            Meaning::TestsFlag => flag(call, state),
            Meaning::Runs | Meaning::RunsLater(_) | Meaning::OnFailure => {
                return self.runs(call, meaning, span, state);
            }
            Meaning::Commands => {
                self.watch.commanded(&state, span);
                return sure(state);
            }
            _ => self.tests(call, meaning, state),
        };
        coded(split)
    }

    /// Functions that only ask.
    fn tests(&mut self, call: &'a Call, meaning: Meaning, state: State) -> Split {
        match meaning {
            Meaning::OwnDomain(part) => own_domain(call, part, state),
            Meaning::FollowsRoutes => self.follows_routes(state),
            Meaning::TestsRoute => match tells_a_secret(call) {
                true => (vec![state.clone().with(Facts::IN_DIALOG)], vec![state]),
                false => (vec![state.clone()], vec![state]),
            },
            Meaning::TestsToTag => truth(state, |state| &mut state.to_tag),
            Meaning::TestsMethod => {
                let methods = parts::argument(call, 0).and_then(|list| Methods::of_list(&list));
                match methods {
                    Some(methods) => of_methods(methods, state),
                    None => (vec![state.clone()], vec![state]),
                }
            }
            // Retransmissions of all other requests end in it.
            Meaning::FindsTransaction => {
                let (found, _) = of_methods(Methods::ACK.and(Methods::CANCEL), state.clone());
                let found = found
                    .into_iter()
                    .map(|state| state.with(Facts::IN_TRANSACTION));
                (found.collect(), vec![state])
            }
            _ => (vec![state.clone()], vec![state]),
        }
    }

    /// Signatures are asked for within dialogs alone.
    fn follows_routes(&mut self, state: State) -> Split {
        self.watch.proved(Facts::LOOSE);
        let followed = aim(state.clone(), Target::Routed).with(Facts::LOOSE);
        let yes = match (self.profile.routes_are_signed, followed.to_tag) {
            (false, _) | (_, Truth::No) => vec![followed],
            (true, Truth::Yes) => vec![followed.with(Facts::IN_DIALOG)],
            (true, Truth::Unknown) => {
                let (within, outside) = truth(followed, |state| &mut state.to_tag);
                let within = within.into_iter().map(|state| state.with(Facts::IN_DIALOG));
                within.chain(outside).collect()
            }
        };
        (yes, vec![state])
    }

    fn passes(&mut self, facts: Facts, unless: &[i64], state: State) -> Vec<State> {
        self.watch.proved(facts);
        let mut ends: Vec<State> = unless
            .iter()
            .map(|code| state.clone().after(Code::Is(*code)))
            .collect();
        let passed = state.with(facts);
        ends.push(passed.clone().after(Code::Positive));
        ends.push(passed.after(Code::Is(-1)));
        ends
    }

    fn relay(&mut self, call: &'a Call, at: Option<usize>, span: Span, state: State) -> Vec<State> {
        let named = at.and_then(|at| call.args.get(at)).map(target_of);
        // What begins with a digit is a flag: `t_relay_to("0x01")`.
        let is_flag = parts::argument(call, 0).is_some_and(|text| text.starts_with(b"0x"));
        let bare = call.name.text.starts_with("forward") || call.name.text.starts_with("send");
        let first = call.args.first().filter(|_| bare).map(target_of);
        let target = named.filter(|_| !is_flag).or(first).unwrap_or(state.target);
        self.watch.relayed(&state, target, span, &self.way);
        if let Some(Known::Text(name)) = state.known.get(&FAILURE).cloned() {
            let name = String::from_utf8_lossy(&name).into_owned();
            let failed = state.clone().knowing(FAILURE, None);
            self.aside(RouteKind::Failure, &name, failed, span);
        }
        open(state)
    }

    fn runs(&mut self, call: &'a Call, meaning: Meaning, span: Span, state: State) -> Vec<State> {
        let at = match meaning {
            Meaning::RunsLater(at) => at,
            _ => 0,
        };
        let Some(name) = parts::argument(call, at) else {
            return open(state);
        };
        let text = String::from_utf8_lossy(&name).into_owned();
        match meaning {
            Meaning::OnFailure => sure(state.knowing(FAILURE, Some(Known::Text(name)))),
            Meaning::RunsLater(_) => {
                self.aside(RouteKind::Sub, &text, state.clone(), span);
                // It runs for the same request; the script ends here.
                Vec::new()
            }
            _ => self.route(&text, state, span).into_iter().collect(),
        }
    }
}

/// Both ways, with a code for each.
fn coded((yes, no): Split) -> Vec<State> {
    let yes = yes.into_iter().map(|state| state.after(Code::Positive));
    let no = no.into_iter().map(|state| state.after(Code::Negative));
    yes.chain(no).collect()
}

/// A function that always succeeds.
fn sure(state: State) -> Vec<State> {
    vec![state.after(Code::Is(1))]
}

/// A function of whose success nothing is known.
fn open(state: State) -> Vec<State> {
    vec![state.after(Code::Unknown)]
}

fn without(mut state: State, facts: Facts) -> State {
    state.facts = state.facts.without(facts);
    state
}

fn header_removed(call: &Call, state: State) -> State {
    let name = parts::argument(call, 0)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_credentials = name.windows(13).any(|part| part == b"authorization");
    match is_credentials {
        true => without(state, Facts::CREDENTIALS),
        false => state,
    }
}

/// The name under which a state keeps a flag. Each kind has flags of its own.
fn flag_name(call: &Call) -> Option<Bytes> {
    let kind = call
        .name
        .text
        .trim_start_matches("re")
        .trim_start_matches("is");
    let kind = kind.trim_start_matches("set").replace("flagset", "flag");
    let which = parts::argument(call, 0)?;
    let mut name = kind.into_bytes();
    name.push(b' ');
    name.extend_from_slice(&which);
    Some(Bytes::from(name))
}

fn flagged(call: &Call, set: bool, state: State) -> State {
    match flag_name(call) {
        Some(name) => state.knowing(name, Some(Known::Int(i64::from(set)))),
        None => state,
    }
}

/// A flag that no way has set is not set, for a request comes without flags.
fn flag(call: &Call, state: State) -> Split {
    let Some(name) = flag_name(call) else {
        return (vec![state.clone()], vec![state]);
    };
    match state.known.get(&name) {
        Some(Known::Int(1)) => (vec![state], Vec::new()),
        None if state.known.contains_key(&FLAGS_LOST) => (vec![state.clone()], vec![state]),
        _ => (Vec::new(), vec![state]),
    }
}

fn own_domain(call: &Call, part: Part, state: State) -> Split {
    let by_argument = call.args.first().and_then(|argument| match &argument.kind {
        ExprKind::Variable(spec) => Some(spec.name.clone()),
        ExprKind::Str(text) => parts::variables_of(text)
            .first()
            .map(|spec| spec.name.clone()),
        _ => None,
    });
    let of: fn(&mut State) -> &mut Truth = match by_argument.as_deref() {
        Some(b"fd" | b"fu") => |state| &mut state.from_ours,
        Some(b"rd" | b"ru") => |state| &mut state.uri_ours,
        Some(_) => return (vec![state.clone()], vec![state]),
        None if part == Part::Sender => |state| &mut state.from_ours,
        None => |state| &mut state.uri_ours,
    };
    truth_if_yes(state, of)
}

/// An address that the peer names proves nothing of him.
fn asks_of_the_destination(call: &Call) -> bool {
    call.args
        .iter()
        .any(|argument| target_of(argument) == Target::Request)
}

/// `check_route_param("token=…")` with a value that nobody guesses.
fn tells_a_secret(call: &Call) -> bool {
    let Some(pattern) = parts::argument(call, 0) else {
        return false;
    };
    let value = pattern
        .split(|byte| *byte == b'=')
        .next_back()
        .unwrap_or_default();
    let signs = value
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .count();
    signs >= SECRET
}
