//! Arguments: the name of a connection, of a result, a list of variables.

use super::{SqlOps, unknown_connection};
use bytes::Bytes;
use policy::{Argument, Literal, Prepare, Problem, Text, Var, Written};
use script::VarSpec;
use std::sync::Arc;
use store::Store;

/// A connection by its name.
pub(super) struct Connection {
    pub(super) name: Bytes,
    /// None where the database could not be reached at start (`connect_mode`).
    pub(super) store: Option<Arc<dyn Store>>,
}

impl Argument for Connection {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        let Literal(name) = Literal::prepare(written, prepare)?;
        let text = String::from_utf8_lossy(&name).into_owned();
        let module = prepare.module::<SqlOps>();
        let store = module.and_then(|module| module.connections.get(&text).cloned());
        let is_known = store.is_some() || prepare.module::<SqlOps>().is_none_or(|m| m.goes_on);
        match is_known {
            true => Ok(Connection { name, store }),
            false => Err(unknown_connection(&text)),
        }
    }
}

/// Variables to put columns into: `$var(a), $avp(b); $ru`.
pub(super) struct Targets(pub(super) Vec<Target>);

/// The same for those who go on with them later.
pub(super) struct Shared(pub(super) Arc<Targets>);

/// One of them.
pub(super) struct Target {
    pub(super) var: Var,
    /// A column without a value is skipped, not assigned.
    pub(super) keeps_on_null: bool,
}

impl Argument for Shared {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        let source = match written {
            Some(written) => written.source(),
            None => Text::prepare(written, prepare)?
                .as_literal()
                .cloned()
                .unwrap_or_default(),
        };
        let mut rest = trimmed(&source);
        let mut targets = Vec::new();
        while !rest.is_empty() {
            let (spec, length) = VarSpec::parse_prefix(&rest)
                .map_err(|error| prepare.problem(format!("expected variables: {}", error.what)))?;
            let var = prepare.variable(&spec)?;
            if !var.is_writable() {
                let name = String::from_utf8_lossy(&spec.text).into_owned();
                return Err(prepare.problem(format!("{name} cannot be assigned")));
            }
            let keeps_on_null = spec.name.as_ref() == b"avp";
            targets.push(Target { var, keeps_on_null });
            rest = trimmed(&rest.slice(length..));
            match rest.first() {
                None => break,
                Some(b',' | b';') => rest = trimmed(&rest.slice(1..)),
                Some(_) => return Err(prepare.problem("expected a comma between variables")),
            }
        }
        match targets.is_empty() {
            true => Err(prepare.problem("expected variables")),
            false => Ok(Shared(Arc::new(Targets(targets)))),
        }
    }
}

fn trimmed(text: &Bytes) -> Bytes {
    text.slice_ref(text.trim_ascii())
}
