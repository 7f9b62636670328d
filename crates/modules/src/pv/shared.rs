//! `$shv(…)`: variables that all messages and workers share, and their commands.

use super::Pv;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use policy::{Declaration, RpcError, RpcRequest, RpcResult, Var, problem};
use script::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A shared variable: one lock, held for a read or a write.
type Cell = Arc<RwLock<Value>>;

/// The shared variables by name. Names come from the configuration and from operators only.
#[derive(Default)]
pub(crate) struct SharedVars(Mutex<BTreeMap<Bytes, Cell>>);

impl SharedVars {
    /// The variable of this name, made on the first call with the value 0.
    pub(super) fn cell(&self, name: &Bytes) -> Cell {
        let new = || Arc::new(RwLock::new(Value::Int(0)));
        self.0
            .lock()
            .entry(name.clone())
            .or_insert_with(new)
            .clone()
    }

    /// Sets a variable that nobody has touched; one that survived a reload keeps its value.
    pub(super) fn set_if_new(&self, name: &Bytes, value: Value) {
        self.0
            .lock()
            .entry(name.clone())
            .or_insert_with(|| Arc::new(RwLock::new(value)));
    }

    fn find(&self, name: &str) -> Option<Cell> {
        self.0.lock().get(name.as_bytes()).cloned()
    }
}

/// Numbers in a row, from 1.
#[derive(Default)]
pub(crate) struct Sequence(AtomicI64);

impl Sequence {
    /// The next number.
    pub(super) fn inc_and_read(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    declaration.variable(
        "shv(name)",
        "A variable all messages share, 0 before it is set.",
        true,
        |module, spec, _| {
            let name = spec
                .inner
                .as_ref()
                .filter(|inner| !inner.trim_ascii().is_empty());
            let name = name.ok_or_else(|| problem("the name of the variable is missing"))?;
            let name = name.slice_ref(name.trim_ascii());
            let cell = module.map(|pv| pv.shared.cell(&name)).unwrap_or_default();
            let same = cell.clone();
            Ok(Var::read_write(
                move |_| cell.read().clone(),
                move |_, value| {
                    *same.write() = if value.is_null() {
                        Value::Int(0)
                    } else {
                        owned(value)
                    };
                    true
                },
            ))
        },
    );
    declaration.rpc(
        "pv.shvSet name type value",
        "Sets a shared variable; the type is int or str.",
        set,
    );
    declaration.rpc(
        "pv.shvGet [name]",
        "Shows one shared variable or all of them.",
        get,
    );
}

/// A shared value must not hold on to the buffer of a whole message.
fn owned(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(Bytes::copy_from_slice(&text)),
        other => other,
    }
}

fn set(pv: &Pv, request: &RpcRequest) -> RpcResult {
    let (name, kind) = (request.text(0)?, request.text(1)?);
    let value = match kind.as_str() {
        "int" => Value::Int(request.int(2)?),
        "str" => Value::Str(request.text(2)?.into()),
        _ => return Err(RpcError::invalid("the type is int or str")),
    };
    let cell = pv
        .shared
        .find(&name)
        .ok_or_else(|| RpcError::not_found("Variable not found"))?;
    *cell.write() = value;
    Ok(json!("Ok. Variable set to new value."))
}

fn get(pv: &Pv, request: &RpcRequest) -> RpcResult {
    if request.has(0) {
        let name = request.text(0)?;
        let cell = pv
            .shared
            .find(&name)
            .ok_or_else(|| RpcError::not_found("Variable not found"))?;
        let value = cell.read().clone();
        return Ok(shown(&name, &value));
    }
    let all = pv.shared.0.lock();
    Ok(all
        .iter()
        .map(|(name, cell)| shown(&String::from_utf8_lossy(name), &cell.read()))
        .collect())
}

fn shown(name: &str, value: &Value) -> serde_json::Value {
    match value {
        Value::Int(number) => json!({"name": name, "type": "int", "value": number}),
        text => {
            json!({"name": name, "type": "string", "value": String::from_utf8_lossy(&text.to_text())})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_does_not_undo_what_a_script_did() {
        let shared = SharedVars::default();
        let name = Bytes::from_static(b"x");
        shared.set_if_new(&name, Value::Int(1));
        *shared.cell(&name).write() = Value::Int(2);
        shared.set_if_new(&name, Value::Int(1));
        assert_eq!(*shared.cell(&name).read(), Value::Int(2));
        assert_eq!(
            *shared.cell(&Bytes::from_static(b"y")).read(),
            Value::Int(0)
        );
    }
}
