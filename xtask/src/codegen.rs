//! Files that are generated from others, and the check that they are fresh.

use crate::shell;

const MODULES: &str = "crates/modules/src/lib.rs";

/// Writes what is generated.
pub(crate) fn run() -> Result<(), String> {
    std::fs::write(shell::root().join(MODULES), modules()?)
        .map_err(|error| format!("{MODULES}: {error}"))
}

/// Fails where something generated is stale.
pub(crate) fn check() -> Result<(), String> {
    if shell::read(MODULES)? == modules()? {
        return Ok(());
    }
    Err(format!("{MODULES} is stale: run `cargo xtask codegen`"))
}

/// The list of modules, from the names of their folders.
fn modules() -> Result<String, String> {
    let mut names = Vec::new();
    let folder = shell::root().join("crates/modules/src");
    for entry in std::fs::read_dir(folder)
        .map_err(|error| error.to_string())?
        .flatten()
    {
        if entry.path().join("mod.rs").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mods = declarations(&names);
    let entries: String = names
        .iter()
        .map(|name| format!("    {name}::ENTRY,\n"))
        .collect();
    Ok(format!(
        "{HEAD}\n{mods}\nuse policy::Entry;\n\n{LIST_DOC}pub const ALL: &[Entry] = &[\n{entries}];\n"
    ))
}

/// The declarations in the order that rustfmt keeps: that of the names, tests among them.
fn declarations(names: &[String]) -> String {
    let mut lines: Vec<(&str, String)> = names
        .iter()
        .map(|name| (name.as_str(), format!("mod {name};\n")))
        .collect();
    lines.push((TESTING, format!("#[cfg(test)]\nmod {TESTING};\n")));
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The bench that modules are tested on stands beside them.
const TESTING: &str = "testing";

const HEAD: &str = "\
//! The modules, one folder each. This list is generated from the folder names by
//! `cargo xtask codegen`; a test fails when it is stale.
";
const LIST_DOC: &str = "/// Every module, by name.\n";
