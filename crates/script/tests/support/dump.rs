//! A tree as text, one item or statement a line.

use std::fmt::Write as _;

use script::ast::{
    AssignOp, Block, CaseLabel, Endpoint, Expr, ExprKind, HostName, Item, ParamValue, RouteCall,
    StatementKind,
};
use script::{Parsed, VarSpec};

pub fn dump(parsed: &Parsed) -> String {
    let mut out = String::new();
    for item in &parsed.script.items {
        self::item(item, &mut out);
    }
    out
}

fn item(item: &Item, out: &mut String) {
    let _ = match item {
        Item::Core(core) => {
            let values: Vec<String> = core.values.iter().map(|(value, _)| param(value)).collect();
            writeln!(out, "core {} = {}", core.name.text, values.join(", "))
        }
        Item::Listen(listen) => {
            let sockets: Vec<String> = listen.endpoints.iter().map(endpoint).collect();
            let advertise = listen.advertise.as_ref().map(endpoint);
            let advertise = advertise.map_or_else(String::new, |at| format!(" advertise {at}"));
            let name = listen
                .name
                .as_ref()
                .map_or_else(String::new, |n| format!(" name {n:?}"));
            let is_virtual = if listen.is_virtual { " virtual" } else { "" };
            writeln!(
                out,
                "listen {}{advertise}{name}{is_virtual}",
                sockets.join(", ")
            )
        }
        Item::Alias(aliases) => {
            let aliases: Vec<String> = aliases.iter().map(endpoint).collect();
            writeln!(out, "alias {}", aliases.join(", "))
        }
        Item::LoadModule(module) => writeln!(out, "module {} ({:?})", module.name(), module.path),
        Item::ModulePath(path, _) => writeln!(out, "path {path:?}"),
        Item::ModParam(set) => {
            let modules: Vec<&str> = set.modules.iter().map(|m| m.text.as_str()).collect();
            let value = set
                .value
                .as_ref()
                .map_or("-".to_owned(), |(value, _)| param(value));
            writeln!(
                out,
                "modparam {} {} = {value}",
                modules.join("+"),
                set.name.text
            )
        }
        Item::Global(global) => writeln!(
            out,
            "global {}.{} = {} {:?}",
            global.group.text,
            global.name.text,
            param(&global.value),
            global.description
        ),
        Item::Flags(flags) => {
            let names: Vec<String> = flags
                .names
                .iter()
                .map(|(name, at)| format!("{}:{at:?}", name.text))
                .collect();
            writeln!(out, "flags avp={} {}", flags.avp, names.join(" "))
        }
        Item::Route(route) => {
            let _ = writeln!(out, "{}[{}]", route.kind.keyword(), route.name.text);
            block(&route.body, 1, out);
            Ok(())
        }
    };
}

fn param(value: &ParamValue) -> String {
    match value {
        ParamValue::Int(number) => number.to_string(),
        ParamValue::Str(text) => format!("{text:?}"),
        ParamValue::Word(word) => format!("word {word:?}"),
        ParamValue::Variable(spec) => variable(spec),
    }
}

fn endpoint(at: &Endpoint) -> String {
    let host = match &at.host {
        HostName::Address(address) => address.to_string(),
        HostName::Name(name) => format!("<{name}>"),
        HostName::Any => "*".to_owned(),
    };
    let protocol = at.protocol.as_deref().unwrap_or("-");
    let port = at.port.map_or("-".to_owned(), |port| port.to_string());
    format!("{protocol} {host} {port}")
}

fn variable(spec: &VarSpec) -> String {
    let mut out = format!("${}", String::from_utf8_lossy(&spec.name));
    if let Some(inner) = &spec.inner {
        let _ = write!(out, "({})", String::from_utf8_lossy(inner));
    }
    if let Some(index) = &spec.index {
        let _ = match index {
            script::Index::All => write!(out, "[*]"),
            script::Index::At(at) => write!(out, "[{at}]"),
            script::Index::Variable(inner) => write!(out, "[{}]", variable(inner)),
        };
    }
    for t in &spec.transformations {
        let (class, name) = (
            String::from_utf8_lossy(&t.class),
            String::from_utf8_lossy(&t.name),
        );
        let params: Vec<_> = t
            .split_params()
            .iter()
            .map(|p| String::from_utf8_lossy(p).into_owned())
            .collect();
        let _ = write!(out, "{{{class}|{name}|{}}}", params.join("|"));
    }
    out
}

fn block(block: &Block, depth: usize, out: &mut String) {
    for one in &block.statements {
        statement(&one.kind, depth, out);
    }
}

fn statement(kind: &StatementKind, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let _ = match kind {
        StatementKind::Call(call) => writeln!(out, "{pad}{}", expr(call)),
        StatementKind::Assign(assign) => {
            let op = if assign.op == AssignOp::Set {
                "="
            } else {
                ":="
            };
            let target = variable(&assign.target.variable);
            writeln!(out, "{pad}{target} {op} {}", expr(&assign.value))
        }
        StatementKind::If(arms, otherwise) => {
            for (condition, body) in arms {
                let _ = writeln!(out, "{pad}if {}", expr(condition));
                block(body, depth + 1, out);
            }
            if let Some(body) = otherwise {
                let _ = writeln!(out, "{pad}else");
                block(body, depth + 1, out);
            }
            Ok(())
        }
        StatementKind::Switch(subject, cases) => {
            let _ = writeln!(out, "{pad}switch {}", expr(subject));
            for case in cases {
                let label = match &case.label {
                    CaseLabel::Default => "default".to_owned(),
                    CaseLabel::Value(value) => expr(value),
                    CaseLabel::Regex(pattern, _) => format!("regex {pattern:?}"),
                };
                let _ = writeln!(out, "{pad}case {label}");
                block(&case.body, depth + 1, out);
            }
            Ok(())
        }
        StatementKind::While(condition, body) => {
            let _ = writeln!(out, "{pad}while {}", expr(condition));
            block(body, depth + 1, out);
            Ok(())
        }
        StatementKind::Block(inner) => {
            let _ = writeln!(out, "{pad}block");
            block(inner, depth + 1, out);
            Ok(())
        }
        StatementKind::Return(value) => {
            writeln!(
                out,
                "{pad}return {}",
                value.as_ref().map_or_else(String::new, expr)
            )
        }
        StatementKind::Exit => writeln!(out, "{pad}exit"),
        StatementKind::Drop => writeln!(out, "{pad}drop"),
        StatementKind::Break => writeln!(out, "{pad}break"),
        StatementKind::Continue => writeln!(out, "{pad}continue"),
    };
}

pub fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Int(number) => number.to_string(),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Variable(spec) => variable(spec),
        ExprKind::Select(spec) => {
            let parts: Vec<String> = spec
                .parts
                .iter()
                .map(|part| {
                    let index = part
                        .index
                        .as_ref()
                        .map_or_else(String::new, |i| format!("{i:?}"));
                    format!("{}{index}", String::from_utf8_lossy(&part.name))
                })
                .collect();
            format!("@{}", parts.join("."))
        }
        ExprKind::Keyword(keyword) => keyword.word().to_owned(),
        ExprKind::Myself => "myself".to_owned(),
        ExprKind::Address(network) => format!("{}/{}", network.address, network.prefix),
        ExprKind::Word(word) => format!("word:{}", String::from_utf8_lossy(word)),
        ExprKind::Call(call) => {
            let args: Vec<String> = call.args.iter().map(expr).collect();
            format!("{}({})", call.name.text, args.join(", "))
        }
        ExprKind::Route(call) => match call.as_ref() {
            RouteCall::Named(name) => format!("route({})", name.text),
            RouteCall::Dynamic(name) => format!("route[{}]", expr(name)),
        },
        ExprKind::Unary(op, operand) => format!("({op:?} {})", expr(operand)),
        ExprKind::Binary(op, left, right) => format!("({op:?} {} {})", expr(left), expr(right)),
        ExprKind::Assign(assign) => {
            format!(
                "({} := {})",
                variable(&assign.target.variable),
                expr(&assign.value)
            )
        }
        ExprKind::Broken => "broken".to_owned(),
    }
}
