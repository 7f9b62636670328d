//! Expressions without calls to trees, constants folded.

use super::Lowering;
use crate::ast::{BinaryOp, Expr as Ast, ExprKind, Network, UnaryOp};
use crate::diagnostic::{Diagnostic, Problem};
use crate::expr::{Expr, binary, unary};
use crate::host::{Access, Site, Var, Vocabulary};
use crate::suggest::nearest;
use crate::value::Value;

impl<V: Vocabulary> Lowering<'_, V> {
    /// The tree of an expression; `None` when something in it is reported.
    pub(super) fn tree(&mut self, expr: &Ast) -> Option<Expr<Var<V>>> {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::Int(number) => Some(Expr::Constant(Value::Int(*number))),
            ExprKind::Str(text) => Some(Expr::Constant(Value::Str(text.clone()))),
            ExprKind::Variable(spec) => {
                if let Some(value) = self.defines.variable(spec) {
                    return Some(Expr::Constant(value));
                }
                let found = self.vocabulary.variable(spec, Access::Read, site);
                self.ask(found, site).map(Expr::Variable)
            }
            ExprKind::Select(spec) => {
                let found = self.vocabulary.select(spec, site);
                self.ask(found, site).map(Expr::Variable)
            }
            ExprKind::Keyword(keyword) => {
                let found = self.vocabulary.keyword(*keyword, site);
                self.ask(found, site).map(Expr::Variable)
            }
            ExprKind::Unary(op, operand) => {
                self.check_unary(*op, operand);
                let operand = self.tree(operand)?;
                Some(fold_unary(*op, operand))
            }
            ExprKind::Binary(op, left, right) => self.binary_tree(*op, left, right, site),
            ExprKind::Myself => self.misplaced(expr, "`myself` is compared with `uri`, `src_ip` …"),
            ExprKind::Address(network) => {
                let text = network_text(*network);
                self.misplaced(expr, &format!("put it in quotes: \"{text}\""))
            }
            ExprKind::Word(word) => self.unknown_word(expr, word),
            _ => None,
        }
    }

    /// What the host found, or its problem reported.
    pub(super) fn ask<T>(&mut self, found: Result<T, Problem>, site: Site) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(problem) => {
                self.report(problem.at(site.span));
                None
            }
        }
    }

    fn binary_tree(
        &mut self,
        op: BinaryOp,
        left: &Ast,
        right: &Ast,
        site: Site,
    ) -> Option<Expr<Var<V>>> {
        if let Some((keyword, other)) = Self::keyword_sides(op, left, right) {
            return self.keyword_tree(keyword, op, other, site);
        }
        self.check_binary(op, left, right);
        let a = self.tree(left);
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::Unequal);
        if equality && let Some(test) = special(right) {
            let differs = op == BinaryOp::Unequal;
            return Some(special_tree(test, a?, differs));
        }
        if let (BinaryOp::Match | BinaryOp::Mismatch, ExprKind::Str(pattern)) = (op, &right.kind) {
            let regex = self.regex(pattern, right.span)?;
            return Some(match_tree(op, a?, regex));
        }
        let b = self.tree(right);
        Some(fold_binary(op, a?, b?))
    }

    fn misplaced(&mut self, expr: &Ast, help: &str) -> Option<Expr<Var<V>>> {
        self.report(Diagnostic::new("E0307", expr.span, "this is no value").help(help));
        None
    }

    fn unknown_word(&mut self, expr: &Ast, word: &[u8]) -> Option<Expr<Var<V>>> {
        let word = String::from_utf8_lossy(word);
        let defined: Vec<String> = self
            .defines
            .iter()
            .filter(|(_, value)| value.is_some())
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect();
        let known = nearest(&word, defined.iter().map(String::as_str));
        self.report(
            Diagnostic::new("E0414", expr.span, format!("`{word}` means nothing here"))
                .label("neither defined nor a keyword")
                .help("a string stands in quotes, a function has `()`")
                .candidates(known),
        );
        None
    }
}

/// `left =~ "constant"`.
pub(super) fn match_tree<X>(op: BinaryOp, left: Expr<X>, regex: crate::regex::Regex) -> Expr<X> {
    let matches = Expr::Match(Box::new((left, regex)));
    if op == BinaryOp::Mismatch {
        Expr::Unary(UnaryOp::Not, Box::new(matches))
    } else {
        matches
    }
}

/// A comparison with `$null` asks whether the other side is defined, one with `""` whether it is
/// empty, whatever its type: `0 == ""` is false while `0 == "x"` is true, as observed.
fn special(right: &Ast) -> Option<UnaryOp> {
    match &right.kind {
        ExprKind::Variable(spec) if spec.name == "null" && spec.inner.is_none() => {
            Some(UnaryOp::Defined)
        }
        ExprKind::Str(text) if text.is_empty() => Some(UnaryOp::StrEmpty),
        _ => None,
    }
}

fn special_tree<X>(test: UnaryOp, left: Expr<X>, differs: bool) -> Expr<X> {
    let holds = fold_unary(test, left);
    let as_asked = (test == UnaryOp::StrEmpty) != differs;
    if as_asked {
        holds
    } else {
        fold_unary(UnaryOp::Not, holds)
    }
}

fn fold_unary<X>(op: UnaryOp, operand: Expr<X>) -> Expr<X> {
    match operand {
        Expr::Constant(value) => Expr::Constant(unary(op, &value)),
        operand => Expr::Unary(op, Box::new(operand)),
    }
}

/// Folds constants. A side of `&&` or `||` that decides nothing goes away, and the other stays a
/// number as it is: `$avp(five) && 1` is 5, as observed. What fails is left to fail when it runs.
pub(super) fn fold_binary<X>(op: BinaryOp, left: Expr<X>, right: Expr<X>) -> Expr<X> {
    if let (Some(a), Some(b)) = (left.as_constant(), right.as_constant())
        && let Ok(value) = binary(op, a, b)
    {
        return Expr::Constant(value);
    }
    let logic = matches!(op, BinaryOp::And | BinaryOp::Or);
    let neutral = |side: &Expr<X>| {
        let truth = side.as_constant().map(Value::is_nonzero);
        logic && truth == Some(op == BinaryOp::And)
    };
    if neutral(&right) {
        return Expr::Unary(UnaryOp::ToInt, Box::new(left));
    }
    if neutral(&left) {
        return Expr::Unary(UnaryOp::ToInt, Box::new(right));
    }
    Expr::Binary(op, Box::new((left, right)))
}

fn network_text(network: Network) -> String {
    let single = if network.address.is_ipv4() { 32 } else { 128 };
    if network.prefix == single {
        network.address.to_string()
    } else {
        format!("{}/{}", network.address, network.prefix)
    }
}
