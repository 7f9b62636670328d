//! What a module is, and what a loaded one can be asked for.

use crate::declaration::{Declaration, Manifest};
use crate::function::Usage;
use crate::problem::{problem, unknown};
use crate::{Call, Init, ParamValue, Prepare, Problem, Transform, Var, Written};
use script::{SelectSpec, VarSpec};
use std::any::Any;
use std::sync::Arc;

/// A module: one folder, one declaration, from which everything else is derived.
///
/// The value itself is what is immutable while a configuration runs: the converted parameters and
/// handles to state. State that must outlive a reload comes from [`Init::state`].
pub trait Module: Sized + Send + Sync + 'static {
    /// The name in `loadmodule`, without `.so`.
    const NAME: &'static str;

    /// The parameters, with Kamailio's defaults.
    type Params: Default + Send + Sync + 'static;

    /// Names everything the module offers.
    fn declare(declaration: &mut Declaration<Self>);

    /// Makes the module from its parameters. Opens nothing: that is done by tasks given to
    /// [`Init::on_start`], which `check` does not run.
    fn init(params: Self::Params, init: &mut Init<'_>) -> Result<Self, Problem>;
}

/// A module that a `loadmodule` line has named, whatever its type.
pub trait Loaded: Send + Sync {
    /// The name.
    fn name(&self) -> &'static str;

    /// Everything it declares, as text.
    fn manifest(&self) -> Manifest;

    /// The usage lines of functions whose Rust signature takes other arguments; none in a sound module.
    fn inconsistent(&self) -> Vec<&'static str>;

    /// Takes one `modparam`.
    fn set_param(&mut self, name: &str, value: &ParamValue) -> Result<(), Problem>;

    /// Makes the instance; called once, after the last `modparam`.
    fn init(&mut self, init: &mut Init<'_>) -> Result<(), Problem>;

    /// Prepares a call of the function with this name; none where it has no such function.
    fn function(
        &self,
        name: &str,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Option<Result<Call, Problem>>;

    /// Prepares a pseudo-variable of the class `spec.name`.
    fn variable(&self, spec: &VarSpec, prepare: &mut Prepare<'_>) -> Option<Result<Var, Problem>>;

    /// Prepares an `@select`; none where it is not one of this module.
    fn select(&self, spec: &SelectSpec, prepare: &mut Prepare<'_>) -> Option<Result<Var, Problem>>;

    /// The classes of its variables, to suggest the nearest.
    fn classes(&self) -> Vec<&'static str>;

    /// Its functions with their older names, to suggest the nearest.
    fn functions(&self) -> Vec<&'static str>;

    /// Its transformations as `class.name`, to suggest the nearest.
    fn transformations(&self) -> Vec<String>;

    /// The instance, once it was made.
    fn instance(&self) -> Option<Arc<dyn Any + Send + Sync>>;

    /// What is known of its function with this name.
    fn usage(&self, name: &str) -> Option<Usage>;

    /// Prepares a transformation of the class `class`, such as `s` in `{s.len}`.
    fn transformation(
        &self,
        class: &str,
        name: &str,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Option<Result<Transform, Problem>>;
}

/// A module that can be loaded: its name and how to begin.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// Older names that still load it.
    pub aliases: &'static [&'static str],
    /// Begins a load.
    pub load: fn() -> Box<dyn Loaded>,
}

impl Entry {
    /// The entry of module `M`.
    pub const fn of<M: Module>() -> Entry {
        Entry {
            name: M::NAME,
            aliases: &[],
            load: load::<M>,
        }
    }

    /// The same under older names too.
    pub const fn also(mut self, aliases: &'static [&'static str]) -> Entry {
        self.aliases = aliases;
        self
    }
}

fn load<M: Module>() -> Box<dyn Loaded> {
    let mut declaration = Declaration::new();
    M::declare(&mut declaration);
    Box::new(Slot::<M> {
        declaration,
        params: Some(M::Params::default()),
        instance: None,
    })
}

/// A module on its way from `loadmodule` to a running instance.
struct Slot<M: Module> {
    declaration: Declaration<M>,
    params: Option<M::Params>,
    /// None until `init`, and where `init` failed: calls are still checked then, but never run.
    instance: Option<Arc<M>>,
}

impl<M: Module> Loaded for Slot<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn manifest(&self) -> Manifest {
        self.declaration.manifest(M::NAME)
    }

    fn inconsistent(&self) -> Vec<&'static str> {
        let functions = self.declaration.functions.iter();
        functions
            .filter(|function| !function.is_consistent())
            .map(|function| function.usage().usage)
            .collect()
    }

    fn set_param(&mut self, name: &str, value: &ParamValue) -> Result<(), Problem> {
        let Some(decl) = self
            .declaration
            .params
            .iter()
            .find(|decl| decl.name == name)
        else {
            let names = self.declaration.params.iter().map(|decl| decl.name);
            return Err(unknown("parameter", name, names));
        };
        let Some(params) = &mut self.params else {
            return Ok(());
        };
        (decl.set)(params, value).map_err(|why| problem(format!("{}.{name}: {why}", M::NAME)))
    }

    fn init(&mut self, init: &mut Init<'_>) -> Result<(), Problem> {
        let Some(params) = self.params.take() else {
            return Ok(());
        };
        init.begin(M::NAME);
        let instance = Arc::new(M::init(params, init)?);
        self.declaration.install(&instance, init);
        self.instance = Some(instance);
        Ok(())
    }

    fn function(
        &self,
        name: &str,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Option<Result<Call, Problem>> {
        let decl = self
            .declaration
            .functions
            .iter()
            .find(|decl| decl.is(name))?;
        Some(decl.prepare(self.instance.as_ref(), args, prepare))
    }

    fn variable(&self, spec: &VarSpec, prepare: &mut Prepare<'_>) -> Option<Result<Var, Problem>> {
        let decl = self
            .declaration
            .variables
            .iter()
            .find(|decl| spec.name == decl.class().as_bytes())?;
        Some((decl.prepare)(self.instance.as_ref(), spec, prepare))
    }

    fn select(&self, spec: &SelectSpec, prepare: &mut Prepare<'_>) -> Option<Result<Var, Problem>> {
        self.declaration
            .selects
            .iter()
            .find_map(|decl| (decl.prepare)(spec, prepare))
    }

    fn classes(&self) -> Vec<&'static str> {
        self.declaration
            .variables
            .iter()
            .map(|decl| decl.class())
            .collect()
    }

    fn functions(&self) -> Vec<&'static str> {
        let usages = self.declaration.functions.iter().map(|decl| decl.usage());
        usages
            .flat_map(|usage| std::iter::once(usage.name()).chain(usage.aliases))
            .collect()
    }

    fn transformations(&self) -> Vec<String> {
        self.declaration
            .transformations
            .iter()
            .map(|decl| decl.path().to_owned())
            .collect()
    }

    fn instance(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let instance: Arc<dyn Any + Send + Sync> = self.instance.clone()?;
        Some(instance)
    }

    fn usage(&self, name: &str) -> Option<Usage> {
        self.declaration
            .functions
            .iter()
            .find(|decl| decl.is(name))
            .map(|decl| decl.usage())
    }

    fn transformation(
        &self,
        class: &str,
        name: &str,
        args: &[Written],
        prepare: &mut Prepare<'_>,
    ) -> Option<Result<Transform, Problem>> {
        let decl = self
            .declaration
            .transformations
            .iter()
            .find(|decl| decl.is(class, name))?;
        Some((decl.prepare)(args, prepare))
    }
}
