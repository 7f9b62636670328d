//! Calls, and expressions with calls in them: code that leaves its value on the stack.

use super::control::is_pure;
use super::{Entry, FactKind, Lowering};
use crate::ast::{BinaryOp, Call, Expr as Ast, ExprKind, RouteCall, RouteKind, UnaryOp};
use crate::diagnostic::{Diagnostic, Problem};
use crate::expr::Expr;
use crate::host::{Access, Arg, CallSpec, Host, Var, Vocabulary};
use crate::program::Instruction;
use crate::suggest::nearest;
use crate::value::Value;

/// A target that is not known yet.
const LATER: u32 = u32::MAX;

impl<V: Vocabulary> Lowering<'_, V> {
    /// Leaves the value of an expression; of a call its code as it is.
    pub(super) fn push_raw(&mut self, expr: &Ast) {
        if is_pure(expr) {
            let tree = self.tree(expr).unwrap_or(Expr::Constant(Value::Null));
            self.emit(Instruction::Push(tree), expr.span);
            return;
        }
        match &expr.kind {
            ExprKind::Call(call) => {
                if let Some(resolved) = self.function(call, expr.span) {
                    self.emit(Instruction::Call(resolved), call.name.span);
                }
            }
            ExprKind::Route(call) => self.route_call(call, expr),
            ExprKind::Assign(assign) => {
                self.assign(assign);
                let site = self.site(assign.target.span);
                let variable = &assign.target.variable;
                if let Ok(read) = self.vocabulary.variable(variable, Access::Read, site) {
                    self.emit(Instruction::Push(Expr::Variable(read)), expr.span);
                }
            }
            ExprKind::Unary(op, operand) => {
                self.check_unary(*op, operand);
                self.push_operand(operand);
                self.emit(Instruction::Unary(*op), expr.span);
            }
            ExprKind::Binary(op, left, right) => self.push_binary(*op, left, right, expr),
            _ => {}
        }
    }

    /// Leaves the value of an operand: of a call 1 if its code is above 0, else 0.
    pub(super) fn push_operand(&mut self, expr: &Ast) {
        self.push_raw(expr);
        if matches!(expr.kind, ExprKind::Call(_) | ExprKind::Route(_)) {
            self.emit(Instruction::Truth, expr.span);
        }
    }

    fn push_binary(&mut self, op: BinaryOp, left: &Ast, right: &Ast, whole: &Ast) {
        self.check_binary(op, left, right);
        match op {
            BinaryOp::And | BinaryOp::Or => self.push_logic(op, left, right, whole),
            BinaryOp::Match | BinaryOp::Mismatch if matches!(right.kind, ExprKind::Str(_)) => {
                self.push_operand(left);
                if let ExprKind::Str(pattern) = &right.kind
                    && let Some(regex) = self.regex(pattern, right.span)
                {
                    self.emit(Instruction::Match(regex), whole.span);
                }
                if op == BinaryOp::Mismatch {
                    self.emit(Instruction::Unary(UnaryOp::Not), whole.span);
                }
            }
            _ => {
                self.push_operand(left);
                self.push_operand(right);
                self.emit(Instruction::Binary(op), whole.span);
            }
        }
    }

    /// `&&` and `||`. Where one side is a constant that decides nothing, the other stays as it is:
    /// `route(A) || 0` is the code of the route, as observed.
    fn push_logic(&mut self, op: BinaryOp, left: &Ast, right: &Ast, whole: &Ast) {
        let neutral = |side: &Ast| match side.kind {
            ExprKind::Int(number) => (number != 0) == (op == BinaryOp::And),
            _ => false,
        };
        if neutral(right) {
            return self.push_raw(left);
        }
        if neutral(left) {
            return self.push_raw(right);
        }
        self.push_operand(left);
        let skip = self.emit(
            if op == BinaryOp::And {
                Instruction::AndElse(LATER)
            } else {
                Instruction::OrElse(LATER)
            },
            whole.span,
        );
        self.push_operand(right);
        self.emit(Instruction::Nonzero, right.span);
        self.land(skip);
    }

    fn route_call(&mut self, call: &RouteCall, expr: &Ast) {
        match call {
            RouteCall::Named(name) => match self.names.find(RouteKind::Sub, &name.text) {
                Some(route) => {
                    self.note(expr.span, FactKind::Enters(route, Entry::Script));
                    self.emit(Instruction::Route(route), expr.span);
                }
                None => {
                    let known = nearest(&name.text, self.names.of_kind(RouteKind::Sub));
                    self.report(
                        Diagnostic::new(
                            "W0506",
                            name.span,
                            format!("there is no route `{}`", name.text),
                        )
                        .label("no such route; the call fails and the script goes on")
                        .candidates(known),
                    );
                    let text = Value::Str(name.text.clone().into());
                    self.emit(Instruction::Push(Expr::Constant(text)), expr.span);
                    self.emit(Instruction::RouteNamed, expr.span);
                }
            },
            RouteCall::Dynamic(name) => {
                self.note(expr.span, FactKind::EntersAny);
                self.push_raw(name);
                self.emit(Instruction::RouteNamed, expr.span);
            }
        }
    }

    pub(super) fn function(
        &mut self,
        call: &Call,
        span: crate::source::Span,
    ) -> Option<<V::Host as Host>::Call> {
        let (args, arg_spans) = self.arguments(call)?;
        let at = self.site(call.name.span);
        let routes = self.names;
        let spec = CallSpec {
            name: &call.name.text,
            args,
            at,
            arg_spans,
            routes,
        };
        match self.vocabulary.function(spec) {
            Ok(function) => {
                let name = || call.name.text.clone();
                if function.traits.replies {
                    self.note(span, FactKind::Replies(name()));
                }
                if function.traits.waits {
                    self.note(call.name.span, FactKind::Waits(name()));
                }
                if function.traits.ends {
                    self.note(span, FactKind::Ends);
                }
                for route in function.enters {
                    self.note(span, FactKind::Enters(route, Entry::Function));
                }
                Some(function.call)
            }
            Err(problem) => {
                let at = self.problem_span(&problem, call);
                self.report(problem.at(at));
                None
            }
        }
    }

    /// A problem with the name stands at the name, one with the arguments at the whole call.
    fn problem_span(&self, problem: &Problem, call: &Call) -> crate::source::Span {
        match (problem.code, call.args.as_slice()) {
            ("E0402" | "E0407", _) | (_, []) => call.name.span,
            (_, [only]) => only.span,
            (_, [first, .., last]) => first.span.to(last.span),
        }
    }

    #[expect(clippy::type_complexity, reason = "two lists, taken apart at once")]
    fn arguments(&mut self, call: &Call) -> Option<(Vec<Arg<Var<V>>>, Vec<crate::source::Span>)> {
        let mut args = Vec::with_capacity(call.args.len());
        let mut failed = false;
        for arg in &call.args {
            match self.argument(arg) {
                Some(arg) => args.push(arg),
                None => failed = true,
            }
        }
        (!failed).then(|| (args, call.args.iter().map(|arg| arg.span).collect()))
    }

    fn argument(&mut self, arg: &Ast) -> Option<Arg<Var<V>>> {
        Some(match &arg.kind {
            ExprKind::Str(text) => Arg::Text(text.clone()),
            ExprKind::Int(number) => Arg::Int(*number),
            ExprKind::Word(word) => Arg::Word(word.clone()),
            ExprKind::Keyword(keyword) => Arg::Word(keyword.word().into()),
            ExprKind::Myself => Arg::Word("myself".into()),
            ExprKind::Address(network) => Arg::Word(network.address.to_string().into()),
            _ if is_pure(arg) => match self.tree(arg)? {
                Expr::Constant(Value::Int(number)) => Arg::Int(number),
                Expr::Constant(Value::Str(text)) => Arg::Text(text),
                tree => Arg::Expr(tree),
            },
            _ => {
                self.report(
                    Diagnostic::new("E0405", arg.span, "a call cannot be an argument")
                        .help("assign it to a variable first: `$var(x) = …;`"),
                );
                return None;
            }
        })
    }
}
