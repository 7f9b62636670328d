//! Conditions: what fulfils them, and what does not.

use super::parts;
use super::state::{Code, Known, State, States};
use super::walk::Walk;
use bytes::Bytes;
use script::ast::{BinaryOp, Expr, ExprKind, RouteCall, UnaryOp};

/// The states that fulfil a condition, and those that do not.
pub(super) type Split = (Vec<State>, Vec<State>);

impl<'a> Walk<'a> {
    /// Splits states by a condition.
    pub(super) fn test_all(&mut self, condition: &'a Expr, states: States) -> (States, States) {
        let (mut yes, mut no) = (States::new(), States::new());
        for state in states {
            let (fulfil, fail) = self.test(condition, state);
            yes.extend(fulfil);
            no.extend(fail);
        }
        (yes, no)
    }

    /// Splits a state by a condition.
    pub(super) fn test(&mut self, condition: &'a Expr, state: State) -> Split {
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, inner) => swapped(self.test(inner, state)),
            ExprKind::Binary(BinaryOp::And, left, right) => {
                let (yes, mut no) = self.test(left, state);
                let (yes, more) = self.each(right, yes);
                no.extend(more);
                (yes, no)
            }
            ExprKind::Binary(BinaryOp::Or, left, right) => {
                let (mut yes, no) = self.test(left, state);
                let (more, no) = self.each(right, no);
                yes.extend(more);
                (yes, no)
            }
            ExprKind::Binary(op, left, right) => self.compare(*op, left, right, state),
            ExprKind::Call(_) | ExprKind::Route(_) => by_code(self.outcomes(condition, state)),
            ExprKind::Int(number) if *number != 0 => (vec![state], Vec::new()),
            ExprKind::Int(_) => (Vec::new(), vec![state]),
            ExprKind::Assign(assign) => {
                let state = self.assign(assign, state);
                (vec![state.clone()], vec![state])
            }
            _ => truth(condition, state),
        }
    }

    fn each(&mut self, condition: &'a Expr, states: Vec<State>) -> Split {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for state in states {
            let (fulfil, fail) = self.test(condition, state);
            yes.extend(fulfil);
            no.extend(fail);
        }
        (yes, no)
    }

    /// What comes out of a call of a function or route, `$rc` set.
    pub(super) fn outcomes(&mut self, call: &'a Expr, state: State) -> Vec<State> {
        match &call.kind {
            ExprKind::Call(function) => self.call(function, call.span, state),
            ExprKind::Route(route) => match route.as_ref() {
                RouteCall::Named(name) => {
                    let ends = self.route(&name.text, state, call.span);
                    ends.into_iter().collect()
                }
                RouteCall::Dynamic(name) => match known_text(name, &state) {
                    Some(name) => self.route(&name, state, call.span).into_iter().collect(),
                    None => vec![state.after(Code::Unknown)],
                },
            },
            _ => vec![state.after(Code::Unknown)],
        }
    }

    /// The states after `return value`, the value in `$rc`.
    pub(super) fn code_of(&mut self, value: &'a Expr, state: State) -> Vec<State> {
        if let Some(number) = parts::number(value) {
            return vec![state.after(Code::Is(number))];
        }
        match &value.kind {
            ExprKind::Call(_) | ExprKind::Route(_) => self.outcomes(value, state),
            ExprKind::Variable(spec) => {
                let code = match (parts::subject(value), state.known.get(&spec.text)) {
                    (Some(parts::Subject::ReturnCode), _) => state.rc,
                    (_, Some(Known::Int(number))) => Code::Is(*number),
                    (_, Some(Known::Code(code))) => *code,
                    _ => Code::Unknown,
                };
                vec![state.after(code)]
            }
            _ => vec![state.after(Code::Unknown)],
        }
    }
}

/// Splits states by the sign of `$rc`.
pub(super) fn by_code(states: Vec<State>) -> Split {
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for state in states {
        let as_truth = |truth| {
            state
                .rc
                .as_truth(truth)
                .map(|code| state.clone().after(code))
        };
        yes.extend(as_truth(true));
        no.extend(as_truth(false));
    }
    (yes, no)
}

/// Splits states by whether `$rc` is a number.
pub(super) fn split_code(states: States, value: &Expr) -> (States, States) {
    let (mut yes, mut no) = (States::new(), States::new());
    for state in states {
        let (fulfil, fail) = equal_code(value, state);
        yes.extend(fulfil);
        no.extend(fail);
    }
    (yes, no)
}

/// Splits a state by whether `$rc` is a number.
pub(super) fn equal_code(value: &Expr, state: State) -> Split {
    let Some(number) = parts::number(value) else {
        return (vec![state.clone()], vec![state]);
    };
    let possible = match state.rc {
        Code::Is(code) if code == number => return (vec![state], Vec::new()),
        Code::Is(_) => false,
        Code::Unknown => true,
        Code::Positive => number > 0,
        Code::Negative => number < 0,
    };
    let equal = possible.then(|| state.clone().after(Code::Is(number)));
    // Functions that only tell true from false answer 1.
    let unequal = !(state.rc == Code::Positive && number == 1);
    let rest = unequal.then_some(state);
    (equal.into_iter().collect(), rest.into_iter().collect())
}

/// Asks a code that was kept in a variable as if it were `$rc`.
pub(super) fn of_kept(
    name: &Bytes,
    code: Code,
    state: State,
    ask: impl FnOnce(State) -> Split,
) -> Split {
    let rc = state.rc;
    let back = |state: State| {
        let known = match state.rc {
            Code::Is(number) => Known::Int(number),
            code => Known::Code(code),
        };
        state.after(rc).knowing(name.clone(), Some(known))
    };
    let (yes, no) = ask(state.after(code));
    (
        yes.into_iter().map(back).collect(),
        no.into_iter().map(back).collect(),
    )
}

/// Yes and no the other way round.
pub(super) fn swapped((yes, no): Split) -> Split {
    (no, yes)
}

/// The value of a variable or constant as a condition.
fn truth(condition: &Expr, state: State) -> Split {
    if parts::subject(condition) == Some(parts::Subject::ReturnCode) {
        return by_code(vec![state]);
    }
    let ExprKind::Variable(spec) = &condition.kind else {
        return (vec![state.clone()], vec![state]);
    };
    let is_true = match state.known.get(&spec.text) {
        Some(Known::Int(number)) => *number != 0,
        Some(Known::Code(_)) => true,
        Some(Known::Text(text)) => !text.is_empty(),
        Some(Known::Null) => false,
        None => return (vec![state.clone()], vec![state]),
    };
    match is_true {
        true => (vec![state], Vec::new()),
        false => (Vec::new(), vec![state]),
    }
}

fn known_text(expr: &Expr, state: &State) -> Option<String> {
    let text = match &expr.kind {
        ExprKind::Variable(spec) => match state.known.get(&spec.text)? {
            Known::Text(text) => text.clone(),
            _ => return None,
        },
        ExprKind::Str(text) if text.starts_with(b"$") => match state.known.get(text)? {
            Known::Text(text) => text.clone(),
            _ => return None,
        },
        _ => parts::text(expr)?,
    };
    Some(String::from_utf8_lossy(&text).into_owned())
}
