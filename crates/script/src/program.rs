//! A resolved script: flat code for control and calls.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ast::{AssignOp, BinaryOp, RouteKind, UnaryOp};
use crate::expr::Expr;
use crate::host::{Host, RouteNames};
use crate::regex::Regex;
use crate::source::Span;

/// Names a route of a [`Program`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub(crate) u32);

impl RouteId {
    /// Its number in the program, from 0, in the order of the file.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A script that can be run. Immutable; share it between machines.
pub struct Program<H: Host> {
    pub(crate) code: Vec<Instruction<H>>,
    pub(crate) spans: Vec<Span>,
    pub(crate) routes: Vec<RouteInfo>,
    pub(crate) names: RouteNames,
    pub(crate) by_name: BTreeMap<Bytes, RouteId>,
}

/// A route of a [`Program`].
#[derive(Debug, Clone)]
pub struct RouteInfo {
    /// What calls it.
    pub kind: RouteKind,
    /// Its name; empty without brackets.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    pub(crate) entry: u32,
}

impl<H: Host> Program<H> {
    /// The route of this kind and name; the empty name for those without brackets.
    #[must_use]
    pub fn route(&self, kind: RouteKind, name: &str) -> Option<RouteId> {
        self.names.find(kind, name)
    }

    /// What a route is.
    #[must_use]
    pub fn info(&self, route: RouteId) -> Option<&RouteInfo> {
        self.routes.get(route.index())
    }

    /// All routes, in the order of the file.
    #[must_use]
    pub fn routes(&self) -> &[RouteInfo] {
        &self.routes
    }

    /// The names of all routes.
    #[must_use]
    pub fn names(&self) -> &RouteNames {
        &self.names
    }
}

impl<H: Host> std::fmt::Debug for Program<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("instructions", &self.code.len())
            .field("routes", &self.routes.len())
            .finish()
    }
}

/// An address in the code of a program.
pub(crate) type Target = u32;

/// One step. Operands come from the value stack; results go to it.
pub(crate) enum Instruction<H: Host> {
    /// A statement begins: counts a step and traces.
    Statement,
    /// Pushes a value.
    Push(Expr<H::Var>),
    /// Runs a call and pushes its code.
    Call(H::Call),
    /// Runs a call whose code nobody wants.
    CallOnly(H::Call),
    /// Enters a route; its code is pushed at its end.
    Route(RouteId),
    /// Pops a name and enters the route of that name; its code is pushed at its end.
    RouteNamed,
    /// Makes the code on top 1 or 0: what a call is as an operand.
    Truth,
    /// Drops the top.
    Pop,
    /// Pops the code of a statement; a route that ends after it has this code.
    PopLast,
    /// A route that ends now has this code.
    Last(i32),
    /// Replaces the top.
    Unary(UnaryOp),
    /// Pops the right, then the left side; pushes the result.
    Binary(BinaryOp),
    /// Matches the top against an expression known at load.
    Match(Regex),
    /// Goes there.
    Jump(Target),
    /// Evaluates a condition and goes there unless it is true (above 0).
    Unless(Expr<H::Var>, Target),
    /// Pops a condition and goes there unless it is true (above 0).
    PopUnless(Target),
    /// `&&`: with 0 on top, goes there and leaves 0; else pops.
    AndElse(Target),
    /// `||`: with another number on top, goes there and leaves 1; else pops.
    OrElse(Target),
    /// Makes the top 1 or 0: other than 0 is 1.
    Nonzero,
    /// Assigns the value of an expression.
    Assign(H::Var, AssignOp, Expr<H::Var>),
    /// Pops a value and assigns it.
    PopAssign(H::Var, AssignOp),
    /// With this number on top, pops it and goes there.
    CaseInt(i64, Target),
    /// With this text on top, pops it and goes there.
    CaseText(Bytes, Target),
    /// With matching text on top, pops it and goes there.
    CaseRegex(Regex, Target),
    /// A `while` begins: a new counter.
    LoopEnter,
    /// One more round; goes there when there were too many.
    LoopRound(Target),
    /// A `while` ends.
    LoopLeave,
    /// Pops a code and ends the route with it.
    PopReturn,
    /// Ends the route with this code; `None` keeps the last one.
    Return(Option<i32>),
    /// Ends the script.
    Exit,
    /// Ends the script and drops the message.
    Drop,
}
