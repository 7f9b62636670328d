//! Core parameters, `modparam` and custom globals: values to modules.

use super::Extra;
use super::modules::{CORE, find};
use crate::{Callback, Entry, FromParam, Globals, Loaded, Manifest, Names, ParamValue, Problem};
use script::ast::{CoreParameter, Item, ModParam};
use script::{Diagnostic, Script, Span};

/// Gives every value of the file and the command line to the module it is for.
pub(super) fn apply(
    modules: &mut [Box<dyn Loaded>],
    entries: &[Entry],
    script: &Script,
    extra: &Extra,
    findings: &mut Vec<Diagnostic>,
) -> Names {
    for item in &script.items {
        match item {
            Item::Core(parameter) => core(modules, parameter, findings),
            Item::ModParam(param) => modparam(modules, entries, param, findings),
            _ => {}
        }
    }
    for (name, value) in &extra.core {
        set(modules, CORE, name, value, Span::default(), findings);
    }
    for (module, name, value) in &extra.params {
        let module = present_name(entries, module);
        set(modules, module, name, value, Span::default(), findings);
    }
    super::names(script)
}

/// Declares every `group.name = value desc "…"`.
pub(super) fn declare_globals(script: &Script, globals: &Globals) {
    for item in &script.items {
        let Item::Global(global) = item else {
            continue;
        };
        let value = match converted(&global.value) {
            Some(ParamValue::Int(number)) => script::Value::Int(number),
            Some(ParamValue::Text(text)) => script::Value::Str(text),
            None => continue,
        };
        let doc = String::from_utf8_lossy(global.description.as_deref().unwrap_or_default());
        globals.declare(&global.group.text, &global.name.text, value, &doc);
    }
}

fn core(
    modules: &mut [Box<dyn Loaded>],
    parameter: &CoreParameter,
    findings: &mut Vec<Diagnostic>,
) {
    for (value, span) in &parameter.values {
        match converted(value) {
            Some(value) => set(
                modules,
                CORE,
                &parameter.name.text,
                &value,
                parameter.name.span,
                findings,
            ),
            None => findings.push(no_variable(*span)),
        }
    }
}

/// The name of a module of today that is written under an older one.
fn present_name<'a>(entries: &'a [Entry], written: &'a str) -> &'a str {
    find(entries, written).map_or(written, |entry| entry.name)
}

fn modparam(
    modules: &mut [Box<dyn Loaded>],
    entries: &[Entry],
    param: &ModParam,
    findings: &mut Vec<Diagnostic>,
) {
    let Some((value, span)) = &param.value else {
        return;
    };
    if let script::ast::ParamValue::Word(word) = value {
        return findings.push(no_meaning(word, *span));
    }
    let Some(value) = converted(value) else {
        return findings.push(no_variable(*span));
    };
    for module in &param.modules {
        let name = present_name(entries, &module.text);
        if modules.iter().any(|loaded| loaded.name() == name) {
            let span = if known(modules, name, &param.name.text) {
                *span
            } else {
                param.name.span
            };
            set(modules, name, &param.name.text, &value, span, findings);
        } else {
            let message = format!("module `{}` is not loaded", module.text);
            let help = format!("write `loadmodule \"{}.so\"` before this line", module.text);
            findings.push(Problem::new(NOT_LOADED, message).help(help).at(module.span));
        }
    }
}

fn known(modules: &[Box<dyn Loaded>], module: &str, name: &str) -> bool {
    let manifest = modules
        .iter()
        .find(|loaded| loaded.name() == module)
        .map(|loaded| loaded.manifest());
    manifest.is_some_and(|manifest| {
        manifest
            .parameters
            .iter()
            .any(|parameter| parameter.name == name)
    })
}

fn set(
    modules: &mut [Box<dyn Loaded>],
    module: &str,
    name: &str,
    value: &ParamValue,
    span: Span,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(found) = modules.iter_mut().find(|loaded| loaded.name() == module) else {
        return;
    };
    match found.set_param(name, value) {
        Err(problem) => findings.push(problem.at(span)),
        Ok(()) if names_callback(&found.manifest(), name, value) => {
            let message = format!("`{name}` names a function that nothing calls");
            let help = "the native script is the only engine; write event routes";
            findings.push(Problem::new(NO_ENGINE, message).help(help).at(span));
        }
        Ok(()) => {}
    }
}

fn names_callback(manifest: &Manifest, name: &str, value: &ParamValue) -> bool {
    let mut parameters = manifest.parameters.iter();
    let is_callback =
        parameters.any(|parameter| parameter.name == name && parameter.kind == Callback::KIND);
    is_callback && Callback::from_param(value).is_ok_and(|callback| callback.is_set)
}

fn converted(value: &script::ast::ParamValue) -> Option<ParamValue> {
    match value {
        script::ast::ParamValue::Int(number) => Some(ParamValue::Int(*number)),
        script::ast::ParamValue::Str(text) | script::ast::ParamValue::Word(text) => {
            Some(ParamValue::Text(text.clone()))
        }
        script::ast::ParamValue::Variable(_) => None,
    }
}

fn no_variable(span: Span) -> Diagnostic {
    let help = "write the value itself, or use `#!define`";
    Problem::new(BAD_VALUE, "a parameter cannot be set from a variable")
        .help(help)
        .at(span)
}

/// A name that nothing defines; Kamailio takes it for a syntax error.
fn no_meaning(word: &[u8], span: Span) -> Diagnostic {
    let word = String::from_utf8_lossy(word);
    Problem::new(UNDEFINED, format!("`{word}` means nothing here"))
        .help("is it a name that should have been defined? A text stands in quotes")
        .at(span)
}

const UNDEFINED: &str = "E0414";
const NOT_LOADED: &str = "E0502";
const BAD_VALUE: &str = "E0419";
const NO_ENGINE: &str = "W0509";
