//! Comparisons: what they tell of a request.

use super::condition::{Split, by_code, equal_code, swapped};
use super::parts::{self, Subject};
use super::state::{Code, Facts, Known, Methods, State, States, Truth};
use super::walk::Walk;
use bytes::Bytes;
use script::VarSpec;
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
        match parts::subject(left) {
            Some(Subject::ReturnCode) => match parts::number(right) {
                Some(0) => by_code(vec![state]),
                _ => either(state),
            },
            // A counter of the source.
            Some(Subject::SourceTable(_)) => {
                (vec![state.clone()], vec![state.with(Facts::COUNTED)])
            }
            Some(Subject::Own(spec)) => {
                match (state.known.get(&spec.text), parts::number(right)) {
                    (Some(Known::Int(value)), Some(bound)) => {
                        let is_above = *value > bound || (op == BinaryOp::GreaterEqual && *value == bound);
                        decided(is_above, state)
                    }
                    _ => either(state),
                }
            }
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

/// Nothing is known: both ways are gone.
fn either(state: State) -> Split {
    (vec![state.clone()], vec![state])
}

fn decided(yes: bool, state: State) -> Split {
    match yes {
        true => (vec![state], Vec::new()),
        false => (Vec::new(), vec![state]),
    }
}

/// Splits by something that is either so or not.
pub(super) fn truth(state: State, of: fn(&mut State) -> &mut Truth) -> Split {
    let said = |yes: bool| {
        let mut state = state.clone();
        let truth = of(&mut state);
        *truth = truth.meet(yes)?;
        Some(state)
    };
    (said(true).into_iter().collect(), said(false).into_iter().collect())
}

/// The same where no says nothing: another name of ours may still be meant.
pub(super) fn truth_if_yes(state: State, of: fn(&mut State) -> &mut Truth) -> Split {
    let mut yes = state.clone();
    *of(&mut yes) = Truth::Yes;
    (vec![yes], vec![state])
}

/// A subject and a constant.
fn of_constant(subject: Option<Subject<'_>>, right: &Expr, state: State) -> Split {
    let is_myself = matches!(right.kind, ExprKind::Myself);
    let truth_of = |state, of| match is_myself {
        true => truth(state, of),
        false => truth_if_yes(state, of),
    };
    match subject {
        Some(Subject::Method) => match parts::text(right).and_then(|text| Methods::of_list(&text)) {
            Some(methods) => of_methods(methods, state),
            None => either(state),
        },
        Some(Subject::Destination) => truth_of(state, |state| &mut state.uri_ours),
        Some(Subject::Sender) => truth_of(state, |state| &mut state.from_ours),
        Some(Subject::Source) | Some(Subject::Certificate) => {
            (vec![state.clone().with(Facts::TRUSTED)], vec![state])
        }
        Some(Subject::UserAgent) => (vec![state.clone()], vec![state.with(Facts::NO_SCANNER)]),
        _ => either(state),
    }
}

fn of_pattern(subject: Option<Subject<'_>>, pattern: Option<&Bytes>, state: State) -> Split {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else {
        return either(state);
    };
    match subject {
        Some(Subject::Method) => match Methods::of_list(pattern) {
            Some(methods) => of_methods(methods, state),
            None => either(state),
        },
        Some(Subject::Destination) if names_a_host(pattern) => {
            truth_if_yes(state, |state| &mut state.uri_ours)
        }
        Some(Subject::Sender) if names_a_host(pattern) => {
            truth_if_yes(state, |state| &mut state.from_ours)
        }
        Some(Subject::Source) | Some(Subject::Certificate) => {
            (vec![state.clone().with(Facts::TRUSTED)], vec![state])
        }
        Some(Subject::UserAgent) => (vec![state.clone()], vec![state.with(Facts::NO_SCANNER)]),
        _ => either(state),
    }
}

/// A pattern of a URI that asks for its host, and not only for digits before the `@`.
fn names_a_host(pattern: &[u8]) -> bool {
    let host = pattern.split(|byte| *byte == b'@').next_back().unwrap_or_default();
    let letters = host.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let has_dot = host.contains(&b'.');
    letters >= 4 && has_dot && !host.starts_with(b"^sip:")
}

/// Splits by a list of methods.
pub(super) fn of_methods(methods: Methods, state: State) -> Split {
    let narrowed = |methods| State {
        methods,
        ..state.clone()
    };
    let is_some = |state: &State| state.methods != Methods::NONE;
    let yes = Some(narrowed(state.methods.within(methods))).filter(is_some);
    // A method without a bit of its own shares one with others.
    let no = narrowed(state.methods.without(methods.without(Methods::OTHER)));
    let no = Some(no).filter(is_some);
    (yes.into_iter().collect(), no.into_iter().collect())
}

/// A table asked for the source: one of bans, or one of friends.
fn of_source_table(name: &[u8], right: &Expr, state: State) -> Split {
    const BANS: [&[u8]; 6] = [b"ban", b"block", b"black", b"deny", b"bad", b"attack"];
    let name = name.to_ascii_lowercase();
    let is_ban = BANS
        .iter()
        .any(|word| name.windows(word.len()).any(|part| part == *word));
    let absent = state.clone().with(Facts::NOT_BANNED);
    let present = match is_ban {
        true => state,
        false => state.with(Facts::TRUSTED),
    };
    match parts::is_null(right) {
        true => (vec![absent], vec![present]),
        false => (vec![present], vec![absent]),
    }
}

/// A variable of the script and a constant.
fn of_own(spec: &VarSpec, right: &Expr, state: State) -> Split {
    let Some(known) = state.known.get(&spec.text) else {
        return either(state);
    };
    let is_equal = match known {
        Known::Null => parts::is_null(right),
        _ if parts::is_null(right) => false,
        Known::Int(value) => match parts::number(right) {
            Some(number) => *value == number,
            None => return either(state),
        },
        Known::Text(value) => match parts::text(right) {
            Some(text) => *value == text,
            None => return either(state),
        },
    };
    decided(is_equal, state)
}

fn is_known(right: &Expr, state: &State) -> bool {
    let ExprKind::Variable(spec) = &right.kind else {
        return false;
    };
    matches!(state.known.get(&spec.text), Some(Known::Text(_)))
}

/// The code of a call that tells only true from false.
pub(super) const TRUE_OR_FALSE: [Code; 2] = [Code::Positive, Code::Negative];
