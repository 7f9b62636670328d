//! `$var(…)`, `$vz(…)`, `$vn(…)`: variables of the script, for one message.

use super::Pv;
use bytes::Bytes;
use policy::{Context, Declaration, Var, problem};
use script::Value;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, null) in [
        (
            "var(name)",
            "A variable of the script, 0 before it is set.",
            false,
        ),
        ("vz(name)", "The same as $var.", false),
        (
            "vn(name)",
            "A variable of the script, null before it is set.",
            true,
        ),
    ] {
        declaration.variable(name, doc, true, move |module, spec, prepare| {
            let inner = spec
                .inner
                .as_deref()
                .map(unquoted)
                .filter(|inner| !inner.is_empty());
            let name = Bytes::copy_from_slice(
                inner.ok_or_else(|| problem("the name of the variable is missing"))?,
            );
            let presets = module.map(|pv| pv.presets.as_slice()).unwrap_or_default();
            let preset = presets
                .iter()
                .rev()
                .find(|(preset, _)| *preset == name && !null);
            let unset = preset
                .map(|(_, value)| value.clone())
                .unwrap_or(unset(null));
            let key = if null {
                [b"vn:", &name[..]].concat().into()
            } else {
                name
            };
            let index = prepare.script_var(&key);
            Ok(Var::read_write(
                move |context| read(context, index).unwrap_or_else(|| unset.clone()),
                move |context, value| {
                    write(
                        context,
                        index,
                        if value.is_null() && !null {
                            Value::Int(0)
                        } else {
                            value
                        },
                    );
                    true
                },
            ))
        });
    }
}

/// The value of the script variable with this index, where it was set.
pub(super) fn read(context: &Context, index: usize) -> Option<Value> {
    context
        .script_vars
        .get(index)
        .filter(|value| !value.is_null())
        .cloned()
}

/// Sets the script variable with this index; the configuration bounds how many there are.
pub(super) fn write(context: &mut Context, index: usize, value: Value) {
    if context.script_vars.len() <= index {
        context.script_vars.resize(index + 1, Value::Null);
    }
    if let Some(slot) = context.script_vars.get_mut(index) {
        *slot = value;
    }
}

fn unset(null: bool) -> Value {
    if null { Value::Null } else { Value::Int(0) }
}

/// `$var("x")` is `$var(x)`.
fn unquoted(inner: &[u8]) -> &[u8] {
    let inner = inner.trim_ascii();
    inner
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(inner)
}
