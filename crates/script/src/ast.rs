//! A file as written, names unresolved.

use std::net::IpAddr;

use bytes::Bytes;

use crate::source::Span;
use crate::spec::VarSpec;

mod expression;
mod keyword;
mod statement;

pub use expression::{
    BinaryOp, Call, Expr, ExprKind, Network, RouteCall, SelectPart, SelectSpec, UnaryOp,
};
pub use keyword::Keyword;
pub use statement::{
    Assign, AssignOp, Block, Case, CaseLabel, Route, RouteKind, Statement, StatementKind, Target,
};

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// Everything on the top level of a configuration, in order.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The items.
    pub items: Vec<Item>,
}

/// One item on the top level.
#[derive(Debug, Clone)]
pub enum Item {
    /// `debug=2`
    Core(CoreParameter),
    /// `listen=udp:127.0.0.1:5060`
    Listen(Listen),
    /// `alias=example.test:5060`
    Alias(Vec<Endpoint>),
    /// `loadmodule "tm.so"`
    LoadModule(LoadModule),
    /// `loadpath "…"` or `mpath="…"`
    ModulePath(Bytes, Span),
    /// `modparam("tm", "fr_timer", 30000)`
    ModParam(ModParam),
    /// `pstn.gw_ip = "10.0.0.1" desc "gateway"`
    Global(Global),
    /// `flags FLT_ACC:1, FLT_NAT`
    Flags(Flags),
    /// A route block.
    Route(Route),
}

/// A core parameter.
#[derive(Debug, Clone)]
pub struct CoreParameter {
    /// Its name.
    pub name: Name,
    /// Its values; most have one, `log_prefix` and the like text, `debug` a number.
    pub values: Vec<(ParamValue, Span)>,
    /// The whole of it.
    pub span: Span,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamValue {
    /// A number; `yes true on enable` are 1, `no false off disable` 0.
    Int(i64),
    /// A string.
    Str(Bytes),
    /// A bare word, as `LOG_LOCAL0`, an address, or a macro that is not defined.
    Word(Bytes),
    /// A variable, as in `modparamx`; evaluated once, at load.
    Variable(Box<VarSpec>),
}

impl ParamValue {
    /// The text of a string or bare word.
    #[must_use]
    pub fn as_text(&self) -> Option<&Bytes> {
        match self {
            Self::Str(text) | Self::Word(text) => Some(text),
            Self::Int(_) | Self::Variable(_) => None,
        }
    }

    /// A number, also when it is written in quotes.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Str(text) => crate::value::parse_int(text),
            Self::Word(_) | Self::Variable(_) => None,
        }
    }
}

/// A protocol, a host and a port, as far as given: `tls:example.test:5061`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `udp tcp tls sctp ws wss`, in lower case; `None` for all, also for `any` and `*`.
    pub protocol: Option<String>,
    /// An address, a host name, the name of an interface, or `*`.
    pub host: HostName,
    /// The port, when given.
    pub port: Option<u16>,
    /// Where it stands.
    pub span: Span,
}

/// What an [`Endpoint`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// An address.
    Address(IpAddr),
    /// A host or interface name.
    Name(String),
    /// `*`
    Any,
}

/// A `listen` line.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The sockets to open; several for `(a, b)`.
    pub endpoints: Vec<Endpoint>,
    /// What `advertise` says: host and port to write into Via, Record-Route and Contact.
    pub advertise: Option<Endpoint>,
    /// What `name` says.
    pub name: Option<Bytes>,
    /// Whether `virtual` stands there.
    pub is_virtual: bool,
    /// The whole line.
    pub span: Span,
}

/// A `loadmodule` line.
#[derive(Debug, Clone)]
pub struct LoadModule {
    /// As written, with or without `.so`, possibly with a path.
    pub path: Bytes,
    /// The second string of `loadmodulex`.
    pub options: Option<Bytes>,
    /// Where the name stands.
    pub span: Span,
}

impl LoadModule {
    /// The name of the module: without directories and `.so`.
    #[must_use]
    pub fn name(&self) -> String {
        let path = String::from_utf8_lossy(&self.path);
        let file = path.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".so").unwrap_or(file).to_owned()
    }
}

/// A `modparam` line.
#[derive(Debug, Clone)]
pub struct ModParam {
    /// The modules it is for: `"a|b"` names two.
    pub modules: Vec<Name>,
    /// The parameter.
    pub name: Name,
    /// The value; `None` when the call has only two arguments.
    pub value: Option<(ParamValue, Span)>,
    /// The whole of it.
    pub span: Span,
}

/// A custom global parameter.
#[derive(Debug, Clone)]
pub struct Global {
    /// Before the dot.
    pub group: Name,
    /// After the dot.
    pub name: Name,
    /// The value it starts with.
    pub value: ParamValue,
    /// What `desc` says.
    pub description: Option<Bytes>,
    /// The whole of it.
    pub span: Span,
}

/// A `flags` or `avpflags` line.
#[derive(Debug, Clone)]
pub struct Flags {
    /// Whether they are `avpflags`.
    pub avp: bool,
    /// Names with their numbers, as far as given.
    pub names: Vec<(Name, Option<i64>)>,
}
