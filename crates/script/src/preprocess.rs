//! Files to tokens: conditionals, definitions, substitutions and includes.
//!
//! As in Kamailio the directives act between tokens, not between lines: a definition may stand for
//! any piece of a line, and a skipped block is searched for directives byte by byte.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;

use crate::diagnostic::Diagnostic;
use crate::lex::{Broken, Lexed, Punct, lex, line_length};
use crate::source::{FileId, Files, SourceMap, Span};

mod define;
mod directive;
mod ifexp;
mod include;
mod print;
mod subst;

pub use define::Defines;
use define::Definition;
use directive::Conditional;
pub use print::{Printed, print};
use subst::Substitution;

/// Files within files.
const INCLUDE_DEPTH: usize = 64;
/// Files of a whole load, each time one is included; files that include each other twice would
/// double with every level.
const MOST_FILES: usize = 1000;
/// Bytes of a whole load.
const MOST_BYTES: usize = 64 << 20;
/// Definitions within definitions.
const EXPANSION_DEPTH: usize = 64;
/// Tokens of a whole load; bounds what definitions of definitions can grow to (about 100 bytes each).
const MOST_TOKENS: usize = 2_000_000;

/// What the command line adds to the file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names that are defined from the start: `KAMAILIO`, `RINGWALL`, those of `-A NAME[=VALUE]`.
    pub defines: Vec<(String, Option<String>)>,
    /// `--subst`: `/expression/text/flags`.
    pub substs: Vec<String>,
    /// `--substdef`
    pub substdefs: Vec<String>,
    /// `--substdefs`
    pub substdefs_quoted: Vec<String>,
    /// `--loadmodule`: their `MOD_x` are defined from the start.
    pub modules: Vec<String>,
    /// What `#!defenv` may see.
    pub environment: BTreeMap<String, String>,
}

/// A token and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// As written; of a string what it means.
    pub(crate) text: Bytes,
    /// Where it is used.
    pub(crate) span: Span,
    /// Whether it follows the token before it without a gap.
    pub(crate) joined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ident,
    Number(i64),
    Text,
    Address(IpAddr),
    Variable,
    Select,
    Punct(Punct),
    End,
}

/// What preprocessing gives.
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<Token>,
    pub(crate) sources: SourceMap,
    pub(crate) defines: Defines,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads `path` and everything it includes.
pub(crate) fn preprocess(files: &dyn Files, path: &str, options: &Options) -> Tokens {
    let mut scanner = Scanner::new(files);
    scanner.apply(options);
    scanner.include(path, None, true);
    scanner.scan();
    scanner.end()
}

struct Scanner<'a> {
    files: &'a dyn Files,
    sources: SourceMap,
    frames: Vec<Frame>,
    conditionals: Vec<Conditional>,
    defines: BTreeMap<Bytes, Definition>,
    substitutions: Vec<Substitution>,
    environment: BTreeMap<String, String>,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    expansions: usize,
    bytes: usize,
    full: bool,
    /// What is left of the text without skipped blocks, where that is wanted.
    printed: Option<Vec<u8>>,
}

/// A text that is being read: a file, or what a definition stands for.
struct Frame {
    text: Bytes,
    file: FileId,
    at: usize,
    /// Up to where it is printed.
    printed: usize,
    /// Where the token before ended.
    token_end: Option<usize>,
    path: Option<String>,
    /// Where the definition is used, and its name.
    used: Option<(Span, Bytes)>,
}

impl<'a> Scanner<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            sources: SourceMap::default(),
            frames: Vec::new(),
            conditionals: Vec::new(),
            defines: BTreeMap::new(),
            substitutions: Vec::new(),
            environment: BTreeMap::new(),
            tokens: Vec::new(),
            diagnostics: Vec::new(),
            expansions: 0,
            bytes: 0,
            full: false,
            printed: None,
        }
    }

    fn scan(&mut self) {
        while let Some(frame) = self.frames.last() {
            if self.skipping() {
                self.skip();
                continue;
            }
            let lexeme = lex(&frame.text, frame.at);
            let (text, end) = (frame.text.slice(lexeme.start..lexeme.end), lexeme.end);
            let joined = frame.token_end == Some(lexeme.start);
            let span = self.span(lexeme.start, lexeme.end);
            self.seek(end);
            self.end_token(end);
            match lexeme.kind {
                Lexed::End => self.leave(),
                Lexed::Directive => self.directive(&text, span),
                Lexed::Ident => self.word(text, span, joined),
                Lexed::Number(value) => self.push(Kind::Number(value), text, span, joined),
                Lexed::Text(value) => self.text(value, span, joined),
                Lexed::Address(address) => self.push(Kind::Address(address), text, span, joined),
                Lexed::Variable => self.push(Kind::Variable, text, span, joined),
                Lexed::Select => self.push(Kind::Select, text, span, joined),
                Lexed::Punct(punct) => self.push(Kind::Punct(punct), text, span, joined),
                Lexed::Noise => self.noise(&text, span),
                Lexed::Broken(broken) => self.broken(broken, span, joined),
            }
        }
    }

    fn end(mut self) -> Tokens {
        for open in std::mem::take(&mut self.conditionals) {
            self.report(
                Diagnostic::new("E0103", open.span, "this conditional is never closed")
                    .help("add `#!endif`"),
            );
        }
        let last = self
            .tokens
            .last()
            .map_or_else(Span::default, |token| token.span.after());
        self.tokens.push(Token {
            kind: Kind::End,
            text: Bytes::new(),
            span: last,
            joined: false,
        });
        Tokens {
            tokens: self.tokens,
            sources: self.sources,
            defines: Defines::of(self.defines),
            diagnostics: self.diagnostics,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Within the value of a definition everything is where the definition is used.
    fn span(&self, start: usize, end: usize) -> Span {
        match self.frames.last() {
            Some(Frame {
                used: Some((span, _)),
                ..
            }) => *span,
            Some(frame) => Span::new(frame.file, start, end),
            None => Span::default(),
        }
    }

    fn seek(&mut self, at: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = at;
        }
    }

    fn end_token(&mut self, at: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.token_end = Some(at);
        }
    }

    fn leave(&mut self) {
        self.print_up_to(usize::MAX);
        self.frames.pop();
    }

    fn push(&mut self, kind: Kind, text: Bytes, span: Span, joined: bool) {
        if self.tokens.len() >= MOST_TOKENS {
            return self.give_up(span);
        }
        self.tokens.push(Token {
            kind,
            text,
            span,
            joined,
        });
    }

    /// Reads no further: the whole has become too large.
    fn give_up(&mut self, span: Span) {
        if !self.full {
            self.full = true;
            self.report(Diagnostic::new(
                "E0108",
                span,
                "the configuration is too large",
            ));
        }
        self.frames.clear();
        self.conditionals.clear();
    }

    fn noise(&mut self, text: &[u8], span: Span) {
        let what = String::from_utf8_lossy(text).escape_debug().to_string();
        self.report(
            Diagnostic::new(
                "W0203",
                span,
                format!("`{what}` has no meaning here and is ignored"),
            )
            .help("it may have come in by copying from a web page; remove it"),
        );
    }

    /// Reports it, and puts something in its place so that one mistake is reported once.
    fn broken(&mut self, broken: Broken, span: Span, joined: bool) {
        match broken {
            Broken::Comment => {}
            Broken::Number => self.push(Kind::Number(0), Bytes::from_static(b"0"), span, joined),
            Broken::Text | Broken::Variable => self.push(Kind::Text, Bytes::new(), span, joined),
        }
        let first = Span {
            end: span.end.min(span.start + 1),
            ..span
        };
        self.report(match broken {
            Broken::Text => Diagnostic::new("E0201", first, "this string is never closed"),
            Broken::Comment => Diagnostic::new("E0202", first, "this comment is never closed"),
            Broken::Number => Diagnostic::new("E0204", span, "this is not a number"),
            Broken::Variable => Diagnostic::new("E0205", first, "this starts no variable")
                .help("a variable is `$name`, `$name(key)` or `$(name(key)[index]{class.name})`"),
        });
    }

    fn text(&mut self, value: Bytes, span: Span, joined: bool) {
        self.note_module(&value);
        let value = self.substitute(value);
        self.push(Kind::Text, value, span, joined);
    }

    /// `loadmodule "x.so"` defines `MOD_x` at once, so that the next line can ask for it.
    fn note_module(&mut self, value: &[u8]) {
        let mut before = self.tokens.iter().rev();
        let mut last = before.next();
        if last.is_some_and(|token| token.kind == Kind::Punct(Punct::ParenOpen)) {
            last = before.next();
        }
        let loads = last.is_some_and(|token| {
            token.kind == Kind::Ident
                && matches!(token.text.as_ref(), b"loadmodule" | b"loadmodulex")
        });
        if loads {
            self.define_module(&String::from_utf8_lossy(value));
        }
    }

    fn define_module(&mut self, path: &str) {
        let file = path.rsplit('/').next().unwrap_or_default();
        let name = format!("MOD_{}", file.strip_suffix(".so").unwrap_or(file));
        self.defines.entry(Bytes::from(name)).or_default();
    }

    fn word(&mut self, text: Bytes, span: Span, joined: bool) {
        match text.as_ref() {
            b"include_file" => return self.include_line(span, true),
            b"import_file" => return self.include_line(span, false),
            _ => {}
        }
        match self
            .defines
            .get(&text)
            .and_then(|definition| definition.value.clone())
        {
            Some(value) if !self.is_expanding(&text) => self.expand(text, value, span),
            _ => self.push(Kind::Ident, text, span, joined),
        }
    }

    /// A name within what it stands for is left alone.
    fn is_expanding(&self, name: &[u8]) -> bool {
        self.frames
            .iter()
            .any(|frame| frame.used.as_ref().is_some_and(|(_, used)| used == name))
    }

    fn expand(&mut self, name: Bytes, value: Bytes, span: Span) {
        self.expansions += 1;
        let depth = self
            .frames
            .iter()
            .filter(|frame| frame.used.is_some())
            .count();
        if depth >= EXPANSION_DEPTH || self.expansions > MOST_TOKENS {
            let message = format!("`{}` stands for too much", String::from_utf8_lossy(&name));
            return self.report(Diagnostic::new("E0108", span, message));
        }
        let file = span.file;
        self.frames.push(Frame {
            text: value,
            file,
            at: 0,
            printed: 0,
            token_end: None,
            path: None,
            used: Some((span, name)),
        });
    }

    fn rest_of_line(&mut self) -> (Bytes, Span) {
        let Some(frame) = self.frames.last_mut() else {
            return (Bytes::new(), Span::default());
        };
        let start = frame.at;
        let rest = &frame.text[start..];
        let length = line_length(rest);
        frame.at = (start + length + 1).min(frame.text.len());
        let line = frame.text.slice(start..start + length);
        let trimmed = line.slice_ref(line.trim_ascii());
        let lead = line.len() - line.trim_ascii_start().len();
        let span = self.span(start + lead, start + lead + trimmed.len());
        (trimmed, span)
    }
}
