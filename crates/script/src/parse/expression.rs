//! Expressions, with Kamailio's precedence.

use super::{Failed, Parser, Read};
use crate::ast::{BinaryOp, Expr, ExprKind, Network, SelectPart, SelectSpec, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::{Kind, Token};
use crate::source::Span;
use crate::spec::VarSpec;

/// Height of an expression; a chain of that many operators among them. Bounds the stack.
const TALLEST: u16 = 600;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Read<Expr> {
        self.nested(|parser| parser.binary(0))
    }

    /// Operators that bind at least as tightly as `floor`, all from the left.
    fn binary(&mut self, floor: u8) -> Read<Expr> {
        let mut left = self.unary()?;
        while let Some((op, power)) = binary_operator(self.peek()) {
            if power < floor {
                break;
            }
            self.at += 1;
            let right = self.nested(|parser| parser.binary(power + 1))?;
            left = self.join(op, left, right)?;
        }
        Ok(left)
    }

    fn join(&mut self, op: BinaryOp, left: Expr, right: Expr) -> Read<Expr> {
        let span = left.span.to(right.span);
        let depth = left.depth.max(right.depth) + 1;
        self.bounded(
            ExprKind::Binary(op, Box::new(left), Box::new(right)),
            span,
            depth,
        )
    }

    pub(super) fn bounded(&mut self, kind: ExprKind, span: Span, depth: u16) -> Read<Expr> {
        if depth > TALLEST {
            self.report(Diagnostic::new(
                "E0304",
                span,
                "this expression is too long",
            ));
            return Err(Failed);
        }
        Ok(Expr { kind, span, depth })
    }

    fn unary(&mut self) -> Read<Expr> {
        if self.is(Punct::Mismatch) {
            return self.not_bit_not();
        }
        let Some(op) = self.unary_operator() else {
            return self.primary();
        };
        let start = self.peek().span;
        self.at += if matches!(op, UnaryOp::ToInt | UnaryOp::ToStr) {
            3
        } else {
            1
        };
        let operand = self.nested(Self::unary)?;
        let (span, depth) = (start.to(operand.span), operand.depth + 1);
        if let (UnaryOp::Negate, ExprKind::Int(number)) = (op, &operand.kind) {
            return Ok(Expr {
                kind: ExprKind::Int(number.wrapping_neg()),
                span,
                depth: 1,
            });
        }
        self.bounded(ExprKind::Unary(op, Box::new(operand)), span, depth)
    }

    /// `!~x`, which is two operators where a value is expected.
    fn not_bit_not(&mut self) -> Read<Expr> {
        let start = self.next().span;
        let operand = self.nested(Self::unary)?;
        let (span, depth) = (start.to(operand.span), operand.depth + 1);
        let inner = self.bounded(
            ExprKind::Unary(UnaryOp::BitNot, Box::new(operand)),
            span,
            depth,
        )?;
        self.bounded(
            ExprKind::Unary(UnaryOp::Not, Box::new(inner)),
            span,
            depth + 1,
        )
    }

    fn unary_operator(&self) -> Option<UnaryOp> {
        let token = self.peek();
        match (token.kind, token.text.as_ref()) {
            (Kind::Punct(Punct::Not), _) | (Kind::Ident, b"not") => Some(UnaryOp::Not),
            (Kind::Punct(Punct::Minus), _) => Some(UnaryOp::Negate),
            (Kind::Punct(Punct::BitNot), _) => Some(UnaryOp::BitNot),
            (Kind::Ident, b"defined") => Some(UnaryOp::Defined),
            (Kind::Ident, b"strlen") => Some(UnaryOp::StrLen),
            (Kind::Ident, b"strempty") => Some(UnaryOp::StrEmpty),
            (Kind::Punct(Punct::ParenOpen), _) => self.cast(),
            _ => None,
        }
    }

    /// `(int)` and `(str)`
    fn cast(&self) -> Option<UnaryOp> {
        if self.peek_at(2).kind != Kind::Punct(Punct::ParenClose)
            || self.peek_at(1).kind != Kind::Ident
        {
            return None;
        }
        match self.peek_at(1).text.as_ref() {
            b"int" => Some(UnaryOp::ToInt),
            b"str" | b"string" => Some(UnaryOp::ToStr),
            _ => None,
        }
    }

    fn primary(&mut self) -> Read<Expr> {
        let token = self.peek();
        let span = token.span;
        let kind = match token.kind {
            Kind::Number(number) => {
                self.at += 1;
                ExprKind::Int(number)
            }
            Kind::Text => match self.strings() {
                Some((text, span)) => return Ok(leaf(ExprKind::Str(text), span)),
                None => ExprKind::Broken,
            },
            Kind::Variable => return self.variable(),
            Kind::Select => {
                self.at += 1;
                self.select(token)?
            }
            Kind::Address(_) | Kind::Punct(Punct::BracketOpen) => self.network()?,
            Kind::Punct(Punct::ParenOpen) => {
                self.at += 1;
                let mut inner = self.expression()?;
                self.expect(Punct::ParenClose, "`)`")?;
                inner.span = span.to(self.before());
                return Ok(inner);
            }
            Kind::Ident => return self.word_expression(),
            _ => return Err(self.expected("a value")),
        };
        Ok(leaf(kind, span.to(self.before())))
    }

    /// A variable, or an assignment where a value is expected.
    fn variable(&mut self) -> Read<Expr> {
        let token = self.peek();
        let assigns = matches!(
            self.peek_at(1).kind,
            Kind::Punct(Punct::Assign | Punct::Replace)
        );
        if assigns {
            let assign = self.assignment()?;
            let span = token.span.to(assign.value.span);
            let depth = assign.value.depth + 1;
            return self.bounded(ExprKind::Assign(Box::new(assign)), span, depth);
        }
        self.at += 1;
        self.refuse_tail(token.span);
        match VarSpec::parse(&token.text) {
            Ok(spec) => Ok(leaf(ExprKind::Variable(Box::new(spec)), token.span)),
            Err(error) => {
                self.report(Diagnostic::new(
                    "E0205",
                    token.span,
                    format!("malformed variable: {}", error.what),
                ));
                Ok(leaf(ExprKind::Broken, token.span))
            }
        }
    }

    /// `$rU{s.len}` lacks its outer parentheses.
    fn refuse_tail(&mut self, start: Span) {
        let brace = self.peek();
        let tail = brace.kind == Kind::Punct(Punct::BraceOpen)
            && brace.joined
            && self.peek_at(2).kind == Kind::Punct(Punct::Dot);
        if tail {
            self.skip_block();
            let span = start.to(self.before());
            self.report(
                Diagnostic::new(
                    "E0205",
                    span,
                    "transformations need parentheses around them",
                )
                .help("write `$(name{class.name})`"),
            );
        }
    }

    fn select(&mut self, token: &Token) -> Read<ExprKind> {
        let mut parts = Vec::new();
        let body = token.text.slice(1..);
        for part in body.split(|byte| *byte == b'.') {
            let (name, index) = match part.iter().position(|byte| *byte == b'[') {
                Some(open) => (&part[..open], part[open + 1..].strip_suffix(b"]")),
                None => (part, None),
            };
            let index = index.map(|raw| body.slice_ref(unquoted(raw.trim_ascii())));
            parts.push(SelectPart {
                name: body.slice_ref(name),
                index,
            });
        }
        Ok(ExprKind::Select(Box::new(SelectSpec {
            text: token.text.clone(),
            parts,
        })))
    }

    /// An address, bare or in brackets, with or without a mask.
    fn network(&mut self) -> Read<ExprKind> {
        let bracket = self.eat(Punct::BracketOpen);
        let Kind::Address(address) = self.peek().kind else {
            return Err(self.expected("an address"));
        };
        self.at += 1;
        if bracket {
            self.expect(Punct::BracketClose, "`]`")?;
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let mut prefix = most;
        if self.is(Punct::Slash) {
            let mask = self.peek_at(1);
            let bits = match mask.kind {
                Kind::Number(bits) => u8::try_from(bits).ok(),
                Kind::Address(mask) => mask_bits(mask),
                _ => return Ok(ExprKind::Address(Network { address, prefix })),
            };
            match bits.filter(|bits| *bits <= most) {
                Some(bits) => prefix = bits,
                None => {
                    let span = mask.span;
                    let message = format!("not a mask of 0 to {most} bits");
                    self.report(Diagnostic::new("E0307", span, message));
                }
            }
            self.at += 2;
        }
        Ok(ExprKind::Address(Network { address, prefix }))
    }
}

pub(super) fn leaf(kind: ExprKind, span: Span) -> Expr {
    Expr {
        kind,
        span,
        depth: 1,
    }
}

fn unquoted(raw: &[u8]) -> &[u8] {
    match raw {
        [b'"', inner @ .., b'"'] => inner,
        _ => raw,
    }
}

fn mask_bits(mask: std::net::IpAddr) -> Option<u8> {
    let (ones, zeros, most) = match mask {
        std::net::IpAddr::V4(mask) => (
            u32::from(mask).leading_ones(),
            u32::from(mask).trailing_zeros(),
            32,
        ),
        std::net::IpAddr::V6(mask) => (
            u128::from(mask).leading_ones(),
            u128::from(mask).trailing_zeros(),
            128,
        ),
    };
    (ones + zeros == most).then_some(u8::try_from(ones).unwrap_or(0))
}

/// The operator that a token is, and how tightly it binds.
fn binary_operator(token: &Token) -> Option<(BinaryOp, u8)> {
    let op = match token.kind {
        Kind::Punct(punct) => sign_operator(punct)?,
        Kind::Ident => match token.text.as_ref() {
            b"and" => BinaryOp::And,
            b"or" => BinaryOp::Or,
            b"eq" => BinaryOp::StrEqual,
            b"ne" => BinaryOp::StrUnequal,
            b"ieq" => BinaryOp::IntEqual,
            b"ine" => BinaryOp::IntUnequal,
            b"mod" => BinaryOp::Modulo,
            _ => return None,
        },
        _ => return None,
    };
    Some((op, power(op)))
}

fn sign_operator(punct: Punct) -> Option<BinaryOp> {
    Some(match punct {
        Punct::Or => BinaryOp::Or,
        Punct::And => BinaryOp::And,
        Punct::BitOr => BinaryOp::BitOr,
        Punct::BitAnd => BinaryOp::BitAnd,
        Punct::BitXor => BinaryOp::BitXor,
        Punct::ShiftLeft => BinaryOp::ShiftLeft,
        Punct::ShiftRight => BinaryOp::ShiftRight,
        Punct::Equal => BinaryOp::Equal,
        Punct::Unequal => BinaryOp::Unequal,
        Punct::Match => BinaryOp::Match,
        Punct::Mismatch => BinaryOp::Mismatch,
        Punct::Less => BinaryOp::Less,
        Punct::Greater => BinaryOp::Greater,
        Punct::LessEqual => BinaryOp::LessEqual,
        Punct::GreaterEqual => BinaryOp::GreaterEqual,
        Punct::Plus => BinaryOp::Plus,
        Punct::Minus => BinaryOp::Minus,
        Punct::Star => BinaryOp::Times,
        Punct::Slash => BinaryOp::Divide,
        Punct::Percent => BinaryOp::Modulo,
        _ => return None,
    })
}

/// How tightly an operator binds, observed: `6 & 3 == 2` is 0, `1 | 2 ^ 3` and `1 << 2 == 4` are 1.
fn power(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        BinaryOp::BitOr => 2,
        BinaryOp::BitAnd => 3,
        BinaryOp::BitXor => 4,
        BinaryOp::ShiftLeft => 5,
        BinaryOp::ShiftRight => 6,
        BinaryOp::Equal
        | BinaryOp::Unequal
        | BinaryOp::Match
        | BinaryOp::Mismatch
        | BinaryOp::StrEqual
        | BinaryOp::StrUnequal
        | BinaryOp::IntEqual
        | BinaryOp::IntUnequal => 7,
        BinaryOp::Less | BinaryOp::Greater | BinaryOp::LessEqual | BinaryOp::GreaterEqual => 8,
        BinaryOp::Plus | BinaryOp::Minus => 9,
        BinaryOp::Times | BinaryOp::Divide | BinaryOp::Modulo => 10,
    }
}
