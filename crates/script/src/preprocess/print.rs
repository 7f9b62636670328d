//! The text that is left when includes are put in and skipped blocks are taken out.
//!
//! As `kamailio --cfg-print` does it: comments, definitions and blanks stay as they are written, names
//! are not replaced, and a conditional goes with the rest of its line.

use super::{Options, Scanner};
use crate::diagnostic::Diagnostic;
use crate::source::{Files, SourceMap};

/// A configuration as one text.
pub struct Printed {
    /// The text. Read as a configuration, with the same names defined, it means the same.
    pub text: Vec<u8>,
    /// Every file that took part.
    pub sources: SourceMap,
    /// What is wrong with directives and includes; the language itself is not looked at.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the file at `path` and everything it includes into one text.
#[must_use]
pub fn print(files: &dyn Files, path: &str, options: &Options) -> Printed {
    let mut scanner = Scanner::new(files);
    scanner.printed = Some(Vec::new());
    scanner.apply(options);
    scanner.include(path, None, true);
    scanner.scan();
    let text = scanner.printed.take().unwrap_or_default();
    let read = scanner.end();
    let of_preprocessor = |found: &Diagnostic| found.code.get(1..3) == Some("01");
    Printed {
        text,
        sources: read.sources,
        diagnostics: read
            .diagnostics
            .into_iter()
            .filter(of_preprocessor)
            .collect(),
    }
}

impl Scanner<'_> {
    /// Prints what stands between the last printed byte and `at`, and goes on there. What a name
    /// stands for is not printed: the name is. Nothing of a skipped block is printed.
    pub(super) fn print_up_to(&mut self, at: usize) {
        let silent = self.skipping() || self.frames.iter().any(|frame| frame.used.is_some());
        let (Some(out), Some(frame), false) = (&mut self.printed, self.frames.last_mut(), silent)
        else {
            return;
        };
        let end = at.min(frame.text.len());
        out.extend_from_slice(frame.text.get(frame.printed..end).unwrap_or_default());
        frame.printed = end.max(frame.printed);
    }

    /// Leaves out what stands between the last printed byte and the place that is read now.
    pub(super) fn print_nothing_to_here(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.printed = frame.printed.max(frame.at);
        }
    }
}
