//! `listen` and `alias`: protocol, host and port in all their spellings.

use std::net::IpAddr;

use super::{Parser, Read, text_of};
use crate::ast::{Endpoint, HostName, Item, Listen};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::Kind;
use crate::source::Span;

const PROTOCOLS: [&str; 6] = ["udp", "tcp", "tls", "sctp", "ws", "wss"];

impl Parser<'_> {
    pub(super) fn listen(&mut self) -> Read<Item> {
        let start = self.next().span;
        self.expect(Punct::Assign, "`=`")?;
        let endpoints = self.endpoints()?;
        let mut listen = Listen {
            endpoints,
            advertise: None,
            name: None,
            is_virtual: false,
            span: start.to(self.before()),
        };
        loop {
            if self.eat_word("advertise") {
                listen.advertise = Some(self.endpoint()?);
            } else if self.eat_word("name") {
                let name = self.strings().map(|(text, _)| text);
                listen.name = match name {
                    None => Some(self.bare_word().0),
                    name => name,
                };
            } else if self.eat_word("virtual") {
                listen.is_virtual = true;
            } else {
                listen.span = start.to(self.before());
                return Ok(Item::Listen(listen));
            }
        }
    }

    pub(super) fn alias(&mut self) -> Read<Item> {
        self.next();
        self.expect(Punct::Assign, "`=`")?;
        let mut aliases = vec![self.endpoint()?];
        while self.eat(Punct::Comma) || self.at_endpoint() {
            aliases.push(self.endpoint()?);
        }
        Ok(Item::Alias(aliases))
    }

    /// Several aliases may follow each other with blanks alone.
    fn at_endpoint(&self) -> bool {
        match self.peek().kind {
            Kind::Text | Kind::Address(_) => true,
            Kind::Ident => {
                PROTOCOLS.contains(&text_of(&self.peek().text).as_str())
                    && self.peek_at(1).kind == Kind::Punct(Punct::Colon)
            }
            _ => false,
        }
    }

    fn endpoints(&mut self) -> Read<Vec<Endpoint>> {
        let mut endpoints = Vec::new();
        if self.is(Punct::ParenOpen) {
            self.next();
            loop {
                endpoints.push(self.endpoint()?);
                if !self.eat(Punct::Comma) {
                    self.expect(Punct::ParenClose, "`)`")?;
                    return Ok(endpoints);
                }
            }
        }
        endpoints.push(self.endpoint()?);
        while self.eat(Punct::Comma) || self.at_endpoint() {
            endpoints.push(self.endpoint()?);
        }
        Ok(endpoints)
    }

    /// `[protocol:]host[:port]`; a string may hold any part of it.
    pub(super) fn endpoint(&mut self) -> Read<Endpoint> {
        let start = self.peek().span;
        let mut protocol = None;
        let word = text_of(&self.peek().text).to_ascii_lowercase();
        let is_protocol = PROTOCOLS.contains(&word.as_str()) || matches!(&*word, "any" | "*");
        if is_protocol && self.peek_at(1).kind == Kind::Punct(Punct::Colon) {
            self.at += 2;
            protocol = PROTOCOLS.contains(&word.as_str()).then_some(word);
        }
        let mut endpoint = if let Some((text, span)) = self.strings() {
            quoted(&text_of(&text), span).ok_or_else(|| self.malformed(span))?
        } else {
            Endpoint {
                protocol: None,
                host: self.host()?,
                port: None,
                span: start,
            }
        };
        endpoint.protocol = protocol.or(endpoint.protocol);
        if self.eat(Punct::Colon) {
            endpoint.port = Some(self.port()?);
        }
        endpoint.span = start.to(self.before());
        Ok(endpoint)
    }

    fn malformed(&mut self, span: Span) -> super::Failed {
        self.report(
            Diagnostic::new("E0306", span, "this names no socket")
                .help("write `protocol:host:port`, for instance `udp:10.0.0.1:5060`"),
        );
        super::Failed
    }

    fn port(&mut self) -> Read<u16> {
        let token = self.peek();
        let number = match token.kind {
            Kind::Number(number) => u16::try_from(number).ok(),
            Kind::Text => text_of(&token.text).parse().ok(),
            _ => None,
        };
        match number {
            Some(port) => {
                self.at += 1;
                Ok(port)
            }
            None => Err(self.expected("a port from 0 to 65535")),
        }
    }

    fn host(&mut self) -> Read<HostName> {
        match self.peek().kind {
            Kind::Address(address) => {
                self.at += 1;
                Ok(HostName::Address(address))
            }
            Kind::Punct(Punct::Star) => {
                self.at += 1;
                Ok(HostName::Any)
            }
            Kind::Punct(Punct::BracketOpen) => {
                self.at += 1;
                let Kind::Address(IpAddr::V6(address)) = self.peek().kind else {
                    return Err(self.expected("an IPv6 address"));
                };
                self.at += 1;
                self.expect(Punct::BracketClose, "`]`")?;
                Ok(HostName::Address(IpAddr::V6(address)))
            }
            Kind::Ident | Kind::Number(_) => Ok(HostName::Name(self.host_name())),
            _ => Err(self.expected("an address, a host or an interface")),
        }
    }

    /// Words with dots and hyphens between them.
    fn host_name(&mut self) -> String {
        let mut name = text_of(&self.next().text);
        loop {
            let token = self.peek();
            let part = match token.kind {
                Kind::Punct(Punct::Dot | Punct::Minus) => {
                    matches!(self.peek_at(1).kind, Kind::Ident | Kind::Number(_))
                }
                Kind::Ident | Kind::Number(_) => token.joined || name.ends_with(['.', '-']),
                _ => false,
            };
            if !part {
                return name;
            }
            name.push_str(&text_of(&token.text));
            self.at += 1;
        }
    }
}

/// The parts of an endpoint in quotes.
fn quoted(text: &str, span: Span) -> Option<Endpoint> {
    let lower = text.to_ascii_lowercase();
    let protocol = PROTOCOLS
        .iter()
        .find(|protocol| {
            lower
                .strip_prefix(**protocol)
                .is_some_and(|rest| rest.starts_with(':'))
        })
        .filter(|_| text.parse::<IpAddr>().is_err());
    let rest = protocol.map_or(text, |protocol| &text[protocol.len() + 1..]);
    let (host, port) = split_port(rest)?;
    let host = match host {
        "" => return None,
        "*" => HostName::Any,
        host => match host.parse() {
            Ok(address) => HostName::Address(address),
            Err(_) => HostName::Name(host.to_owned()),
        },
    };
    let protocol = protocol.map(|protocol| (*protocol).to_owned());
    Some(Endpoint {
        protocol,
        host,
        port,
        span,
    })
}

fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => Some((host, Some(port.parse().ok()?))),
        _ => Some((text, None)),
    }
}
