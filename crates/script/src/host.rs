//! What the language asks of the server it runs in.

use bytes::Bytes;

use crate::ast::{AssignOp, Keyword, Network, RouteKind, SelectSpec};
use crate::diagnostic::Problem;
use crate::expr::Expr;
use crate::program::RouteId;
use crate::source::Span;
use crate::spec::VarSpec;
use crate::value::Value;

/// What the host knows, asked once, while a file is resolved.
///
/// A refusal is a [`Problem`]; it becomes a diagnostic at the place asked about. The host offers the
/// names it knows ([`crate::nearest`] picks from them).
pub trait Vocabulary {
    /// The host that runs what is resolved here.
    type Host: Host;

    /// A pseudo-variable, to read or to assign.
    ///
    /// # Errors
    /// Unknown name (E0401), inner name, index or transformation; not assignable (E0408).
    fn variable(&self, spec: &VarSpec, access: Access, at: Site) -> Result<Var<Self>, Problem>;

    /// An `@select`.
    ///
    /// # Errors
    /// Unknown (E0413).
    fn select(&self, spec: &SelectSpec, at: Site) -> Result<Var<Self>, Problem>;

    /// A condition keyword, to be read as a value: text for `method`, URIs and addresses, numbers
    /// for ports, `proto`, `af`, `status`, `msg:len`.
    ///
    /// # Errors
    /// When it means nothing in this route (E0414).
    fn keyword(&self, keyword: Keyword, at: Site) -> Result<Var<Self>, Problem>;

    /// What a bare word compared with `keyword` stands for: `proto == WS`, `method == INVITE`,
    /// `af == INET6`. `None` if it means nothing there.
    fn word(&self, keyword: Keyword, word: &[u8]) -> Option<Value>;

    /// A test that reads as 1 or 0: a keyword against `myself`, an address, a network or a host
    /// name. The script negates it for `!=`.
    ///
    /// # Errors
    /// When the two cannot be compared (E0409).
    fn test(&self, test: &Test<'_>, at: Site) -> Result<Var<Self>, Problem>;

    /// A function with its arguments.
    ///
    /// # Errors
    /// Unknown function (E0402), wrong arguments (E0405), not in this kind of route (E0407).
    fn function(&self, call: CallSpec<'_, Var<Self>>) -> Result<Function<Self>, Problem>;

    /// Whether somebody calls this event route; `Err` names it as a finding (W0412).
    ///
    /// # Errors
    /// When nobody does.
    fn event_route(&self, name: &str) -> Result<(), Problem>;

    /// Whether functions may wait in this route: not in `onsend_route`, by default everywhere else.
    fn may_wait(&self, kind: RouteKind, name: &str) -> bool {
        let _ = name;
        kind != RouteKind::Onsend
    }
}

/// The variables of a vocabulary's host.
pub type Var<V> = <<V as Vocabulary>::Host as Host>::Var;

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The place in the source.
    pub span: Span,
    /// The kind of the route it is in.
    pub route: RouteKind,
}

/// What a variable is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read it.
    Read,
    /// To assign it.
    Write,
}

/// A keyword compared with something that only the host can compare it with.
#[derive(Debug, Clone, Copy)]
pub struct Test<'a> {
    /// The left side.
    pub keyword: Keyword,
    /// The right side.
    pub with: TestWith<'a>,
}

/// The right side of a [`Test`].
#[derive(Debug, Clone, Copy)]
pub enum TestWith<'a> {
    /// `uri == myself`
    Myself,
    /// `src_ip == 10.0.0.0/8`, also when it was written in quotes.
    Network(Network),
    /// `src_ip == gateway.example.test`, a host name, also in quotes.
    Host(&'a [u8]),
}

/// A function call, as far as the script understands it.
#[derive(Debug)]
pub struct CallSpec<'a, V> {
    /// The name, as written.
    pub name: &'a str,
    /// The arguments.
    pub args: Vec<Arg<V>>,
    /// Where it stands.
    pub at: Site,
    /// The places of the arguments, in order.
    pub arg_spans: Vec<Span>,
    /// Finds a route by name, for functions that take one (`t_on_failure("NAME")`).
    pub routes: &'a RouteNames,
}

/// An argument.
#[derive(Debug, Clone)]
pub enum Arg<V> {
    /// A string as written; the host splits it with [`crate::FormatSpec`] where the parameter
    /// wants that.
    Text(Bytes),
    /// A number.
    Int(i64),
    /// A bare word: a flag, an address, `uri:host`, a macro that is not defined.
    Word(Bytes),
    /// Anything to be evaluated at the call, a variable among them.
    Expr(Expr<V>),
}

/// The names of the routes of a file.
#[derive(Debug, Clone, Default)]
pub struct RouteNames {
    pub(crate) ids: std::collections::BTreeMap<(RouteKind, String), RouteId>,
}

impl RouteNames {
    /// The route of this kind and name; the empty name for those without brackets.
    #[must_use]
    pub fn find(&self, kind: RouteKind, name: &str) -> Option<RouteId> {
        self.ids.get(&(kind, name.to_owned())).copied()
    }

    /// The names of all routes of a kind.
    pub fn of_kind(&self, kind: RouteKind) -> impl Iterator<Item = &str> {
        self.ids
            .keys()
            .filter(move |(of, _)| *of == kind)
            .map(|(_, name)| name.as_str())
    }
}

/// A resolved function.
pub struct Function<V: Vocabulary + ?Sized> {
    /// What the host runs.
    pub call: <V::Host as Host>::Call,
    /// What the checker should know of it.
    pub traits: Traits,
    /// Routes that the call may enter by name, so that they are not "unused".
    pub enters: Vec<RouteId>,
}

/// What the checker should know of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits {
    /// It answers the request: what follows should end the script.
    pub replies: bool,
    /// It may wait.
    pub waits: bool,
    /// Nothing after it runs (`xhttp_reply` does not, `sl_...` neither; `t_suspend`-like may).
    pub ends: bool,
}

/// What runs the calls of a program.
pub trait Host {
    /// A resolved variable.
    type Var;
    /// A resolved call with its prepared arguments.
    type Call;
    /// What a call may wait for.
    type Effect;
    /// What a call keeps while it waits.
    type Resume;
    /// What an effect answers.
    type Answer;

    /// The value of a variable.
    fn read(&mut self, variable: &Self::Var) -> Value;

    /// Assigns a variable.
    ///
    /// # Errors
    /// When the value is refused (an unparsable URI for `$ru`); the script goes on, and the fault
    /// is told to [`Host::fault`].
    fn assign(&mut self, variable: &Self::Var, op: AssignOp, value: Value) -> Result<(), Fault>;

    /// Runs a call.
    fn call(&mut self, call: &Self::Call) -> Flow<Self::Effect, Self::Resume>;

    /// A call that waited goes on with the answer.
    fn resume(
        &mut self,
        resume: Self::Resume,
        answer: Self::Answer,
    ) -> Flow<Self::Effect, Self::Resume>;

    /// A route that a call had run came to its end.
    fn route_ended(
        &mut self,
        resume: Self::Resume,
        end: RouteEnd,
    ) -> Flow<Self::Effect, Self::Resume>;

    /// The new value of `$rc`, `$retcode`, `$?`.
    fn set_retcode(&mut self, code: i32);

    /// Something went wrong at run time; the host logs it. `at` is the place in the source.
    fn fault(&mut self, fault: Fault, at: Span);

    /// A statement begins; for tracing (`debugger` with `cfgtrace`). Does nothing by default.
    fn step(&mut self, _at: Span) {}
}

/// What a call answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow<E, R> {
    /// It is done; 0 ends the script, below 0 is false.
    Done(i32),
    /// End the script.
    Exit,
    /// End the script and drop the message (a reply, a branch).
    Drop,
    /// Wait for an effect; the answer comes to [`Host::resume`] with `R`.
    Wait(E, R),
    /// Run a route, then come back with `R`.
    Run(RouteId, R),
}

/// How a route that a call had run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteEnd {
    /// The way it ended.
    pub kind: EndKind,
    /// Its return code.
    pub code: i32,
}

/// The ways a route ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// Its last statement, or `return`.
    Returned,
    /// `exit`, or a function that gave 0.
    Exit,
    /// `drop`.
    Drop,
    /// A limit of [`crate::Limits`] was hit.
    Aborted,
}

/// What goes wrong while a script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `/ 0`, `mod 0`.
    DivisionByZero,
    /// A regular expression from a variable is malformed.
    BadRegex(String),
    /// A regular expression took too many steps.
    RegexBudget,
    /// `route($var(x))` names no route.
    NoSuchRoute(String),
    /// Routes nested deeper than [`crate::Limits::route_depth`].
    RouteDepth,
    /// More steps than [`crate::Limits::steps`].
    Steps,
    /// A `while` ran more often than `max_while_loops`.
    WhileLoops,
    /// The host refused an assignment.
    Refused(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DivisionByZero => f.write_str("division by 0"),
            Self::BadRegex(why) => write!(f, "bad regular expression: {why}"),
            Self::RegexBudget => f.write_str("regular expression took too many steps"),
            Self::NoSuchRoute(name) => write!(f, "route <{name}> not found"),
            Self::RouteDepth => f.write_str("too many recursive routing table lookups"),
            Self::Steps => f.write_str("script took too many steps"),
            Self::WhileLoops => f.write_str("runaway while: too many iterations"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}
