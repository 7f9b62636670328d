//! The Kamailio routing language: source to program, and the machine that runs it.
//!
//! The way of a file: [`SourceMap`] → preprocessor (keeps where every token came from) → lexer →
//! parser (never fails: a tree and all findings) → [`resolve()`] against a [`Vocabulary`] → a
//! [`Program`], which a [`Machine`] runs with a [`Host`]. Nothing here knows SIP: every variable,
//! condition and function is the host's.

pub mod ast;
mod check;
mod diagnostic;
mod explain;
mod expr;
mod format;
mod host;
mod lex;
mod machine;
mod parse;
mod preprocess;
mod program;
mod regex;
mod render;
mod resolve;
mod source;
mod spec;
mod suggest;
mod value;

pub use ast::{AssignOp, Keyword, Network, RouteKind, Script, SelectPart, SelectSpec};
pub use diagnostic::{Diagnostic, Problem, Severity};
pub use explain::{CODES, explain};
pub use expr::Expr;
pub use format::{FormatPiece, FormatSpec};
pub use host::{
    Access, Arg, CallSpec, EndKind, Fault, Flow, Function, Host, RouteEnd, RouteNames, Site, Test,
    TestWith, Traits, Var, Vocabulary,
};
pub use machine::{End, Limits, Machine, Step};
pub use parse::{Parsed, parse};
pub use preprocess::{Defines, Options, Printed, print};
pub use program::{Program, RouteId, RouteInfo};
pub use regex::{Captures, Flags as RegexFlags, Regex, RegexError};
pub use render::render;
pub use resolve::{Resolved, resolve};
pub use source::{FileError, FileId, Files, Opened, Position, SourceFile, SourceMap, Span};
pub use spec::{Index, SpecError, Transformation, VarSpec};
pub use suggest::{edit_distance, nearest};
pub use value::{Value, parse_int};
