//! Configurations in memory, and their findings as lines.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use script::{FileError, Files, Opened, Options, Parsed};
use std::collections::BTreeMap;

/// Files in memory, which nobody else on the machine can read unless they are said to be open.
#[derive(Default, Clone)]
pub struct Memory {
    pub files: BTreeMap<String, Vec<u8>>,
    pub world_readable: bool,
}

impl Files for Memory {
    fn open(&self, _includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        let text = self.files.get(path).cloned().ok_or(FileError::NotFound)?;
        Ok(Opened {
            path: path.to_owned(),
            text,
        })
    }
}

impl security::Surroundings for Memory {
    fn is_world_readable(&self, _path: &str) -> bool {
        self.world_readable
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }
}

/// One configuration.
pub fn of(text: &str) -> Memory {
    Memory {
        files: BTreeMap::from([("main.cfg".to_owned(), text.as_bytes().to_vec())]),
        world_readable: false,
    }
}

/// The findings, as `CODE LINE`, with the parsed file.
pub fn audited(memory: &Memory, defines: &[&str]) -> (Vec<String>, String) {
    let options = Options {
        defines: defines.iter().map(|name| define(name)).collect(),
        ..Options::default()
    };
    let mut parsed: Parsed = script::parse(memory, "main.cfg", &options);
    let wrong: Vec<_> = parsed
        .diagnostics
        .iter()
        .filter(|found| found.is_error())
        .collect();
    assert!(
        wrong.is_empty(),
        "{}",
        script::render(&parsed.diagnostics, &parsed.sources, false)
    );
    let findings = security::audit(&mut parsed, memory);
    let lines = findings.iter().map(|finding| {
        format!(
            "{} {}",
            finding.code,
            parsed.sources.position(finding.span).line
        )
    });
    (
        lines.collect(),
        script::render(&findings, &parsed.sources, false),
    )
}

fn define(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// The codes of the findings, each once.
pub fn codes(memory: &Memory, defines: &[&str]) -> Vec<String> {
    let (lines, _) = audited(memory, defines);
    let mut codes: Vec<String> = lines
        .iter()
        .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
        .collect();
    codes.sort();
    codes.dedup();
    codes
}
