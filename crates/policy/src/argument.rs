//! Typed arguments of script functions, prepared when the configuration loads.

use crate::{AvpName, Context, Flag, Prepare, Problem, Text, Var};
use bytes::Bytes;
use script::{Expr, Regex, RouteId, Value, VarSpec};

/// An argument as it stands in the script.
#[derive(Clone)]
pub enum Written {
    /// A string; it may have variables in it.
    Text(Bytes),
    /// A number, without quotes.
    Number(i64),
    /// A variable, without quotes.
    Variable(Var),
    /// An expression to be evaluated at each call.
    Expr(Expr<Var>),
}

impl Written {
    /// The argument as the text somebody wrote, for messages and for arguments that must be
    /// constant.
    pub fn source(&self) -> Bytes {
        match self {
            Written::Text(text) => text.clone(),
            Written::Number(number) => Bytes::from(number.to_string()),
            Written::Variable(var) => var.source().clone(),
            Written::Expr(_) => Bytes::new(),
        }
    }
}

/// A type that an argument of a script function can have.
pub trait Argument: Sized + Send + Sync + 'static {
    /// True where the argument may be left out.
    const OPTIONAL: bool = false;

    /// Prepares the argument; none where it was left out.
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem>;
}

impl<A: Argument> Argument for Option<A> {
    const OPTIONAL: bool = true;

    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Option<A>, Problem> {
        written
            .map(|written| A::prepare(Some(written), prepare))
            .transpose()
    }
}

/// A text, evaluated at each call.
impl Argument for Text {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Text, Problem> {
        match given(written)? {
            Written::Text(text) => prepare.text(text),
            Written::Number(number) => Ok(Text::literal(number.to_string())),
            Written::Variable(var) => Ok(Text::single(var.clone())),
            Written::Expr(expr) => Ok(Text::computed(expr.clone())),
        }
    }
}

/// A number, evaluated at each call.
pub enum Int {
    /// Known already.
    Constant(i64),
    /// Read from a variable or a text with variables.
    Computed(Text),
}

impl Int {
    /// The number now; text that is no number is none.
    pub fn get(&self, context: &mut Context) -> Option<i64> {
        match self {
            Int::Constant(number) => Some(*number),
            Int::Computed(text) => match text.value(context) {
                Value::Int(number) => Some(number),
                Value::Str(text) => script::parse_int(text.trim_ascii()),
                Value::Null => None,
            },
        }
    }

    /// The number now, 0 where it is none.
    pub fn get_or_0(&self, context: &mut Context) -> i64 {
        self.get(context).unwrap_or(0)
    }
}

impl Argument for Int {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Int, Problem> {
        let written = given(written)?;
        if let Written::Number(number) = written {
            return Ok(Int::Constant(*number));
        }
        let text = Text::prepare(Some(written), prepare)?;
        match text
            .as_literal()
            .map(|literal| (script::parse_int(literal.trim_ascii()), literal.clone()))
        {
            Some((Some(number), _)) => Ok(Int::Constant(number)),
            Some((None, literal)) => {
                let literal = String::from_utf8_lossy(&literal).into_owned();
                Err(prepare.problem(format!("expected a number, found \"{literal}\"")))
            }
            None => Ok(Int::Computed(text)),
        }
    }
}

/// A text that must be known when the configuration loads.
pub struct Literal(pub Bytes);

impl Argument for Literal {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Literal, Problem> {
        let text = Text::prepare(written, prepare)?;
        let literal = text.as_literal().cloned();
        literal
            .map(Literal)
            .ok_or_else(|| prepare.problem("this argument must be a constant, without variables"))
    }
}

/// A variable that the function reads or writes as a variable.
impl Argument for Var {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
        match given(written)? {
            Written::Variable(var) => Ok(var.clone()),
            Written::Text(text) => {
                let spec = VarSpec::parse(text).map_err(|error| {
                    prepare.problem(format!("expected a variable: {}", error.what))
                })?;
                prepare.variable(&spec)
            }
            _ => Err(prepare.problem("expected a variable")),
        }
    }
}

/// A flag: a number from 0 to 31 or a name declared with `flags`.
impl Argument for Flag {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Flag, Problem> {
        let source = given(written)?.source();
        let name = String::from_utf8_lossy(source.trim_ascii()).into_owned();
        let number = name.parse::<u8>().ok().or_else(|| prepare.flag(&name));
        let flag = number.filter(|number| *number < 32).map(Flag);
        flag.ok_or_else(|| {
            prepare.problem(format!(
                "\"{name}\" is no flag: a number from 0 to 31, or a name of flags"
            ))
        })
    }
}

/// The name of an AVP, `$avp(x)`, with or without quotes.
impl Argument for AvpName {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<AvpName, Problem> {
        let source = given(written)?.source();
        let text = String::from_utf8_lossy(&source).into_owned();
        let inner = text
            .trim()
            .strip_prefix("$avp(")
            .and_then(|rest| rest.strip_suffix(')'));
        let name = inner.and_then(AvpName::parse);
        name.ok_or_else(|| {
            prepare.problem(format!(
                "expected an AVP such as $avp(name), found \"{text}\""
            ))
        })
    }
}

/// A regular expression: compiled at load where it is constant, else at each call.
pub enum Pattern {
    /// Compiled.
    Constant(Regex),
    /// Has variables in it.
    Computed(Text),
}

impl Pattern {
    /// Calls `with` with the compiled expression; none where it does not compile now.
    pub fn with<T>(
        &self,
        context: &mut Context,
        with: impl FnOnce(&mut Context, &Regex) -> T,
    ) -> Option<T> {
        match self {
            Pattern::Constant(regex) => Some(with(context, regex)),
            Pattern::Computed(text) => {
                let source = text.get(context);
                let regex = Regex::compile(&source).ok()?;
                Some(with(context, &regex))
            }
        }
    }
}

impl Argument for Pattern {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Pattern, Problem> {
        let text = Text::prepare(written, prepare)?;
        match text.as_literal() {
            None => Ok(Pattern::Computed(text)),
            Some(source) => Regex::compile(source)
                .map(Pattern::Constant)
                .map_err(|error| prepare.problem(format!("not a regular expression: {error}"))),
        }
    }
}

/// The name of a route of a given kind: resolved at load where it is constant.
pub struct RouteName<const KIND: u8> {
    target: Target,
}

enum Target {
    Known(RouteId),
    /// `"0"` or an empty name: take the setting back.
    None,
    Computed(Text),
}

/// A `route[NAME]`.
pub type PlainRoute = RouteName<0>;
/// A `failure_route[NAME]`.
pub type FailureRoute = RouteName<1>;
/// An `onreply_route[NAME]`.
pub type ReplyRoute = RouteName<2>;
/// A `branch_route[NAME]`.
pub type BranchRoute = RouteName<3>;
/// An `event_route[tm:branch-failure:NAME]`.
pub type BranchFailureRoute = RouteName<4>;

const KINDS: [(script::RouteKind, &str); 5] = [
    (script::RouteKind::Sub, ""),
    (script::RouteKind::Failure, ""),
    (script::RouteKind::Reply, ""),
    (script::RouteKind::Branch, ""),
    (script::RouteKind::Event, "tm:branch-failure:"),
];

impl<const KIND: u8> RouteName<KIND> {
    /// The route now; none where the name is empty or `0`, or where no such route exists.
    pub fn get(&self, context: &mut Context) -> Option<RouteId> {
        match &self.target {
            Target::Known(route) => Some(*route),
            Target::None => None,
            Target::Computed(text) => {
                let name = text.get(context);
                let (kind, prefix) = Self::kind();
                let full = format!("{prefix}{}", String::from_utf8_lossy(&name));
                context.config.program.route(kind, &full)
            }
        }
    }

    fn kind() -> (script::RouteKind, &'static str) {
        KINDS
            .get(usize::from(KIND))
            .copied()
            .unwrap_or((script::RouteKind::Sub, ""))
    }
}

impl<const KIND: u8> Argument for RouteName<KIND> {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        let text = Text::prepare(written, prepare)?;
        let Some(name) = text.as_literal().cloned() else {
            return Ok(RouteName {
                target: Target::Computed(text),
            });
        };
        if name.is_empty() || name.as_ref() == b"0" {
            return Ok(RouteName {
                target: Target::None,
            });
        }
        let (kind, prefix) = Self::kind();
        let full = format!("{prefix}{}", String::from_utf8_lossy(&name));
        Ok(RouteName {
            target: Target::Known(prepare.route(kind, &full)?),
        })
    }
}

fn given(written: Option<&Written>) -> Result<&Written, Problem> {
    written.ok_or_else(|| crate::problem("an argument is missing"))
}
