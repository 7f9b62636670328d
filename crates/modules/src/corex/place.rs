//! `$cfg(…)`: where in the script something stands.

use super::CoreX;
use bytes::Bytes;
use policy::{Context, Declaration, Var, problem};
use script::Value;

pub(super) fn declare(d: &mut Declaration<CoreX>) {
    d.variable(
        "cfg(name)",
        "Where the variable stands: line, name (the file) or route.",
        false,
        |_, spec, prepare| {
            let at = prepare.span;
            let read: fn(&mut Context, script::Span) -> Value = match spec.inner.as_deref() {
                Some(b"line") => {
                    |context, at| Value::Int(context.config.file_and_line(at).1.into())
                }
                Some(b"name" | b"file") => {
                    |context, at| Value::Str(context.config.file_and_line(at).0.into())
                }
                Some(b"route") => route,
                _ => return Err(problem("expected $cfg(line), $cfg(name) or $cfg(route)")),
            };
            Ok(Var::read_only(move |context| read(context, at)))
        },
    );
}

fn route(context: &mut Context, at: script::Span) -> Value {
    let name = context
        .config
        .route_at(at)
        .map(|route| route.name.clone())
        .filter(|name| !name.is_empty());
    Value::Str(name.map_or(Bytes::from_static(b"DEFAULT_ROUTE"), Bytes::from))
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    #[test]
    fn the_script_knows_where_it_is() {
        let script = "loadmodule \"corex\"\nrequest_route { note(\"$cfg(name) $cfg(route)\"); route(A); }\nroute[A] { note(\"$cfg(route)\"); }";
        assert_eq!(
            run(script, "OPTIONS sip:b@x SIP/2.0\n\n").notes,
            ["test.cfg DEFAULT_ROUTE", "A"]
        );
        assert!(
            problems("loadmodule \"corex\"\nrequest_route { note(\"$cfg(x)\"); }")
                .contains("expected $cfg(line)")
        );
    }

    #[test]
    fn lines_are_counted_by_the_source_map() {
        let script = "loadmodule \"corex\"\nrequest_route {\n note(\"$cfg(line)\"); }";
        assert_eq!(run(script, "OPTIONS sip:b@x SIP/2.0\n\n").notes, ["3"]);
    }
}
