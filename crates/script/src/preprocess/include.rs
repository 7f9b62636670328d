//! `include_file` and `import_file`.

use bytes::Bytes;

use super::{Frame, INCLUDE_DEPTH, MOST_BYTES, MOST_FILES, Scanner};
use crate::diagnostic::Diagnostic;
use crate::lex::{Lexed, lex};
use crate::source::{FileError, Opened, Span};

impl Scanner<'_> {
    /// `include_file "path"`, with or without `#!`.
    pub(super) fn include_line(&mut self, span: Span, required: bool) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        let mut lexeme = lex(&frame.text, frame.at);
        let mut value = match &lexeme.kind {
            Lexed::Text(path) => Some(path.clone()),
            Lexed::Ident => {
                let name = frame.text.slice(lexeme.start..lexeme.end);
                let value = self
                    .defines
                    .get(&name)
                    .and_then(|found| found.value.clone());
                value.map(|value| match lex(&value, 0).kind {
                    Lexed::Text(path) => path,
                    _ => value,
                })
            }
            _ => None,
        };
        let Some(path) = value.take() else {
            lexeme.end = lexeme.start;
            return self.report(Diagnostic::new(
                "E0105",
                span,
                "expected the path of a file in quotes",
            ));
        };
        self.print_up_to(span.start as usize);
        let span = self.span(lexeme.start, lexeme.end);
        self.seek(lexeme.end);
        self.print_nothing_to_here();
        let path = self.substitute(path);
        self.include(&String::from_utf8_lossy(&path), Some(span), required);
    }

    pub(super) fn include(&mut self, path: &str, at: Option<Span>, required: bool) {
        let span = at.unwrap_or_default();
        if self.frames.len() >= INCLUDE_DEPTH {
            let message = format!("files include each other too deep at `{path}`");
            return self.report(Diagnostic::new("E0106", span, message));
        }
        let includer = self
            .frames
            .iter()
            .rev()
            .find_map(|frame| frame.path.clone());
        match self.files.open(includer.as_deref(), path) {
            Ok(opened) => self.enter(opened, span),
            Err(FileError::NotFound) if !required => {}
            Err(error) => {
                if at.is_none() {
                    self.sources.add(path, Bytes::new());
                }
                let why = match error {
                    FileError::NotFound => "no such file".to_owned(),
                    FileError::Unreadable(why) => why,
                };
                self.report(Diagnostic::new(
                    "E0105",
                    span,
                    format!("cannot read `{path}`: {why}"),
                ));
            }
        }
    }

    fn enter(&mut self, opened: Opened, span: Span) {
        self.bytes = self.bytes.saturating_add(opened.text.len());
        if self.sources.files().count() >= MOST_FILES || self.bytes > MOST_BYTES {
            return self.give_up(span);
        }
        let text = Bytes::from(opened.text);
        let file = self.sources.add(&opened.path, text.clone());
        let path = Some(opened.path);
        self.frames.push(Frame {
            text,
            file,
            at: 0,
            printed: 0,
            token_end: None,
            path,
            used: None,
        });
    }
}
