//! `$branch(…)`, `$br`, `$ds`: the further branches of the request.

use super::header::{At, Wanted, joined};
use super::part::{int, optional, text};
use super::{Pv, request};
use bytes::Bytes;
use policy::{Context, Declaration, Destination, Q, Var, problem};
use script::Value;
use sip::Uri;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    declaration.read(
        "ds",
        "The destination set as a Contact header.",
        |_, context| set_text(context),
    );
    declaration.read_write(
        "br",
        "The URI of the first branch; assigning it adds one.",
        |_, context| optional(context.branches.first().map(|branch| branch.uri.clone())),
        |_, context, value| append(context, value),
    );
    let doc = "A branch, `[n]` another one: uri, dst_uri, path, q, flags, send_socket, ruid, otcpid, instance, count.";
    declaration.variable("branch(key)", doc, true, |_, spec, prepare| {
        let key = Key::parse(spec.inner.as_deref().unwrap_or_default().trim_ascii());
        let key = key.ok_or_else(|| {
            problem("the key is uri, dst_uri, path, q, flags, send_socket, ruid or count")
        })?;
        let at = std::sync::Arc::new(At::prepare(spec, prepare)?);
        let same = at.clone();
        Ok(Var::read_write(
            move |context| match (key, at.get(context)) {
                (Key::Count, _) => Some(context.branches.len())
                    .filter(|count| *count > 0)
                    .map_or(Value::Null, int),
                (key, Some(Wanted::One(index))) => position(context, index)
                    .and_then(|at| context.branches.get(at))
                    .map_or(Value::Null, |one| key.read(context, one)),
                (key, _) => {
                    let texts: Vec<Bytes> = context
                        .branches
                        .iter()
                        .map(|one| key.read(context, one).to_text())
                        .collect();
                    joined(texts.iter().map(Bytes::as_ref), b", ")
                }
            },
            move |context, value| match same.get(context) {
                Some(Wanted::One(index)) => {
                    position(context, index).is_some_and(|at| set(context, key, at, value))
                }
                _ => false,
            },
        ))
    });
}

/// What a branch has, as `$branch(…)` and `$sbranch(…)` call it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Uri,
    DstUri,
    Path,
    Q,
    Flags,
    Socket,
    Ruid,
    Connection,
    Instance,
    Count,
}

impl Key {
    pub(super) fn parse(name: &[u8]) -> Option<Key> {
        Some(match name {
            b"uri" => Key::Uri,
            b"dst_uri" => Key::DstUri,
            b"path" => Key::Path,
            b"q" | b"Q" => Key::Q,
            b"flags" => Key::Flags,
            b"send_socket" => Key::Socket,
            b"ruid" => Key::Ruid,
            b"otcpid" => Key::Connection,
            b"instance" => Key::Instance,
            b"count" => Key::Count,
            _ => return None,
        })
    }

    pub(super) fn read(self, context: &Context, of: &Destination) -> Value {
        match self {
            Key::Uri => optional(Some(of.uri.clone()).filter(|uri| !uri.is_empty())),
            Key::DstUri => optional(of.dst_uri.clone()),
            Key::Path => optional(of.path.clone()),
            Key::Q => Value::Int(of.q.0.into()),
            Key::Flags => Value::Int(of.flags.into()),
            Key::Socket => {
                let socket = of.socket.and_then(|id| context.config.identity.socket(id));
                socket.map_or(Value::Null, |socket| text(request::address(socket)))
            }
            Key::Ruid => optional(of.ruid().cloned()),
            Key::Instance => optional(of.instance().cloned()),
            Key::Connection => of.connection.map_or(Value::Null, |id| {
                Value::Int(i64::try_from(id.0).unwrap_or(i64::MAX))
            }),
            Key::Count => Value::Null,
        }
    }

    /// Sets the part; false where the value does not fit.
    pub(super) fn write(self, context: &Context, of: &mut Destination, value: Value) -> bool {
        match (self, value) {
            (Key::Uri, Value::Str(uri)) if Uri::parse(&uri).is_ok() => of.uri = uri,
            (Key::DstUri, Value::Str(uri)) => of.dst_uri = Some(uri).filter(|uri| !uri.is_empty()),
            (Key::DstUri, Value::Null) => of.dst_uri = None,
            (Key::Path, Value::Str(path)) => of.path = Some(path).filter(|path| !path.is_empty()),
            (Key::Path, Value::Null) => of.path = None,
            (Key::Q, Value::Int(q)) => {
                of.q = i16::try_from(q)
                    .ok()
                    .filter(|q| (0..=1000).contains(q))
                    .map_or(Q::UNSET, Q)
            }
            (Key::Q, Value::Null) => of.q = Q::UNSET,
            (Key::Flags, Value::Int(flags)) => of.flags = (flags & i64::from(u32::MAX)) as u32,
            (Key::Flags, Value::Null) => of.flags = 0,
            (Key::Socket, Value::Str(name)) => match request::find_socket(context, &name) {
                Some(id) => of.socket = Some(id),
                None => return false,
            },
            (Key::Socket, Value::Null) => of.socket = None,
            (Key::Ruid, Value::Str(ruid)) => of.registered_mut().ruid = Some(ruid),
            (Key::Instance, Value::Str(instance)) => {
                of.registered_mut().instance = Some(instance);
            }
            _ => return false,
        }
        true
    }
}

/// Adds a branch, as long as there is room (`max_branches`).
pub(super) fn push(context: &mut Context, branch: Destination) -> bool {
    let room = context.branches.len() + 1 < context.core().max_branches;
    if room {
        context.branches.push(branch);
    }
    room
}

fn append(context: &mut Context, value: Value) -> bool {
    match value {
        Value::Str(uri) if Uri::parse(&uri).is_ok() => push(
            context,
            Destination {
                uri,
                ..Destination::default()
            },
        ),
        _ => false,
    }
}

fn position(context: &Context, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => context
            .branches
            .len()
            .checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

fn set(context: &mut Context, key: Key, at: usize, value: Value) -> bool {
    if at >= context.branches.len() {
        return false;
    }
    if key == Key::Uri && value.is_null() {
        context.branches.remove(at);
        return true;
    }
    let mut branch = std::mem::take(&mut context.branches[at]);
    let done = key.write(context, &mut branch, value);
    context.branches[at] = branch;
    done
}

fn set_text(context: &Context) -> Value {
    if context.branches.is_empty() {
        return Value::Null;
    }
    let mut out = b"Contact: ".to_vec();
    for (at, branch) in context.branches.iter().enumerate() {
        let separator: &[u8] = if at == 0 { b"<" } else { b", <" };
        out.extend_from_slice(separator);
        out.extend_from_slice(&branch.uri);
        out.push(b'>');
        if branch.q != Q::UNSET {
            out.extend_from_slice(q_text(branch.q).as_bytes());
        }
    }
    Value::Str(out.into())
}

/// `;q=0.5`, without trailing zeros.
fn q_text(q: Q) -> String {
    let fraction = format!("{:03}", q.0.rem_euclid(1000));
    match fraction.trim_end_matches('0') {
        "" => format!(";q={}", q.0.div_euclid(1000)),
        fraction => format!(";q={}.{fraction}", q.0.div_euclid(1000)),
    }
}
