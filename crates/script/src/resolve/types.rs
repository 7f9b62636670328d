//! Types of constants: what Kamailio refuses at load as a type mismatch.

use super::Lowering;
use crate::ast::{BinaryOp, Expr as Ast, ExprKind, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::host::Vocabulary;
use crate::source::Span;

/// What is known of the type of an expression before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Int,
    Str,
    /// A variable can be anything.
    Any,
}

impl<V: Vocabulary> Lowering<'_, V> {
    pub(super) fn check_unary(&mut self, op: UnaryOp, operand: &Ast) {
        let refused = match op {
            UnaryOp::Not | UnaryOp::Negate | UnaryOp::BitNot => Type::Str,
            UnaryOp::StrLen | UnaryOp::StrEmpty | UnaryOp::Defined => Type::Int,
            UnaryOp::ToInt | UnaryOp::ToStr => return,
        };
        if type_of(operand) == refused && !is_call(operand) {
            self.mismatch(operand.span, refused);
        }
    }

    /// A return code is a number.
    pub(super) fn check_code(&mut self, value: &Ast) {
        if type_of(value) == Type::Str {
            self.mismatch(value.span, Type::Str);
        }
    }

    pub(super) fn check_binary(&mut self, op: BinaryOp, left: &Ast, right: &Ast) {
        let (a, b) = (type_of(left), type_of(right));
        match op {
            BinaryOp::Plus | BinaryOp::Equal | BinaryOp::Unequal => {
                if a == Type::Int && b == Type::Str {
                    self.mismatch(right.span, Type::Str);
                }
            }
            BinaryOp::Match | BinaryOp::Mismatch | BinaryOp::StrEqual | BinaryOp::StrUnequal => {
                for (side, of) in [(left, a), (right, b)] {
                    if of == Type::Int {
                        self.mismatch(side.span, Type::Int);
                    }
                }
            }
            _ => {
                for (side, of) in [(left, a), (right, b)] {
                    if of == Type::Str {
                        self.mismatch(side.span, Type::Str);
                    }
                }
            }
        }
    }

    fn mismatch(&mut self, span: Span, found: Type) {
        let (is, wanted, cast) = match found {
            Type::Int => ("a number", "text", "(str)"),
            _ => ("text", "a number", "(int)"),
        };
        self.report(
            Diagnostic::new("E0409", span, format!("this is {is}; {wanted} is expected"))
                .label(format!("{is}, not {wanted}"))
                .help(format!("write `{cast}` before it to convert it")),
        );
    }
}

fn is_call(expr: &Ast) -> bool {
    matches!(expr.kind, ExprKind::Call(_) | ExprKind::Route(_))
}

/// Walks down the left side only, so that checking stays linear on long chains of `+`.
fn type_of(expr: &Ast) -> Type {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Call(_) | ExprKind::Route(_) => Type::Int,
        ExprKind::Str(_) => Type::Str,
        ExprKind::Unary(UnaryOp::ToStr, _) => Type::Str,
        ExprKind::Unary(..) => Type::Int,
        ExprKind::Binary(BinaryOp::Plus, left, _) => type_of(left),
        ExprKind::Binary(..) => Type::Int,
        _ => Type::Any,
    }
}
