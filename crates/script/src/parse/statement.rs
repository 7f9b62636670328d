//! Statements.

use super::{Failed, Parser, Read};
use crate::ast::{
    Assign, AssignOp, Block, Case, CaseLabel, Expr, ExprKind, Statement, StatementKind, Target,
};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::Kind;
use crate::source::Span;
use crate::spec::VarSpec;

impl Parser<'_> {
    /// `{ … }`
    pub(super) fn block(&mut self) -> Read<Block> {
        let open = self.expect(Punct::BraceOpen, "`{`")?;
        let statements = self.statements();
        if self.is(Punct::BraceClose) {
            let close = self.next().span;
            return Ok(Block {
                statements,
                span: open.to(close),
            });
        }
        let found = super::describe(self.peek());
        self.report(
            Diagnostic::new(
                "E0303",
                open,
                format!("this `{{` is never closed: found {found}"),
            )
            .label("no `}` for this"),
        );
        Ok(Block {
            statements,
            span: open.to(self.before()),
        })
    }

    /// Statements up to a closing brace, a label or the end.
    fn statements(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        while !self.at_end_of_statements() {
            let before = self.at;
            match self.nested(Self::statement) {
                Ok(Some(statement)) => statements.push(statement),
                Ok(None) => {}
                Err(Failed) => self.recover_statement(before),
            }
        }
        statements
    }

    fn at_end_of_statements(&self) -> bool {
        self.is(Punct::BraceClose)
            || self.peek().kind == Kind::End
            || self.is_word("case")
            || (self.is_word("default") && self.peek_at(1).kind == Kind::Punct(Punct::Colon))
            || self.at_route_header()
            || self.diagnostics.len() >= super::MOST_FINDINGS
    }

    /// A route cannot start within a block: the block before it was not closed.
    fn at_route_header(&self) -> bool {
        let token = self.peek();
        if token.kind != Kind::Ident || super::route::kind_of(&token.text).is_none() {
            return false;
        }
        let next = self.peek_at(1).kind;
        next == Kind::Punct(Punct::BraceOpen)
            || (next == Kind::Punct(Punct::BracketOpen)
                && self.peek_at(3).kind == Kind::Punct(Punct::BracketClose)
                && self.peek_at(4).kind == Kind::Punct(Punct::BraceOpen))
    }

    /// Steps to the end of the statement, over blocks in it.
    fn recover_statement(&mut self, before: usize) {
        self.at = self.at.max(before);
        while self.peek().kind != Kind::End && !self.at_route_header() {
            if self.is(Punct::BraceOpen) {
                self.skip_block();
                return;
            }
            if self.is(Punct::BraceClose) || self.eat(Punct::Semicolon) {
                return;
            }
            self.at += 1;
        }
    }

    /// A statement in braces or a single one.
    fn body(&mut self) -> Read<Block> {
        if self.is(Punct::BraceOpen) {
            return self.nested(Self::block);
        }
        let start = self.peek().span;
        let statement = self.nested(Self::statement)?;
        Ok(Block {
            statements: statement.into_iter().collect(),
            span: start.to(self.before()),
        })
    }

    fn statement(&mut self) -> Read<Option<Statement>> {
        let start = self.peek().span;
        let kind = match self.peek().kind {
            Kind::Punct(Punct::Semicolon) => {
                self.at += 1;
                return Ok(None);
            }
            Kind::Punct(Punct::BraceOpen) => StatementKind::Block(self.block()?),
            Kind::Variable => {
                let assign = self.assignment()?;
                self.semicolon();
                StatementKind::Assign(assign)
            }
            Kind::Ident => match self.keyword_statement()? {
                Some(kind) => kind,
                None => self.call_statement()?,
            },
            _ => return Err(self.expected("a statement")),
        };
        Ok(Some(Statement {
            kind,
            span: start.to(self.before()),
        }))
    }

    fn keyword_statement(&mut self) -> Read<Option<StatementKind>> {
        let word = self.peek().text.clone();
        Ok(Some(match word.as_ref() {
            b"if" => self.if_statement()?,
            b"while" => {
                self.at += 1;
                let condition = self.expression()?;
                StatementKind::While(condition, self.body()?)
            }
            b"switch" => self.switch_statement()?,
            b"return" => self.return_statement()?,
            b"exit" => self.simple(StatementKind::Exit)?,
            b"drop" => self.simple(StatementKind::Drop)?,
            b"break" => self.simple(StatementKind::Break)?,
            b"continue" => self.simple(StatementKind::Continue)?,
            b"else" => {
                let span = self.peek().span;
                self.report(
                    Diagnostic::new("E0301", span, "`else` without `if`")
                        .help("a `;` after the `}` of an `if` ends it"),
                );
                self.at += 1;
                StatementKind::Block(self.body()?)
            }
            _ => return Ok(None),
        }))
    }

    fn if_statement(&mut self) -> Read<StatementKind> {
        let mut arms = Vec::new();
        loop {
            self.at += 1;
            let condition = self.expression()?;
            let body = self.body()?;
            arms.push((condition, body));
            if !self.eat_word("else") {
                return Ok(StatementKind::If(arms, None));
            }
            if !self.is_word("if") {
                let otherwise = self.body()?;
                return Ok(StatementKind::If(arms, Some(otherwise)));
            }
        }
    }

    fn switch_statement(&mut self) -> Read<StatementKind> {
        self.at += 1;
        let subject = self.expression()?;
        let open = self.expect(Punct::BraceOpen, "`{`")?;
        let mut cases: Vec<Case> = Vec::new();
        loop {
            if self.eat(Punct::BraceClose) {
                return Ok(StatementKind::Switch(subject, cases));
            }
            if self.peek().kind == Kind::End || self.at_route_header() {
                self.report(Diagnostic::new("E0303", open, "this `{` is never closed"));
                return Err(Failed);
            }
            if self.eat(Punct::Semicolon) {
                continue;
            }
            let start = self.peek().span;
            let label = self.case_label()?;
            self.expect(Punct::Colon, "`:`")?;
            let span = start.to(self.before());
            if matches!(label, CaseLabel::Default) {
                self.check_default(&cases, span);
            }
            let body = Block {
                statements: self.statements(),
                span: span.to(self.before()),
            };
            cases.push(Case { label, body, span });
        }
    }

    fn check_default(&mut self, cases: &[Case], span: Span) {
        if let Some(first) = cases.iter().find(|c| matches!(c.label, CaseLabel::Default)) {
            self.report(
                Diagnostic::new("E0308", span, "a second `default`")
                    .related(first.span, "the first"),
            );
        }
    }

    fn case_label(&mut self) -> Read<CaseLabel> {
        if self.eat_word("default") {
            return Ok(CaseLabel::Default);
        }
        if !self.eat_word("case") {
            return Err(self.expected("`case` or `default`"));
        }
        let slash = self.eat(Punct::Slash);
        if slash || (self.is_word("r") && self.peek_at(1).kind == Kind::Text) {
            self.at += usize::from(!slash);
            let Some((text, span)) = self.strings() else {
                return Err(self.expected("a regular expression in quotes"));
            };
            self.eat(Punct::Slash);
            return Ok(CaseLabel::Regex(text, span));
        }
        self.expression().map(CaseLabel::Value)
    }

    fn return_statement(&mut self) -> Read<StatementKind> {
        self.at += 1;
        let empty =
            self.is(Punct::ParenOpen) && self.peek_at(1).kind == Kind::Punct(Punct::ParenClose);
        if empty {
            self.at += 2;
        }
        let value = if empty || self.is(Punct::Semicolon) || self.is(Punct::BraceClose) {
            None
        } else {
            Some(self.expression()?)
        };
        self.semicolon();
        Ok(StatementKind::Return(value))
    }

    /// `exit;`, also with a number, which means nothing.
    fn simple(&mut self, kind: StatementKind) -> Read<StatementKind> {
        self.at += 1;
        let empty =
            self.is(Punct::ParenOpen) && self.peek_at(1).kind == Kind::Punct(Punct::ParenClose);
        if empty {
            self.at += 2;
        } else if !self.is(Punct::Semicolon) && !self.is(Punct::BraceClose) {
            self.expression()?;
        }
        self.semicolon();
        Ok(kind)
    }

    pub(super) fn assignment(&mut self) -> Read<Assign> {
        let token = self.next();
        let variable = match VarSpec::parse(&token.text) {
            Ok(spec) => Box::new(spec),
            Err(error) => {
                self.report(Diagnostic::new("E0205", token.span, error.what));
                return Err(Failed);
            }
        };
        let op = if self.eat(Punct::Replace) {
            AssignOp::Replace
        } else {
            self.expect(Punct::Assign, "`=`")?;
            AssignOp::Set
        };
        let value = self.expression()?;
        Ok(Assign {
            target: Target {
                variable,
                span: token.span,
            },
            op,
            value,
        })
    }

    fn call_statement(&mut self) -> Read<StatementKind> {
        let call = self.call_expression()?;
        if !matches!(
            call.kind,
            ExprKind::Call(_) | ExprKind::Route(_) | ExprKind::Broken
        ) {
            let Expr { span, .. } = call;
            self.report(Diagnostic::new("E0301", span, "this is no statement"));
            return Err(Failed);
        }
        self.semicolon();
        Ok(StatementKind::Call(call))
    }
}
