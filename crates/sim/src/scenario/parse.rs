//! From the lines of a play to its steps.

use super::outline::Node;
use super::step::{Detail, Digest, Expect, Form, Says, Send, Spoken, Step, StepKind, Wanted, Who};
use super::{Agent, Record, Row, Surroundings, target};
use crate::text::{duration_ms, words};
use policy::Proto;
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

/// Takes a line that says how things are; false where it says what happens.
fn surrounding(surroundings: &mut Surroundings, text: &str) -> Result<bool, String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "agent" => surroundings.agents.push(agent(&words(rest)?)?),
        "dns" => surroundings.records.push(record(&words(rest)?)?),
        "db" => surroundings.rows.push(row(&words(rest)?)?),
        "only" => {
            let (subject, why) = rest.split_once(':').ok_or("write `only SUBJECT: reason`")?;
            surroundings.only = Some((subject.trim().to_owned(), why.trim().to_owned()));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn agent(words: &[String]) -> Result<Agent, String> {
    let [name, place, rest @ ..] = words else {
        return Err("write `agent NAME PROTOCOL:ADDRESS:PORT`".to_owned());
    };
    let (proto, address) = target::place(place)?;
    let port = if proto.is_secure() { 5061 } else { 5060 };
    let mut agent = Agent {
        name: name.clone(),
        proto,
        address,
        record: format!("sip:{name}@example.test"),
        server: target::server(address, port),
    };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "to" => agent.server = target::address(rest.next().map_or("", |word| word))?,
            record if record.contains("sip") => agent.record = record.to_owned(),
            other => return Err(format!("`{other}` says nothing about an agent")),
        }
    }
    Ok(agent)
}

fn record(words: &[String]) -> Result<Record, String> {
    match words {
        [name, kind, data @ ..] if !data.is_empty() => Ok(Record {
            name: name.to_ascii_lowercase(),
            kind: kind.to_ascii_uppercase(),
            data: data.to_vec(),
        }),
        _ => {
            Err("write `dns NAME A ADDRESS` or `dns NAME SRV PRIORITY WEIGHT PORT NAME`".to_owned())
        }
    }
}

fn row(words: &[String]) -> Result<Row, String> {
    let (table, columns) = words
        .split_first()
        .ok_or("write `db TABLE COLUMN=VALUE …`")?;
    let pair = |word: &String| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let columns: Option<Vec<_>> = columns.iter().map(pair).collect();
    Ok(Row {
        table: table.clone(),
        columns: columns.ok_or("each column is written `name=value`")?,
    })
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

fn send(who: &str, says: &str, below: &[Node]) -> Result<Send, String> {
    let mut form = Form::default();
    for node in below {
        detail(&mut form, &node.text).map_err(|wrong| format!("{}: {wrong}", node.line))?;
    }
    Ok(Send {
        who: dialog(who),
        says: said(says)?,
        form,
    })
}

fn said(text: &str) -> Result<Says, String> {
    let (text, digest) = match text.split_once(" with digest ") {
        Some((text, login)) => (text.trim(), Some(login_of(login)?)),
        None => (text, None),
    };
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    Ok(match (first, rest) {
        ("again", _) => Says::Again(None),
        (word, "again") => Says::Again(Some(word.to_owned())),
        ("file", path) => Says::File(path.to_owned()),
        ("raw", _) => Says::Raw,
        (code, phrase) if is_status(code) => {
            let (phrase, to) = match phrase.strip_prefix("for ") {
                Some(method) => ("", Some(method)),
                None => match phrase.split_once(" for ") {
                    Some((phrase, method)) => (phrase, Some(method)),
                    None => (phrase, None),
                },
            };
            Says::Reply {
                status: code.parse().unwrap_or_default(),
                phrase: phrase.to_owned(),
                to: to.map(str::to_owned),
            }
        }
        (method, uri) => Says::Request {
            method: method.to_owned(),
            uri: (!uri.is_empty()).then(|| uri.to_owned()),
            digest,
        },
    })
}

fn login_of(login: &str) -> Result<Digest, String> {
    let (user, password) = login
        .split_once(':')
        .ok_or("write `with digest USER:PASSWORD`")?;
    Ok(Digest {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

fn detail(form: &mut Form, text: &str) -> Result<(), String> {
    if let Some(line) = text.strip_prefix('|') {
        let line = line.strip_prefix(' ').unwrap_or(line);
        form.lines.push(line.to_owned());
        return Ok(());
    }
    if text.contains(" => ") {
        form.captures.push(target::check(text)?);
        return Ok(());
    }
    match text.split_once(' ') {
        None if text == "sdp" => form.sdp = true,
        None if text.starts_with('!') => form.details.push(Detail::Remove(text[1..].to_owned())),
        Some(("to", address)) => form.to = Some(address.trim().to_owned()),
        Some(("by", proto)) => {
            let proto = Proto::parse(proto.trim().as_bytes());
            form.by = Some(proto.ok_or("that is no transport")?);
        }
        Some(("line:", line)) => form.details.push(Detail::FirstLine(line.to_owned())),
        _ => {
            let (name, value) = text
                .split_once(':')
                .ok_or_else(|| format!("`{text}` is no detail"))?;
            let value = value.trim().to_owned();
            form.details.push(match name.strip_prefix('+') {
                Some(name) => Detail::Add(name.to_owned(), value),
                None => Detail::Set(name.to_owned(), value),
            });
        }
    }
    Ok(())
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

fn is_status(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn dialog(text: &str) -> Who {
    let (agent, dialog) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    Who {
        agent: agent.to_owned(),
        dialog: dialog.to_owned(),
    }
}
