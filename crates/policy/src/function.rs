//! Script functions: a Rust function becomes one by its signature.
//!
//! `fn(&Module, &mut Context, &Text, Option<&Int>) -> impl Into<Outcome>` says by its types which
//! arguments it takes; the usage string gives their names. Arguments are prepared when the
//! configuration loads and arrive as typed handles.

use crate::argument::Argument;
use crate::problem::problem;
use crate::{Context, Module, Outcome, Prepare, Problem, Routes, Written};
use serde::Serialize;
use std::marker::PhantomData;
use std::sync::Arc;

/// A prepared call: function and arguments, ready to run.
pub struct Call {
    /// The function's name, for traces.
    pub name: &'static str,
    /// Runs it.
    pub run: Box<dyn Fn(&mut Context) -> Outcome + Send + Sync>,
}

/// A Rust function that can be a script function of module `M`.
pub trait Function<M, Args>: Copy + Send + Sync + 'static {
    /// How many arguments it takes, and how many of these (the last ones) may be left out.
    fn arity(&self) -> Arity;

    /// Prepares the arguments and binds everything together.
    fn bind(
        &self,
        name: &'static str,
        module: Option<&Arc<M>>,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Result<Call, Problem>;
}

/// The number of arguments of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Arity {
    /// At least these.
    pub required: usize,
    /// At most these.
    pub most: usize,
}

/// A declared function.
pub struct FunctionDecl<M: Module> {
    usage: Usage,
    arity: Arity,
    bind: BindFn<M>,
}

type BindFn<M> = Box<
    dyn Fn(&'static str, Option<&Arc<M>>, &[Written], &mut Prepare<'_>) -> Result<Call, Problem>
        + Send
        + Sync,
>;

/// What is known of a function for people and for the checker.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// The usage line, `save(domain, [flags], [uri])`.
    pub usage: &'static str,
    /// Older names.
    pub aliases: Vec<&'static str>,
    /// What it does and returns, in a sentence or two.
    pub doc: &'static str,
    /// Where it may be called.
    pub routes: Routes,
    /// True where it may wait for something outside, which `onsend_route` forbids.
    pub waits: bool,
    /// True where nothing after it runs.
    pub ends: bool,
    /// True where it sends a reply, after which a script normally exits.
    pub replies: bool,
}

impl Usage {
    /// The name: what stands before the bracket.
    pub fn name(&self) -> &'static str {
        self.usage.split('(').next().unwrap_or_default()
    }

    /// The argument names, with whether each is optional.
    pub fn arguments(&self) -> Vec<(&'static str, bool)> {
        let inner = self
            .usage
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let names = inner
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names
            .map(|name| {
                (
                    name.trim_matches(['[', ']', ' ']),
                    name.contains('[') || name.ends_with(']'),
                )
            })
            .collect()
    }
}

impl<M: Module> FunctionDecl<M> {
    pub(crate) fn new<Args>(
        usage: &'static str,
        doc: &'static str,
        routes: Routes,
        function: impl Function<M, Args>,
    ) -> FunctionDecl<M> {
        let usage = Usage {
            usage,
            aliases: Vec::new(),
            doc,
            routes,
            waits: false,
            ends: false,
            replies: false,
        };
        let bind = Box::new(
            move |name, module: Option<&Arc<M>>, args: &[Written], prepare: &mut Prepare<'_>| {
                function.bind(name, module, args, prepare)
            },
        );
        FunctionDecl {
            usage,
            arity: function.arity(),
            bind,
        }
    }

    /// Says that the function may wait for something outside.
    pub fn waits(&mut self) -> &mut Self {
        self.usage.waits = true;
        self
    }

    /// Says that the function sends a reply.
    pub fn replies(&mut self) -> &mut Self {
        self.usage.replies = true;
        self
    }

    /// Says that nothing after the function runs.
    pub fn ends(&mut self) -> &mut Self {
        self.usage.ends = true;
        self
    }

    /// Gives the function another name too.
    pub fn alias(&mut self, name: &'static str) -> &mut Self {
        self.usage.aliases.push(name);
        self
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.usage.name() == name || self.usage.aliases.contains(&name)
    }

    pub(crate) fn usage(&self) -> Usage {
        self.usage.clone()
    }

    /// True where the usage string and the Rust signature take the same arguments.
    pub fn is_consistent(&self) -> bool {
        let arguments = self.usage.arguments();
        let required = arguments.iter().filter(|(_, optional)| !optional).count();
        self.arity
            == Arity {
                required,
                most: arguments.len(),
            }
    }

    pub(crate) fn prepare(
        &self,
        module: Option<&Arc<M>>,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Result<Call, Problem> {
        let (usage, arity) = (self.usage.usage, self.arity);
        if args.len() < arity.required || args.len() > arity.most {
            return Err(problem(format!(
                "{} arguments given to {usage}",
                args.len()
            )));
        }
        prepare.check_route(&self.usage)?;
        prepare.arguments = args.len();
        (self.bind)(self.usage.name(), module, args, prepare)
    }
}

/// Marks the argument list of an implementation; never made.
pub struct Args<T>(PhantomData<T>);

macro_rules! functions {
    ($(($($arg:ident),*)),* $(,)?) => {$(
        #[allow(non_snake_case, unused_variables, unused_mut)]
        impl<M, F, R, $($arg),*> Function<M, Args<($($arg,)*)>> for F
        where
            M: Module,
            F: Fn(&M, &mut Context, $(&$arg),*) -> R + Copy + Send + Sync + 'static,
            R: Into<Outcome>,
            $($arg: Argument,)*
        {
            fn arity(&self) -> Arity {
                let optional: &[bool] = &[$($arg::OPTIONAL),*];
                let required = optional.iter().rposition(|optional| !optional).map_or(0, |last| last + 1);
                Arity { required, most: optional.len() }
            }

            fn bind(
                &self,
                name: &'static str,
                module: Option<&Arc<M>>,
                args: &[Written],
                prepare: &mut Prepare<'_>,
            ) -> Result<Call, Problem> {
                let mut written = args.iter();
                $(let $arg = <$arg as Argument>::prepare(written.next(), prepare)?;)*
                let function = *self;
                let Some(module) = module.cloned() else {
                    return Ok(Call { name, run: Box::new(|_| Outcome::FALSE) });
                };
                let run = move |context: &mut Context| function(&module, context, $(&$arg),*).into();
                Ok(Call { name, run: Box::new(run) })
            }
        }
    )*};
}

functions!(
    (),
    (A),
    (A, B),
    (A, B, C),
    (A, B, C, D),
    (A, B, C, D, E),
    (A, B, C, D, E, G),
    (A, B, C, D, E, G, H)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_line_tells_names_and_options() {
        let usage = Usage {
            usage: "save(domain, [flags], [uri])",
            aliases: Vec::new(),
            doc: "",
            routes: Routes::ANY,
            waits: false,
            ends: false,
            replies: false,
        };
        assert_eq!(usage.name(), "save");
        assert_eq!(
            usage.arguments(),
            [("domain", false), ("flags", true), ("uri", true)]
        );
    }
}
