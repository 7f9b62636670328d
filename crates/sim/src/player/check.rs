//! Checks of parts of a message.

use crate::Heard;
use crate::scenario::{Check, Subject, Test};
use crate::text::{Names, fill};
use regex::Regex;
use std::net::SocketAddr;

impl Check {
    /// Whether it holds; what it captures goes into `names`.
    ///
    /// # Errors
    /// What was found instead.
    pub(super) fn hold(
        &self,
        heard: &Heard,
        source: SocketAddr,
        names: &mut Names,
    ) -> Result<(), String> {
        let found = self.found(heard, source);
        let shown = || match found.is_empty() {
            true => "there is none".to_owned(),
            false => found.join("\n+ "),
        };
        let value = match &self.test {
            Test::Is(text) => {
                let text = fill(text, names)?;
                let whole = self.whole(heard, &text);
                found
                    .iter()
                    .find(|value| **value == text)
                    .cloned()
                    .or(whole)
            }
            Test::Matches(pattern) => {
                let pattern = compiled(pattern, names)?;
                let captures = found.iter().find_map(|value| pattern.captures(value));
                captures.and_then(|captures| {
                    let group = captures.get(1).or(captures.get(0))?;
                    Some(group.as_str().to_owned())
                })
            }
            Test::NoneMatches(pattern) => {
                let pattern = compiled(pattern, names)?;
                let none = !found.iter().any(|value| pattern.is_match(value));
                none.then(String::new)
            }
            Test::Absent => found.is_empty().then(String::new),
            Test::Present => found.first().cloned(),
            Test::Count(count) => (found.len() == *count).then(String::new),
        };
        let value = value.ok_or_else(shown)?;
        if let Some(name) = &self.capture {
            names.insert(name.clone(), value);
        }
        Ok(())
    }

    fn found(&self, heard: &Heard, source: SocketAddr) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match &self.subject {
            Subject::Header(name) => heard.values(name),
            Subject::Value(name, index) => {
                let values = heard.values(name);
                let place = match usize::try_from(*index) {
                    Ok(place) => Some(place),
                    Err(_) => values.len().checked_sub(index.unsigned_abs()),
                };
                place
                    .and_then(|place| values.get(place).cloned())
                    .into_iter()
                    .collect()
            }
            Subject::FirstLine => one(&heard.line),
            Subject::Uri => one(heard.uri()),
            Subject::Phrase => one(heard.phrase()),
            Subject::Body if heard.body.is_empty() => Vec::new(),
            Subject::Body => one(&heard.body),
            Subject::Message => one(&heard.message),
            Subject::Source => vec![source.to_string()],
        }
    }

    /// A whole header line with several values that is exactly this.
    fn whole(&self, heard: &Heard, text: &str) -> Option<String> {
        match &self.subject {
            Subject::Header(name) => heard
                .lines(name)
                .find(|line| *line == text)
                .map(str::to_owned),
            _ => None,
        }
    }
}

fn compiled(pattern: &str, names: &Names) -> Result<Regex, String> {
    let escaped: Names = names
        .iter()
        .map(|(name, value)| (name.clone(), regex::escape(value)))
        .collect();
    Regex::new(&fill(pattern, &escaped)?).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(subject: Subject, test: Test) -> Result<String, String> {
        let heard = Heard::new(b"INVITE sip:b SIP/2.0\r\nVia: a,b\r\nTo: <sip:b>;tag=1\r\n\r\n");
        let source = SocketAddr::from(([127, 0, 0, 1], 5060));
        let check = Check {
            subject,
            test,
            capture: Some("x".to_owned()),
        };
        let mut names = Names::new();
        check.hold(&heard, source, &mut names)?;
        Ok(names.remove("x").unwrap_or_default())
    }

    #[test]
    fn what_is_found_is_compared_and_kept() {
        let header = |name: &str| Subject::Header(name.to_owned());
        assert_eq!(held(header("v"), Test::Is("b".into())), Ok("b".into()));
        assert_eq!(
            held(header("Via"), Test::Is("a,b".into())),
            Ok("a,b".into())
        );
        assert!(held(header("Via"), Test::Is("c".into())).is_err());
        assert!(held(header("Via"), Test::Count(1)).is_err());
        assert_eq!(
            held(header("To"), Test::Matches("tag=(.)".into())),
            Ok("1".into())
        );
        assert!(held(header("To"), Test::NoneMatches("tag".into())).is_err());
        assert!(held(header("To"), Test::Absent).is_err());
        assert!(held(header("From"), Test::Absent).is_ok());
        let last = Subject::Value("Via".to_owned(), -1);
        assert_eq!(held(last, Test::Present), Ok("b".into()));
        let source = Test::Is("127.0.0.1:5060".into());
        assert!(held(Subject::Source, source).is_ok());
    }
}
