//! `loadmodule`: names to modules.

use crate::{Entry, Loaded, Problem};
use script::ast::Item;
use script::{Diagnostic, Script, Span};

/// Begins every module that the command line and the file name, `core` before all.
pub(super) fn load(
    entries: &[Entry],
    extra: &[String],
    script: &Script,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Box<dyn Loaded>> {
    let mut loaded: Vec<Box<dyn Loaded>> = Vec::new();
    let of_file = script.items.iter().filter_map(|item| match item {
        Item::LoadModule(module) => Some((module.name(), module.span)),
        _ => None,
    });
    let first = [(CORE.to_owned(), Span::default())];
    let of_line = extra.iter().map(|name| (bare(name), Span::default()));
    for (name, span) in first.into_iter().chain(of_line).chain(of_file) {
        match find(entries, &name) {
            Some(entry) if loaded.iter().any(|module| module.name() == entry.name) => {}
            Some(entry) => loaded.push((entry.load)()),
            None => findings.push(unknown_module(entries, &name).at(span)),
        }
    }
    loaded
}

/// The module of this name, also under an older one.
pub(super) fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries
        .iter()
        .find(|entry| entry.name == name || entry.aliases.contains(&name))
}

/// The finding that a module refused to start. It names no place: what is wrong is the sum of
/// its parameters.
pub(super) fn cannot_start(name: &str, problem: Problem) -> Diagnostic {
    let Problem {
        message,
        help,
        candidates,
        ..
    } = problem;
    let mut finding = Diagnostic::new(
        CANNOT_START,
        Span::default(),
        format!("module {name}: {message}"),
    );
    finding.help = help;
    finding.candidates = candidates;
    finding
}

fn unknown_module(entries: &[Entry], name: &str) -> Problem {
    let names = entries
        .iter()
        .map(|entry| entry.name)
        .filter(|name| *name != CORE);
    let candidates = script::nearest(name, names);
    Problem::new(UNKNOWN_MODULE, format!("unknown module `{name}`"))
        .candidates(candidates)
        .help("`ringwall modules` lists the modules there are")
}

fn bare(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".so").unwrap_or(file).to_owned()
}

/// The module that is always there.
pub(super) const CORE: &str = "core";
const UNKNOWN_MODULE: &str = "E0417";
const CANNOT_START: &str = "E0501";
