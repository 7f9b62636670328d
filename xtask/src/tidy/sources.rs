//! What a file of Rust may be and use.

use super::edges::PURE;
use crate::shell;

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

/// Checks one file.
pub(super) fn check(path: &str, text: &str, found: &mut Vec<String>) {
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
