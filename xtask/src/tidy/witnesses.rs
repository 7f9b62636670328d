//! What a document names as holding a promise is there: files, tests, fuzz targets and inputs.
//!
//! In the documents the last cell of a row of a table says so. Names stand in backquotes; inputs of
//! `tests/attacks` are named by their class, with the rest of the name in quotation marks.

use crate::shell;
use std::path::Path;

/// The documents whose names are followed.
const DOCUMENTS: [&str; 2] = ["docs/threats.md", "docs/advisories.md"];

/// Checks the documents.
pub(super) fn check(files: &[String], found: &mut Vec<String>) -> Result<(), String> {
    let inputs = inputs(files)?;
    for document in DOCUMENTS {
        for (number, line) in shell::read(document)?.lines().enumerate() {
            let cell = last_cell(line);
            let missing = names(cell)
                .filter(|name| !stands_for_something(name, files))
                .chain(missing_inputs(cell, &inputs));
            for name in missing {
                let place = number + 1;
                found.push(format!(
                    "{document}:{place} names `{name}`, which is not there"
                ));
            }
        }
    }
    Ok(())
}

/// The last cell of a row of a table; nothing of other lines.
fn last_cell(line: &str) -> &str {
    let row = line.strip_prefix('|').and_then(|row| row.strip_suffix('|'));
    row.and_then(|row| row.rsplit(" | ").next()).unwrap_or("")
}

/// What stands in backquotes.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// True for a command of ours, a file, a folder, and a crate, module, test or fuzz target by its name.
fn stands_for_something(name: &str, files: &[String]) -> bool {
    if name.starts_with("cargo xtask ") {
        return true;
    }
    let name = name.replace("::", "/");
    match name.split_once('*') {
        Some((head, tail)) => files
            .iter()
            .any(|file| file.starts_with(head) && file.ends_with(tail)),
        None => files.iter().any(|file| is_called(file, &name)),
    }
}

/// True where a file, one of its folders, or the file without `.rs` ends in the name.
fn is_called(file: &str, name: &str) -> bool {
    let path = Path::new(file.strip_suffix(".rs").unwrap_or(file));
    path.ancestors().any(|path| path.ends_with(name)) || Path::new(file).ends_with(name)
}

/// Every name of an input.
fn inputs(files: &[String]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for file in files {
        if file.starts_with("tests/attacks/") && file.ends_with(".txt") {
            let text = shell::read(file)?;
            let headings = text.lines().filter_map(|line| line.strip_prefix("### "));
            names.extend(headings.map(str::to_owned));
        }
    }
    Ok(names)
}

/// Classes in the cell that no input begins with, and names in quotation marks that none has.
fn missing_inputs<'a>(cell: &'a str, inputs: &'a [String]) -> impl Iterator<Item = &'a str> {
    let classes = cell
        .split(|sign: char| !sign.is_ascii_alphanumeric())
        .filter(|word| is_class(word))
        .filter(|class| !inputs.iter().any(|input| input.starts_with(class)));
    let quoted = cell
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|name| !inputs.iter().any(|input| input.ends_with(name)));
    classes.chain(quoted)
}

/// `P07`: a capital letter and two digits.
fn is_class(word: &str) -> bool {
    matches!(word.as_bytes(), [letter, tens, ones]
        if letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_followed_to_files_folders_and_tests() {
        let files = [
            "tests/e2e/tests/whole/secured/crowd.rs",
            "rr/tests/signed.md",
        ];
        let files = files.map(str::to_owned);
        for there in [
            "secured::crowd",
            "tests/e2e",
            "crowd",
            "signed.md",
            "rr/tests/*.md",
        ] {
            assert!(stands_for_something(there, &files), "{there}");
        }
        for gone in ["secured::crow", "igned.md", "tests/scenarios", "tm/*.md"] {
            assert!(!stands_for_something(gone, &files), "{gone}");
        }
    }

    #[test]
    fn inputs_are_known_by_class_and_by_name() {
        let inputs = ["P10 a host that is a dot".to_owned()];
        let missing = |cell| missing_inputs(cell, &inputs).collect::<Vec<_>>();
        assert_eq!(
            missing("input P10 \"a host that is a dot\""),
            [] as [&str; 0]
        );
        assert_eq!(missing("inputs P10, P11 \"a dot.\""), ["P11", "a dot."]);
    }

    #[test]
    fn only_rows_of_tables_have_cells() {
        assert_eq!(last_cell("| a | b `c` |"), " b `c` ".trim_start());
        assert_eq!(last_cell("a `c`"), "");
    }
}
