//! `$redis(reply=>key)` and `$redisd(name)`.

use super::NdbRedis;
use super::replies::Replies;
use bytes::Bytes;
use policy::{Declaration, Int, Prepare, Problem, Var};
use script::{Value, VarSpec};
use store::keys::Said;

pub(super) fn declare(d: &mut Declaration<NdbRedis>) {
    d.variable(
        "redis(reply=>key)",
        "What a server said: type, value, info, size; of an array value[n] and type[n], and behind value[n]=> the same again.",
        false,
        |_, spec, prepare| redis(spec, prepare),
    );
    d.variable(
        "redisd(name)",
        "The number of a type: rpl_str 1, rpl_arr 2, rpl_int 3, rpl_nil 4, rpl_sts 5, rpl_err 6.",
        false,
        |_, spec, prepare| {
            let name = spec.inner.clone().unwrap_or_default();
            let names: [&[u8]; 6] = [
                b"rpl_str", b"rpl_arr", b"rpl_int", b"rpl_nil", b"rpl_sts", b"rpl_err",
            ];
            let at = names.iter().position(|it| *it == name.trim_ascii());
            let number = at.and_then(|at| i64::try_from(at + 1).ok());
            let number = number.ok_or_else(|| {
                prepare.problem("expected rpl_str, rpl_arr, rpl_int, rpl_nil, rpl_sts or rpl_err")
            })?;
            Ok(Var::read_only(move |_| Value::Int(number)))
        },
    );
}

const INDEX: &str = "expected a number or a variable as index";

/// What is asked of a reply, behind the elements that lead to it.
enum Key {
    Type,
    Value,
    Info,
    Size,
    TypeOf(Int),
    ValueOf(Int),
}

fn redis(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let inner = spec.inner.clone().unwrap_or_default();
    let mut parts = split(&inner).into_iter();
    let name = parts.next().unwrap_or_default();
    let mut keys = Vec::new();
    for part in parts {
        keys.push(Key::prepare(&part, prepare)?);
    }
    let last = keys
        .pop()
        .ok_or_else(|| prepare.problem("expected reply=>key"))?;
    let mut path = Vec::new();
    for key in keys {
        match key {
            Key::ValueOf(index) => path.push(index),
            _ => return Err(prepare.problem("only value[n] leads to another key")),
        }
    }
    Ok(Var::read_only(move |context| {
        let at = |int: &Int, context: &mut policy::Context| usize::try_from(int.get(context)?).ok();
        let steps: Option<Vec<usize>> = path.iter().map(|int| at(int, context)).collect();
        let index = match &last {
            Key::TypeOf(int) | Key::ValueOf(int) => at(int, context),
            _ => None,
        };
        let said = context
            .extension::<Replies>()
            .and_then(|kept| kept.said(&name));
        let said =
            steps.and_then(|steps| steps.iter().try_fold(said?, |said, at| element(said, *at)));
        said.and_then(|said| last.value(said, index))
            .unwrap_or_default()
    }))
}

/// The parts between arrows.
fn split(inner: &Bytes) -> Vec<Bytes> {
    let (mut parts, mut rest) = (Vec::new(), inner.clone());
    while let Some(at) = rest.windows(2).position(|pair| pair == b"=>") {
        parts.push(rest.slice_ref(rest[..at].trim_ascii()));
        rest = rest.slice(at + 2..);
    }
    parts.push(rest.slice_ref(rest.trim_ascii()));
    parts
}

impl Key {
    fn prepare(text: &Bytes, prepare: &mut Prepare<'_>) -> Result<Key, Problem> {
        let wrong = "expected type, value, info, size, type[n] or value[n]";
        match text.as_ref() {
            b"type" => return Ok(Key::Type),
            b"value" => return Ok(Key::Value),
            b"info" => return Ok(Key::Info),
            b"size" => return Ok(Key::Size),
            _ => {}
        }
        let (name, index) = prepare.indexed(text, wrong)?;
        let index = prepare.int(&index, INDEX)?;
        match name.as_ref() {
            b"type" => Ok(Key::TypeOf(index)),
            b"value" => Ok(Key::ValueOf(index)),
            _ => Err(prepare.problem(wrong)),
        }
    }

    fn value(&self, said: &Said, index: Option<usize>) -> Option<Value> {
        match self {
            Key::Type => Some(Value::Int(number(said))),
            Key::Value => plain(said),
            Key::Info => info(said),
            Key::Size => match said {
                Said::Array(all) => i64::try_from(all.len()).ok().map(Value::Int),
                _ => None,
            },
            Key::TypeOf(_) => element(said, index?).map(|said| Value::Int(number(said))),
            Key::ValueOf(_) => plain(element(said, index?)?),
        }
    }
}

fn element(said: &Said, at: usize) -> Option<&Said> {
    match said {
        Said::Array(all) => all.get(at),
        _ => None,
    }
}

/// The number of a type, as in the header of the C library.
fn number(said: &Said) -> i64 {
    match said {
        Said::Text(_) => 1,
        Said::Array(_) => 2,
        Said::Int(_) => 3,
        Said::Nil => 4,
        Said::Status(_) => 5,
        Said::Error(_) => 6,
    }
}

fn plain(said: &Said) -> Option<Value> {
    match said {
        Said::Text(text) => Some(Value::Str(text.clone())),
        Said::Int(number) => Some(Value::Int(*number)),
        _ => None,
    }
}

/// What is spelled out, an error and a status too.
fn info(said: &Said) -> Option<Value> {
    match said {
        Said::Text(text) | Said::Status(text) | Said::Error(text) => Some(Value::Str(text.clone())),
        _ => None,
    }
}
