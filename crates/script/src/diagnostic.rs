//! What is wrong with a file, as a value.

use crate::source::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The file runs, but probably not as meant.
    Warning,
    /// The file does not run, or a stranger can misuse it.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `E0102`; has a page, see [`crate::explain`].
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What is wrong, a line.
    pub message: String,
    /// What the underlined text is; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The nearest known names, best first.
    pub candidates: Vec<String>,
    /// Other places that belong to the finding.
    pub related: Vec<(Span, String)>,
}

/// What a host objects to; it becomes a [`Diagnostic`] at the place it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A code that has a page.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, a line.
    pub message: String,
    /// What the underlined text is; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The nearest known names, best first ([`crate::nearest`] finds them).
    pub candidates: Vec<String>,
}

impl Problem {
    /// An error with a message; the severity follows from the first letter of the code.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: severity_of(code),
            message: message.into(),
            label: String::new(),
            help: None,
            candidates: Vec::new(),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what the underlined text is.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Offers names.
    #[must_use]
    pub fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// The finding at a place.
    #[must_use]
    pub fn at(self, span: Span) -> Diagnostic {
        Diagnostic {
            code: self.code,
            severity: self.severity,
            span,
            message: self.message,
            label: self.label,
            help: self.help,
            candidates: self.candidates,
            related: Vec::new(),
        }
    }
}

impl Diagnostic {
    /// A finding with a message; the severity follows from the first letter of the code.
    #[must_use]
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Problem::new(code, message).at(span)
    }

    /// Says what the underlined text is.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names another place.
    #[must_use]
    pub fn related(mut self, span: Span, what: impl Into<String>) -> Self {
        self.related.push((span, what.into()));
        self
    }

    /// Offers names.
    #[must_use]
    pub fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// Whether it keeps the file from running.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

fn severity_of(code: &str) -> Severity {
    if code.starts_with('W') {
        Severity::Warning
    } else {
        Severity::Error
    }
}
