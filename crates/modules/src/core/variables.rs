//! Variables that need no module: `$null`, `$rc`, `$env(…)`, `$def(…)`.

use super::Core;
use policy::{Declaration, Var, problem};
use script::Value;

pub(super) fn declare(d: &mut Declaration<Core>) {
    d.read("null", "No value at all.", |_, _| Value::Null);
    for name in ["rc", "retcode", "?"] {
        d.read(
            name,
            "The return code of the last function or route.",
            |_, context| Value::Int(context.retcode.into()),
        );
    }
    d.variable(
        "env(name)",
        "A variable of the environment, null where it is not set.",
        false,
        |_, spec, prepare| {
            let name = prepare.text(
                spec.inner
                    .as_ref()
                    .ok_or_else(|| problem("the name is missing"))?,
            )?;
            Ok(Var::read_only(move |context| {
                let name = name.get(context);
                let environment = &context.config.installed.surroundings.environment;
                let value = std::str::from_utf8(&name)
                    .ok()
                    .and_then(|name| environment.get(name));
                value.map_or(Value::Null, |value| Value::Str(value.clone().into()))
            }))
        },
    );
    for (name, doc) in [
        (
            "def(name)",
            "The value of a #!define, null where the name is not defined.",
        ),
        (
            "defn(name)",
            "The same as a number, 0 where it is not defined.",
        ),
    ] {
        d.variable(name, doc, false, |_, spec, prepare| {
            let value = prepare.names.defines.variable(spec);
            Ok(Var::constant(value.unwrap_or_default()))
        });
    }
}
