//! What `tests/attacks` says: the octets of each input, and what may come of it.

use policy::Proto;
use regex::Regex;
use std::fmt;
use std::path::Path;

/// Who attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
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
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Its class and what it is.
    pub(crate) name: String,
    /// What may come of it, by attacker.
    allowed: [String; 2],
    /// The transports, all where it is empty.
    transports: String,
    /// What no reply, and nothing that goes on, may have in it.
    never: Vec<Regex>,
    /// The lines of its octets, with names in braces.
    lines: Vec<String>,
}

/// What came of an input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// How long the input was.
    pub(crate) sent: usize,
    /// What came back to the attacker.
    pub(crate) back: Vec<Vec<u8>>,
    /// What went on to Bob.
    pub(crate) forwarded: Vec<Vec<u8>>,
    /// What came to somebody who has nothing to do with it.
    pub(crate) elsewhere: Vec<Vec<u8>>,
    /// The connection was closed.
    pub(crate) closed: bool,
}

/// Reads every file of the folder.
pub(crate) fn inputs(folder: &Path) -> Result<Vec<Input>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).map_err(wrong)?;
            for part in text.split("### ").skip(1) {
                inputs.push(input(part).map_err(|wrong| format!("{}: {wrong}", path.display()))?);
            }
        }
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(inputs)
}

fn input(part: &str) -> Result<Input, String> {
    let (head, octets) = part
        .split_once("\n---\n")
        .ok_or_else(|| format!("no octets: {part}"))?;
    let mut lines = head.lines();
    let mut input = Input {
        name: lines.next().unwrap_or_default().to_owned(),
        lines: octets
            .trim_end_matches('\n')
            .lines()
            .map(str::to_owned)
            .collect(),
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
    pub(crate) fn concerns(&self, proto: Proto, who: Who) -> bool {
        let over = self.transports.is_empty() || self.transports.contains(&proto.to_string());
        over && !self.allowed[who as usize].is_empty()
    }

    /// The first two words of the first line.
    pub(crate) fn request(&self) -> (&str, &str) {
        let mut words = self
            .lines
            .first()
            .map_or("", |line| line.as_str())
            .split(' ');
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }

    /// The octets; `named` says what stands for a name in braces.
    pub(crate) fn octets(
        &self,
        named: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Vec<u8>, String> {
        let mut text = String::new();
        for line in &self.lines {
            text += &filled(line, &named)?;
            text += "\\r\\n";
        }
        let text = match text.strip_suffix("\\c\\r\\n") {
            Some(text) => text.to_owned(),
            None => text + "\\r\\n",
        };
        unescaped(&text)
    }

    /// All that is wrong with what came of it.
    pub(crate) fn judge(&self, proto: Proto, who: Who, seen: &Seen) -> Vec<String> {
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

impl Seen {
    /// One word for it: `fwd`, a status code, `close` or `drop`.
    fn outcome(&self) -> String {
        let status = |octets: &Vec<u8>| {
            let code = octets.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
            std::str::from_utf8(code).ok()?.parse::<u16>().ok()
        };
        let last = self.back.iter().filter_map(status).max();
        match (
            self.forwarded.is_empty(),
            last,
            self.closed,
            self.back.is_empty(),
        ) {
            (false, ..) => "fwd".to_owned(),
            (true, Some(status), ..) => status.to_string(),
            (true, None, true, _) => "close".to_owned(),
            (true, None, false, true) => "drop".to_owned(),
            (true, None, false, false) => "pong".to_owned(),
        }
    }

    /// All of it, for whoever must find out.
    pub(crate) fn told(&self) -> String {
        let parts = [
            ("back", &self.back),
            ("forwarded", &self.forwarded),
            ("elsewhere", &self.elsewhere),
        ];
        let mut text = String::new();
        for (name, messages) in parts {
            for octets in messages {
                let shown: String = String::from_utf8_lossy(octets).chars().take(1500).collect();
                text += &format!("-- {name}:\n{shown}\n");
            }
        }
        text
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

/// Replaces names in braces, and `{text*count}` by repetitions.
fn filled(line: &str, named: &impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| format!("`{line}` is not closed"))?;
        text += before;
        text += &match name.rsplit_once('*') {
            Some((part, count)) => part.repeat(
                count
                    .parse()
                    .map_err(|_| format!("`{count}` is no number"))?,
            ),
            None => named(name)?,
        };
        rest = after;
    }
    Ok(text + rest)
}

/// `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` are the octets they stand for.
fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'\\' {
            octets.push(*first);
            rest = after;
            continue;
        }
        let (octet, length) = match after {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                (
                    u8::from_str_radix(digits, 16).map_err(|_| format!("\\x{digits}"))?,
                    3,
                )
            }
            _ => return Err(format!("an escape that means nothing in {text:.60}")),
        };
        octets.push(octet);
        rest = &after[length..];
    }
    Ok(octets)
}
