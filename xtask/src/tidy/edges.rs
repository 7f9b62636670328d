//! Which crate imports which.

use crate::shell;

/// What each crate may import of the others. A new edge is an architectural decision: record it
/// in `docs/decisions/` and write it here.
const EDGES: [(&str, &[&str]); 17] = [
    ("sip", &[]),
    ("script", &[]),
    ("security", &["script"]),
    ("store", &[]),
    ("store-sqlite", &["store"]),
    ("store-remote", &["store"]),
    ("store-mysql", &["store", "store-remote"]),
    ("store-postgres", &["store", "store-remote"]),
    ("store-redis", &["store"]),
    ("stack", &["sip"]),
    ("policy", &["sip", "script", "store", "stack"]),
    (
        "modules",
        &["policy", "sip", "script", "security", "store", "stack"],
    ),
    ("edge", &["policy", "stack", "script", "sip"]),
    ("net", &[]),
    ("control", &["policy", "store"]),
    (
        "server",
        &[
            "sip",
            "script",
            "security",
            "store",
            "store-sqlite",
            "store-remote",
            "store-mysql",
            "store-postgres",
            "store-redis",
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
pub(super) const PURE: [&str; 8] = [
    "sip", "script", "security", "store", "stack", "policy", "modules", "edge",
];

/// Libraries that would bring the world in.
const WORLDLY: [&str; 12] = [
    "tokio",
    "socket2",
    "nix",
    "rustix",
    "hickory-resolver",
    "rusqlite",
    "mysql_async",
    "tokio-postgres",
    "redis",
    "rustls",
    "syslog",
    "signal-hook",
];

/// Where the crates are that stand elsewhere. They import none of those that they are about, which is the
/// binary as a user has it; `sim` reads the inputs that it is attacked with.
const OUTSIDE: [(&str, &[&str]); 3] = [
    ("tests/bench", &[]),
    ("tests/e2e", &["sim"]),
    ("xtask", &[]),
];

/// Every import stands in the table, and every crate is there and on the map.
pub(super) fn check(files: &[String], found: &mut Vec<String>) -> Result<(), String> {
    for (name, allowed) in EDGES {
        manifest(&format!("crates/{name}"), allowed, found)?;
    }
    for (folder, allowed) in OUTSIDE {
        manifest(folder, allowed, found)?;
    }
    map(files, found)
}

fn manifest(folder: &str, allowed: &[&str], found: &mut Vec<String>) -> Result<(), String> {
    let manifest: toml::Table = shell::read(&format!("{folder}/Cargo.toml"))?
        .parse()
        .map_err(|error| format!("{folder}: {error}"))?;
    let is_pure = PURE.iter().any(|name| folder == format!("crates/{name}"));
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    for dependency in dependencies.into_iter().flat_map(toml::Table::keys) {
        let is_ours = EDGES.iter().any(|(own, _)| own == dependency);
        if is_ours && !allowed.contains(&dependency.as_str()) {
            found.push(format!("{folder} may not import crates/{dependency}"));
        }
        if is_pure && WORLDLY.contains(&dependency.as_str()) {
            found.push(format!("{folder} is pure and may not import {dependency}"));
        }
    }
    Ok(())
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
