//! What `tests/attacks` says: the octets of each input, and what may come of it.

use super::attacker::{Attacker, Credentials, LENGTH};
use super::octets::{filled, unescaped, with_length};
use super::seen::Seen;
use policy::Proto;
use regex::Regex;
use std::fmt;
use std::path::Path;

/// Who attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody without an account.
    Stranger,
    /// Alice, whose credentials are in `{head}`.
    Insider,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Stranger => "stranger",
            Who::Insider => "insider",
        })
    }
}

/// One input.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Its class and what it is.
    pub name: String,
    /// What may come of it, by attacker.
    allowed: [String; 2],
    /// The transports, all where it is empty.
    transports: String,
    /// It takes as long as the server waits for the rest of a message.
    pub is_slow: bool,
    /// What no reply, and nothing that goes on, may have in it.
    never: Vec<Regex>,
    /// The lines of its octets, with names in braces.
    lines: Vec<String>,
}

/// Reads every file of the folder.
///
/// # Errors
/// A sentence that names the file.
#[allow(clippy::disallowed_methods, reason = "a runner reads them")]
pub fn inputs(folder: &Path) -> Result<Vec<Input>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).map_err(wrong)?;
            for part in text.split("### ").skip(1) {
                let several = several(part);
                inputs.extend(several.map_err(|wrong| format!("{}: {wrong}", path.display()))?);
            }
        }
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(inputs)
}

/// One input, or one for each line `each:`.
fn several(part: &str) -> Result<Vec<Input>, String> {
    let (head, octets) = part
        .split_once("\n---\n")
        .ok_or_else(|| format!("no octets: {part}"))?;
    let (each, head): (Vec<&str>, Vec<&str>) =
        head.lines().partition(|line| line.starts_with("each:"));
    let one = input(&head, octets.trim_end_matches('\n'))?;
    if each.is_empty() {
        return Ok(vec![one]);
    }
    let values = each.iter().filter_map(|line| line.strip_prefix("each:"));
    let values = values.map(|value| value.strip_prefix(' ').unwrap_or(value));
    Ok(values.map(|value| one.with(value)).collect())
}

fn input(head: &[&str], octets: &str) -> Result<Input, String> {
    let mut lines = head.iter();
    let mut input = Input {
        name: lines.next().copied().unwrap_or_default().to_owned(),
        lines: octets.lines().map(str::to_owned).collect(),
        ..Input::default()
    };
    for line in lines {
        let (word, value) = line
            .split_once(": ")
            .ok_or_else(|| format!("`{line}` says nothing"))?;
        match word {
            "allow" => input.allowed = [value.to_owned(), value.to_owned()],
            "stranger" => value.clone_into(&mut input.allowed[0]),
            "insider" => value.clone_into(&mut input.allowed[1]),
            "over" => value.clone_into(&mut input.transports),
            "slow" => input.is_slow = value == "yes",
            "never" => input
                .never
                .push(Regex::new(value).map_err(|error| error.to_string())?),
            _ => return Err(format!("`{word}` is no word here")),
        }
    }
    Ok(input)
}

impl Input {
    /// Whether it is sent over this transport by this attacker.
    pub fn concerns(&self, proto: Proto, who: Who) -> bool {
        let over = self.transports.is_empty() || self.transports.contains(&proto.to_string());
        over && !self.allowed[who as usize].is_empty()
    }

    /// This input with a value for `{each}`.
    fn with(&self, value: &str) -> Input {
        let shown: String = value.chars().take(60).collect();
        Input {
            name: format!("{}: {shown}", self.name),
            lines: self
                .lines
                .iter()
                .map(|line| line.replace("{each}", value))
                .collect(),
            ..self.clone()
        }
    }

    /// Whether no answer at all is right too.
    pub fn may_be_dropped(&self, who: Who) -> bool {
        let mut words = self.allowed[who as usize].split('|');
        words.any(|word| word == "drop")
    }

    /// Method and Request-URI.
    ///
    /// # Errors
    /// A sentence, where a name or an escape is wrong.
    pub fn request(&self, attacker: &Attacker) -> Result<(String, Vec<u8>), String> {
        let nothing = Credentials::default();
        let text = self.text(attacker, "", &nothing)?;
        let octets = unescaped(&text)?;
        let octets = octets.trim_ascii_start();
        let mut words = octets.split(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
        let method = words.next().unwrap_or_default();
        let uri = words.next().unwrap_or_default();
        Ok((String::from_utf8_lossy(method).into_owned(), uri.to_vec()))
    }

    /// What is sent.
    ///
    /// # Errors
    /// A sentence, where a name or an escape is wrong.
    pub fn octets(
        &self,
        attacker: &Attacker,
        method: &str,
        credentials: &Credentials,
    ) -> Result<Vec<u8>, String> {
        let text = self.text(attacker, method, credentials)?;
        Ok(with_length(unescaped(&text)?, LENGTH))
    }

    fn text(
        &self,
        attacker: &Attacker,
        method: &str,
        credentials: &Credentials,
    ) -> Result<String, String> {
        let named = |name: &str| attacker.named(name, method, credentials);
        let mut text = String::new();
        for line in &self.lines {
            text += &filled(line, &named)?;
            text += "\\r\\n";
        }
        Ok(match text.strip_suffix("\\c\\r\\n") {
            Some(text) => text.to_owned(),
            None => text + "\\r\\n",
        })
    }

    /// All that is wrong with what came of it.
    pub fn judge(&self, proto: Proto, who: Who, seen: &Seen) -> Vec<String> {
        let mut wrong = Vec::new();
        let outcome = seen.outcome();
        let allowed = &self.allowed[who as usize];
        if !allowed.split('|').any(|word| matches(word, &outcome)) {
            wrong.push(format!("{outcome} instead of {allowed}"));
        }
        if !seen.elsewhere.is_empty() {
            wrong.push("somebody got a message who has nothing to do with it".to_owned());
        }
        let all = seen.back.iter().chain(&seen.forwarded);
        for octets in all {
            wrong.extend(control_in_head(octets));
            let text = String::from_utf8_lossy(octets);
            let found = self.never.iter().filter(|never| never.is_match(&text));
            wrong.extend(found.map(|never| format!("{never} is in it")));
        }
        let names = Regex::new("(?i)\r\n(server|user-agent|warning): |ringwall|kamailio");
        let names = names.unwrap_or_else(|error| panic!("{error}"));
        let told = |octets: &Vec<u8>| names.is_match(&String::from_utf8_lossy(octets));
        if seen.back.iter().any(told) {
            wrong.push("the server names itself".to_owned());
        }
        let back: usize = seen.back.iter().map(Vec::len).sum();
        if proto == Proto::Udp
            && who == Who::Stranger
            && (back > 3 * seen.sent || seen.back.len() > 2)
        {
            wrong.push(format!(
                "{} datagrams, {back} octets for {}",
                seen.back.len(),
                seen.sent
            ));
        }
        wrong
    }
}

fn matches(word: &str, outcome: &str) -> bool {
    match word.strip_suffix("xx") {
        Some(class) => outcome.len() == 3 && outcome.starts_with(class),
        None => word == outcome,
    }
}

/// A CR, LF or NUL that ends no line.
fn control_in_head(octets: &[u8]) -> Option<String> {
    let end = octets
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(octets.len());
    let head = String::from_utf8_lossy(&octets[..end]).replace("\r\n", "");
    head.contains(['\r', '\n', '\0'])
        .then(|| format!("a control character in {head:?}"))
}
