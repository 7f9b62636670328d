//! What the answer to a question tells of a request.

use super::condition::{Split, equal_code, of_kept};
use super::parts::{self, Subject};
use super::state::{Facts, Known, Methods, State, Truth};
use bytes::Bytes;
use script::VarSpec;
use script::ast::{Expr, ExprKind};

/// Splits by something that is either so or not.
pub(super) fn truth(state: State, of: fn(&mut State) -> &mut Truth) -> Split {
    let said = |yes: bool| {
        let mut state = state.clone();
        let truth = of(&mut state);
        *truth = truth.meet(yes)?;
        Some(state)
    };
    (
        said(true).into_iter().collect(),
        said(false).into_iter().collect(),
    )
}

/// The same where no says nothing: another name of ours may still be meant.
pub(super) fn truth_if_yes(state: State, of: fn(&mut State) -> &mut Truth) -> Split {
    let mut yes = state.clone();
    *of(&mut yes) = Truth::Yes;
    (vec![yes], vec![state])
}

/// A subject and a constant.
pub(super) fn of_constant(subject: Option<Subject<'_>>, right: &Expr, state: State) -> Split {
    let is_myself = matches!(right.kind, ExprKind::Myself);
    let truth_of = |state, of| match is_myself {
        true => truth(state, of),
        false => truth_if_yes(state, of),
    };
    match subject {
        Some(Subject::Method) => {
            match parts::text(right).and_then(|text| Methods::of_list(&text)) {
                Some(methods) => of_methods(methods, state),
                None => either(state),
            }
        }
        Some(Subject::Destination) => truth_of(state, |state| &mut state.uri_ours),
        Some(Subject::Sender) => truth_of(state, |state| &mut state.from_ours),
        Some(Subject::Source) if is_this_machine(right) => {
            (vec![state.clone().with(Facts::FROM_HERE)], vec![state])
        }
        Some(Subject::Source) | Some(Subject::Certificate) => {
            (vec![state.clone().with(Facts::TRUSTED)], vec![state])
        }
        Some(Subject::UserAgent) => (vec![state.clone()], vec![state.with(Facts::NO_SCANNER)]),
        // A token that both sides know.
        Some(Subject::Header) if parts::text(right).is_some_and(|text| is_secret(&text)) => {
            (vec![state.clone().with(Facts::AUTHENTICATED)], vec![state])
        }
        _ => either(state),
    }
}

/// `myself` and loopback addresses.
fn is_this_machine(source: &Expr) -> bool {
    match &source.kind {
        ExprKind::Myself => true,
        ExprKind::Address(network) => network.address.is_loopback(),
        ExprKind::Str(text) => text.starts_with(b"127.") || text.as_ref() == b"::1",
        _ => false,
    }
}

/// Whether a text has so many letters and digits that nobody guesses it.
pub(super) fn is_secret(text: &[u8]) -> bool {
    const LEAST: usize = 16;
    text.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .count()
        >= LEAST
}

pub(super) fn of_pattern(
    subject: Option<Subject<'_>>,
    pattern: Option<&Bytes>,
    state: State,
) -> Split {
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
    let host = pattern
        .split(|byte| *byte == b'@')
        .next_back()
        .unwrap_or_default();
    let letters = host
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .count();
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
pub(super) fn of_source_table(name: &[u8], right: &Expr, state: State) -> Split {
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
pub(super) fn of_own(spec: &VarSpec, right: &Expr, state: State) -> Split {
    let Some(known) = state.known.get(&spec.text) else {
        return either(state);
    };
    let is_equal = match known {
        Known::Null => parts::is_null(right),
        _ if parts::is_null(right) => false,
        Known::Code(code) => {
            let code = *code;
            return of_kept(&spec.text, code, state, |state| equal_code(right, state));
        }
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

/// Nothing is known: both ways are gone.
pub(super) fn either(state: State) -> Split {
    (vec![state.clone()], vec![state])
}

/// One way is gone.
pub(super) fn decided(yes: bool, state: State) -> Split {
    match yes {
        true => (vec![state], Vec::new()),
        false => (Vec::new(), vec![state]),
    }
}
