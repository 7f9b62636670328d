//! `#!…` lines.

use super::define::Again;
use super::{Scanner, ifexp};
use crate::diagnostic::Diagnostic;
use crate::lex::is_name_byte;
use crate::source::Span;

/// An open `#!ifdef`.
#[derive(Debug)]
pub(super) struct Conditional {
    /// Whether what stands here now is wanted.
    active: bool,
    /// Whether the block around it is wanted.
    outer: bool,
    /// Whether an `#!else` was there.
    otherwise: bool,
    pub(super) span: Span,
}

impl Scanner<'_> {
    pub(super) fn directive(&mut self, text: &[u8], span: Span) {
        let name = text.get(2..).unwrap_or_default();
        if matches!(name, b"ifdef" | b"ifndef" | b"ifexp" | b"else" | b"endif") {
            self.print_up_to(span.start as usize);
            self.conditional(name, span);
            return self.print_nothing_to_here();
        }
        match name {
            b"define" | b"def" => self.define_line(Again::Refuse),
            b"trydefine" | b"trydef" => self.define_line(Again::Keep),
            b"redefine" | b"redef" => self.define_line(Again::Replace),
            b"defenv" => self.define_from_environment(false, Again::Refuse),
            b"defenvs" => self.define_from_environment(true, Again::Refuse),
            b"trydefenv" => self.define_from_environment(false, Again::Keep),
            b"trydefenvs" => self.define_from_environment(true, Again::Keep),
            b"defexp" => self.define_from_expression(false),
            b"defexps" => self.define_from_expression(true),
            b"undef" => self.undefine(),
            kind @ (b"subst" | b"substdef" | b"substdefs") => {
                let kind = String::from_utf8_lossy(kind).into_owned();
                let (line, at) = self.rest_of_line();
                self.add_quoted_substitution(&kind, &line, at);
            }
            b"include_file" => self.include_line(span, true),
            b"import_file" => self.include_line(span, false),
            _ => {}
        }
    }

    fn conditional(&mut self, name: &[u8], span: Span) {
        match name {
            b"ifdef" => self.if_defined(true, span),
            b"ifndef" => self.if_defined(false, span),
            b"ifexp" => self.if_expression(span),
            b"else" => self.otherwise(span),
            _ => self.end_if(span),
        }
    }

    pub(super) fn skipping(&self) -> bool {
        self.conditionals.last().is_some_and(|open| !open.active)
    }

    /// Goes to the next conditional directive, which in a skipped block may stand anywhere, also
    /// in a comment. `#!else` and `#!endif` count only at the end of their line.
    pub(super) fn skip(&mut self) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        let text = frame.text.clone();
        let mut at = frame.at;
        while let Some(found) = memchr::memchr(b'!', &text[at..]) {
            let mark = at + found;
            at = mark + 1;
            let starts = mark > 0 && matches!(text[mark - 1], b'#' | b'!');
            let length = text[at..]
                .iter()
                .take_while(|byte| is_name_byte(**byte))
                .count();
            let word = &text[at..at + length];
            let rest = &text[at + length..];
            let ends_line = rest
                .iter()
                .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
                .is_none_or(|byte| *byte == b'\n');
            let counts = match word {
                b"ifdef" | b"ifndef" | b"ifexp" => matches!(rest.first(), Some(b' ' | b'\t')),
                b"else" | b"endif" => ends_line,
                _ => false,
            };
            if starts && counts {
                let span = self.span(mark - 1, at + length);
                self.seek(at + length);
                return self.directive(&text[mark - 1..at + length], span);
            }
        }
        self.leave();
    }

    fn if_defined(&mut self, wanted: bool, span: Span) {
        let (line, _) = self.rest_of_line();
        let length = line.iter().take_while(|byte| is_name_byte(**byte)).count();
        if length == 0 {
            self.report(Diagnostic::new("E0101", span, "which name? None is given"));
        }
        let active = self.defines.contains_key(&line[..length]) == wanted;
        self.open(active, span);
    }

    fn if_expression(&mut self, span: Span) {
        let (line, at) = self.rest_of_line();
        let outer = !self.skipping();
        let value = if outer {
            self.evaluate(&line, at)
        } else {
            None
        };
        self.open(value.is_some_and(|value| value.is_true()), span);
    }

    fn evaluate(&mut self, line: &[u8], at: Span) -> Option<ifexp::Operand> {
        match ifexp::evaluate(line, &|name| {
            self.defines
                .get(name)
                .map(|found| found.value.clone().unwrap_or_default())
        }) {
            Ok(value) => Some(value),
            Err(why) => {
                self.report(Diagnostic::new("E0109", at, why));
                None
            }
        }
    }

    fn define_from_expression(&mut self, quoted: bool) {
        let (line, at) = self.rest_of_line();
        let length = line.iter().take_while(|byte| is_name_byte(**byte)).count();
        let name = line.slice(..length);
        if let Some(value) = self.evaluate(&line.slice(length..), at) {
            let text = value.to_text();
            let text = if quoted { format!("\"{text}\"") } else { text };
            self.define(name, Some(text.into()), at, Again::Refuse);
        }
    }

    fn undefine(&mut self) {
        let (line, _) = self.rest_of_line();
        self.defines.remove(&line);
    }

    fn open(&mut self, active: bool, span: Span) {
        let outer = !self.skipping();
        let active = active && outer;
        self.conditionals.push(Conditional {
            active,
            outer,
            otherwise: false,
            span,
        });
    }

    /// Text after `#!else` and `#!endif` makes them comments, as observed.
    fn is_comment(&mut self, span: Span) -> bool {
        let (rest, _) = self.rest_of_line();
        let is_comment = !rest.is_empty();
        if is_comment {
            self.report(
                Diagnostic::new("W0110", span, "text after this makes it a comment")
                    .help("put the text on a line of its own"),
            );
        }
        is_comment
    }

    fn otherwise(&mut self, span: Span) {
        if self.is_comment(span) {
            return;
        }
        match self.conditionals.last_mut() {
            Some(open) if !open.otherwise => {
                open.otherwise = true;
                open.active = open.outer && !open.active;
            }
            Some(open) => {
                let first = open.span;
                self.report(
                    Diagnostic::new("E0104", span, "a second `#!else` for the same conditional")
                        .related(first, "the conditional"),
                );
            }
            None => self.report(Diagnostic::new("E0104", span, "`#!else` without `#!ifdef`")),
        }
    }

    fn end_if(&mut self, span: Span) {
        if self.is_comment(span) {
            return;
        }
        if self.conditionals.pop().is_none() {
            self.report(Diagnostic::new(
                "E0104",
                span,
                "`#!endif` without `#!ifdef`",
            ));
        }
    }
}
