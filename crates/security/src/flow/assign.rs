//! Assignments: what a script then knows, and where a request then goes.

use super::parts;
use super::state::{Code, Known, State, Target, Truth};
use super::walk::Walk;
use bytes::Bytes;
use script::ast::{Assign, Expr, ExprKind, UnaryOp};

impl Walk<'_> {
    /// The state after an assignment.
    pub(super) fn assign(&mut self, assign: &Assign, mut state: State) -> State {
        let target = &assign.target.variable;
        match target.name.as_ref() {
            b"ru" | b"rd" | b"du" => destination(&target.name, &assign.value, state),
            b"fu" | b"fd" => {
                state.from_ours = Truth::Unknown;
                state
            }
            b"var" | b"avp" | b"xavp" | b"xavu" | b"shv" | b"dlg_var" => {
                let value = value(&assign.value, &state);
                state.knowing(target.text.clone(), value)
            }
            _ => state,
        }
    }
}

/// Where the request goes after `$ru`, `$rd` or `$du` were assigned.
pub(super) fn destination(name: &[u8], value: &Expr, state: State) -> State {
    if parts::is_null(value) {
        // Without `$du` it goes by the Request-URI, which tables and scripts may have replaced.
        let by_uri = !matches!(state.target, Target::Registered | Target::Named);
        return match name == b"du" && by_uri {
            true => aim(state, Target::Request),
            false => state,
        };
    }
    let hosts = hosts_of_peers(value);
    if !hosts.is_empty()
        && hosts
            .iter()
            .all(|name| matches!(name.as_ref(), b"ru" | b"rd"))
    {
        return state;
    }
    let mut state = aim(state, target_of(value));
    if state.target == Target::Request {
        state.uri_ours = Truth::Unknown;
    }
    state
}

/// The state with another destination.
pub(super) fn aim(mut state: State, target: Target) -> State {
    state.target = target;
    state
}

/// Where a request goes whose destination is this: where the script says, as long as no host of it
/// comes from a peer.
pub(super) fn target_of(value: &Expr) -> Target {
    match hosts_of_peers(value).is_empty() {
        false => Target::Request,
        true => Target::Named,
    }
}

fn hosts_of_peers(value: &Expr) -> Vec<Bytes> {
    let mut variables = Vec::new();
    collect(value, &mut variables);
    variables.retain(|name| HOSTS_OF_PEERS.contains(&name.as_ref()));
    variables
}

/// Variables with a host that the peer chose.
const HOSTS_OF_PEERS: [&[u8]; 15] = [
    b"ru",
    b"rd",
    b"ou",
    b"od",
    b"fu",
    b"fd",
    b"tu",
    b"td",
    b"ct",
    b"hdr",
    b"rr_params",
    b"route_uri",
    b"ai",
    b"di",
    b"adu",
];

fn collect(value: &Expr, variables: &mut Vec<Bytes>) {
    match &value.kind {
        ExprKind::Variable(spec) => variables.push(spec.name.clone()),
        ExprKind::Str(text) => {
            let specs = parts::variables_of(text);
            variables.extend(specs.into_iter().map(|spec| spec.name));
        }
        ExprKind::Unary(_, inner) => collect(inner, variables),
        ExprKind::Binary(_, left, right) => {
            collect(left, variables);
            collect(right, variables);
        }
        _ => {}
    }
}

/// The value of an expression, where it is known.
fn value(expr: &Expr, state: &State) -> Option<Known> {
    if parts::is_null(expr) {
        return Some(Known::Null);
    }
    match &expr.kind {
        ExprKind::Int(number) => Some(Known::Int(*number)),
        ExprKind::Unary(UnaryOp::Negate, _) => parts::number(expr).map(Known::Int),
        ExprKind::Str(text) if !text.contains(&b'$') => Some(Known::Text(text.clone())),
        ExprKind::Variable(spec) => match parts::subject(expr) {
            Some(parts::Subject::ReturnCode) => match state.rc {
                Code::Is(number) => Some(Known::Int(number)),
                Code::Unknown => None,
                code => Some(Known::Code(code)),
            },
            _ => state.known.get(&spec.text).cloned(),
        },
        _ => None,
    }
}
