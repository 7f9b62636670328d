//! The command line of a scenario, as far as the simulator understands it.

use super::files::MAIN;
use crate::Script;
use policy::{Extra, ParamValue};
use script::ast::Item;

/// What a command line says.
#[derive(Default)]
pub(super) struct Command {
    pub(super) file: String,
    pub(super) defines: Vec<(String, Option<String>)>,
    pub(super) extra: Extra,
}

impl Command {
    /// Reads the words after `kamailio`.
    ///
    /// # Errors
    /// A word that is not understood.
    pub(super) fn of(script: &Script) -> Result<Command, String> {
        let mut command = Command {
            file: MAIN.to_owned(),
            ..Command::default()
        };
        let mut words = script.arguments.iter().flatten().map(String::as_str);
        while let Some(word) = words.next() {
            let (switch, glued) = split(word);
            let mut value = || match glued {
                Some(value) => Ok(value.to_owned()),
                None => {
                    let next = words.next().map(str::to_owned);
                    next.ok_or_else(|| format!("{switch} wants a value"))
                }
            };
            match switch {
                "-f" => command.file = value()?.replace("{cfg}", MAIN),
                "-A" => command.defines.push(define(&value()?)),
                "-l" => command.extra.listen.extend(listen(&value()?)?),
                "--alias" => command.extra.aliases.extend(alias(&value()?)?),
                "--loadmodule" => command.extra.modules.push(value()?),
                "--modparam" => command.extra.params.push(modparam(&value()?)?),
                "-m" | "-M" | "-n" => drop(value()?),
                other => return Err(format!("the simulator does not know the switch {other}")),
            }
        }
        Ok(command)
    }
}

/// `-A NAME` and `-ANAME` mean the same, as do `--alias X` and `--alias=X`.
fn split(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((switch, value)) => (switch, Some(value)),
            None => (word, None),
        };
    }
    match word.split_at_checked(2) {
        Some((switch, value)) if !value.is_empty() => (switch, Some(value)),
        _ => (word, None),
    }
}

fn define(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

fn listen(text: &str) -> Result<Vec<script::ast::Listen>, String> {
    let items = line(&format!("listen={text}\n"))?;
    let listens = items.into_iter().filter_map(|item| match item {
        Item::Listen(listen) => Some(listen),
        _ => None,
    });
    Ok(listens.collect())
}

fn alias(text: &str) -> Result<Vec<script::ast::Endpoint>, String> {
    let items = line(&format!("alias={text}\n"))?;
    let aliases = items.into_iter().filter_map(|item| match item {
        Item::Alias(endpoints) => Some(endpoints),
        _ => None,
    });
    Ok(aliases.flatten().collect())
}

/// `MODULE:NAME:i:5` or `MODULE:NAME:s:text`.
fn modparam(text: &str) -> Result<(String, String, ParamValue), String> {
    let mut parts = text.splitn(4, [':', ',']);
    let mut part = || {
        parts
            .next()
            .ok_or_else(|| format!("--modparam {text}: write MODULE:NAME:i|s:VALUE"))
    };
    let (module, name, kind, value) = (part()?, part()?, part()?, part()?);
    let value = match kind {
        "i" => ParamValue::Int(
            value
                .parse()
                .map_err(|_| format!("`{value}` is no number"))?,
        ),
        _ => ParamValue::Text(value.to_owned().into()),
    };
    Ok((module.to_owned(), name.to_owned(), value))
}

fn line(text: &str) -> Result<Vec<Item>, String> {
    let script = Script {
        text: Some(text.to_owned()),
        ..Script::default()
    };
    let parsed = script::parse(
        &super::files::Disk { script: &script },
        MAIN,
        &script::Options::default(),
    );
    match parsed.diagnostics.first() {
        Some(finding) => Err(format!("{}: {}", text.trim(), finding.message)),
        None => Ok(parsed.script.items),
    }
}
