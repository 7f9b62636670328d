//! `EXPECT.tsv`: what is expected of each message.

use super::Seen;
use policy::Proto;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One message with what is expected of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// `rfc4475/wsinv.sip`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What may come of it over UDP, by `|`: status codes, classes such as `4xx`, `fwd`, `drop`,
    /// `close`, `any`, `any-but-forward`.
    udp: String,
    /// The same over TCP.
    tcp: String,
    /// What had best come of it, empty where everything allowed is as good.
    ideal: String,
    /// What must hold besides, by blanks.
    checks: Vec<Check>,
}

#[derive(Clone, Debug)]
enum Check {
    /// `no:REGEX`: no reply matches.
    NoReply(Regex),
    /// `fwdno:REGEX`: nothing that is forwarded matches.
    NotForwarded(Regex),
    /// `udp:nresp<=N`: at most so many final replies over UDP.
    FinalReplies(usize),
}

/// The rows of the `EXPECT.tsv` of both RFCs.
///
/// # Errors
/// What cannot be read.
pub fn rows(directory: &Path) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for rfc in ["rfc4475", "rfc5118"] {
        let table = directory.join(rfc).join("EXPECT.tsv");
        let text = crate::disk::read_text(&table)?;
        for line in text.lines().skip(1) {
            rows.push(row(directory, rfc, line)?);
        }
    }
    Ok(rows)
}

fn row(directory: &Path, rfc: &str, line: &str) -> Result<Row, String> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [file, _, _, udp, tcp, ideal, checks, ..] = cells.as_slice() else {
        return Err(format!("{rfc}/EXPECT.tsv: too few columns: {line}"));
    };
    let name = format!("{rfc}/{file}");
    Ok(Row {
        path: directory.join(&name),
        udp: (*udp).to_owned(),
        tcp: (*tcp).to_owned(),
        ideal: (*ideal).to_owned(),
        checks: check(checks)
            .map_err(|wrong| format!("{name}: {wrong}"))?
            .into_iter()
            .collect(),
        name,
    })
}

/// A cell holds one check: expressions have blanks in them.
fn check(text: &str) -> Result<Option<Check>, String> {
    let regex = |text: &str| Regex::new(text).map_err(|error| error.to_string());
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(pattern) = text.strip_prefix("no:") {
        return Ok(Some(Check::NoReply(regex(pattern)?)));
    }
    if let Some(pattern) = text.strip_prefix("fwdno:") {
        return Ok(Some(Check::NotForwarded(regex(pattern)?)));
    }
    let count = text
        .strip_prefix("udp:nresp<=")
        .and_then(|count| count.parse().ok());
    match count {
        Some(count) => Ok(Some(Check::FinalReplies(count))),
        None => Err(format!("`{text}` is no check")),
    }
}

impl Row {
    /// True where an outcome is allowed.
    fn allows(&self, proto: Proto, outcome: &str) -> bool {
        let allowed = if proto == Proto::Udp {
            &self.udp
        } else {
            &self.tcp
        };
        among(allowed, outcome)
    }

    /// Judges what was seen; `ideal` asks for the best outcome.
    ///
    /// # Errors
    /// All that is not as expected.
    pub fn judge(&self, proto: Proto, ideal: bool, seen: &Seen) -> Result<(), String> {
        let outcome = seen.outcome();
        let mut wrong = Vec::new();
        if !self.allows(proto, &outcome) {
            wrong.push(format!("{outcome} is not allowed"));
        } else if ideal && !self.ideal.is_empty() && !among(&self.ideal, &outcome) {
            wrong.push(format!("{outcome} is not ideal, {} is", self.ideal));
        }
        let checks = self.checks.iter();
        wrong.extend(checks.filter_map(|check| check.violation(proto, seen)));
        if wrong.is_empty() {
            return Ok(());
        }
        let heard = seen.replies.iter().chain(&seen.forwarded);
        let shown: Vec<_> = heard.map(|heard| heard.message.as_str()).collect();
        Err(format!(
            "{} over {proto}: {}\n\n{}",
            self.name,
            wrong.join(", "),
            shown.join("\n\n")
        ))
    }
}

impl Check {
    fn violation(&self, proto: Proto, seen: &Seen) -> Option<String> {
        let wrong = match self {
            Check::NoReply(regex) => {
                let mut replies = seen.replies.iter();
                replies.any(|heard| regex.is_match(&heard.message))
            }
            Check::NotForwarded(regex) => {
                let mut forwarded = seen.forwarded.iter();
                forwarded.any(|heard| regex.is_match(&heard.message))
            }
            Check::FinalReplies(most) => {
                let replies = seen.replies.iter();
                let finals =
                    replies.filter(|heard| heard.status().is_some_and(|status| status >= 200));
                let finals: BTreeSet<_> = finals.map(|heard| heard.identity()).collect();
                proto == Proto::Udp && finals.len() > *most
            }
        };
        wrong.then(|| format!("{self:?} does not hold"))
    }
}

fn among(allowed: &str, outcome: &str) -> bool {
    allowed.split('|').any(|word| match word {
        "any" => true,
        "any-but-forward" => outcome != "fwd",
        _ => match word.strip_suffix("xx") {
            Some(class) => outcome.len() == 3 && outcome.starts_with(class),
            None => word == outcome,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_found_among_words_and_classes() {
        assert!(among("4xx|drop", "404"));
        assert!(among("4xx|drop", "drop"));
        assert!(!among("4xx|drop", "close"));
        assert!(!among("505", "500"));
        assert!(among("any", "fwd"));
        assert!(!among("any-but-forward", "fwd"));
    }
}
