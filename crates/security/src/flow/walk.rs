//! Routes, blocks and statements.

use super::state::{Code, State, States};
use super::{Profile, Target};
use script::ast::{Block, Item, Route, Statement, StatementKind};
use script::{RouteKind, Script, Span};
use std::collections::{BTreeMap, BTreeSet};

/// States in one place; beyond that they lose detail.
pub(super) const MOST_STATES: usize = 256;
/// Statements looked at, once for each state.
const MOST_STEPS: usize = 250_000;
/// Blocks within blocks, those of routes that call each other among them; bounds the stack.
const DEEPEST: usize = 400;

/// Who hears of what a request reaches.
pub(crate) trait Watch {
    /// A relay to `target`; `way` is the calls of routes that led there.
    fn relayed(&mut self, state: &State, target: Target, span: Span, way: &[Span]);
    /// A registration is stored.
    fn saved(&mut self, state: &State, span: Span, way: &[Span]);
    /// Commands of operators are obeyed.
    fn commanded(&mut self, state: &State, span: Span);
    /// Something was proved about a request, or is banned where it is not.
    fn proved(&mut self, facts: super::Facts);
}

/// The routes of a script by what calls them.
#[derive(Default)]
pub(crate) struct Routes<'a>(BTreeMap<(RouteKind, &'a str), &'a Route>);

impl<'a> Routes<'a> {
    /// The routes of `script`.
    pub(crate) fn of(script: &'a Script) -> Routes<'a> {
        let routes = script.items.iter().filter_map(|item| match item {
            Item::Route(route) => Some(((route.kind, route.name.text.as_str()), route)),
            _ => None,
        });
        Routes(routes.collect())
    }

    /// The route of this kind and name.
    pub(crate) fn find(&self, kind: RouteKind, name: &str) -> Option<&'a Route> {
        self.0.get(&(kind, name)).copied()
    }

    /// The names of the routes of a kind.
    pub(crate) fn names(&self, kind: RouteKind) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        let of_kind = self.0.keys().filter(move |(of, _)| *of == kind);
        of_kind.map(|(_, name)| *name)
    }
}

/// A walk through the routes of a script.
pub(crate) struct Walk<'a> {
    routes: &'a Routes<'a>,
    pub(super) profile: Profile,
    pub(super) watch: &'a mut dyn Watch,
    /// What each route gave for each state it was entered with.
    done: BTreeMap<(Span, State), States>,
    /// The calls that led to where the walk is.
    pub(super) way: Vec<Span>,
    steps: usize,
    depth: usize,
}

/// How the ways through some statements end; those that end the script are gone.
#[derive(Default)]
pub(super) struct Ends {
    /// They go on with the next statement.
    pub(super) next: States,
    /// They leave the route.
    pub(super) returned: States,
    /// They leave the loop or `switch`.
    pub(super) broken: States,
    /// They go on with the next round.
    pub(super) continued: States,
}

impl Ends {
    /// Takes over all but the states that go on.
    pub(super) fn leave(&mut self, other: Ends) -> States {
        self.returned.extend(other.returned);
        self.broken.extend(other.broken);
        self.continued.extend(other.continued);
        other.next
    }
}

impl<'a> Walk<'a> {
    /// A walk that tells `watch` what it sees.
    pub(crate) fn new(
        routes: &'a Routes<'a>,
        profile: Profile,
        watch: &'a mut dyn Watch,
    ) -> Walk<'a> {
        Walk {
            routes,
            profile,
            watch,
            done: BTreeMap::new(),
            way: Vec::new(),
            steps: 0,
            depth: 0,
        }
    }

    /// Walks a route from its beginning with a message of which nothing is known; what comes to its end.
    pub(crate) fn begin(&mut self, kind: RouteKind, name: &str) -> States {
        let route = self.routes.find(kind, name);
        route.map_or_else(States::new, |route| self.enter(route, State::unknown()))
    }

    /// Whether everything was looked at.
    pub(crate) fn is_complete(&self) -> bool {
        self.steps < MOST_STEPS
    }

    /// What comes out of `route(name)`; its code is `$rc`. A route that is not there fails.
    pub(super) fn route(&mut self, name: &str, state: State, call: Span) -> States {
        let Some(route) = self.routes.find(RouteKind::Sub, name) else {
            return States::from([state.after(Code::Negative)]);
        };
        self.way.push(call);
        let ends = self.enter(route, state);
        self.way.pop();
        ends
    }

    /// Walks a route that runs later or elsewhere; it ends there.
    pub(super) fn aside(&mut self, kind: RouteKind, name: &str, state: State, call: Span) {
        if let Some(route) = self.routes.find(kind, name) {
            self.way.push(call);
            self.enter(route, state);
            self.way.pop();
        }
    }

    fn enter(&mut self, route: &'a Route, mut state: State) -> States {
        let outer = state.last;
        state.last = Code::Is(1);
        let key = (route.span, state);
        if !self.done.contains_key(&key) {
            // What calls itself gives nothing new the second time.
            self.done.insert(key.clone(), States::new());
            let found = self.run(&route.body, key.1.clone());
            self.done.insert(key.clone(), found);
        }
        let found = self.done.get(&key).into_iter().flatten();
        found
            .map(|state| State {
                rc: state.last,
                last: outer,
                ..state.clone()
            })
            .collect()
    }

    fn run(&mut self, body: &'a Block, state: State) -> States {
        let mut ends = Ends::default();
        let ended = self.block(body, States::from([state]));
        let next = ends.leave(ended);
        // `break` outside of a loop leaves the route.
        [next, ends.returned, ends.broken, ends.continued]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(super) fn block(&mut self, block: &'a Block, states: States) -> Ends {
        if self.depth >= DEEPEST {
            self.steps = MOST_STEPS;
            return Ends::default();
        }
        self.depth += 1;
        let ends = self.statements(block, states);
        self.depth -= 1;
        ends
    }

    fn statements(&mut self, block: &'a Block, mut states: States) -> Ends {
        let mut ends = Ends::default();
        for statement in &block.statements {
            states = bounded(states);
            self.steps += states.len();
            if states.is_empty() || !self.is_complete() {
                break;
            }
            let ended = self.statement(statement, states);
            states = ends.leave(ended);
        }
        ends.next = states;
        ends
    }

    fn statement(&mut self, statement: &'a Statement, states: States) -> Ends {
        let mut ends = Ends::default();
        match &statement.kind {
            StatementKind::Call(call) => {
                ends.next = states
                    .into_iter()
                    .flat_map(|state| self.outcomes(call, state))
                    .map(|state| State {
                        last: state.rc,
                        ..state
                    })
                    .collect();
            }
            StatementKind::Assign(assign) => {
                ends.next = states
                    .into_iter()
                    .map(|state| self.assign(assign, state))
                    .collect();
            }
            StatementKind::If(arms, otherwise) => {
                return self.branch(arms, otherwise.as_ref(), states);
            }
            StatementKind::Switch(subject, cases) => return self.switch(subject, cases, states),
            StatementKind::While(condition, body) => return self.repeat(condition, body, states),
            StatementKind::Block(block) => return self.block(block, states),
            StatementKind::Return(value) => ends.returned = self.returned(value.as_ref(), states),
            StatementKind::Exit | StatementKind::Drop => {}
            StatementKind::Break => ends.broken = states,
            StatementKind::Continue => ends.continued = states,
        }
        ends
    }
}

/// The same states, with less detail where there are too many.
fn bounded(states: States) -> States {
    if states.len() <= MOST_STATES {
        return states;
    }
    let blurred: States = states.into_iter().map(State::blurred).collect();
    if blurred.len() <= MOST_STATES {
        return blurred;
    }
    let mut merged: BTreeMap<State, super::Methods> = BTreeMap::new();
    for mut state in blurred.into_iter().map(State::without_flags) {
        let methods = std::mem::replace(&mut state.methods, super::Methods::NONE);
        let all = merged.entry(state).or_insert(super::Methods::NONE);
        *all = all.and(methods);
    }
    let with = |(state, methods)| State { methods, ..state };
    merged.into_iter().map(with).collect::<BTreeSet<State>>()
}
