//! What the script may name: the loaded modules as the language's vocabulary.

use crate::config::routes_of;
use crate::problem::{NOT_ASSIGNABLE, UNKNOWN_FUNCTION, problem, unknown_as};
use crate::{Context, Loaded, Names, Prepare, Problem, Routes, Var, Written, keyword};
use script::{
    Access, Arg, CallSpec, Expr, Function, Keyword, RouteKind, RouteNames, SelectSpec, Site, Span,
    Test, Traits, Value, VarSpec, Vocabulary,
};
use std::cell::RefCell;

/// The names a configuration may use, from the modules it loads.
pub struct Words<'a> {
    modules: &'a [Box<dyn Loaded>],
    names: RefCell<Names>,
    no_routes: RouteNames,
    event_routes: Vec<&'static str>,
    prompt_routes: Vec<&'static str>,
}

impl<'a> Words<'a> {
    /// The words of these modules; `names` has the flags that the file declares.
    pub fn new(modules: &'a [Box<dyn Loaded>], names: Names) -> Words<'a> {
        let (mut event_routes, mut prompt_routes) = (Vec::new(), Vec::new());
        for module in modules {
            let manifest = module.manifest();
            event_routes.extend(manifest.event_routes.iter().map(|named| named.name));
            prompt_routes.extend(manifest.prompt_routes);
        }
        Words {
            modules,
            names: RefCell::new(names),
            no_routes: RouteNames::default(),
            event_routes,
            prompt_routes,
        }
    }

    /// The names that were met, once everything is resolved.
    pub fn into_names(self) -> Names {
        self.names.into_inner()
    }

    /// Prepares something that stands outside of every route, such as `log_prefix`.
    pub fn prepare<T>(&self, with: impl FnOnce(&mut Prepare<'_>) -> T) -> T {
        self.with(Routes::ANY, Span::default(), &self.no_routes, with)
    }

    fn with<T>(
        &self,
        place: Routes,
        span: Span,
        routes: &RouteNames,
        with: impl FnOnce(&mut Prepare<'_>) -> T,
    ) -> T {
        let mut names = self.names.borrow_mut();
        let mut prepare = Prepare::new(self.modules, routes, &mut names, place);
        prepare.span = span;
        with(&mut prepare)
    }
}

impl Vocabulary for Words<'_> {
    type Host = Context;

    fn variable(&self, spec: &VarSpec, access: Access, at: Site) -> Result<Var, Problem> {
        let var = self.with(place(at), at.span, &self.no_routes, |prepare| {
            prepare.variable(spec)
        })?;
        if access == Access::Write && !var.is_writable() {
            let text = String::from_utf8_lossy(&spec.text).into_owned();
            return Err(Problem::new(
                NOT_ASSIGNABLE,
                format!("`{text}` cannot be assigned"),
            ));
        }
        Ok(var)
    }

    fn select(&self, spec: &SelectSpec, at: Site) -> Result<Var, Problem> {
        self.with(place(at), at.span, &self.no_routes, |prepare| {
            prepare.select(spec)
        })
    }

    fn keyword(&self, keyword: Keyword, _at: Site) -> Result<Var, Problem> {
        Ok(keyword::variable(keyword))
    }

    fn word(&self, keyword: Keyword, word: &[u8]) -> Option<Value> {
        keyword::word(keyword, word)
    }

    fn test(&self, test: &Test<'_>, _at: Site) -> Result<Var, Problem> {
        keyword::test(test)
    }

    fn function(&self, call: CallSpec<'_, Var>) -> Result<Function<Self>, Problem> {
        let name = call.name;
        let Some((module, usage)) = self
            .modules
            .iter()
            .find_map(|module| Some((module, module.usage(name)?)))
        else {
            let known = self.modules.iter().flat_map(|module| module.functions());
            return Err(unknown_as(UNKNOWN_FUNCTION, "function", name, known));
        };
        let args: Vec<Written> = call.args.into_iter().map(written).collect();
        self.with(place(call.at), call.at.span, call.routes, |prepare| {
            let prepared = module.function(name, &args, prepare);
            let call =
                prepared.unwrap_or_else(|| Err(problem(format!("{name}() is not there"))))?;
            let traits = Traits {
                replies: usage.replies,
                waits: usage.waits,
                ends: usage.ends,
            };
            Ok(Function {
                call,
                traits,
                enters: std::mem::take(&mut prepare.entered),
            })
        })
    }

    fn event_route(&self, name: &str) -> Result<(), Problem> {
        if self.event_routes.iter().any(|pattern| fits(pattern, name)) {
            return Ok(());
        }
        let known = self.event_routes.iter().copied();
        Err(unknown_as("W0412", "event route", name, known))
    }

    fn may_wait(&self, kind: RouteKind, name: &str) -> bool {
        match kind {
            RouteKind::Onsend => false,
            RouteKind::Event => !self.prompt_routes.contains(&name),
            _ => true,
        }
    }
}

fn place(at: Site) -> Routes {
    match at.route {
        // A named onreply_route and an event route are told apart by name only when they run.
        RouteKind::Event => Routes::EVENT | Routes::BRANCH_FAILURE,
        kind => routes_of(kind, "-"),
    }
}

fn written(arg: Arg<Var>) -> Written {
    match arg {
        Arg::Text(text) | Arg::Word(text) => Written::Text(text),
        Arg::Int(number) => Written::Number(number),
        Arg::Expr(Expr::Variable(var)) => Written::Variable(var),
        Arg::Expr(Expr::Constant(Value::Str(text))) => Written::Text(text),
        Arg::Expr(Expr::Constant(Value::Int(number))) => Written::Number(number),
        Arg::Expr(expr) => Written::Expr(expr),
    }
}

/// True where `name` is what `pattern` declares; a last part in capitals stands for any name:
/// `htable:expired:NAME`.
fn fits(pattern: &str, name: &str) -> bool {
    let (front, last) = pattern.rsplit_once(':').unwrap_or(("", pattern));
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return name
            .strip_prefix(front)
            .is_some_and(|rest| rest.len() > 1 && rest.starts_with(':'));
    }
    pattern == name
}
