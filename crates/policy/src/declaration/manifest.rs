//! A declaration as text, for people and programs.

use super::{Declaration, Named};
use crate::Module;
use crate::function::{FunctionDecl, Usage};
use serde::Serialize;

/// A declaration as text: what `ringwall modules --json` prints of a module.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The module's name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// `modparam` names.
    pub parameters: Vec<Parameter>,
    /// Script functions.
    pub functions: Vec<Usage>,
    /// Pseudo-variables.
    pub variables: Vec<Variable>,
    /// Transformations.
    pub transformations: Vec<Named>,
    /// `@select` families.
    pub selects: Vec<Named>,
    /// Event routes it runs.
    pub event_routes: Vec<Named>,
    /// Those of them in which nothing can wait.
    pub prompt_routes: Vec<&'static str>,
    /// RPC commands.
    pub rpcs: Vec<Named>,
    /// Database tables.
    pub tables: Vec<Named>,
    /// Deliberate differences from Kamailio 5.6.3.
    pub deviations: Vec<&'static str>,
}

/// A parameter in a [`Manifest`].
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// A pseudo-variable in a [`Manifest`].
#[derive(Clone, Debug, Serialize)]
pub struct Variable {
    /// Its form without the dollar sign.
    pub name: &'static str,
    /// Whether a script may assign it.
    pub writable: bool,
    /// What it is.
    pub doc: &'static str,
}

impl<M: Module> Declaration<M> {
    pub(crate) fn manifest(&self, name: &'static str) -> Manifest {
        Manifest {
            name,
            doc: self.doc,
            parameters: self
                .params
                .iter()
                .map(|p| Parameter {
                    name: p.name,
                    kind: p.kind,
                    doc: p.doc,
                })
                .collect(),
            functions: self.functions.iter().map(FunctionDecl::usage).collect(),
            variables: self
                .variables
                .iter()
                .map(|v| Variable {
                    name: v.usage.name,
                    writable: v.writable,
                    doc: v.usage.doc,
                })
                .collect(),
            transformations: self.transformations.iter().map(|t| t.usage).collect(),
            selects: self.selects.iter().map(|s| s.usage).collect(),
            event_routes: self.event_routes.clone(),
            prompt_routes: self.prompt_routes.clone(),
            rpcs: self.rpcs.iter().map(|r| r.usage).collect(),
            tables: self.tables.clone(),
            deviations: self.deviations.clone(),
        }
    }
}
