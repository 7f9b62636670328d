//! Route blocks.

use super::{Parser, Read, text_of};
use crate::ast::{Name, Route, RouteKind};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::Kind;

/// The kind of route that a word starts.
pub(super) fn kind_of(word: &[u8]) -> Option<RouteKind> {
    Some(match word {
        b"route" => RouteKind::Sub,
        b"request_route" => RouteKind::Request,
        b"branch_route" => RouteKind::Branch,
        b"failure_route" => RouteKind::Failure,
        b"onreply_route" | b"reply_route" => RouteKind::Reply,
        b"onsend_route" => RouteKind::Onsend,
        b"event_route" => RouteKind::Event,
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn route(&mut self, kind: RouteKind) -> Read<Route> {
        let start = self.next().span;
        let name = self.route_name()?;
        let kind = match kind {
            RouteKind::Sub if name.text.is_empty() || name.text == "0" => RouteKind::Request,
            RouteKind::Reply if name.text.is_empty() || name.text == "0" => RouteKind::CoreReply,
            kind => kind,
        };
        let nameless = matches!(kind, RouteKind::Request | RouteKind::CoreReply);
        let name = if nameless {
            Name {
                text: String::new(),
                span: start,
            }
        } else {
            name
        };
        if kind == RouteKind::Event && name.text.is_empty() {
            self.report(
                Diagnostic::new("E0305", start, "an event route needs the name of its event")
                    .help("write `event_route[group:name]`"),
            );
        }
        let span = start.to(self.before());
        if !self.is(Punct::BraceOpen) {
            return Err(self.expected("`{`"));
        }
        let body = self.nested(Self::block)?;
        Ok(Route {
            kind,
            name,
            body,
            span,
        })
    }

    /// `[NAME]`, with or without quotes: everything up to the bracket.
    fn route_name(&mut self) -> Read<Name> {
        let mut name = Name {
            text: String::new(),
            span: self.before(),
        };
        if !self.eat(Punct::BracketOpen) {
            return Ok(name);
        }
        name.span = self.peek().span;
        while !self.is(Punct::BracketClose) {
            let token = self.peek();
            if matches!(
                token.kind,
                Kind::End | Kind::Punct(Punct::BraceOpen | Punct::Semicolon)
            ) {
                return Err(self.expected("`]`"));
            }
            name.text.push_str(&text_of(&token.text));
            name.span = name.span.to(token.span);
            self.at += 1;
        }
        self.at += 1;
        Ok(name)
    }
}
