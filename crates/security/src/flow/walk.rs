//! Routes, blocks and statements.

use super::state::{Code, State, States};
use super::{Profile, Target, condition};
use script::ast::{Block, Case, CaseLabel, Expr, ExprKind, Item, Route, Statement, StatementKind};
use script::{RouteKind, Script, Span};
use std::collections::{BTreeMap, BTreeSet};

/// States in one place; beyond that they lose detail.
const MOST_STATES: usize = 256;
/// Statements looked at, once for each state.
const MOST_STEPS: usize = 250_000;
/// Routes within routes, as Kamailio allows them.
const DEEPEST: usize = 100;

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
}

/// How the ways through some statements end; those that end the script are gone.
#[derive(Default)]
struct Ends {
    next: States,
    returned: States,
    broken: States,
    continued: States,
}

impl Ends {
    /// Takes over all but the states that go on.
    fn leave(&mut self, other: Ends) -> States {
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
        }
    }

    /// Walks a route from its beginning with a request of which nothing is known.
    pub(crate) fn begin(&mut self, kind: RouteKind, name: &str) {
        if let Some(route) = self.routes.find(kind, name) {
            self.enter(route, State::unknown());
        }
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
            if self.way.len() < DEEPEST {
                let found = self.run(&route.body, key.1.clone());
                self.done.insert(key.clone(), found);
            }
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

    fn block(&mut self, block: &'a Block, states: States) -> Ends {
        let mut ends = Ends::default();
        let mut states = states;
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
            StatementKind::If(arms, otherwise) => return self.branch(arms, otherwise.as_ref(), states),
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

    fn branch(
        &mut self,
        arms: &'a [(Expr, Block)],
        otherwise: Option<&'a Block>,
        states: States,
    ) -> Ends {
        let mut ends = Ends::default();
        let (mut next, mut states) = (States::new(), states);
        for (condition, body) in arms {
            let (yes, no) = self.test_all(condition, states);
            let ended = self.block(body, yes);
            next.extend(ends.leave(ended));
            states = no;
        }
        match otherwise {
            Some(body) => {
                let ended = self.block(body, states);
                next.extend(ends.leave(ended));
            }
            None => next.extend(states),
        }
        ends.next = next;
        ends
    }

    fn switch(&mut self, subject: &'a Expr, cases: &'a [Case], states: States) -> Ends {
        let is_call = matches!(subject.kind, ExprKind::Call(_) | ExprKind::Route(_));
        let mut open = match is_call {
            true => states
                .into_iter()
                .flat_map(|state| self.outcomes(subject, state))
                .collect(),
            false => states,
        };
        let mut entered: Vec<States> = Vec::with_capacity(cases.len());
        for case in cases {
            let (yes, no) = match &case.label {
                CaseLabel::Default => (States::new(), open),
                CaseLabel::Value(value) if is_call => condition::split_code(open, value),
                CaseLabel::Value(value) => self.equal_all(subject, value, open),
                CaseLabel::Regex(text, _) => self.matches_all(subject, text, open),
            };
            entered.push(yes);
            open = no;
        }
        let default = cases.iter().position(|case| matches!(case.label, CaseLabel::Default));
        let rest = match default.and_then(|at| entered.get_mut(at)) {
            Some(entry) => {
                entry.extend(open);
                States::new()
            }
            None => open,
        };
        self.cases(cases, entered, rest)
    }

    /// Runs the cases with what enters each; what no `break` stops falls into the next.
    fn cases(&mut self, cases: &'a [Case], entered: Vec<States>, rest: States) -> Ends {
        let mut ends = Ends::default();
        let (mut out, mut falling) = (rest, States::new());
        for (case, entry) in cases.iter().zip(entered) {
            falling.extend(entry);
            let mut ended = self.block(&case.body, falling);
            out.append(&mut ended.broken);
            falling = ends.leave(ended);
        }
        out.extend(falling);
        ends.next = out;
        ends
    }

    fn repeat(&mut self, condition: &'a Expr, body: &'a Block, states: States) -> Ends {
        let mut ends = Ends::default();
        let mut seen = States::new();
        let mut open = states;
        while !open.is_empty() && seen.len() < MOST_STATES && self.is_complete() {
            seen.extend(open.iter().cloned());
            let (yes, no) = self.test_all(condition, open);
            ends.next.extend(no);
            let mut ended = self.block(body, yes);
            ends.next.append(&mut ended.broken);
            let mut again = std::mem::take(&mut ended.continued);
            again.extend(ends_without_next(&mut ends, ended));
            open = again.difference(&seen).cloned().collect();
        }
        ends
    }

    /// `return`: 1 where nothing is said; 0 ends the script.
    fn returned(&mut self, value: Option<&'a Expr>, states: States) -> States {
        let codes: States = match value {
            None => states
                .into_iter()
                .map(|state| state.after(Code::Is(1)))
                .collect(),
            Some(value) => states
                .into_iter()
                .flat_map(|state| self.code_of(value, state))
                .collect(),
        };
        codes
            .into_iter()
            .filter(|state| state.rc != Code::Is(0))
            .map(|state| State {
                last: state.rc,
                ..state
            })
            .collect()
    }
}

fn ends_without_next(ends: &mut Ends, ended: Ends) -> States {
    let next = std::mem::take(&mut ends.next);
    let fell = ends.leave(ended);
    ends.next = next;
    fell
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
