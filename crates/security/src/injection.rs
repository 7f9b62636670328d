//! Commands to databases and shells into which a peer can write.

mod narrow;
mod place;
mod taint;

use place::{Place, placed};
use script::ast::{Block, Call, Expr, ExprKind, Item, Statement, StatementKind};
use script::{Diagnostic, Script, VarSpec};
use taint::{Harm, Taint};

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
        let dangerous = placed(argument).into_iter().find_map(|(spec, place)| {
            let place = match reader {
                Reader::Database => place,
                Reader::Shell => Place::Shell,
            };
            let harm = self.taint.danger(&spec, place)?;
            Some((spec, harm))
        });
        if let Some((spec, harm)) = dangerous {
            self.findings.push(finding(reader, argument, &spec, harm));
        }
    }
}

fn finding(reader: Reader, argument: &Expr, spec: &VarSpec, harm: Harm) -> Diagnostic {
    let name = String::from_utf8_lossy(&spec.text).into_owned();
    match reader {
        Reader::Database => Diagnostic::new(
            "E0611",
            argument.span,
            format!("a peer can write into this query through {name}"),
        )
        .label(match harm {
            Harm::Between => {
                "it is escaped for a text between single quotes, and does not stand there"
            }
            Harm::Literal => "it brings its own quotes, and closes those around it",
            _ => "the text of the peer becomes part of the command",
        })
        .help(remedy(&name, harm)),
        Reader::Shell => Diagnostic::new(
            "E0612",
            argument.span,
            format!("a peer can run commands on this machine through {name}"),
        )
        .label("the text of the peer becomes part of the command line")
        .help(format!(
            "write `$({}{{s.encode.hexa}})` and decode it in the program, or let only \
                 harmless signs pass: `if ({name} !~ \"^[0-9a-zA-Z]+$\") {{ exit; }}`",
            bare(&name)
        )),
    }
}

/// What to write instead in a query.
fn remedy(name: &str, harm: Harm) -> String {
    match harm {
        Harm::Between => format!("write `'{name}'`, or `{{sql.val}}` without quotes around it"),
        Harm::Literal => format!("write `{name}` without quotes around it"),
        _ => {
            let bare = bare(name);
            format!(
                "write `$({bare}{{sql.val}})` without quotes around it, or `'$({bare}{{s.escape.common}})'`"
            )
        }
    }
}

/// A variable without its dollar sign and the parentheses around it.
fn bare(name: &str) -> String {
    let bare = name
        .trim_start_matches('$')
        .trim_matches(['(', ')'].as_slice());
    let has_own = name.ends_with("))") || !name.starts_with("$(") && name.ends_with(')');
    match has_own {
        true => format!("{bare})"),
        false => bare.to_owned(),
    }
}
