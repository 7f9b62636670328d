//! A file as written, names unresolved.

use std::net::IpAddr;

use bytes::Bytes;

use crate::source::Span;
use crate::spec::VarSpec;

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

/// What calls a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteKind {
    /// `request_route`, `route`
    Request,
    /// `route[NAME]`
    Sub,
    /// `branch_route[NAME]`
    Branch,
    /// `failure_route[NAME]`
    Failure,
    /// `onreply_route[NAME]`, of a transaction.
    Reply,
    /// `reply_route`, `onreply_route` without a name: every reply.
    CoreReply,
    /// `onsend_route`
    Onsend,
    /// `event_route[group:name]`
    Event,
}

impl RouteKind {
    /// As written in a file.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Request => "request_route",
            Self::Sub => "route",
            Self::Branch => "branch_route",
            Self::Failure => "failure_route",
            Self::Reply => "onreply_route",
            Self::CoreReply => "reply_route",
            Self::Onsend => "onsend_route",
            Self::Event => "event_route",
        }
    }
}

/// A route block.
#[derive(Debug, Clone)]
pub struct Route {
    /// What calls it.
    pub kind: RouteKind,
    /// What stands in the brackets; empty text without them.
    pub name: Name,
    /// Its statements.
    pub body: Block,
    /// From the keyword to the opening brace.
    pub span: Span,
}

/// Statements in braces, or a single one without.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where.
    pub span: Span,
}

/// What a statement is.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// A call, of a function or a route.
    Call(Expr),
    /// `$x = value;`
    Assign(Assign),
    /// `if (a) … else if (b) … else …`: the arms in order, then the rest.
    If(Vec<(Expr, Block)>, Option<Block>),
    /// `switch (x) { … }`
    Switch(Expr, Vec<Case>),
    /// `while (x) …`
    While(Expr, Block),
    /// `{ … }`
    Block(Block),
    /// `return;`, `return -1;`
    Return(Option<Expr>),
    /// `exit;`
    Exit,
    /// `drop;`
    Drop,
    /// `break;`
    Break,
    /// `continue;`
    Continue,
}

/// An assignment.
#[derive(Debug, Clone)]
pub struct Assign {
    /// The left side.
    pub target: Target,
    /// `=` or `:=`
    pub op: AssignOp,
    /// The right side.
    pub value: Expr,
}

/// What can stand left of `=`.
#[derive(Debug, Clone)]
pub struct Target {
    /// The variable.
    pub variable: Box<VarSpec>,
    /// Its place.
    pub span: Span,
}

/// How to assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `=`: an AVP gets one more value.
    Set,
    /// `:=`: an AVP gets this value alone.
    Replace,
}

/// A label of `switch` and what follows it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it matches.
    pub label: CaseLabel,
    /// The statements up to the next label; may be none (fall through).
    pub body: Block,
    /// From `case` to the colon.
    pub span: Span,
}

/// What a `case` matches.
#[derive(Debug, Clone)]
pub enum CaseLabel {
    /// `default:`
    Default,
    /// `case 1:`, `case "text":`, any constant expression.
    Value(Expr),
    /// `case /"expression"/:` or `case r"…":`
    Regex(Bytes, Span),
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// Height of the tree, bounded by the parser.
    pub(crate) depth: u16,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A number.
    Int(i64),
    /// A string, escapes resolved, neighbours joined.
    Str(Bytes),
    /// A pseudo-variable.
    Variable(Box<VarSpec>),
    /// `@ruri.user`
    Select(Box<SelectSpec>),
    /// `method`, `src_ip` …
    Keyword(Keyword),
    /// `myself`
    Myself,
    /// `10.0.0.0/8`, `::1`
    Address(Network),
    /// Any other bare word: `INVITE`, `UDP`, a flag, a macro that is not defined.
    Word(Bytes),
    /// A function call.
    Call(Box<Call>),
    /// `route(NAME)`
    Route(Box<RouteCall>),
    /// One operand.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if ($x = 1)`: assigns and yields what was assigned.
    Assign(Box<Assign>),
    /// Something that is reported already.
    Broken,
}

/// `@name[1].name`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SelectSpec {
    /// As written, with the `@`.
    pub text: Bytes,
    /// Names with their indexes.
    pub parts: Vec<SelectPart>,
}

/// One part of a select.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SelectPart {
    /// The name.
    pub name: Bytes,
    /// The index, raw: a number or a quoted string without its quotes.
    pub index: Option<Bytes>,
}

/// An address with a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The address.
    pub address: IpAddr,
    /// Leading bits that count: 32 or 128 for a single address.
    pub prefix: u8,
}

impl Network {
    /// Whether `address` is in it. An IPv4 network never holds an IPv6 address, also not a mapped one.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                (u32::from(net) ^ u32::from(ip))
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix));
                (u128::from(net) ^ u128::from(ip))
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

/// A function call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// The arguments, as written.
    pub args: Vec<Expr>,
}

/// A route call.
#[derive(Debug, Clone)]
pub enum RouteCall {
    /// `route(NAME)`, `route("quoted")`, `route(1)`
    Named(Name),
    /// `route($var(x))`
    Dynamic(Expr),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!x`, `not x`
    Not,
    /// `-x`
    Negate,
    /// `~x`
    BitNot,
    /// `defined x`
    Defined,
    /// `strlen(x)`
    StrLen,
    /// `strempty(x)`
    StrEmpty,
    /// `(int)x`
    ToInt,
    /// `(str)x`
    ToStr,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`, `or`
    Or,
    /// `&&`, `and`
    And,
    /// `|`
    BitOr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `=~`
    Match,
    /// `!~`
    Mismatch,
    /// `eq`: as text.
    StrEqual,
    /// `ne`: as text.
    StrUnequal,
    /// `ieq`: as numbers.
    IntEqual,
    /// `ine`: as numbers.
    IntUnequal,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessEqual,
    /// `>=`
    GreaterEqual,
    /// `+`: joins text when the left side is text.
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `mod`, `%`
    Modulo,
}

macro_rules! keywords {
    ($($(#[$doc:meta])* $variant:ident = $($word:literal)|+,)*) => {
        /// Words that stand for something of the message in conditions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Keyword { $($(#[$doc])* $variant,)* }

        impl Keyword {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The keyword that a word is.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word { $($($word)|+ => Some(Self::$variant),)* _ => None }
            }

            /// As written; the first of its spellings.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => first(&[$($word),+]),)* }
            }
        }
    };
}

const fn first(words: &[&'static str]) -> &'static str {
    words[0]
}

keywords! {
    /// The method of the request (of a reply: of its CSeq).
    Method = "method",
    /// The Request-URI.
    Uri = "uri",
    /// The URI of From.
    FromUri = "from_uri",
    /// The URI of To.
    ToUri = "to_uri",
    /// The address the message came from.
    SrcIp = "src_ip",
    /// The port the message came from.
    SrcPort = "src_port",
    /// The address of ours it came to.
    DstIp = "dst_ip",
    /// The port of ours it came to.
    DstPort = "dst_port",
    /// In `onsend_route`: the address of ours it leaves from.
    SndIp = "snd_ip",
    /// In `onsend_route`: the port of ours it leaves from.
    SndPort = "snd_port",
    /// In `onsend_route`: the protocol it leaves by.
    SndProto = "snd_proto",
    /// In `onsend_route`: the address of ours it leaves from, by family.
    SndAf = "snd_af",
    /// In `onsend_route`: the address it goes to.
    ToIp = "to_ip",
    /// In `onsend_route`: the port it goes to.
    ToPort = "to_port",
    /// The protocol it came by.
    Proto = "proto" | "protocol",
    /// The address family it came by.
    Af = "af",
    /// The status of the reply.
    Status = "status",
    /// The length of the message in bytes.
    MsgLen = "msg:len",
    /// The size of the receive buffer.
    MaxLen = "max_len",
}
