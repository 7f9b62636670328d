//! `ringwall check --security`: what strangers could do with a configuration.

use crate::load::{colored, is_of_no_place, options, rendered};
use script::{Diagnostic, Files, Options};
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

/// Reads the file, tells on standard error what is found, and gives 1 where an error is among it.
///
/// # Errors
/// What keeps the file from being read, for a person.
pub(crate) fn audit(files: &dyn Files, path: &str, given: Options) -> Result<ExitCode, String> {
    let mut parsed = script::parse(files, path, &options(given));
    let mut wrong = parsed.diagnostics.iter().filter(|found| found.is_error());
    if let Some(first) = wrong.next() {
        return Err(match is_of_no_place(first) {
            true => first.message.clone(),
            false => rendered(&parsed.diagnostics, &parsed),
        });
    }
    let findings = security::audit(&mut parsed, &Disk);
    if !findings.is_empty() {
        eprint!("{}", script::render(&findings, &parsed.sources, colored()));
    }
    eprintln!("{}", summary(&findings));
    let is_bad = findings.iter().any(Diagnostic::is_error);
    Ok(ExitCode::from(u8::from(is_bad)))
}

fn summary(findings: &[Diagnostic]) -> String {
    if findings.is_empty() {
        return "nothing found".to_owned();
    }
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    let errors = findings.iter().filter(|found| found.is_error()).count();
    format!(
        "{}, {}; `ringwall explain CODE` tells more",
        count(errors, "error"),
        count(findings.len() - errors, "warning"),
    )
}

/// The machine that the configuration stands on.
struct Disk;

impl security::Surroundings for Disk {
    fn is_world_readable(&self, path: &str) -> bool {
        const OTHERS_READ: u32 = 0o004;
        std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS_READ != 0)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        crate::files::read(path).ok()
    }
}
