//! Routes and their statements.

use bytes::Bytes;

use super::{Expr, Name};
use crate::source::Span;
use crate::spec::VarSpec;

/// What calls a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteKind {
    /// `request_route`, `route`
    Request,
    /// `route[NAME]`
    Sub,
    /// `branch_route[NAME]`
    Branch,
    /// `failure_route[NAME]`
    Failure,
    /// `onreply_route[NAME]`, of a transaction.
    Reply,
    /// `reply_route`, `onreply_route` without a name: every reply.
    CoreReply,
    /// `onsend_route`
    Onsend,
    /// `event_route[group:name]`
    Event,
}

impl RouteKind {
    /// As written in a file.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Request => "request_route",
            Self::Sub => "route",
            Self::Branch => "branch_route",
            Self::Failure => "failure_route",
            Self::Reply => "onreply_route",
            Self::CoreReply => "reply_route",
            Self::Onsend => "onsend_route",
            Self::Event => "event_route",
        }
    }
}

/// A route block.
#[derive(Debug, Clone)]
pub struct Route {
    /// What calls it.
    pub kind: RouteKind,
    /// What stands in the brackets; empty text without them.
    pub name: Name,
    /// Its statements.
    pub body: Block,
    /// From the keyword to the opening brace.
    pub span: Span,
}

/// Statements in braces, or a single one without.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where.
    pub span: Span,
}

/// What a statement is.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// A call, of a function or a route.
    Call(Expr),
    /// `$x = value;`
    Assign(Assign),
    /// `if (a) … else if (b) … else …`: the arms in order, then the rest.
    If(Vec<(Expr, Block)>, Option<Block>),
    /// `switch (x) { … }`
    Switch(Expr, Vec<Case>),
    /// `while (x) …`
    While(Expr, Block),
    /// `{ … }`
    Block(Block),
    /// `return;`, `return -1;`
    Return(Option<Expr>),
    /// `exit;`
    Exit,
    /// `drop;`
    Drop,
    /// `break;`
    Break,
    /// `continue;`
    Continue,
}

/// An assignment.
#[derive(Debug, Clone)]
pub struct Assign {
    /// The left side.
    pub target: Target,
    /// `=` or `:=`
    pub op: AssignOp,
    /// The right side.
    pub value: Expr,
}

/// What can stand left of `=`.
#[derive(Debug, Clone)]
pub struct Target {
    /// The variable.
    pub variable: Box<VarSpec>,
    /// Its place.
    pub span: Span,
}

/// How to assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `=`: an AVP gets one more value.
    Set,
    /// `:=`: an AVP gets this value alone.
    Replace,
}

/// A label of `switch` and what follows it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it matches.
    pub label: CaseLabel,
    /// The statements up to the next label; may be none (fall through).
    pub body: Block,
    /// From `case` to the colon.
    pub span: Span,
}

/// What a `case` matches.
#[derive(Debug, Clone)]
pub enum CaseLabel {
    /// `default:`
    Default,
    /// `case 1:`, `case "text":`, any constant expression.
    Value(Expr),
    /// `case /"expression"/:` or `case r"…":`
    Regex(Bytes, Span),
}
