//! Statements in which a way divides, or ends with a value.

use super::condition;
use super::state::{Code, State, States};
use super::walk::{Ends, MOST_STATES, Walk};
use script::ast::{Block, Case, CaseLabel, Expr, ExprKind};

impl<'a> Walk<'a> {
    pub(super) fn branch(
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

    pub(super) fn switch(&mut self, subject: &'a Expr, cases: &'a [Case], states: States) -> Ends {
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
        let default = cases
            .iter()
            .position(|case| matches!(case.label, CaseLabel::Default));
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

    pub(super) fn repeat(&mut self, condition: &'a Expr, body: &'a Block, states: States) -> Ends {
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
    pub(super) fn returned(&mut self, value: Option<&'a Expr>, states: States) -> States {
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
