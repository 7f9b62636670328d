//! The licence of every dependency, from `cargo metadata`.

use crate::shell;
use serde_json::Value;

/// Licences that a dependency may have; one of several alternatives is enough.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The certificates of authorities, which are data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Fails for a dependency whose licence is not allowed.
pub(crate) fn run() -> Result<(), String> {
    let text = shell::output("cargo", &["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !is_allowed(package))
        .map(named)
        .collect();
    if refused.is_empty() {
        println!("licences: {} packages, all allowed", packages.len());
        return Ok(());
    }
    Err(format!("licence not allowed: {}", refused.join(", ")))
}

fn is_allowed(package: &Value) -> bool {
    let licence = package["license"].as_str().unwrap_or_default();
    satisfied(&licence.replace('/', " OR "))
}

/// Reads an SPDX expression: `A OR B`, `A AND B`, brackets around parts of it.
fn satisfied(expression: &str) -> bool {
    let expression = expression.trim();
    if let Some(parts) = split(expression, " OR ") {
        return parts.iter().any(|part| satisfied(part));
    }
    if let Some(parts) = split(expression, " AND ") {
        return parts.iter().all(|part| satisfied(part));
    }
    let inner = expression
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    inner.map_or_else(|| ALLOWED.contains(&expression), satisfied)
}

/// Splits at an operator that stands outside of brackets; none where it does not occur.
fn split<'a>(text: &'a str, operator: &str) -> Option<Vec<&'a str>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0i32, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(operator) => {
                parts.push(&text[start..at]);
                start = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (parts.len() > 1).then_some(parts)
}

fn named(package: &Value) -> String {
    format!(
        "{} ({})",
        package["name"].as_str().unwrap_or("?"),
        package["license"].as_str().unwrap_or("no licence")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_and_conjunctions_are_told_apart() {
        assert!(satisfied("MIT OR GPL-3.0"));
        assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!satisfied("MIT AND GPL-2.0"));
        assert!(!satisfied("GPL-3.0-only"));
        assert!(!satisfied(""));
    }
}
