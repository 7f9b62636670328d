//! Words in expressions: keywords, calls, and words whose meaning only the host knows.

use bytes::Bytes;

use super::expression::leaf;
use super::{Parser, Read, text_of};
use crate::ast::{Call, Expr, ExprKind, Keyword, Name, RouteCall};
use crate::lex::Punct;
use crate::preprocess::Kind;
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn word_expression(&mut self) -> Read<Expr> {
        let token = self.peek();
        let called = self.peek_at(1).kind == Kind::Punct(Punct::ParenOpen);
        if token.text == "route".as_bytes() || called {
            return self.call_expression();
        }
        if let Some(truth) = super::global::truth_word(&token.text) {
            self.at += 1;
            return Ok(leaf(ExprKind::Int(truth), token.span));
        }
        if token.text == "myself".as_bytes() {
            self.at += 1;
            return Ok(leaf(ExprKind::Myself, token.span));
        }
        if let Some(keyword) = self.condition_keyword() {
            return Ok(leaf(
                ExprKind::Keyword(keyword),
                token.span.to(self.before()),
            ));
        }
        let (word, span) = self.bare_expression_word();
        Ok(leaf(ExprKind::Word(word), span))
    }

    /// `method`, `src_ip` …, and `msg:len` in three tokens.
    fn condition_keyword(&mut self) -> Option<Keyword> {
        let colon = self.peek_at(1).kind == Kind::Punct(Punct::Colon);
        if self.is_word("msg") && colon && self.peek_at(2).text == "len".as_bytes() {
            self.at += 3;
            return Some(Keyword::MsgLen);
        }
        if colon && matches!(self.peek_at(2).text.as_ref(), b"host" | b"port") {
            return None;
        }
        let keyword = Keyword::of(&text_of(&self.peek().text))?;
        self.at += 1;
        Some(keyword)
    }

    /// A word; host names with dots and hyphens, and `uri:host`, are one.
    fn bare_expression_word(&mut self) -> (Bytes, Span) {
        let first = self.next();
        let mut word = first.text.to_vec();
        let mut span = first.span;
        loop {
            let sign = self.peek();
            let part = self.peek_at(1);
            let glued = sign.joined
                && part.joined
                && matches!(
                    sign.kind,
                    Kind::Punct(Punct::Dot | Punct::Minus | Punct::Colon)
                )
                && matches!(part.kind, Kind::Ident | Kind::Number(_));
            let host = sign.kind != Kind::Punct(Punct::Colon)
                || (first.text == "uri".as_bytes()
                    && matches!(part.text.as_ref(), b"host" | b"port"));
            if !glued || !host {
                return (Bytes::from(word), span);
            }
            word.extend_from_slice(&sign.text);
            word.extend_from_slice(&part.text);
            span = span.to(part.span);
            self.at += 2;
        }
    }

    /// `name(…)`, `name` alone, `route(…)`.
    pub(super) fn call_expression(&mut self) -> Read<Expr> {
        let name = self.name("the name of a function")?;
        if name.text == "route" {
            return self.route_call(name.span);
        }
        let mut args = Vec::new();
        if self.eat(Punct::ParenOpen) {
            args = self.arguments()?;
        }
        let span = name.span.to(self.before());
        let depth = args.iter().map(|arg| arg.depth).max().unwrap_or(0) + 1;
        self.bounded(ExprKind::Call(Box::new(Call { name, args })), span, depth)
    }

    fn arguments(&mut self) -> Read<Vec<Expr>> {
        let mut args = Vec::new();
        if self.eat(Punct::ParenClose) {
            return Ok(args);
        }
        loop {
            if self.is(Punct::Comma) || self.is(Punct::ParenClose) {
                args.push(leaf(ExprKind::Str(Bytes::new()), self.peek().span));
            } else if self.at_socket() {
                args.push(self.socket_argument()?);
            } else {
                args.push(self.expression()?);
            }
            if self.eat(Punct::ParenClose) {
                return Ok(args);
            }
            self.expect(Punct::Comma, "`,` or `)`")?;
        }
    }

    /// `udp:10.0.0.1:5060`, `10.0.0.1:5060`, `[::1]`: sockets need no quotes.
    fn at_socket(&self) -> bool {
        let colon = self.peek_at(1).kind == Kind::Punct(Punct::Colon);
        match self.peek().kind {
            Kind::Punct(Punct::BracketOpen) => true,
            Kind::Address(_) => colon,
            Kind::Ident => colon && !matches!(self.peek_at(2).text.as_ref(), b"host" | b"port"),
            _ => false,
        }
    }

    fn socket_argument(&mut self) -> Read<Expr> {
        let (first, start) = (self.at, self.peek().span);
        self.endpoint()?;
        let parts = self.tokens.get(first..self.at).unwrap_or_default();
        let text: Vec<u8> = parts
            .iter()
            .flat_map(|token| token.text.iter().copied())
            .collect();
        Ok(leaf(
            ExprKind::Str(Bytes::from(text)),
            start.to(self.before()),
        ))
    }

    /// `route(NAME)`, `route("NAME")`, `route(1)`, `route($var(x))`.
    fn route_call(&mut self, start: Span) -> Read<Expr> {
        self.expect(Punct::ParenOpen, "`(`")?;
        let token = self.peek();
        let closes = self.peek_at(1).kind == Kind::Punct(Punct::ParenClose);
        let named = matches!(token.kind, Kind::Ident | Kind::Number(_) | Kind::Text) && closes;
        let (call, depth) = if named {
            self.at += 1;
            (
                RouteCall::Named(Name {
                    text: text_of(&token.text),
                    span: token.span,
                }),
                1,
            )
        } else {
            let name = self.expression()?;
            let depth = name.depth + 1;
            (RouteCall::Dynamic(name), depth)
        };
        self.expect(Punct::ParenClose, "`)`")?;
        let span = start.to(self.before());
        self.bounded(ExprKind::Route(Box::new(call)), span, depth)
    }
}
