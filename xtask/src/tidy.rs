//! The rules of the house that no compiler knows.

use crate::shell;

/// What each crate may import of the others. A new edge is an architectural decision: record it
/// in `docs/decisions/` and write it here.
const EDGES: [(&str, &[&str]); 12] = [
    ("sip", &[]),
    ("script", &[]),
    ("store", &[]),
    ("store-sqlite", &["store"]),
    ("stack", &["sip"]),
    ("policy", &["sip", "script", "store", "stack"]),
    ("modules", &["policy", "sip", "script", "store", "stack"]),
    ("edge", &["policy", "stack", "script", "sip"]),
    ("net", &[]),
    ("control", &["policy"]),
    (
        "server",
        &[
            "sip",
            "script",
            "store",
            "store-sqlite",
            "stack",
            "policy",
            "modules",
            "edge",
            "net",
            "control",
        ],
    ),
    (
        "sim",
        &[
            "edge",
            "modules",
            "store",
            "store-sqlite",
            "policy",
            "stack",
            "script",
            "sip",
        ],
    ),
];

/// Crates that ask nobody for time, sockets, files or randomness.
const PURE: [&str; 7] = [
    "sip", "script", "store", "stack", "policy", "modules", "edge",
];

/// Libraries that would bring the world in.
const WORLDLY: [&str; 9] = [
    "tokio",
    "socket2",
    "nix",
    "rustix",
    "hickory-resolver",
    "rusqlite",
    "rustls",
    "syslog",
    "signal-hook",
];

/// Paths of `std` that pure crates leave alone; `clippy.toml` says the same of single functions.
const IMPURE_PATHS: [&str; 7] = [
    "std::fs",
    "std::net::UdpSocket",
    "std::net::Tcp",
    "std::env::var",
    "std::thread::sleep",
    "std::process::",
    "SystemTime::now",
];

/// The longest file of Rust that is not a table of data.
const LONGEST_FILE: usize = 500;

/// Runs every rule and tells all that is broken.
pub(crate) fn run() -> Result<(), String> {
    let files = shell::tracked_files()?;
    let mut found = Vec::new();
    for (name, allowed) in EDGES {
        crate_edges(name, allowed, &mut found)?;
    }
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        rust_file(path, &shell::read(path)?, &mut found);
    }
    map(&files, &mut found)?;
    if found.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    Err(format!("\n  {}", found.join("\n  ")))
}

fn crate_edges(name: &str, allowed: &[&str], found: &mut Vec<String>) -> Result<(), String> {
    let manifest = shell::read(&format!("crates/{name}/Cargo.toml"))?;
    let manifest: toml::Table = manifest
        .parse()
        .map_err(|error| format!("{name}: {error}"))?;
    let Some(dependencies) = manifest.get("dependencies").and_then(toml::Value::as_table) else {
        return Ok(());
    };
    for dependency in dependencies.keys() {
        let is_ours = EDGES.iter().any(|(own, _)| own == dependency);
        if is_ours && !allowed.contains(&dependency.as_str()) {
            found.push(format!("crates/{name} may not import crates/{dependency}"));
        }
        if PURE.contains(&name) && WORLDLY.contains(&dependency.as_str()) {
            found.push(format!(
                "crates/{name} is pure and may not import {dependency}"
            ));
        }
    }
    Ok(())
}

fn rust_file(path: &str, text: &str, found: &mut Vec<String>) {
    let lines = text.lines().count();
    let is_table =
        path.contains("/schema/") || path.contains("/tests") || path.ends_with("tests.rs");
    if lines > LONGEST_FILE && !is_table {
        found.push(format!(
            "{path} has {lines} lines; {LONGEST_FILE} are the most"
        ));
    }
    for word in ["todo!(", "unimplemented!(", "dbg!("] {
        if !path.starts_with("xtask/") && text.contains(word) {
            found.push(format!("{path} has `{word}`"));
        }
    }
    let pure = PURE
        .iter()
        .any(|name| path.starts_with(&format!("crates/{name}/src/")));
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    for worldly in IMPURE_PATHS
        .iter()
        .filter(|worldly| pure && code.contains(**worldly))
    {
        if !path.ends_with("testing.rs") && !path.contains("/tests") {
            found.push(format!("{path} is pure and may not use {worldly}"));
        }
    }
    module_imports(path, code, found);
}

/// A module's folder never imports another module's folder.
fn module_imports(path: &str, code: &str, found: &mut Vec<String>) {
    let Some(own) = path
        .strip_prefix("crates/modules/src/")
        .and_then(|rest| rest.split('/').next())
    else {
        return;
    };
    for (at, _) in code.match_indices("crate::") {
        let name: String = code[at + 7..]
            .chars()
            .take_while(|sign| sign.is_ascii_lowercase() || *sign == '_' || sign.is_ascii_digit())
            .collect();
        let is_module = shell::root()
            .join("crates/modules/src")
            .join(&name)
            .join("mod.rs")
            .is_file();
        if is_module && name != own {
            found.push(format!(
                "{path} imports module {name}; name a service instead"
            ));
        }
    }
}

/// Every crate is on the map.
fn map(files: &[String], found: &mut Vec<String>) -> Result<(), String> {
    let architecture = shell::read("ARCHITECTURE.md")?;
    let crates = files
        .iter()
        .filter_map(|path| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"));
    for name in crates {
        if !architecture.contains(&format!("`{name}`")) {
            found.push(format!(
                "crates/{name} is not on the map in ARCHITECTURE.md"
            ));
        }
        if !EDGES.iter().any(|(own, _)| *own == name) {
            found.push(format!(
                "crates/{name} has no line in the edges of xtask tidy"
            ));
        }
    }
    Ok(())
}
