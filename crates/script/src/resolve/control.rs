//! Statements to flat code.

use super::{Entry, FactKind, Lowering, Scope};
use crate::ast::{
    Assign, Block, Case, CaseLabel, Expr as Ast, ExprKind, RouteKind, Statement, StatementKind,
};
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::host::{Access, Vocabulary};
use crate::program::Instruction;
use crate::regex::Regex;
use crate::source::Span;
use crate::value::Value;

/// A target that is not known yet.
const LATER: u32 = u32::MAX;

impl<V: Vocabulary> Lowering<'_, V> {
    pub(super) fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let span = statement.span;
        if !matches!(statement.kind, StatementKind::Block(_)) {
            self.emit(Instruction::Statement, span);
        }
        match &statement.kind {
            StatementKind::Call(call) => self.call_statement(call),
            StatementKind::Assign(assign) => self.assign(assign),
            StatementKind::If(arms, otherwise) => self.if_else(arms, otherwise.as_ref()),
            StatementKind::Switch(subject, cases) => self.switch(subject, cases),
            StatementKind::While(condition, body) => self.while_loop(condition, body),
            StatementKind::Block(block) => self.block(block),
            StatementKind::Return(value) => self.return_value(value.as_ref(), span),
            StatementKind::Exit => drop(self.emit(Instruction::Exit, span)),
            StatementKind::Drop => drop(self.emit(Instruction::Drop, span)),
            StatementKind::Break => self.break_out(span),
            StatementKind::Continue => self.continue_loop(span),
        }
    }

    fn call_statement(&mut self, call: &Ast) {
        match &call.kind {
            ExprKind::Call(function) => {
                if let Some(call) = self.function(function, call.span) {
                    self.emit(Instruction::CallOnly(call), function.name.span);
                }
            }
            _ => {
                self.push_raw(call);
                self.emit(Instruction::PopLast, call.span);
            }
        }
    }

    pub(super) fn assign(&mut self, assign: &Assign) {
        let site = self.site(assign.target.span);
        let variable = match self
            .vocabulary
            .variable(&assign.target.variable, Access::Write, site)
        {
            Ok(variable) => Some(variable),
            Err(problem) => {
                self.report(problem.at(assign.target.span));
                None
            }
        };
        self.named(&assign.value);
        let span = assign.target.span.to(assign.value.span);
        if is_pure(&assign.value) {
            let value = self.tree(&assign.value);
            if let (Some(variable), Some(value)) = (variable, value) {
                self.emit(Instruction::Assign(variable, assign.op, value), span);
            }
            return;
        }
        self.push_raw(&assign.value);
        if let Some(variable) = variable {
            self.emit(Instruction::PopAssign(variable, assign.op), span);
        }
    }

    /// A text that is the name of a route may enter it later: `$dlg_ctx(timeout_route) = "TOO_LONG"`.
    fn named(&mut self, value: &Ast) {
        let ExprKind::Str(text) = &value.kind else {
            return;
        };
        let name = std::str::from_utf8(text).unwrap_or_default();
        if let Some(route) = self.names.find(RouteKind::Sub, name) {
            self.note(value.span, FactKind::Enters(route, Entry::Function));
        }
    }

    /// Code that goes on when a condition is true; the jump taken when not.
    fn condition(&mut self, condition: &Ast) -> usize {
        self.check_condition(condition);
        if is_pure(condition) {
            let tree = self.tree(condition).unwrap_or(Expr::Constant(Value::Null));
            return self.emit(Instruction::Unless(tree, LATER), condition.span);
        }
        self.push_raw(condition);
        self.emit(Instruction::PopUnless(LATER), condition.span)
    }

    fn check_condition(&mut self, condition: &Ast) {
        if let ExprKind::Assign(assign) = &condition.kind {
            let span = assign.target.span.to(assign.value.span);
            self.report(
                Diagnostic::new("W0503", span, "an assignment where a condition is expected")
                    .help("`==` compares"),
            );
        }
    }

    fn if_else(&mut self, arms: &[(Ast, Block)], otherwise: Option<&Block>) {
        let mut ends = Vec::new();
        for (number, (condition, body)) in arms.iter().enumerate() {
            let skip = self.condition(condition);
            self.block(body);
            if number + 1 < arms.len() || otherwise.is_some() {
                ends.push(self.emit(Instruction::Jump(LATER), body.span));
            }
            self.land(skip);
        }
        if let Some(body) = otherwise {
            self.block(body);
        }
        for end in ends {
            self.land(end);
        }
    }

    fn while_loop(&mut self, condition: &Ast, body: &Block) {
        self.emit(Instruction::LoopEnter, condition.span);
        let start = self.here();
        let over = self.condition(condition);
        let too_many = self.emit(Instruction::LoopRound(LATER), condition.span);
        self.emit(Instruction::Statement, condition.span);
        self.scopes.push(Scope::Loop(start, Vec::new()));
        self.block(body);
        self.emit(Instruction::Jump(start), body.span);
        if let Some(Scope::Loop(_, breaks)) = self.scopes.pop() {
            for jump in breaks {
                self.land(jump);
            }
        }
        self.land(over);
        self.land(too_many);
        self.emit(Instruction::LoopLeave, body.span);
    }

    fn switch(&mut self, subject: &Ast, cases: &[Case]) {
        self.push_operand(subject);
        let mut jumps = Vec::new();
        for case in cases {
            jumps.push(self.case_jump(case));
        }
        self.emit(Instruction::Pop, subject.span);
        let default = self.emit(Instruction::Jump(LATER), subject.span);
        self.scopes.push(Scope::Switch(Vec::new()));
        let mut has_default = false;
        for (case, jump) in cases.iter().zip(jumps) {
            match (&case.label, jump) {
                (CaseLabel::Default, _) => {
                    has_default = true;
                    self.land(default);
                }
                (_, Some(jump)) => self.land(jump),
                _ => {}
            }
            self.block(&case.body);
        }
        if let Some(Scope::Switch(breaks)) = self.scopes.pop() {
            for jump in breaks {
                self.land(jump);
            }
        }
        if !has_default {
            self.land(default);
        }
    }

    fn case_jump(&mut self, case: &Case) -> Option<usize> {
        let instruction = match &case.label {
            CaseLabel::Default => return None,
            CaseLabel::Regex(pattern, span) => {
                Instruction::CaseRegex(self.regex(pattern, *span)?, LATER)
            }
            CaseLabel::Value(value) => {
                let tree = if is_pure(value) {
                    self.tree(value)?
                } else {
                    Expr::Constant(Value::Null)
                };
                match tree.as_constant() {
                    Some(Value::Int(number)) => Instruction::CaseInt(*number, LATER),
                    Some(Value::Str(text)) => Instruction::CaseText(text.clone(), LATER),
                    _ => {
                        let message = "a case is a number, a string or a regular expression";
                        self.report(Diagnostic::new("E0309", value.span, message));
                        return None;
                    }
                }
            }
        };
        Some(self.emit(instruction, case.span))
    }

    pub(super) fn regex(&mut self, pattern: &[u8], span: Span) -> Option<Regex> {
        match Regex::compile(pattern) {
            Ok(regex) => {
                if let Some(letter) = crate::regex::idle_escape(pattern) {
                    let what = format!("`\\{letter}` matches nothing in a POSIX expression");
                    self.report(
                        Diagnostic::new("W0508", span, what).help(
                            "`[0-9]` is a digit, `[[:space:]]` a blank, `[[:alpha:]]` a letter",
                        ),
                    );
                }
                Some(regex)
            }
            Err(error) => {
                let message = format!("malformed regular expression: {error}");
                self.report(Diagnostic::new("E0410", span, message));
                None
            }
        }
    }

    fn return_value(&mut self, value: Option<&Ast>, span: Span) {
        let Some(value) = value else {
            self.emit(Instruction::Return(Some(1)), span);
            return;
        };
        if let ExprKind::Int(code) = value.kind {
            let code = i32::try_from(code).unwrap_or(0);
            self.emit(Instruction::Return(Some(code)), span);
            return;
        }
        self.check_code(value);
        self.push_operand(value);
        self.emit(Instruction::PopReturn, span);
    }

    /// What `break` leaves has the code 0; outside of `switch` and `while` it leaves the route.
    fn break_out(&mut self, span: Span) {
        self.emit(Instruction::Last(0), span);
        let jump = self.emit(Instruction::Jump(LATER), span);
        match self.scopes.last_mut() {
            Some(Scope::Loop(_, breaks) | Scope::Switch(breaks)) => breaks.push(jump),
            None => {
                self.code.pop();
                self.spans.pop();
                self.emit(Instruction::Return(None), span);
            }
        }
    }

    fn continue_loop(&mut self, span: Span) {
        let start = self.scopes.iter().rev().find_map(|scope| match scope {
            Scope::Loop(start, _) => Some(*start),
            Scope::Switch(_) => None,
        });
        match start {
            Some(start) => drop(self.emit(Instruction::Jump(start), span)),
            None => self.report(Diagnostic::new(
                "E0411",
                span,
                "`continue` outside of a `while`",
            )),
        }
    }
}

/// Whether an expression has neither calls nor assignments in it.
pub(super) fn is_pure(expr: &Ast) -> bool {
    match &expr.kind {
        ExprKind::Call(_) | ExprKind::Route(_) | ExprKind::Assign(_) => false,
        ExprKind::Unary(_, operand) => is_pure(operand),
        ExprKind::Binary(_, left, right) => is_pure(left) && is_pure(right),
        _ => true,
    }
}
