//! From the lines of a play to its steps.

use super::outline::Node;
use super::say::send;
use super::step::{Expect, Spoken, Step, StepKind, Wanted, Who};
use super::surrounding::{agent, surrounding};
use super::{Surroundings, target};
use crate::text::{duration_ms, words};
use regex::Regex;

/// How long a message is waited for where a play does not say.
const WITHIN_MS: u64 = 1000;

/// Reads a play.
///
/// # Errors
/// The line and what is wrong with it.
pub(super) fn play(nodes: &[Node], network: &str) -> Result<(Surroundings, Vec<Step>), String> {
    let mut surroundings = Surroundings::default();
    let mut steps = Vec::new();
    for node in nodes {
        let at = |wrong: String| format!("{}: {wrong}", node.line);
        if !surrounding(&mut surroundings, &node.text).map_err(at)? {
            steps.push(step(node)?);
        }
    }
    for (name, port) in [
        ("alice", 5071),
        ("bob", 5072),
        ("carol", 5073),
        ("dave", 5074),
    ] {
        if !surroundings.agents.iter().any(|agent| agent.name == name) {
            let words = [name.to_owned(), format!("udp:{network}.1:{port}")];
            surroundings.agents.push(agent(&words)?);
        }
    }
    Ok((surroundings, steps))
}

fn step(node: &Node) -> Result<Step, String> {
    let at = |wrong: String| format!("{}: {wrong}", node.line);
    let kind = match node.text.as_str() {
        "unordered" => StepKind::Unordered(node.below.iter().map(step).collect::<Result<_, _>>()?),
        text => {
            if let Some(kind) = other(text, &node.below).map_err(at)? {
                kind
            } else if let Some((who, says)) = text.split_once(" -> ") {
                StepKind::Send(send(who, says.trim(), &node.below)?)
            } else if let Some((who, wanted)) = text.split_once(" <- ") {
                expect(who, wanted.trim(), &node.below).map_err(at)?
            } else {
                return Err(at(format!("`{text}` is no step")));
            }
        }
    };
    Ok(Step {
        line: node.line,
        text: node.text.clone(),
        kind,
    })
}

/// A step that no agent takes part in, or that ends connections.
fn other(text: &str, below: &[Node]) -> Result<Option<StepKind>, String> {
    if let Some(who) = text.strip_suffix(" closes") {
        return Ok(Some(StepKind::Closes(dialog(who))));
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    Ok(Some(match word {
        "wait" => StepKind::Wait(duration_ms(rest.trim())?),
        "log" | "!log" => {
            let pattern = rest
                .trim()
                .strip_prefix('~')
                .ok_or("write `log ~ EXPRESSION`")?;
            let pattern = regex(target::unquoted(pattern.trim()))?;
            let wanted = word == "log";
            StepKind::Log { pattern, wanted }
        }
        "rpc" => rpc(rest, below)?,
        _ => return Ok(None),
    }))
}

fn rpc(text: &str, below: &[Node]) -> Result<StepKind, String> {
    let mut arguments = words(text)?;
    if arguments.is_empty() {
        return Err("write `rpc COMMAND ARGUMENTS`".to_owned());
    }
    let name = arguments.remove(0);
    let pattern = |node: &Node| {
        let text = node.text.strip_prefix('~').ok_or("write `~ EXPRESSION`")?;
        regex(text.trim())
    };
    Ok(StepKind::Rpc {
        name,
        arguments,
        patterns: below.iter().map(pattern).collect::<Result<_, String>>()?,
    })
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

fn expect(who: &str, text: &str, below: &[Node]) -> Result<StepKind, String> {
    let who = dialog(who);
    let (text, within) = timed(text, " within ")?;
    let (text, after) = timed(text, " after ")?;
    let within_ms = within.unwrap_or(after.unwrap_or(0) + WITHIN_MS);
    if let Some(rest) = text.strip_prefix("nothing") {
        let time = rest.trim().strip_prefix("for ").unwrap_or("1s");
        let for_ms = duration_ms(time)?;
        return Ok(StepKind::Silence { who, for_ms });
    }
    if text == "closed" {
        return Ok(StepKind::Closed { who, within_ms });
    }
    let (text, again) = match text.strip_suffix(" again") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let check = |node: &Node| {
        let what = target::check(&node.text)?;
        let text = node.text.clone();
        Ok(Spoken { text, what })
    };
    Ok(StepKind::Expect(Expect {
        who,
        wanted: wanted(text),
        again,
        within_ms,
        after_ms: after.unwrap_or(0),
        checks: below.iter().map(check).collect::<Result<_, String>>()?,
    }))
}

fn wanted(text: &str) -> Wanted {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
    if is_status(first) {
        Wanted::Reply {
            status: first.parse().unwrap_or_default(),
            phrase: rest,
        }
    } else {
        Wanted::Request {
            method: first.to_owned(),
            uri: rest,
        }
    }
}

fn timed<'a>(text: &'a str, word: &str) -> Result<(&'a str, Option<u64>), String> {
    match text.rsplit_once(word) {
        Some((text, time)) => Ok((text.trim(), Some(duration_ms(time.trim())?))),
        None => Ok((text, None)),
    }
}

pub(super) fn is_status(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn dialog(text: &str) -> Who {
    let (agent, dialog) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    Who {
        agent: agent.to_owned(),
        dialog: dialog.to_owned(),
    }
}
