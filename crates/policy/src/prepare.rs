//! What arguments and variables are prepared with when a configuration loads.

use crate::function::Usage;
use crate::problem::{problem, unknown};
use crate::{Int, Loaded, Module, Problem, Routes, Text, Transform, Var, Written};
use bytes::Bytes;
use script::{FormatPiece, FormatSpec, RouteId, RouteKind, RouteNames, SelectSpec, Span, VarSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names that only exist while loading: definitions, flags and script variables.
#[derive(Debug, Default)]
pub struct Names {
    /// `#!define NAME value`, for `$def(NAME)` in texts.
    pub defines: script::Defines,
    /// `flags NAME:n`.
    pub flags: BTreeMap<String, u8>,
    /// `$var(name)`, numbered as they are met.
    pub script_vars: BTreeMap<Bytes, usize>,
}

/// The loaded modules, the names and the place in the script that something is prepared for.
pub struct Prepare<'a> {
    /// The modules, `core` first.
    pub modules: &'a [Box<dyn Loaded>],
    /// The routes of the script.
    pub routes: &'a RouteNames,
    /// Flags and script variables.
    pub names: &'a mut Names,
    /// Where the call stands.
    pub place: Routes,
    /// Where in the source it stands.
    pub span: Span,
    /// The routes that what was prepared may run by name.
    pub entered: Vec<RouteId>,
    /// How many arguments the call has that is being prepared.
    pub arguments: usize,
    depth: u8,
}

/// Variables inside variables deeper than this are refused.
const DEEPEST: u8 = 16;

impl<'a> Prepare<'a> {
    /// Prepares for a call that stands in a route of the kinds `place`.
    pub fn new(
        modules: &'a [Box<dyn Loaded>],
        routes: &'a RouteNames,
        names: &'a mut Names,
        place: Routes,
    ) -> Prepare<'a> {
        Prepare {
            modules,
            routes,
            names,
            place,
            span: Span::default(),
            entered: Vec::new(),
            arguments: 0,
            depth: 0,
        }
    }

    /// The module of this type, for arguments that it must know before the first call: files to
    /// read, tables to load, names it was given. None where its start failed.
    pub fn module<M: Module>(&self) -> Option<Arc<M>> {
        let mut named = self
            .modules
            .iter()
            .filter(|module| module.name() == M::NAME);
        named.find_map(|module| module.instance()?.downcast::<M>().ok())
    }

    /// A finding at the place in hand.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        problem(message)
    }

    /// Prepares a text that may have variables in it.
    pub fn text(&mut self, text: &Bytes) -> Result<Text, Problem> {
        let format = FormatSpec::parse(text).map_err(|error| self.problem(error.what))?;
        if let Some(literal) = format.as_literal() {
            return Ok(Text::literal(literal));
        }
        let mut pieces = Vec::with_capacity(format.pieces.len());
        for piece in format.pieces {
            pieces.push(match piece {
                FormatPiece::Literal(text) => Ok(text),
                FormatPiece::Variable(spec, _) => Err(self.variable(&spec)?),
            });
        }
        if let [Err(var)] = pieces.as_slice() {
            return Ok(Text::single(var.clone()));
        }
        Ok(Text::mixed(pieces))
    }

    /// Prepares a number, or a text with variables that will be one; `wrong` says what stands there else.
    pub fn int(&mut self, text: &Bytes, wrong: &str) -> Result<Int, Problem> {
        let text = self.text(&text.slice_ref(text.trim_ascii()))?;
        match text.as_literal() {
            None => Ok(Int::Computed(text)),
            Some(literal) => script::parse_int(literal)
                .map(Int::Constant)
                .ok_or_else(|| self.problem(wrong)),
        }
    }

    /// Splits `name[inside]` into both, neither with blanks around the name.
    pub fn indexed(&self, text: &Bytes, wrong: &str) -> Result<(Bytes, Bytes), Problem> {
        let open = text.iter().position(|byte| *byte == b'[');
        let open = open.filter(|_| text.ends_with(b"]"));
        let open = open.ok_or_else(|| self.problem(wrong))?;
        let name = text.slice_ref(text[..open].trim_ascii());
        Ok((name, text.slice(open + 1..text.len() - 1)))
    }

    /// Prepares a variable with its transformations.
    pub fn variable(&mut self, spec: &VarSpec) -> Result<Var, Problem> {
        if self.depth >= DEEPEST {
            return Err(self.problem("variables nested too deep"));
        }
        self.depth += 1;
        let var = self.bare_variable(spec).and_then(|var| {
            let transforms = self.transformations(spec)?;
            Ok(var.finish(spec.text.clone(), transforms))
        });
        self.depth -= 1;
        var
    }

    /// The index of `$var(name)` among the script variables.
    pub fn script_var(&mut self, name: &Bytes) -> usize {
        let next = self.names.script_vars.len();
        *self.names.script_vars.entry(name.clone()).or_insert(next)
    }

    /// The flag declared under this name.
    pub fn flag(&self, name: &str) -> Option<u8> {
        self.names.flags.get(name).copied()
    }

    /// The route of this kind and name.
    pub fn route(&mut self, kind: RouteKind, name: &str) -> Result<RouteId, Problem> {
        let found = self.routes.find(kind, name);
        self.entered.extend(found);
        found.ok_or_else(|| unknown(kind.keyword(), name, self.routes.of_kind(kind)))
    }

    /// Refuses a function that may not be called here.
    pub fn check_route(&self, usage: &Usage) -> Result<(), Problem> {
        if usage.routes.meets(self.place) {
            return Ok(());
        }
        let (here, there) = (
            self.place.names().join(", "),
            usage.routes.names().join(", "),
        );
        Err(self.problem(format!(
            "{}() cannot be called in {here}; only in {there}",
            usage.name()
        )))
    }

    /// Prepares an `@select`.
    pub fn select(&mut self, spec: &SelectSpec) -> Result<Var, Problem> {
        let modules = self.modules;
        let found = modules.iter().find_map(|module| module.select(spec, self));
        found.unwrap_or_else(|| {
            let text = String::from_utf8_lossy(&spec.text).into_owned();
            Err(unknown("select", &text, std::iter::empty()))
        })
    }

    fn bare_variable(&mut self, spec: &VarSpec) -> Result<Var, Problem> {
        let modules = self.modules;
        let found = modules
            .iter()
            .find_map(|module| module.variable(spec, self));
        found.unwrap_or_else(|| {
            let classes: Vec<&str> = modules.iter().flat_map(|module| module.classes()).collect();
            let name = String::from_utf8_lossy(&spec.name).into_owned();
            Err(unknown("variable class", &name, classes))
        })
    }

    fn transformations(&mut self, spec: &VarSpec) -> Result<Vec<Transform>, Problem> {
        spec.transformations
            .iter()
            .map(|transformation| self.transformation(transformation))
            .collect()
    }

    fn transformation(&mut self, written: &script::Transformation) -> Result<Transform, Problem> {
        let modules = self.modules;
        let args: Vec<Written> = written
            .split_params()
            .into_iter()
            .map(Written::Text)
            .collect();
        let class = String::from_utf8_lossy(&written.class).trim().to_owned();
        let name = String::from_utf8_lossy(&written.name).trim().to_owned();
        let found = modules
            .iter()
            .find_map(|module| module.transformation(&class, &name, &args, self));
        found.unwrap_or_else(|| {
            let names: Vec<String> = modules
                .iter()
                .flat_map(|module| module.transformations())
                .collect();
            let written = format!("{class}.{name}");
            Err(unknown(
                "transformation",
                &written,
                names.iter().map(String::as_str),
            ))
        })
    }
}
