//! A small host for tests: variables, a log, a few functions that wait or run routes.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::cast_possible_truncation
)]

pub mod dump;

use std::collections::BTreeMap;

use bytes::Bytes;
use script::{
    Access, Arg, AssignOp, CallSpec, Diagnostic, Fault, FileError, Files, Flow, FormatPiece,
    FormatSpec, Function, Host, Keyword, Opened, Options, Parsed, Problem, RouteEnd, RouteId,
    RouteKind, SelectSpec, Site, SourceMap, Span, Test, TestWith, Traits, Value, VarSpec,
    Vocabulary, nearest,
};

/// Files in memory.
#[derive(Default, Clone)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Memory {
    pub fn main(text: impl Into<Vec<u8>>) -> Self {
        Self(BTreeMap::from([("main.cfg".to_owned(), text.into())]))
    }

    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.as_bytes().to_vec());
        self
    }
}

impl Files for Memory {
    fn open(&self, _includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        let text = self.0.get(path).cloned().ok_or(FileError::NotFound)?;
        Ok(Opened {
            path: path.to_owned(),
            text,
        })
    }
}

pub fn parse(text: impl Into<Vec<u8>>) -> Parsed {
    script::parse(&Memory::main(text), "main.cfg", &Options::default())
}

/// One finding as a line: `E0302 3:14 expected …`.
pub fn line_of(found: &Diagnostic, sources: &SourceMap) -> String {
    let at = sources.position(found.span);
    let names = if found.candidates.is_empty() {
        String::new()
    } else {
        format!(" [{}]", found.candidates.join(" "))
    };
    format!(
        "{} {}:{} {}{names}",
        found.code, at.line, at.column, found.message
    )
}

#[derive(Debug, Clone)]
pub enum Var {
    Null,
    Script(Bytes),
    Avp(Bytes),
    Length(Box<Var>),
    Number(Box<Var>),
    Retcode,
    Text(&'static str),
    Truth(bool),
    Number0(i64),
}

#[derive(Debug, Clone)]
pub enum Piece {
    Text(Bytes),
    Var(Var),
}

#[derive(Debug, Clone)]
pub enum Call {
    Log(Vec<Piece>),
    Code(i32),
    /// Waits for an effect of this name; the answer is its code.
    Wait(String),
    /// Runs a route, then gives its code, or -1 if it was dropped.
    Run(RouteId),
    Exit,
    Drop,
    Any,
}

#[derive(Default)]
pub struct Words {
    /// Whether every name is known.
    pub lenient: bool,
}

pub const FUNCTIONS: [&str; 14] = [
    "xlog",
    "is_method",
    "code",
    "wait",
    "run",
    "reply",
    "stop",
    "abort",
    "sl_send_reply",
    "t_relay",
    "setflag",
    "t_on_failure",
    "xdbg",
    "ends",
];

impl Words {
    fn format(&self, text: &Bytes, at: Site) -> Result<Vec<Piece>, Problem> {
        let format = FormatSpec::parse(text).map_err(|error| Problem::new("E0401", error.what))?;
        format
            .pieces
            .into_iter()
            .map(|piece| match piece {
                FormatPiece::Literal(text) => Ok(Piece::Text(text)),
                FormatPiece::Variable(spec, _) => {
                    self.variable(&spec, Access::Read, at).map(Piece::Var)
                }
            })
            .collect()
    }
}

impl Vocabulary for Words {
    type Host = Recorder;

    fn variable(&self, spec: &VarSpec, _access: Access, _at: Site) -> Result<Var, Problem> {
        let inner = spec.inner.clone().unwrap_or_default();
        let plain = match spec.name.as_ref() {
            b"var" => Var::Script(inner),
            b"avp" => Var::Avp(inner),
            b"null" => Var::Null,
            b"rc" | b"retcode" | b"?" => Var::Retcode,
            b"rU" => Var::Text("alice"),
            b"ru" => Var::Text("sip:alice@example.test"),
            _ if self.lenient => Var::Null,
            name => {
                let name = String::from_utf8_lossy(name);
                return Err(Problem::new("E0401", format!("unknown variable `${name}`"))
                    .candidates(nearest(&name, ["var", "avp", "null", "rc", "rU", "ru"])));
            }
        };
        Ok(
            match spec.transformations.first().map(|t| t.text.as_ref()) {
                Some(b"s.len") => Var::Length(Box::new(plain)),
                Some(b"s.int") => Var::Number(Box::new(plain)),
                _ => plain,
            },
        )
    }

    fn select(&self, spec: &SelectSpec, _at: Site) -> Result<Var, Problem> {
        match spec.parts.first().map(|part| part.name.as_ref()) {
            Some(b"via" | b"ruri") => Ok(Var::Text("example.test")),
            _ if self.lenient => Ok(Var::Null),
            _ => Err(Problem::new("E0413", "unknown select")),
        }
    }

    fn keyword(&self, keyword: Keyword, _at: Site) -> Result<Var, Problem> {
        Ok(match keyword {
            Keyword::Method => Var::Text("OPTIONS"),
            Keyword::Uri => Var::Text("sip:alice@example.test"),
            Keyword::Proto => Var::Number0(1),
            Keyword::Af => Var::Number0(2),
            Keyword::SrcPort => Var::Number0(40000),
            Keyword::MsgLen => Var::Number0(300),
            Keyword::MaxLen => Var::Number0(65535),
            _ => Var::Text(""),
        })
    }

    fn word(&self, keyword: Keyword, word: &[u8]) -> Option<Value> {
        match (keyword, word.to_ascii_uppercase().as_slice()) {
            (Keyword::Method, word) => Some(Value::Str(Bytes::copy_from_slice(word))),
            (Keyword::Proto, b"UDP") => Some(Value::Int(1)),
            (Keyword::Proto, b"WS") => Some(Value::Int(5)),
            (Keyword::Af, b"INET") => Some(Value::Int(2)),
            _ => None,
        }
    }

    fn test(&self, test: &Test<'_>, _at: Site) -> Result<Var, Problem> {
        let here = "127.0.0.1".parse().unwrap();
        Ok(match test.with {
            TestWith::Myself => Var::Truth(test.keyword != Keyword::FromUri),
            TestWith::Network(network) => Var::Truth(network.contains(here)),
            TestWith::Host(name) => Var::Truth(name == b"localhost"),
        })
    }

    fn function(&self, call: CallSpec<'_, Var>) -> Result<Function<Self>, Problem> {
        let text = |at: usize| match call.args.get(at) {
            Some(Arg::Text(text)) => text.clone(),
            _ => Bytes::new(),
        };
        let mut function = Function {
            call: Call::Code(1),
            traits: Traits::default(),
            enters: Vec::new(),
        };
        match call.name {
            "xlog" => {
                let format = call.args.len().saturating_sub(1);
                function.call = Call::Log(self.format(&text(format), call.at)?);
            }
            "is_method" => {
                function.call = Call::Code(if text(0) == "OPTIONS" { 1 } else { -1 });
            }
            "code" => match call.args.first() {
                Some(Arg::Int(code)) => function.call = Call::Code(*code as i32),
                _ => return Err(Problem::new("E0405", "`code` takes a number")),
            },
            "wait" => {
                function.traits.waits = true;
                function.call = Call::Wait(String::from_utf8_lossy(&text(0)).into_owned());
            }
            "run" => {
                let name = String::from_utf8_lossy(&text(0)).into_owned();
                let Some(route) = call.routes.find(RouteKind::Branch, &name) else {
                    return Err(Problem::new("E0405", format!("no branch_route `{name}`"))
                        .candidates(nearest(&name, call.routes.of_kind(RouteKind::Branch))));
                };
                function.enters.push(route);
                function.call = Call::Run(route);
            }
            "reply" | "sl_send_reply" => function.traits.replies = true,
            "ends" => function.traits.ends = true,
            "stop" => function.call = Call::Exit,
            "abort" => function.call = Call::Drop,
            "t_relay" | "setflag" | "t_on_failure" | "xdbg" => {}
            _ if self.lenient => function.call = Call::Any,
            name => {
                return Err(Problem::new("E0402", format!("unknown function `{name}`"))
                    .candidates(nearest(name, FUNCTIONS)));
            }
        }
        Ok(function)
    }

    fn event_route(&self, name: &str) -> Result<(), Problem> {
        if self.lenient || name == "core:worker-one-init" {
            return Ok(());
        }
        Err(Problem::new("W0412", format!("nobody calls `{name}`")))
    }
}

/// What a run did.
#[derive(Default)]
pub struct Recorder {
    pub log: Vec<String>,
    pub vars: BTreeMap<Bytes, Value>,
    pub avps: BTreeMap<Bytes, Value>,
    pub retcode: i32,
}

impl Recorder {
    fn render(&mut self, pieces: &[Piece]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Var(var) => match self.read(var) {
                    Value::Null => out.extend_from_slice(b"<null>"),
                    value => out.extend_from_slice(&value.to_text()),
                },
            }
        }
        String::from_utf8_lossy(&out).trim_end().to_owned()
    }
}

impl Host for Recorder {
    type Var = Var;
    type Call = Call;
    type Effect = String;
    type Resume = String;
    type Answer = i32;

    fn read(&mut self, variable: &Var) -> Value {
        match variable {
            Var::Null => Value::Null,
            Var::Script(name) => self.vars.get(name).cloned().unwrap_or(Value::Int(0)),
            Var::Avp(name) => self.avps.get(name).cloned().unwrap_or_default(),
            Var::Length(of) => Value::Int(self.read(of).to_text().len() as i64),
            Var::Number(of) => Value::Int(self.read(of).to_int()),
            Var::Retcode => Value::Int(i64::from(self.retcode)),
            Var::Text(text) => Value::text(text),
            Var::Truth(truth) => Value::bool(*truth),
            Var::Number0(number) => Value::Int(*number),
        }
    }

    fn assign(&mut self, variable: &Var, _op: AssignOp, value: Value) -> Result<(), Fault> {
        match variable {
            Var::Script(name) => drop(self.vars.insert(name.clone(), value)),
            Var::Avp(name) => drop(self.avps.insert(name.clone(), value)),
            _ => return Err(Fault::Refused("read-only".to_owned())),
        }
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Flow<String, String> {
        match call {
            Call::Log(pieces) => {
                let line = self.render(pieces);
                self.log.push(line);
                Flow::Done(1)
            }
            Call::Code(code) => Flow::Done(*code),
            Call::Wait(name) => Flow::Wait(name.clone(), name.clone()),
            Call::Run(route) => Flow::Run(*route, "run".to_owned()),
            Call::Exit => Flow::Exit,
            Call::Drop => Flow::Drop,
            Call::Any => Flow::Done(1),
        }
    }

    fn resume(&mut self, resume: String, answer: i32) -> Flow<String, String> {
        self.log.push(format!("({resume} gave {answer})"));
        Flow::Done(answer)
    }

    fn route_ended(&mut self, _resume: String, end: RouteEnd) -> Flow<String, String> {
        self.log
            .push(format!("(route ended: {:?} {})", end.kind, end.code));
        Flow::Done(if end.kind == script::EndKind::Drop {
            -1
        } else {
            1
        })
    }

    fn set_retcode(&mut self, code: i32) {
        self.retcode = code;
    }

    fn fault(&mut self, fault: Fault, _at: Span) {
        self.log.push(format!("! {fault}"));
    }
}
