//! Commands to databases and shells into which a peer can write.

mod narrow;
mod taint;

use crate::flow::parts;
use bytes::Bytes;
use script::ast::{Block, Call, Expr, ExprKind, Item, Statement, StatementKind};
use script::{Diagnostic, Script, VarSpec};
use taint::Taint;

/// The findings in every route.
pub(crate) fn find(script: &Script) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let everywhere = Taint::of(script);
    for item in &script.items {
        if let Item::Route(route) = item {
            let mut look = Look {
                taint: everywhere.clone(),
                findings: &mut findings,
            };
            look.block(&route.body);
        }
    }
    findings
}

/// Who reads the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Database,
    Shell,
}

/// The reader of an argument, and which argument it is.
fn reader(name: &str) -> Option<(Reader, usize)> {
    Some(match name {
        "sql_query" | "sql_xquery" | "sql_pvquery" | "sql_query_async" | "sql_query_dp" => {
            (Reader::Database, 1)
        }
        "avp_db_query" => (Reader::Database, 0),
        "exec_dset" | "exec_msg" | "exec_avp" | "exec_cmd" => (Reader::Shell, 0),
        _ => return None,
    })
}

/// Goes through a route in the order of its text.
struct Look<'a> {
    taint: Taint,
    findings: &'a mut Vec<Diagnostic>,
}

impl Look<'_> {
    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Call(call) => self.expression(call),
            StatementKind::Assign(assign) => {
                self.expression(&assign.value);
                self.taint.assign(assign);
            }
            StatementKind::If(arms, otherwise) => {
                for (condition, body) in arms {
                    self.expression(condition);
                    self.block(body);
                }
                otherwise.iter().for_each(|body| self.block(body));
            }
            StatementKind::Switch(subject, cases) => {
                self.expression(subject);
                cases.iter().for_each(|case| self.block(&case.body));
            }
            StatementKind::While(condition, body) => {
                self.expression(condition);
                self.block(body);
            }
            StatementKind::Block(body) => self.block(body),
            StatementKind::Return(Some(value)) => self.expression(value),
            _ => {}
        }
    }

    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call(call) => self.call(call),
            ExprKind::Unary(_, inner) => self.expression(inner),
            ExprKind::Binary(op, left, right) => {
                self.taint.test(*op, left, right);
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Assign(assign) => self.taint.assign(assign),
            _ => {}
        }
    }

    fn call(&mut self, call: &Call) {
        let Some((reader, at)) = reader(&call.name.text) else {
            return;
        };
        let Some(argument) = call.args.get(at) else {
            return;
        };
        let is_shell = reader == Reader::Shell;
        let guilty = variables(argument)
            .into_iter()
            .find(|spec| self.taint.is_dangerous(spec, is_shell));
        if let Some(spec) = guilty {
            self.findings.push(finding(reader, argument, &spec));
        }
    }
}

fn finding(reader: Reader, argument: &Expr, spec: &VarSpec) -> Diagnostic {
    let name = String::from_utf8_lossy(&spec.text).into_owned();
    let bare = name
        .trim_start_matches('$')
        .trim_matches(['(', ')'].as_slice());
    let bare = if name.ends_with("))") || !name.starts_with("$(") && name.ends_with(')') {
        format!("{bare})")
    } else {
        bare.to_owned()
    };
    match reader {
        Reader::Database => Diagnostic::new("E0611", argument.span, format!("a peer can write into this query through {name}"))
            .label("the text of the peer becomes part of the command")
            .help(format!("write `$({bare}{{sql.val}})` without quotes around it, or `'$({bare}{{s.escape.common}})'`")),
        Reader::Shell => Diagnostic::new("E0612", argument.span, format!("a peer can run commands on this machine through {name}"))
            .label("the text of the peer becomes part of the command line")
            .help(format!(
                "write `$({bare}{{s.encode.hexa}})` and decode it in the program, or let only \
                 harmless signs pass: `if ({name} !~ \"^[0-9a-zA-Z]+$\") {{ exit; }}`"
            )),
    }
}

fn variables(expr: &Expr) -> Vec<VarSpec> {
    match &expr.kind {
        ExprKind::Str(text) => parts::variables_of(text),
        ExprKind::Variable(spec) => vec![spec.as_ref().clone()],
        ExprKind::Binary(_, left, right) => {
            let mut found = variables(left);
            found.extend(variables(right));
            found
        }
        ExprKind::Unary(_, inner) => variables(inner),
        ExprKind::Select(select) => {
            // A select stands for what it reads from the message.
            let text = [b"$sel(", select.text.as_ref(), b")"].concat();
            parts::variables_of(&Bytes::from(text))
        }
        _ => Vec::new(),
    }
}
