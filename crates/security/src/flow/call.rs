//! Calls of functions: what each proves, changes or does.

use super::Headers;
use super::assign::{aim, destination, target_of};
use super::condition::Split;
use super::outcome::{either, is_secret, of_methods, truth, truth_if_yes};
use super::parts;
use super::state::{Code, FAILURE, FLAGS_LOST, Facts, Known, Methods, State, Target, Truth};
use super::walk::Walk;
use crate::knowledge::{Meaning, Part, meaning};
use bytes::Bytes;
use script::ast::{Call, ExprKind};
use script::{RouteKind, Span};

impl<'a> Walk<'a> {
    /// What comes out of a call, `$rc` set.
    pub(super) fn call(&mut self, call: &'a Call, span: Span, state: State) -> Vec<State> {
        let Some(meaning) = meaning(&call.name.text) else {
            return vec![state.after(Code::Unknown)];
        };
        match meaning {
            Meaning::Consumes => sure(without(state, Facts::CREDENTIALS)),
            Meaning::RemovesHeader => sure(self.header_removed(call, header_removed(call, state))),
            Meaning::KeepsHeader => sure(self.header_removed(call, state)),
            Meaning::Flags(set) => sure(flagged(call, set, state)),
            Meaning::Rewrites => {
                let host = call.args.first();
                let rewritten = host.map(|host| destination(b"ru", host, state.clone()));
                sure(rewritten.unwrap_or(state))
            }
            Meaning::Relays(at) => self.relay(call, at, span, state),
            Meaning::Saves | Meaning::Commands | Meaning::Bans => self.acts(meaning, span, state),
            Meaning::Runs | Meaning::RunsLater(_) | Meaning::OnFailure => {
                self.runs(call, meaning, span, state)
            }
            Meaning::Passes(facts, unless) => self.passes(facts, unless, state),
            _ => coded(self.asks(call, meaning, state)),
        }
    }

    fn header_removed(&self, call: &Call, mut state: State) -> State {
        if self.profile.minds_headers {
            state.removed = state.removed.and(Headers::removed_by(call));
        }
        state
    }

    /// Functions that do something for the server.
    fn acts(&mut self, meaning: Meaning, span: Span, state: State) -> Vec<State> {
        match meaning {
            Meaning::Saves => self.watch.saved(&state, span, &self.way),
            Meaning::Commands => self.watch.commanded(&state, span),
            _ => self.watch.proved(Facts::NOT_BANNED),
        }
        open(state)
    }

    /// Functions that tell true from false.
    fn asks(&mut self, call: &'a Call, meaning: Meaning, state: State) -> Split {
        match meaning {
            Meaning::Proves(Facts::TRUSTED) if asks_of_the_destination(call) => either(state),
            Meaning::Proves(facts) => {
                self.watch.proved(facts);
                (vec![state.clone().with(facts)], vec![state])
            }
            Meaning::Finds(target) => (vec![aim(state.clone(), target)], vec![state]),
            Meaning::TestsFlag => flag(call, state),
            Meaning::Searches if names_user_agent(call) => {
                self.watch.proved(Facts::NO_SCANNER);
                (vec![state.clone()], vec![state.with(Facts::NO_SCANNER)])
            }
            Meaning::OwnDomain(part) => own_domain(call, part, state),
            Meaning::FollowsRoutes => self.follows_routes(state),
            Meaning::TestsRoute => match tells_a_secret(call) {
                true => (vec![state.clone().with(Facts::IN_DIALOG)], vec![state]),
                false => either(state),
            },
            Meaning::TestsToTag => truth(state, |state| &mut state.to_tag),
            Meaning::TestsMethod => {
                let methods = parts::argument(call, 0).and_then(|list| Methods::of_list(&list));
                match methods {
                    Some(methods) => of_methods(methods, state),
                    None => either(state),
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
            _ => either(state),
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
        return either(state);
    };
    match state.known.get(&name) {
        Some(Known::Int(1)) => (vec![state], Vec::new()),
        None if state.known.contains_key(&FLAGS_LOST) => either(state),
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
        Some(_) => return either(state),
        None if part == Part::Sender => |state| &mut state.from_ours,
        None => |state| &mut state.uri_ours,
    };
    truth_if_yes(state, of)
}

/// A search in the User-Agent header.
fn names_user_agent(call: &Call) -> bool {
    let pattern = parts::argument(call, 0).unwrap_or_default();
    let pattern = pattern.to_ascii_lowercase();
    pattern.windows(10).any(|part| part == b"user-agent")
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
    let value = pattern.split(|byte| *byte == b'=').next_back();
    value.is_some_and(is_secret)
}
