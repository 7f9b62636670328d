//! Functions that look at a variable as a variable.

use super::Pv;
use policy::{Context, Declaration, Literal, Routes, Var};
use script::Value;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let any = Routes::ANY;
    declaration.function(
        "pv_isset(pvar)",
        "1 where the variable is not null, else -1.",
        any,
        is_set,
    );
    declaration.function("pv_unset(pvar)", "Sets the variable to null.", any, unset);
    declaration.function(
        "is_int(pvar)",
        "1 where the variable holds a number, else -1.",
        any,
        is_int,
    );
    declaration.function(
        "typeof(pvar, vtype)",
        "1 where the variable is an int, a str or null, as vtype says.",
        any,
        is_type,
    );
    declaration.function(
        "not_empty(pvar)",
        "1 where the variable holds a text that is not empty, else -1.",
        any,
        not_empty,
    );
}

fn is_set(_: &Pv, context: &mut Context, var: &Var) -> bool {
    !var.read(context).is_null()
}

fn unset(_: &Pv, context: &mut Context, var: &Var) -> bool {
    var.set(context, Value::Null)
}

fn is_int(_: &Pv, context: &mut Context, var: &Var) -> bool {
    matches!(var.read(context), Value::Int(_))
}

fn is_type(_: &Pv, context: &mut Context, var: &Var, kind: &Literal) -> bool {
    let own: &[u8] = match var.read(context) {
        Value::Int(_) => b"int",
        Value::Str(_) => b"str",
        Value::Null => b"null",
    };
    kind.0 == own
}

fn not_empty(_: &Pv, context: &mut Context, var: &Var) -> bool {
    matches!(var.read(context), Value::Str(text) if !text.is_empty())
}
