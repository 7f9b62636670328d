//! Tokens to a tree. Never fails: what it cannot read is reported and stepped over.

use bytes::Bytes;

use crate::ast::{Item, Name, Script};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::{Defines, Kind, Options, Token, preprocess};
use crate::source::{Files, SourceMap, Span};

mod expression;
mod global;
mod listen;
mod route;
mod statement;
mod word;

/// Statements, blocks and parentheses within each other; deeper ones are refused. Bounds the stack;
/// an `if` with a block counts twice.
pub(crate) const NESTING: usize = 128;
/// Findings after which a file is not read on; one mistake can lead to many.
const MOST_FINDINGS: usize = 200;

/// A file read, names unresolved.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The tree.
    pub script: Script,
    /// Every text that took part.
    pub sources: SourceMap,
    /// Every defined name.
    pub defines: Defines,
    /// What was found so far; errors among them keep the file from running.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the file at `path` and everything it includes. Linear in their size.
#[must_use]
pub fn parse(files: &dyn Files, path: &str, options: &Options) -> Parsed {
    let read = preprocess(files, path, options);
    let mut parser = Parser {
        tokens: &read.tokens,
        at: 0,
        depth: 0,
        diagnostics: read.diagnostics,
    };
    let script = parser.script();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|found| found.span);
    Parsed {
        script,
        sources: read.sources,
        defines: read.defines,
        diagnostics,
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    diagnostics: Vec<Diagnostic>,
}

/// Given up: already reported.
struct Failed;

type Read<T> = Result<T, Failed>;

impl<'a> Parser<'a> {
    fn script(&mut self) -> Script {
        let mut script = Script::default();
        while self.peek().kind != Kind::End && self.diagnostics.len() < MOST_FINDINGS {
            let before = self.at;
            match self.item() {
                Ok(Some(item)) => script.items.push(item),
                Ok(None) => {}
                Err(Failed) => self.recover_item(before),
            }
        }
        script
    }

    /// Steps to what looks like the next item: after the end of a line's item or block.
    fn recover_item(&mut self, before: usize) {
        self.at = self.at.max(before + 1);
        while self.peek().kind != Kind::End {
            if self.is(Punct::BraceOpen) {
                self.skip_block();
                return;
            }
            if self.eat(Punct::Semicolon) || self.eat(Punct::BraceClose) {
                return;
            }
            let starts = self.peek().kind == Kind::Ident
                && (global::starts_item(&self.peek().text)
                    || self.peek_at(1).kind == Kind::Punct(Punct::Assign));
            if starts {
                return;
            }
            self.at += 1;
        }
    }

    /// Steps over a block with everything in it.
    fn skip_block(&mut self) {
        let mut depth = 0_usize;
        while self.peek().kind != Kind::End {
            match self.next().kind {
                Kind::Punct(Punct::BraceOpen) => depth += 1,
                Kind::Punct(Punct::BraceClose) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn peek(&self) -> &'a Token {
        self.peek_at(0)
    }

    /// Looks ahead; beyond the end it is the end.
    fn peek_at(&self, ahead: usize) -> &'a Token {
        let last = self.tokens.len().saturating_sub(1);
        &self.tokens[(self.at + ahead).min(last)]
    }

    fn next(&mut self) -> &'a Token {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn is(&self, punct: Punct) -> bool {
        self.peek().kind == Kind::Punct(punct)
    }

    fn eat(&mut self, punct: Punct) -> bool {
        let found = self.is(punct);
        self.at += usize::from(found);
        found
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek().kind == Kind::Ident && self.peek().text == word.as_bytes()
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// The place just read.
    fn before(&self) -> Span {
        self.tokens
            .get(self.at.wrapping_sub(1))
            .map_or_else(Span::default, |token| token.span)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn expected(&mut self, what: &str) -> Failed {
        let token = self.peek();
        let found = describe(token);
        let message = format!("expected {what}, found {found}");
        self.report(Diagnostic::new("E0301", token.span, message).label(format!("not {what}")));
        Failed
    }

    fn expect(&mut self, punct: Punct, what: &str) -> Read<Span> {
        if self.is(punct) {
            return Ok(self.next().span);
        }
        Err(self.expected(what))
    }

    /// `;` after a statement; a missing one is reported where it should be.
    fn semicolon(&mut self) {
        if !self.eat(Punct::Semicolon) {
            let found = describe(self.peek());
            let after = self.before();
            self.report(
                Diagnostic::new(
                    "E0302",
                    after,
                    format!("expected `;` after this, found {found}"),
                )
                .label("`;` is missing after this"),
            );
        }
    }

    fn name(&mut self, what: &str) -> Read<Name> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(Name {
            text: text_of(&token.text),
            span: token.span,
        })
    }

    /// One string, or several that follow each other.
    fn strings(&mut self) -> Option<(Bytes, Span)> {
        let first = self.peek();
        if first.kind != Kind::Text {
            return None;
        }
        self.at += 1;
        if self.peek().kind != Kind::Text {
            return Some((first.text.clone(), first.span));
        }
        let mut joined = first.text.to_vec();
        let mut span = first.span;
        while self.peek().kind == Kind::Text {
            let token = self.next();
            joined.extend_from_slice(&token.text);
            span = span.to(token.span);
        }
        Some((Bytes::from(joined), span))
    }

    /// Goes one level deeper, if that is allowed.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= NESTING {
            let span = self.peek().span;
            self.report(Diagnostic::new("E0304", span, "nested too deep"));
            return Err(Failed);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn item(&mut self) -> Read<Option<Item>> {
        if self.eat(Punct::Semicolon) {
            return Ok(None);
        }
        let token = self.peek();
        if token.kind != Kind::Ident {
            return Err(self.expected("a parameter, `loadmodule`, `modparam` or a route"));
        }
        if let Some(kind) = route::kind_of(&token.text) {
            return self.route(kind).map(|route| Some(Item::Route(route)));
        }
        self.global().map(Some)
    }
}

fn describe(token: &Token) -> String {
    match token.kind {
        Kind::End => "the end of the file".to_owned(),
        Kind::Text => format!("the string \"{}\"", shortened(&token.text)),
        _ => format!("`{}`", shortened(&token.text)),
    }
}

fn shortened(text: &[u8]) -> String {
    let text = text_of(text);
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}

fn text_of(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
