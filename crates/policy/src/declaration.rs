//! The declaration of a module: everything it offers, each with its doc line, in one place.
//!
//! The checker, the manual, `ringwall modules`, RPC and the metrics are derived from it.

mod manifest;

pub use manifest::{Manifest, Parameter, Variable};

use crate::function::{Function, FunctionDecl};
use crate::param::{FromParam, ParamDecl};
use crate::{
    Context, Init, Module, Prepare, Problem, Routes, RpcRequest, RpcResult, Transform, Var, Written,
};
use script::{SelectSpec, Value, VarSpec};
use serde::Serialize;
use std::fmt::Display;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// Everything module `M` offers. Filled by [`Module::declare`].
pub struct Declaration<M: Module> {
    doc: &'static str,
    pub(crate) params: Vec<ParamDecl<M::Params>>,
    pub(crate) functions: Vec<FunctionDecl<M>>,
    pub(crate) variables: Vec<VariableDecl<M>>,
    pub(crate) transformations: Vec<TransformationDecl>,
    pub(crate) selects: Vec<SelectDecl>,
    event_routes: Vec<Named>,
    prompt_routes: Vec<&'static str>,
    rpcs: Vec<RpcDecl<M>>,
    timers: Vec<TimerDecl<M>>,
    tables: Vec<Named>,
    deviations: Vec<&'static str>,
}

/// A name with its doc line.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Named {
    /// The name as an operator writes it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub doc: &'static str,
}

type PrepareVar<M> =
    Box<dyn Fn(Option<&Arc<M>>, &VarSpec, &mut Prepare<'_>) -> Result<Var, Problem> + Send + Sync>;
type PrepareTransform = fn(&[Written], &mut Prepare<'_>) -> Result<Transform, Problem>;

pub(crate) struct VariableDecl<M> {
    usage: Named,
    writable: bool,
    pub(crate) prepare: PrepareVar<M>,
}

impl<M> VariableDecl<M> {
    /// The class: what stands between `$` and the first bracket.
    pub(crate) fn class(&self) -> &'static str {
        self.usage.name.split('(').next().unwrap_or_default()
    }
}

pub(crate) struct TransformationDecl {
    /// `s.len`, `s.substr,offset,length`: class, name, arguments.
    usage: Named,
    pub(crate) prepare: PrepareTransform,
}

impl TransformationDecl {
    pub(crate) fn is(&self, class: &str, name: &str) -> bool {
        self.path().split_once('.') == Some((class, name))
    }

    /// `class.name`, without the arguments.
    pub(crate) fn path(&self) -> &'static str {
        self.usage.name.split(',').next().unwrap_or_default()
    }
}

/// Prepares a select, where it is the one that is declared.
type PrepareSelect = fn(&SelectSpec, &mut Prepare<'_>) -> Option<Result<Var, Problem>>;

pub(crate) struct SelectDecl {
    usage: Named,
    pub(crate) prepare: PrepareSelect,
}

type RpcFn<M> = fn(&M, &RpcRequest) -> RpcResult;
type TimerFn<M> = fn(&Arc<M>, u64);

struct RpcDecl<M> {
    usage: Named,
    waits: fn(&M) -> bool,
    run: RpcFn<M>,
}

struct TimerDecl<M> {
    interval_ms: fn(&M) -> u32,
    run: TimerFn<M>,
}

impl<M: Module> Declaration<M> {
    pub(crate) fn new() -> Declaration<M> {
        Declaration {
            doc: "",
            params: Vec::new(),
            functions: Vec::new(),
            variables: Vec::new(),
            transformations: Vec::new(),
            selects: Vec::new(),
            event_routes: Vec::new(),
            prompt_routes: Vec::new(),
            rpcs: Vec::new(),
            timers: Vec::new(),
            tables: Vec::new(),
            deviations: Vec::new(),
        }
    }

    /// What the module is for, in a sentence.
    pub fn doc(&mut self, doc: &'static str) {
        self.doc = doc;
    }

    /// A parameter; `set` stores the converted value.
    pub fn param<V: FromParam>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        set: impl Fn(&mut M::Params, V) + Send + Sync + 'static,
    ) {
        self.try_param(name, doc, move |params, value| {
            set(params, value);
            Ok(())
        });
    }

    /// A parameter whose value `set` may refuse with a sentence.
    pub fn try_param<V: FromParam>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        set: impl Fn(&mut M::Params, V) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.params.push(ParamDecl::new(name, doc, set));
    }

    /// A parameter that is a number of `range`, both ends included; another one is refused.
    pub fn number<N>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        range: impl RangeBounds<N> + Send + Sync + 'static,
        set: impl Fn(&mut M::Params, N) + Send + Sync + 'static,
    ) where
        N: TryFrom<i64> + PartialOrd + Display + Send + Sync + 'static,
    {
        self.try_param(name, doc, move |params, number: i64| {
            let fits = N::try_from(number).ok();
            let fits = fits.filter(|number| range.contains(number));
            set(params, fits.ok_or_else(|| outside(&range, number))?);
            Ok(())
        });
    }

    /// A parameter that names a function of a scripting engine; `set` hears whether it names one.
    pub fn callback(
        &mut self,
        name: &'static str,
        set: impl Fn(&mut M::Params, bool) + Send + Sync + 'static,
    ) {
        let doc = "Accepted, with a warning: names a function of a scripting engine, which a native script never calls.";
        self.param(name, doc, move |params, callback: crate::Callback| {
            set(params, callback.is_set);
        });
    }

    /// A script function. `usage` names it and its arguments, optional ones in brackets:
    /// `save(domain, [flags], [uri])`. `routes` says where it may be called.
    pub fn function<Args>(
        &mut self,
        usage: &'static str,
        doc: &'static str,
        routes: Routes,
        function: impl Function<M, Args>,
    ) -> &mut FunctionDecl<M> {
        self.functions
            .push(FunctionDecl::new(usage, doc, routes, function));
        let last = self.functions.len() - 1;
        &mut self.functions[last]
    }

    /// A variable that is only read, without anything in brackets.
    pub fn read(
        &mut self,
        name: &'static str,
        doc: &'static str,
        read: impl Fn(&M, &mut Context) -> Value + Send + Sync + Copy + 'static,
    ) {
        self.variable(name, doc, false, move |module, _, _| {
            let Some(module) = module.cloned() else {
                return Ok(Var::null());
            };
            Ok(Var::read_only(move |context| read(&module, context)))
        });
    }

    /// A variable that can be read and assigned, without anything in brackets. Assigning `$null`
    /// gives [`Value::Null`].
    pub fn read_write(
        &mut self,
        name: &'static str,
        doc: &'static str,
        read: impl Fn(&M, &mut Context) -> Value + Send + Sync + Copy + 'static,
        write: impl Fn(&M, &mut Context, Value) -> bool + Send + Sync + Copy + 'static,
    ) {
        self.variable(name, doc, true, move |module, _, _| {
            let Some(module) = module.cloned() else {
                return Ok(Var::null());
            };
            let same = module.clone();
            Ok(Var::read_write(
                move |context| read(&module, context),
                move |context, value| write(&same, context, value),
            ))
        });
    }

    /// A variable with something in brackets or with an index: `prepare` sees it as written.
    /// `name` shows the form: `hdr(name)`, `sht(table=>key)`.
    pub fn variable(
        &mut self,
        name: &'static str,
        doc: &'static str,
        writable: bool,
        prepare: impl Fn(Option<&Arc<M>>, &VarSpec, &mut Prepare<'_>) -> Result<Var, Problem>
        + Send
        + Sync
        + 'static,
    ) {
        let prepare = Box::new(prepare);
        self.variables.push(VariableDecl {
            usage: Named { name, doc },
            writable,
            prepare,
        });
    }

    /// A transformation: `usage` is `class.name` with its arguments, `s.substr,offset,length`.
    pub fn transformation(
        &mut self,
        usage: &'static str,
        doc: &'static str,
        prepare: PrepareTransform,
    ) {
        self.transformations.push(TransformationDecl {
            usage: Named { name: usage, doc },
            prepare,
        });
    }

    /// A family of selects, `@via[n].host`; `prepare` answers none for those of others.
    pub fn select(&mut self, usage: &'static str, doc: &'static str, prepare: PrepareSelect) {
        self.selects.push(SelectDecl {
            usage: Named { name: usage, doc },
            prepare,
        });
    }

    /// An event route the module runs: `dialog:start`, `htable:expired:NAME`.
    pub fn event_route(&mut self, name: &'static str, doc: &'static str) {
        self.event_routes.push(Named { name, doc });
    }

    /// An event route in which nothing can wait, since a message is on its way meanwhile.
    pub fn prompt_event_route(&mut self, name: &'static str, doc: &'static str) {
        self.event_route(name, doc);
        self.prompt_routes.push(name);
    }

    /// A command for operators. `usage` is its name and arguments: `ul.lookup table aor`.
    pub fn rpc(&mut self, usage: &'static str, doc: &'static str, run: RpcFn<M>) {
        self.rpc_waiting_where(|_| false, usage, doc, run);
    }

    /// The same for a command that may wait for a database ([`store::wait`]): no script can run it.
    pub fn waiting_rpc(&mut self, usage: &'static str, doc: &'static str, run: RpcFn<M>) {
        self.rpc_waiting_where(|_| true, usage, doc, run);
    }

    /// The same for a command that waits with some settings.
    pub fn rpc_waiting_where(
        &mut self,
        waits: fn(&M) -> bool,
        usage: &'static str,
        doc: &'static str,
        run: RpcFn<M>,
    ) {
        self.rpcs.push(RpcDecl {
            usage: Named { name: usage, doc },
            waits,
            run,
        });
    }

    /// Something to do again and again; `interval_ms` of 0 means never. It gets Unix milliseconds.
    pub fn timer(&mut self, interval_ms: fn(&M) -> u32, run: TimerFn<M>) {
        self.timers.push(TimerDecl { interval_ms, run });
    }

    /// A database table the module uses.
    pub fn table(&mut self, name: &'static str, doc: &'static str) {
        self.tables.push(Named { name, doc });
    }

    /// A deliberate difference from Kamailio 5.6.3, in a sentence, for the manual.
    pub fn deviation(&mut self, sentence: &'static str) {
        self.deviations.push(sentence);
    }

    /// Hangs timers and commands of `instance` into the configuration being made.
    pub(crate) fn install(&self, instance: &Arc<M>, init: &mut Init<'_>) {
        for decl in &self.rpcs {
            let waits = (decl.waits)(instance);
            let (instance, run) = (instance.clone(), decl.run);
            let name = decl.usage.name.split(' ').next().unwrap_or_default();
            let run = move |request: &RpcRequest| run(&instance, request);
            match waits {
                true => init.waiting_rpc(name, decl.usage.doc, run),
                false => init.rpc(name, decl.usage.doc, run),
            }
        }
        for decl in &self.timers {
            let interval_ms = (decl.interval_ms)(instance);
            if interval_ms > 0 {
                let (instance, run) = (instance.clone(), decl.run);
                init.every(interval_ms, move |now_ms| run(&instance, now_ms));
            }
        }
        for decl in &self.event_routes {
            init.event_route(decl.name);
        }
    }
}

/// The sentence that refuses a number outside a range.
fn outside<N: Display>(range: &impl RangeBounds<N>, found: i64) -> String {
    let least = match range.start_bound() {
        Bound::Included(least) => format!(" from {least}"),
        _ => String::new(),
    };
    match range.end_bound() {
        Bound::Included(most) => format!("expected a number{least} to {most}, found {found}"),
        _ => format!("expected a number{least} on, found {found}"),
    }
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn a_refusal_names_the_bounds() {
        assert_eq!(
            outside(&(1..=5u8), 9),
            "expected a number from 1 to 5, found 9"
        );
        assert_eq!(
            outside(&(1u32..), 0),
            "expected a number from 1 on, found 0"
        );
    }
}
