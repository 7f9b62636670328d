//! Disagreements that are known, each with its reason.

use serde::Deserialize;
use std::path::Path;

/// What `expected.toml` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The disagreements.
    #[serde(default)]
    pub disagreement: Vec<Disagreement>,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// What it is about: a scenario by its path, a torture message by its file name.
    pub about: String,
    /// Who disagree: `sim`, `ringwall`, `kamailio`.
    pub subjects: Vec<String>,
    /// The transport, where only one disagrees.
    pub transport: Option<String>,
    /// What the failure says, in part. Another failure is not this disagreement.
    pub shows: String,
    /// Why that is right, or cannot be helped.
    pub reason: String,
}

impl Expected {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it; an entry without a reason is.
    pub fn read(path: &Path) -> Result<Expected, String> {
        let wrong = |error: String| format!("{}: {error}", path.display());
        let text = crate::disk::read_text(path)?;
        let expected: Expected = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match expected
            .disagreement
            .iter()
            .find(|entry| entry.reason.trim().is_empty())
        {
            Some(entry) => Err(wrong(format!("{} has no reason", entry.about))),
            None => Ok(expected),
        }
    }

    /// Judges what came of something: a failure that stands here is right, and success is wrong where
    /// a failure stands here.
    ///
    /// # Errors
    /// The failure, or that an entry is stale.
    pub fn judge(
        &self,
        about: &str,
        subject: &str,
        transport: Option<&str>,
        came: Result<(), String>,
    ) -> Result<(), String> {
        let mut entries = self.disagreement.iter().filter(|entry| {
            entry.about == about
                && entry.subjects.iter().any(|known| known == subject)
                && (entry.transport.is_none() || entry.transport.as_deref() == transport)
        });
        match (came, entries.next()) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(entry)) => Err(format!(
                "stale entry in expected.toml: {subject} no longer disagrees about {about} ({})",
                entry.reason
            )),
            (Err(failure), Some(entry)) if failure.contains(&entry.shows) => Ok(()),
            (Err(failure), Some(entry)) => Err(format!(
                "{failure}\nexpected.toml expects another failure: {}",
                entry.shows
            )),
            (Err(failure), None) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_failure_is_right() {
        let expected = Expected {
            disagreement: vec![Disagreement {
                about: "a".into(),
                subjects: vec!["kamailio".into()],
                transport: None,
                shows: "got nothing".into(),
                reason: "it is silent".into(),
            }],
        };
        let judge = |about, came: Result<(), &str>| {
            expected
                .judge(about, "kamailio", None, came.map_err(str::to_owned))
                .is_ok()
        };
        assert!(judge("a", Err("alice got nothing")));
        assert!(!judge("a", Err("it crashed")));
        assert!(!judge("a", Ok(())));
        assert!(judge("b", Ok(())));
        assert!(!judge("b", Err("got nothing")));
    }
}
