//! What modules declare is told to operators and tried by scripts: every parameter, function and
//! variable stands in the README of its module, and every function in a scenario or a test.
//!
//! `told.txt` lists what is left out, with the reason; an entry that is needed no more is an error.
#![allow(
    clippy::disallowed_methods,
    reason = "files of the repository are compared with what modules declare"
)]

use policy::Manifest;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn readmes_tell_of_everything() {
    let mut silent = Vec::new();
    for manifest in manifests() {
        let readme = read(&folder(manifest.name).join("README.md"));
        let parameters = manifest.parameters.iter().map(|p| ("parameter", p.name));
        let variables = manifest.variables.iter();
        let variables = variables.map(|v| ("variable", before_bracket(v.name)));
        let functions = functions(&manifest).map(|name| ("function", name));
        let names = parameters.chain(variables).chain(functions);
        let missing = names.filter(|(_, name)| !mentions(&readme, name, ""));
        silent
            .extend(missing.map(|(kind, name)| format!("README {} {kind} {name}", manifest.name)));
    }
    assert_left_out("README ", &silent);
}

#[test]
fn scripts_call_every_function() {
    let root = Path::new(HERE).join("../..");
    let folders = [
        "crates/modules/src",
        "crates/server/policy",
        "tests/scenarios",
        "tests/e2e/tests",
    ];
    let scripts: String = folders
        .iter()
        .map(|path| scripts(&root.join(path)))
        .collect();
    let mut untried = Vec::new();
    for manifest in manifests() {
        let missing = functions(&manifest).filter(|name| !mentions(&scripts, name, "("));
        untried.extend(missing.map(|name| format!("script {} {name}", manifest.name)));
    }
    assert_left_out("script ", &untried);
}

fn manifests() -> Vec<Manifest> {
    let loaded = modules::ALL.iter().map(|entry| (entry.load)());
    loaded.map(|module| module.manifest()).collect()
}

/// The names of functions, older ones too.
fn functions(manifest: &Manifest) -> impl Iterator<Item = &'static str> {
    let all = manifest.functions.iter();
    all.flat_map(|function| {
        [function.name()]
            .into_iter()
            .chain(function.aliases.clone())
    })
}

/// A variable without its brackets.
fn before_bracket(usage: &str) -> &str {
    usage.split('(').next().unwrap_or(usage)
}

/// Fails with the difference between what is missing and what may be.
fn assert_left_out(kind: &str, missing: &[String]) {
    let list = read(&Path::new(HERE).join("tests/told.txt"));
    let entries = list.lines().filter(|line| line.starts_with(kind));
    let allowed: Vec<&str> = entries
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let fits = |entry: &str, name: &str| match entry.strip_suffix('*') {
        Some(head) => name.starts_with(head),
        None => name == entry,
    };
    let new: Vec<_> = missing
        .iter()
        .filter(|name| !allowed.iter().any(|entry| fits(entry, name)))
        .collect();
    assert_eq!(new, [] as [&String; 0], "missing, and not in told.txt");
    let stale: Vec<_> = allowed
        .iter()
        .filter(|entry| !missing.iter().any(|name| fits(entry, name)))
        .collect();
    assert_eq!(stale, [] as [&&str; 0], "in told.txt, and not missing");
}

/// True where the name stands in the text as a word of its own, with something right behind it.
fn mentions(text: &str, name: &str, behind: &str) -> bool {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    text.match_indices(name).any(|(at, _)| {
        let after = &text[at + name.len()..];
        !text[..at].ends_with(is_word) && !after.starts_with(is_word) && after.starts_with(behind)
    })
}

/// What tests say and play: scenarios, the built-in policy, and the tests among Rust.
fn scripts(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .map(
            |path| match path.extension().and_then(|extension| extension.to_str()) {
                None if path.is_dir() => scripts(&path),
                Some("rs") => tests_of(&path, read(&path)),
                Some("md") if !path.ends_with("README.md") => read(&path),
                Some("cfg") => read(&path),
                _ => String::new(),
            },
        )
        .collect()
}

/// The tests in a file of Rust: all of it where its path says so, else what stands last.
fn tests_of(path: &Path, text: String) -> String {
    if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
        return text;
    }
    let tests = text.split_once("#[cfg(test)]");
    tests.map(|(_, tests)| tests.to_owned()).unwrap_or_default()
}

fn folder(module: &str) -> PathBuf {
    Path::new(HERE).join("src").join(module)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
