//! Expressions as written.

use std::net::IpAddr;

use bytes::Bytes;

use super::{Assign, Keyword, Name};
use crate::source::Span;
use crate::spec::VarSpec;

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// Height of the tree, bounded by the parser.
    pub(crate) depth: u16,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A number.
    Int(i64),
    /// A string, escapes resolved, neighbours joined.
    Str(Bytes),
    /// A pseudo-variable.
    Variable(Box<VarSpec>),
    /// `@ruri.user`
    Select(Box<SelectSpec>),
    /// `method`, `src_ip` …
    Keyword(Keyword),
    /// `myself`
    Myself,
    /// `10.0.0.0/8`, `::1`
    Address(Network),
    /// Any other bare word: `INVITE`, `UDP`, a flag, a macro that is not defined.
    Word(Bytes),
    /// A function call.
    Call(Box<Call>),
    /// `route(NAME)`
    Route(Box<RouteCall>),
    /// One operand.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if ($x = 1)`: assigns and yields what was assigned.
    Assign(Box<Assign>),
    /// Something that is reported already.
    Broken,
}

/// `@name[1].name`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SelectSpec {
    /// As written, with the `@`.
    pub text: Bytes,
    /// Names with their indexes.
    pub parts: Vec<SelectPart>,
}

/// One part of a select.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SelectPart {
    /// The name.
    pub name: Bytes,
    /// The index, raw: a number or a quoted string without its quotes.
    pub index: Option<Bytes>,
}

/// An address with a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The address.
    pub address: IpAddr,
    /// Leading bits that count: 32 or 128 for a single address.
    pub prefix: u8,
}

impl Network {
    /// Whether `address` is in it. An IPv4 network never holds an IPv6 address, also not a mapped one.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                (u32::from(net) ^ u32::from(ip))
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix));
                (u128::from(net) ^ u128::from(ip))
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

/// A function call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// The arguments, as written.
    pub args: Vec<Expr>,
}

/// A route call.
#[derive(Debug, Clone)]
pub enum RouteCall {
    /// `route(NAME)`, `route("quoted")`, `route(1)`
    Named(Name),
    /// `route($var(x))`
    Dynamic(Expr),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!x`, `not x`
    Not,
    /// `-x`
    Negate,
    /// `~x`
    BitNot,
    /// `defined x`
    Defined,
    /// `strlen(x)`
    StrLen,
    /// `strempty(x)`
    StrEmpty,
    /// `(int)x`
    ToInt,
    /// `(str)x`
    ToStr,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`, `or`
    Or,
    /// `&&`, `and`
    And,
    /// `|`
    BitOr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `=~`
    Match,
    /// `!~`
    Mismatch,
    /// `eq`: as text.
    StrEqual,
    /// `ne`: as text.
    StrUnequal,
    /// `ieq`: as numbers.
    IntEqual,
    /// `ine`: as numbers.
    IntUnequal,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessEqual,
    /// `>=`
    GreaterEqual,
    /// `+`: joins text when the left side is text.
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `mod`, `%`
    Modulo,
}
