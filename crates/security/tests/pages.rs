//! The pages of the findings: what they call wrong is found, and what they call right is not.

mod support;

use std::collections::BTreeMap;
use support::{audited, of};

#[test]
fn what_pages_say_is_so() {
    let codes = script::CODES
        .iter()
        .filter(|code| code[1..].starts_with("06"));
    let mut seen = 0;
    for code in codes {
        let page = script::explain(code).unwrap_or_default();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        let (Some(wrong), Some(right)) = (example(page, "Wrong:"), example(page, "Right:")) else {
            continue;
        };
        seen += 1;
        assert!(
            has(&wrong, code),
            "{code} is not found in what its page calls wrong:\n{wrong}"
        );
        assert!(
            !has(&right, code),
            "{code} is found in what its page calls right:\n{right}"
        );
    }
    assert!(seen > 15, "{seen} pages with examples");
}

fn has(example: &str, code: &str) -> bool {
    let mut memory = of(&script_of(example));
    if example.starts_with('[') {
        let tls = ("tls.cfg".to_owned(), example.as_bytes().to_vec());
        memory = of("modparam(\"tls\", \"config\", \"tls.cfg\")\n");
        memory.files.extend(BTreeMap::from([tls]));
    }
    let (lines, _) = audited(&memory, &[]);
    lines.iter().any(|line| line.starts_with(code))
}

/// The code block after a word.
fn example(page: &str, word: &str) -> Option<String> {
    let (_, rest) = page.split_once(word)?;
    let (_, rest) = rest.split_once("```")?;
    let (_, rest) = rest.split_once('\n')?;
    Some(rest.split_once("```")?.0.to_owned())
}

/// Statements alone stand in a route.
fn script_of(example: &str) -> String {
    let is_file = ["request_route", "modparam", "loadmodule", "server_header"]
        .iter()
        .any(|word| example.contains(word));
    match is_file {
        true => example.to_owned(),
        false => format!("request_route {{\n{example}\n}}\n"),
    }
}
