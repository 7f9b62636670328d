//! Comparisons: what they tell of a request.

use super::condition::{Split, by_code, equal_code, of_kept, swapped};
use super::outcome::{
    decided, either, of_constant, of_own, of_pattern, of_source_table, truth, truth_if_yes,
};
use super::parts::{self, Subject};
use super::state::{Facts, Known, State, States};
use super::walk::Walk;
use bytes::Bytes;
use script::ast::{BinaryOp, Expr, ExprKind};

impl<'a> Walk<'a> {
    /// Splits a state by a comparison.
    pub(super) fn compare(
        &mut self,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
        state: State,
    ) -> Split {
        // A constant may stand on the left.
        let (left, right, op) = match parts::is_of_operator(left) && !parts::is_of_operator(right) {
            true if parts::subject(left).is_none() => (right, left, mirrored(op)),
            _ => (left, right, op),
        };
        let split = match op {
            BinaryOp::Equal | BinaryOp::StrEqual | BinaryOp::IntEqual => {
                self.equal(left, right, state)
            }
            BinaryOp::Unequal | BinaryOp::StrUnequal | BinaryOp::IntUnequal => {
                swapped(self.equal(left, right, state))
            }
            BinaryOp::Match => self.matched(left, right, state),
            BinaryOp::Mismatch => swapped(self.matched(left, right, state)),
            BinaryOp::Greater | BinaryOp::GreaterEqual => self.above(op, left, right, state),
            BinaryOp::Less => swapped(self.above(BinaryOp::GreaterEqual, left, right, state)),
            BinaryOp::LessEqual => swapped(self.above(BinaryOp::Greater, left, right, state)),
            _ => either(state),
        };
        self.note(&split);
        split
    }

    /// Splits states by whether a subject has a value, as `case` asks.
    pub(super) fn equal_all(
        &mut self,
        left: &'a Expr,
        right: &'a Expr,
        states: States,
    ) -> (States, States) {
        let (mut yes, mut no) = (States::new(), States::new());
        for state in states {
            let (fulfil, fail) = self.compare(BinaryOp::Equal, left, right, state);
            yes.extend(fulfil);
            no.extend(fail);
        }
        (yes, no)
    }

    /// Splits states by whether a subject matches an expression, as `case` asks.
    pub(super) fn matches_all(
        &mut self,
        subject: &'a Expr,
        pattern: &Bytes,
        states: States,
    ) -> (States, States) {
        let (mut yes, mut no) = (States::new(), States::new());
        for state in states {
            let split = of_pattern(parts::subject(subject), Some(pattern), state);
            self.note(&split);
            yes.extend(split.0);
            no.extend(split.1);
        }
        (yes, no)
    }

    fn equal(&mut self, left: &'a Expr, right: &'a Expr, state: State) -> Split {
        if matches!(left.kind, ExprKind::Call(_) | ExprKind::Route(_)) {
            let (mut yes, mut no) = (Vec::new(), Vec::new());
            for state in self.outcomes(left, state) {
                let (equal, unequal) = equal_code(right, state);
                yes.extend(equal);
                no.extend(unequal);
            }
            return (yes, no);
        }
        match parts::subject(left) {
            Some(Subject::ReturnCode) => equal_code(right, state),
            Some(Subject::ToTag) if parts::is_null(right) => {
                swapped(truth(state, |state| &mut state.to_tag))
            }
            Some(Subject::Own(spec)) => of_own(spec, right, state),
            Some(Subject::SourceTable(name)) => of_source_table(&name, right, state),
            Some(Subject::DestinationTable) => {
                let split = truth_if_yes(state, |state| &mut state.uri_ours);
                match parts::is_null(right) {
                    true => swapped(split),
                    false => split,
                }
            }
            other if parts::is_of_operator(right) || is_known(right, &state) => {
                of_constant(other, right, state)
            }
            _ => either(state),
        }
    }

    fn matched(&mut self, left: &'a Expr, right: &'a Expr, state: State) -> Split {
        let pattern = parts::text(right);
        of_pattern(parts::subject(left), pattern.as_ref(), state)
    }

    /// `left > right` or `left >= right`.
    fn above(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr, state: State) -> Split {
        if matches!(left.kind, ExprKind::Call(_) | ExprKind::Route(_)) {
            return by_code(self.outcomes(left, state));
        }
        let bound = parts::number(right);
        // No code is 0: that ends the script.
        let is_sign = bound == Some(0) || (op == BinaryOp::GreaterEqual && bound == Some(1));
        match parts::subject(left) {
            Some(Subject::ReturnCode) if is_sign => by_code(vec![state]),
            // A counter of the source.
            Some(Subject::SourceTable(_)) => {
                (vec![state.clone()], vec![state.with(Facts::COUNTED)])
            }
            Some(Subject::Own(spec)) => match (state.known.get(&spec.text).cloned(), bound) {
                (Some(Known::Code(code)), _) if is_sign => {
                    of_kept(&spec.text, code, state, |state| by_code(vec![state]))
                }
                (Some(Known::Int(value)), Some(bound)) => {
                    let is_equal = op == BinaryOp::GreaterEqual && value == bound;
                    decided(value > bound || is_equal, state)
                }
                _ => either(state),
            },
            _ => either(state),
        }
    }

    fn note(&mut self, (yes, no): &Split) {
        for state in yes.iter().chain(no) {
            self.watch.proved(state.facts);
        }
    }
}

fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}

fn is_known(right: &Expr, state: &State) -> bool {
    let ExprKind::Variable(spec) = &right.kind else {
        return false;
    };
    matches!(state.known.get(&spec.text), Some(Known::Text(_)))
}
