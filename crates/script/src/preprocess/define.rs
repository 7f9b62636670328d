//! Names that stand for text.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Options, Scanner};
use crate::diagnostic::Diagnostic;
use crate::lex::is_name_byte;
use crate::source::Span;
use crate::spec::VarSpec;
use crate::value::Value;

/// A defined name.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    /// What it stands for; `None` when it is only there to be asked for.
    pub(super) value: Option<Bytes>,
    pub(super) span: Option<Span>,
}

/// All names that are defined at the end of a load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defines {
    names: BTreeMap<Bytes, Option<Bytes>>,
}

impl Defines {
    pub(super) fn of(defines: BTreeMap<Bytes, Definition>) -> Self {
        Self {
            names: defines
                .into_iter()
                .map(|(name, found)| (name, found.value))
                .collect(),
        }
    }

    /// Whether a name is defined.
    #[must_use]
    pub fn is_defined(&self, name: &[u8]) -> bool {
        self.names.contains_key(name)
    }

    /// What a name stands for, as written, quotes and all.
    #[must_use]
    pub fn value(&self, name: &[u8]) -> Option<&Bytes> {
        self.names.get(name)?.as_ref()
    }

    /// The names and what they stand for.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> {
        self.names
            .iter()
            .map(|(name, value)| (name, value.as_ref()))
    }

    /// The value of `$def(name)`, `$defn(name)` (a number), `$defs(name)` and `$defv(name)` (without
    /// the quotes); `None` when the variable is none of these. A name without a value stands for
    /// the empty text; one that is not defined is null, as a number 0.
    #[must_use]
    pub fn variable(&self, spec: &VarSpec) -> Option<Value> {
        let name = spec.inner.as_deref().unwrap_or_default();
        let found = self.names.get(name);
        let value = found.map(|value| value.clone().unwrap_or_default());
        match spec.name.as_ref() {
            b"def" => Some(value.map_or(Value::Null, Value::Str)),
            b"defn" => Some(match value {
                Some(value) if value.is_empty() => Value::Str(value),
                Some(value) => crate::value::parse_int(&value).map_or(Value::Null, Value::Int),
                None => Value::Int(0),
            }),
            b"defs" | b"defv" => {
                Some(value.map_or(Value::Null, |value| Value::Str(unquoted(&value))))
            }
            _ => None,
        }
    }
}

fn unquoted(value: &Bytes) -> Bytes {
    match value.as_ref() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => value.slice(1..value.len() - 1),
        _ => value.clone(),
    }
}

/// What to do with a name that is defined already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Refuse,
    Keep,
    Replace,
}

impl Scanner<'_> {
    /// Takes over what the command line says.
    pub(super) fn apply(&mut self, options: &Options) {
        self.environment.clone_from(&options.environment);
        for (name, value) in &options.defines {
            let value = value
                .clone()
                .filter(|value| !value.is_empty())
                .map(Bytes::from);
            self.defines
                .insert(Bytes::from(name.clone()), Definition { value, span: None });
        }
        for module in &options.modules {
            self.define_module(module);
        }
        let lists = [
            ("subst", &options.substs),
            ("substdef", &options.substdefs),
            ("substdefs", &options.substdefs_quoted),
        ];
        for (directive, list) in lists {
            for text in list {
                self.add_substitution(directive, text.as_bytes(), Span::default());
            }
        }
    }

    /// `#!define NAME value`; a backslash at the end of a line goes on with the next.
    pub(super) fn define_line(&mut self, again: Again) {
        let (first, span) = self.rest_of_line();
        let mut line = first.to_vec();
        while line.last() == Some(&b'\\') {
            line.pop();
            let (next, _) = self.rest_of_line();
            line.extend_from_slice(&next);
        }
        let line = Bytes::from(line);
        let length = line.iter().take_while(|byte| is_name_byte(**byte)).count();
        if length == 0 {
            let message = "a definition needs a name of letters, digits and `_`";
            return self.report(Diagnostic::new("E0101", span, message));
        }
        let value = line.slice_ref(line[length..].trim_ascii());
        let value = (!value.is_empty()).then_some(value);
        let name_span = Span {
            end: span.start + u32::try_from(length).unwrap_or(0),
            ..span
        };
        self.define(line.slice(..length), value, name_span, again);
    }

    pub(super) fn define(&mut self, name: Bytes, value: Option<Bytes>, span: Span, again: Again) {
        if let Some(before) = self.defines.get(&name) {
            match again {
                Again::Keep => return,
                Again::Replace => {}
                Again::Refuse => {
                    let first = before.span;
                    let name = String::from_utf8_lossy(&name);
                    let mut found =
                        Diagnostic::new("E0102", span, format!("`{name}` is defined already"))
                            .help("use `#!redefine` to replace it or `#!trydef` to keep the first");
                    if let Some(first) = first {
                        found = found.related(first, "first defined here");
                    }
                    return self.report(found);
                }
            }
        }
        self.defines.insert(
            name,
            Definition {
                value,
                span: Some(span),
            },
        );
    }

    /// `#!defenv NAME` and `#!defenv NAME=VARIABLE`: quoted with `s` at the end of the directive.
    pub(super) fn define_from_environment(&mut self, quoted: bool, again: Again) {
        let (line, span) = self.rest_of_line();
        let text = String::from_utf8_lossy(&line).into_owned();
        let (name, variable) = text.split_once('=').unwrap_or((&text, &text));
        let (name, variable) = (name.trim(), variable.trim());
        match self.environment.get(variable).cloned() {
            Some(value) => {
                let value = if quoted {
                    format!("\"{value}\"")
                } else {
                    value
                };
                let value = (!value.is_empty()).then(|| Bytes::from(value));
                self.define(Bytes::from(name.to_owned()), value, span, again);
            }
            None if again == Again::Keep => {}
            None => {
                let message = format!("the environment has no `{variable}`");
                self.report(Diagnostic::new("E0111", span, message));
            }
        }
    }
}
