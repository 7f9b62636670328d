//! A tree to a program: names are asked of the host, control becomes flat code.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ast::{Item, Route, RouteKind};
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::host::{Host, RouteNames, Site, Vocabulary};
use crate::parse::Parsed;
use crate::preprocess::Defines;
use crate::program::{Instruction, Program, RouteId, RouteInfo};
use crate::source::Span;

mod call;
mod control;
mod keyword;
pub(crate) mod tree;
mod types;

/// A program, if nothing forbids it, and what was found.
pub struct Resolved<H: Host> {
    /// What can be run; `None` when there is an error, also one of the parser.
    pub program: Option<Program<H>>,
    /// The findings of resolving alone; those of the parser are in [`Parsed::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves everything in a file. All mistakes are found in one run.
pub fn resolve<V: Vocabulary>(parsed: &Parsed, vocabulary: &V) -> Resolved<V::Host> {
    let routes: Vec<&Route> = parsed.script.items.iter().filter_map(as_route).collect();
    let mut diagnostics = Vec::new();
    let names = route_names(&routes, &mut diagnostics);
    let mut lowering = Lowering {
        vocabulary,
        defines: &parsed.defines,
        names: &names,
        code: Vec::new(),
        spans: Vec::new(),
        scopes: Vec::new(),
        at: Site {
            span: Span::default(),
            route: RouteKind::Request,
        },
        current: None,
        facts: Vec::new(),
        diagnostics,
    };
    let infos = lowering.routes(&routes);
    let (code, spans, facts) = (lowering.code, lowering.spans, lowering.facts);
    let mut diagnostics = lowering.diagnostics;
    check::routes(&infos, &facts, vocabulary, &mut diagnostics);
    for route in &routes {
        check::flow(route, &facts, &mut diagnostics);
    }
    diagnostics.sort_by_key(|found| found.span);
    let failed = parsed
        .diagnostics
        .iter()
        .chain(&diagnostics)
        .any(Diagnostic::is_error);
    let by_name = by_name(&names);
    let program = (!failed).then(|| Program {
        code,
        spans,
        routes: infos,
        names,
        by_name,
    });
    Resolved {
        program,
        diagnostics,
    }
}

fn as_route(item: &Item) -> Option<&Route> {
    match item {
        Item::Route(route) => Some(route),
        _ => None,
    }
}

fn route_names(routes: &[&Route], diagnostics: &mut Vec<Diagnostic>) -> RouteNames {
    let mut names = RouteNames::default();
    for (number, route) in routes.iter().enumerate() {
        let id = RouteId(u32::try_from(number).unwrap_or(u32::MAX));
        let key = (route.kind, route.name.text.clone());
        if let Some(first) = names.ids.get(&key).copied() {
            let first = routes
                .get(first.index())
                .map_or(route.span, |route| route.span);
            diagnostics.push(again(route).related(first, "the first"));
            continue;
        }
        names.ids.insert(key, id);
    }
    names
}

/// A second block: of a route with a name it is refused, of one without it is appended, as observed.
fn again(route: &Route) -> Diagnostic {
    let (kind, name) = (route.kind.keyword(), &route.name.text);
    if is_nameless(route) {
        return Diagnostic::new("W0507", route.span, format!("a second `{kind}`"))
            .label("runs after the first");
    }
    Diagnostic::new("E0404", route.span, format!("a second `{kind}[{name}]`"))
}

fn is_nameless(route: &Route) -> bool {
    route.name.text.is_empty()
}

fn by_name(names: &RouteNames) -> BTreeMap<Bytes, RouteId> {
    names
        .ids
        .iter()
        .filter(|((kind, _), _)| *kind == RouteKind::Sub)
        .map(|((_, name), id)| (Bytes::from(name.clone()), *id))
        .collect()
}

/// What the checker wants to know of a call in a route.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// The route it is in.
    pub(crate) route: RouteId,
    pub(crate) span: Span,
    pub(crate) kind: FactKind,
}

#[derive(Debug, Clone)]
pub(crate) enum FactKind {
    /// A function of this name that replies.
    Replies(String),
    /// A function of this name that may wait.
    Waits(String),
    /// A function after which nothing runs.
    Ends,
    /// `route(NAME)` or a function that enters this route.
    Enters(RouteId, Entry),
    /// `route($var(x))`
    EntersAny,
}

/// Who enters a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The script, here and now.
    Script,
    /// A function, perhaps later.
    Function,
}

/// What `break` and `continue` leave or repeat.
enum Scope {
    /// The start of the round, and the jumps out of it that wait for their target.
    Loop(u32, Vec<usize>),
    Switch(Vec<usize>),
}

struct Lowering<'a, V: Vocabulary> {
    vocabulary: &'a V,
    defines: &'a Defines,
    names: &'a RouteNames,
    code: Vec<Instruction<V::Host>>,
    spans: Vec<Span>,
    scopes: Vec<Scope>,
    at: Site,
    /// The route that is being lowered.
    current: Option<RouteId>,
    facts: Vec<Fact>,
    diagnostics: Vec<Diagnostic>,
}

impl<V: Vocabulary> Lowering<'_, V> {
    fn routes(&mut self, routes: &[&Route]) -> Vec<RouteInfo> {
        let mut infos = Vec::with_capacity(routes.len());
        for (number, route) in routes.iter().enumerate() {
            let first = self
                .names
                .find(route.kind, &route.name.text)
                .map(RouteId::index);
            let parts = match first {
                Some(first) if first != number && is_nameless(route) => &[],
                Some(_) if is_nameless(route) => routes.get(number..).unwrap_or_default(),
                _ => routes.get(number..=number).unwrap_or_default(),
            };
            infos.push(self.route(route, parts));
        }
        infos
    }

    /// Several blocks of a route without a name run one after the other.
    fn route(&mut self, route: &Route, parts: &[&Route]) -> RouteInfo {
        self.at = Site {
            span: route.span,
            route: route.kind,
        };
        if route.kind == RouteKind::Event
            && let Err(problem) = self.vocabulary.event_route(&route.name.text)
        {
            self.diagnostics.push(problem.at(route.name.span));
        }
        let entry = self.here();
        self.current = self.names.find(route.kind, &route.name.text);
        for part in parts.iter().filter(|part| part.kind == route.kind) {
            self.block(&part.body);
        }
        self.emit(Instruction::Return(None), route.span);
        RouteInfo {
            kind: route.kind,
            name: route.name.text.clone(),
            span: route.span,
            entry,
        }
    }

    fn site(&self, span: Span) -> Site {
        Site { span, ..self.at }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn note(&mut self, span: Span, kind: FactKind) {
        if let Some(route) = self.current {
            self.facts.push(Fact { route, span, kind });
        }
    }

    fn here(&self) -> u32 {
        u32::try_from(self.code.len()).unwrap_or(u32::MAX)
    }

    fn emit(&mut self, instruction: Instruction<V::Host>, span: Span) -> usize {
        self.code.push(instruction);
        self.spans.push(span);
        self.code.len() - 1
    }

    /// Gives a jump the address of what comes next.
    fn land(&mut self, jump: usize) {
        let here = self.here();
        self.aim(jump, here);
    }

    fn aim(&mut self, jump: usize, address: u32) {
        match self.code.get_mut(jump) {
            Some(
                Instruction::Jump(target)
                | Instruction::Unless(_, target)
                | Instruction::PopUnless(target)
                | Instruction::AndElse(target)
                | Instruction::OrElse(target)
                | Instruction::CaseInt(_, target)
                | Instruction::CaseText(_, target)
                | Instruction::CaseRegex(_, target)
                | Instruction::LoopRound(target),
            ) => *target = address,
            _ => debug_assert!(false, "only jumps are aimed"),
        }
    }
}
