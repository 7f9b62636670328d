//! Findings that need the whole file: unused routes, waits where none are allowed, unreachable
//! code, replies after which the script goes on.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Block, Route, RouteKind, Statement, StatementKind};
use crate::diagnostic::Diagnostic;
use crate::host::Vocabulary;
use crate::program::{RouteId, RouteInfo};
use crate::resolve::{Entry, Fact, FactKind};
use crate::source::Span;

/// Unused routes and waits in routes that cannot wait.
pub(crate) fn routes<V: Vocabulary>(
    routes: &[RouteInfo],
    facts: &[Fact],
    vocabulary: &V,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !routes.iter().any(|route| route.kind == RouteKind::Request) {
        let span = routes
            .first()
            .map_or_else(Span::default, |route| route.span);
        diagnostics.push(
            Diagnostic::new("W0415", span, "there is no `request_route`")
                .help("requests are not handled without one"),
        );
    }
    unused(routes, facts, diagnostics);
    waits(routes, facts, vocabulary, diagnostics);
}

fn unused(routes: &[RouteInfo], facts: &[Fact], diagnostics: &mut Vec<Diagnostic>) {
    let any = facts
        .iter()
        .any(|fact| matches!(fact.kind, FactKind::EntersAny));
    let entered: BTreeSet<RouteId> = facts
        .iter()
        .filter_map(|fact| match fact.kind {
            FactKind::Enters(route, _) => Some(route),
            _ => None,
        })
        .collect();
    for (number, route) in routes.iter().enumerate() {
        let id = RouteId(u32::try_from(number).unwrap_or(u32::MAX));
        let by_script = match route.kind {
            RouteKind::Sub => !any,
            RouteKind::Branch | RouteKind::Failure | RouteKind::Reply => true,
            _ => false,
        };
        if by_script && !entered.contains(&id) {
            let what = format!("`{}[{}]` is never used", route.kind.keyword(), route.name);
            diagnostics.push(Diagnostic::new("W0501", route.span, what).label("nobody enters it"));
        }
    }
}

/// A function that may wait must not be reached from a route that cannot.
fn waits<V: Vocabulary>(
    routes: &[RouteInfo],
    facts: &[Fact],
    vocabulary: &V,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut calls: BTreeMap<RouteId, Vec<RouteId>> = BTreeMap::new();
    for fact in facts {
        if let FactKind::Enters(route, Entry::Script) = fact.kind {
            calls.entry(fact.route).or_default().push(route);
        }
    }
    let mut from: BTreeMap<RouteId, &RouteInfo> = BTreeMap::new();
    for (number, route) in routes.iter().enumerate() {
        if vocabulary.may_wait(route.kind, &route.name) {
            continue;
        }
        let mut open = vec![RouteId(u32::try_from(number).unwrap_or(u32::MAX))];
        while let Some(id) = open.pop() {
            if from.insert(id, route).is_none() {
                open.extend(calls.get(&id).into_iter().flatten());
            }
        }
    }
    for fact in facts {
        if let (FactKind::Waits(name), Some(route)) = (&fact.kind, from.get(&fact.route)) {
            let what = format!("`{name}` may wait, but `{}` cannot", route.kind.keyword());
            diagnostics.push(
                Diagnostic::new("E0406", fact.span, what).related(route.span, "reached from here"),
            );
        }
    }
}

/// Unreachable code and replies without an end, in one route.
pub(crate) fn flow(route: &Route, facts: &[Fact], diagnostics: &mut Vec<Diagnostic>) {
    let mut replies = BTreeMap::new();
    let mut ends = BTreeSet::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Replies(name) => drop(replies.insert(fact.span, name.as_str())),
            FactKind::Ends => drop(ends.insert(fact.span)),
            _ => {}
        }
    }
    let mut flow = Flow {
        replies,
        ends,
        diagnostics,
    };
    flow.block(&route.body, After::End);
}

struct Flow<'a> {
    replies: BTreeMap<Span, &'a str>,
    ends: BTreeSet<Span>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// What happens after a statement, as far as a reply is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The route or script ends before anything else is decided.
    End,
    /// The script goes on.
    GoesOn,
}

impl Flow<'_> {
    /// Checks the statements from the last to the first, so that each knows what follows it.
    fn block(&mut self, block: &Block, after: After) -> After {
        self.unreachable(block);
        let mut after = after;
        for statement in block.statements.iter().rev() {
            after = self.statement(statement, after);
        }
        after
    }

    fn statement(&mut self, statement: &Statement, after: After) -> After {
        match &statement.kind {
            StatementKind::Exit | StatementKind::Drop | StatementKind::Return(_) => After::End,
            StatementKind::Break | StatementKind::Continue => After::End,
            StatementKind::Assign(_) => after,
            StatementKind::Call(call) => self.call(call.span, after),
            StatementKind::Block(block) => self.block(block, after),
            StatementKind::If(arms, otherwise) => {
                for (_, body) in arms {
                    self.block(body, after);
                }
                if let Some(body) = otherwise {
                    self.block(body, after);
                }
                After::GoesOn
            }
            StatementKind::Switch(_, cases) => {
                let mut next = after;
                for case in cases.iter().rev() {
                    next = self.block(&case.body, next);
                }
                After::GoesOn
            }
            StatementKind::While(_, body) => {
                self.block(body, After::GoesOn);
                After::GoesOn
            }
        }
    }

    fn call(&mut self, span: Span, after: After) -> After {
        if self.ends.contains(&span) {
            return After::End;
        }
        let Some(name) = self.replies.get(&span) else {
            return after;
        };
        if after == After::GoesOn {
            let what = format!("the script goes on after the reply of `{name}`");
            self.diagnostics.push(
                Diagnostic::new("W0504", span, what)
                    .help("add `exit;` after it if nothing more should happen to this request"),
            );
        }
        After::GoesOn
    }

    fn unreachable(&mut self, block: &Block) {
        for pair in block.statements.windows(2) {
            let [before, next] = pair else { continue };
            let (word, ends) = match &before.kind {
                StatementKind::Exit => ("exit", true),
                StatementKind::Drop => ("drop", true),
                StatementKind::Return(_) => ("return", true),
                StatementKind::Break => ("break", true),
                StatementKind::Continue => ("continue", true),
                _ => ("", false),
            };
            if ends {
                let what = format!("this is never reached: `{word}` stands before it");
                self.diagnostics.push(
                    Diagnostic::new("W0502", next.span, what)
                        .related(before.span, "here the block ends"),
                );
                return;
            }
        }
    }
}
