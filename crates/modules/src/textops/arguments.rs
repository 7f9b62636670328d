//! Arguments that are taken as they are written: Kamailio looks for no variables in them.

use bytes::Bytes;
use policy::{Argument, Prepare, Problem, Written, problem};
use script::{Regex, RegexFlags};

/// A regular expression for text of several lines: `^` and `$` also mean line ends.
pub(super) struct LineRegex(pub(super) Regex);

impl Argument for LineRegex {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<LineRegex, Problem> {
        by_lines(&source(written)?).map(LineRegex).map_err(problem)
    }
}

/// A regular expression for one text: `^` and `$` mean its ends.
pub(super) struct WholeRegex(pub(super) Regex);

impl Argument for WholeRegex {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<WholeRegex, Problem> {
        let regex = Regex::compile(&source(written)?);
        regex.map(WholeRegex).map_err(|error| refused(&error))
    }
}

/// A text without variables, dollar signs included.
pub(super) struct Plain(pub(super) Bytes);

impl Argument for Plain {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<Plain, Problem> {
        source(written).map(Plain)
    }
}

/// A header name; a colon behind it is allowed.
pub(super) struct HeaderName(pub(super) Bytes);

impl Argument for HeaderName {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<HeaderName, Problem> {
        let source = source(written)?;
        let name = source.trim_ascii();
        let name = name.strip_suffix(b":").unwrap_or(name).trim_ascii();
        if name.is_empty()
            || !name
                .iter()
                .all(|byte| byte.is_ascii_graphic() && !b":$()\"<>".contains(byte))
        {
            let shown = String::from_utf8_lossy(name);
            return Err(problem(format!(
                "\"{shown}\" is no header name; variables have no meaning here"
            )));
        }
        Ok(HeaderName(source.slice_ref(name)))
    }
}

/// Which of several headers of one name: `a` all, `f` the first, `l` the last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    First,
    Last,
}

impl Which {
    /// Those of `items` that are meant.
    pub(super) fn of<T>(self, items: impl DoubleEndedIterator<Item = T>) -> Vec<T> {
        match self {
            Which::All => items.collect(),
            Which::First => items.take(1).collect(),
            Which::Last => items.rev().take(1).collect(),
        }
    }
}

impl Argument for Which {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<Which, Problem> {
        match source(written)?.first().map(u8::to_ascii_lowercase) {
            Some(b'a') => Ok(Which::All),
            Some(b'f') => Ok(Which::First),
            Some(b'l') => Ok(Which::Last),
            _ => Err(problem(
                "expected \"a\" for all headers, \"f\" for the first or \"l\" for the last",
            )),
        }
    }
}

/// Compiles for text of several lines.
pub(super) fn by_lines(pattern: &[u8]) -> Result<Regex, String> {
    let flags = RegexFlags {
        ignore_case: true,
        newline: true,
    };
    Regex::with_flags(pattern, flags).map_err(|error| format!("not a regular expression: {error}"))
}

fn refused(error: &script::RegexError) -> Problem {
    problem(format!("not a regular expression: {error}"))
}

/// The argument as written.
pub(super) fn source(written: Option<&Written>) -> Result<Bytes, Problem> {
    written
        .map(Written::source)
        .ok_or_else(|| problem("an argument is missing"))
}
