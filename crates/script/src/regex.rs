//! POSIX extended regular expressions as glibc matches them for Kamailio: without regard to case,
//! `.` and negated brackets take newlines, `^` and `$` stand for the ends of the text only.
//!
//! They are translated for the `regex` family, which matches in linear time. Expressions with
//! back-references go to `fancy-regex` with a step limit, on text read as Latin-1.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::host::Fault;

mod translate;

pub(crate) use translate::idle_escape;

/// Bytes of memory a compiled expression may take; a larger one is refused.
const SIZE_LIMIT: usize = 4 << 20;
/// Steps a match with back-references may take before it is given up.
const BACKTRACK_LIMIT: usize = 100_000;
/// Longest pattern.
const LONGEST_PATTERN: usize = 32 << 10;

/// A compiled expression. Cheap to clone.
#[derive(Clone)]
pub struct Regex {
    inner: Arc<Inner>,
}

struct Inner {
    source: Vec<u8>,
    engine: Engine,
}

enum Engine {
    Linear(Box<Linear>),
    Backtracking(Box<fancy_regex::Regex>),
}

struct Linear {
    search: regex::bytes::Regex,
    translated: String,
    flags: Flags,
    /// Finds the longest match; built when first wanted, `None` when it would be too large.
    longest: OnceLock<Option<DFA>>,
    /// The same expression, bound to the end of the text; for the groups of the longest match.
    ending: OnceLock<Option<regex::bytes::Regex>>,
}

/// How to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// `A` matches `a` (`REG_ICASE`).
    pub ignore_case: bool,
    /// `^` and `$` also match at line ends, `.` and negated brackets do not take newlines
    /// (`REG_NEWLINE`).
    pub newline: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            ignore_case: true,
            newline: false,
        }
    }
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The byte of the pattern at fault.
    pub at: usize,
    /// What is wrong, in the words of `regerror(3)` where it has them.
    pub message: String,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Spans of a match: the whole first, then the groups; unset groups are `None`.
pub type Captures = Vec<Option<Range<usize>>>;

impl Regex {
    /// Compiles as `=~` does: without regard to case.
    ///
    /// # Errors
    /// Malformed or too large.
    pub fn compile(pattern: &[u8]) -> Result<Self, RegexError> {
        Self::with_flags(pattern, Flags::default())
    }

    /// Compiles with flags.
    ///
    /// # Errors
    /// Malformed or too large.
    pub fn with_flags(pattern: &[u8], flags: Flags) -> Result<Self, RegexError> {
        if pattern.len() > LONGEST_PATTERN {
            return Err(RegexError {
                at: LONGEST_PATTERN,
                message: "pattern too long".into(),
            });
        }
        let translated = translate::translate(pattern, flags)?;
        let engine = if translated.back_references {
            Engine::Backtracking(Box::new(backtracking(&translated.pattern, flags)?))
        } else {
            let search = linear(&translated.pattern, flags)?;
            Engine::Linear(Box::new(Linear {
                search,
                translated: translated.pattern,
                flags,
                longest: OnceLock::new(),
                ending: OnceLock::new(),
            }))
        };
        Ok(Self {
            inner: Arc::new(Inner {
                source: pattern.to_vec(),
                engine,
            }),
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.inner.source
    }

    /// Whether it matches somewhere. Linear in the length of the text, but for back-references.
    ///
    /// # Errors
    /// [`Fault::RegexBudget`] when back-references took too many steps.
    pub fn matches(&self, text: &[u8]) -> Result<bool, Fault> {
        match &self.inner.engine {
            Engine::Linear(linear) => Ok(linear.search.is_match(text)),
            Engine::Backtracking(regex) => regex
                .is_match(&latin1(text))
                .map_err(|_| Fault::RegexBudget),
        }
    }

    /// The leftmost match, and of those the longest, that starts at or after `from`.
    ///
    /// # Errors
    /// As for [`Regex::matches`].
    pub fn find(&self, text: &[u8], from: usize) -> Result<Option<Range<usize>>, Fault> {
        match &self.inner.engine {
            Engine::Linear(linear) => Ok(linear.longest(text, from)),
            Engine::Backtracking(_) => Ok(self
                .captures(text, from)?
                .and_then(|groups| groups.into_iter().next()?)),
        }
    }

    /// The match of [`Regex::find`] with its groups.
    ///
    /// # Errors
    /// As for [`Regex::matches`].
    pub fn captures(&self, text: &[u8], from: usize) -> Result<Option<Captures>, Fault> {
        match &self.inner.engine {
            Engine::Linear(linear) => Ok(linear.captures(text, from)),
            Engine::Backtracking(regex) => backtracking_captures(regex, text, from),
        }
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Regex({:?})",
            String::from_utf8_lossy(&self.inner.source)
        )
    }
}

impl Linear {
    fn longest(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let first = self.search.find_at(text, from.min(text.len()))?;
        let end = self.longest_end(text, first.start()).unwrap_or(first.end());
        Some(first.start()..end.max(first.end()))
    }

    /// The end of the longest match that starts at `start`.
    fn longest_end(&self, text: &[u8], start: usize) -> Option<usize> {
        let dfa = self.longest.get_or_init(|| self.build_longest()).as_ref()?;
        let mut cache = Cache::new(dfa);
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        dfa.try_search_fwd(&mut cache, &input)
            .ok()?
            .map(|found| found.offset())
    }

    fn build_longest(&self) -> Option<DFA> {
        DFA::builder()
            .configure(DFA::config().match_kind(MatchKind::All))
            .syntax(syntax_of(self.flags))
            .build(&self.translated)
            .ok()
    }

    fn captures(&self, text: &[u8], from: usize) -> Option<Captures> {
        let whole = self.longest(text, from)?;
        let bound = || linear(&format!("(?:{})\\z", self.translated), self.flags).ok();
        let ending = self.ending.get_or_init(bound).as_ref();
        let groups = ending
            .and_then(|ending| ending.captures_at(text.get(..whole.end)?, whole.start))
            .or_else(|| self.search.captures_at(text, whole.start))?;
        Some(
            groups
                .iter()
                .map(|group| group.map(|found| found.range()))
                .collect(),
        )
    }
}

fn linear(pattern: &str, flags: Flags) -> Result<regex::bytes::Regex, RegexError> {
    regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(!flags.newline)
        .multi_line(flags.newline)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| refused(&error.to_string()))
}

fn syntax_of(flags: Flags) -> syntax::Config {
    syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(!flags.newline)
        .multi_line(flags.newline)
}

fn backtracking(pattern: &str, flags: Flags) -> Result<fancy_regex::Regex, RegexError> {
    let prefix = match (flags.ignore_case, flags.newline) {
        (true, false) => "(?is)",
        (false, false) => "(?s)",
        (true, true) => "(?im)",
        (false, true) => "(?m)",
    };
    fancy_regex::RegexBuilder::new(&format!("{prefix}{pattern}"))
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| refused(&error.to_string()))
}

fn backtracking_captures(
    regex: &fancy_regex::Regex,
    text: &[u8],
    from: usize,
) -> Result<Option<Captures>, Fault> {
    let wide = latin1(text);
    let offset = text
        .get(..from)
        .map_or(wide.len(), |before| latin1(before).len());
    let groups = regex
        .captures_from_pos(&wide, offset)
        .map_err(|_| Fault::RegexBudget)?;
    let narrow = |at: usize| {
        wide.get(..at)
            .map_or(text.len(), |before| before.chars().count())
    };
    Ok(groups.map(|groups| {
        groups
            .iter()
            .map(|group| group.map(|g| narrow(g.start())..narrow(g.end())))
            .collect()
    }))
}

/// Each byte as the character of its number.
fn latin1(text: &[u8]) -> String {
    text.iter().copied().map(char::from).collect()
}

fn refused(why: &str) -> RegexError {
    let last = why.lines().last().unwrap_or(why);
    let message = if why.contains("size") {
        "Memory exhausted"
    } else {
        last
    };
    RegexError {
        at: 0,
        message: message.to_owned(),
    }
}
