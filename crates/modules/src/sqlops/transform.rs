//! `{sql.val}`, `{sql.val.int}` and `{sql.val.str}`: values as they stand in SQL.

use super::SqlOps;
use bytes::Bytes;
use policy::{Declaration, Prepare, Transform};
use script::Value;
use std::sync::Arc;
use store::Store;

pub(super) fn declare(d: &mut Declaration<SqlOps>) {
    d.transformation(
        "sql.val",
        "A number as it is, a text in quotes, NULL for none.",
        |_, prepare| Ok(literal(prepare, "NULL")),
    );
    d.transformation("sql.val.int", "The same with 0 for none.", |_, prepare| {
        Ok(literal(prepare, "0"))
    });
    d.transformation(
        "sql.val.str",
        "The same with an empty text for none.",
        |_, prepare| Ok(literal(prepare, "''")),
    );
}

fn literal(prepare: &Prepare<'_>, none: &'static str) -> Transform {
    let module = prepare.module::<SqlOps>();
    let rules = module.and_then(|module| module.first.clone());
    Transform::new(move |_, value| {
        Value::Str(match value {
            Value::Null => Bytes::from_static(none.as_bytes()),
            Value::Int(number) => number.to_string().into(),
            Value::Str(text) => quoted(rules.as_ref(), &text),
        })
    })
}

/// Without a connection there are no rules: what all databases know is to double a quote, and
/// what some take for an escape is left out.
fn quoted(rules: Option<&Arc<dyn Store>>, text: &[u8]) -> Bytes {
    match rules {
        Some(rules) => rules.quote(text).into(),
        None => {
            let text = String::from_utf8_lossy(text).replace(['\\', '\0'], "");
            format!("'{}'", text.replace('\'', "''")).into()
        }
    }
}
