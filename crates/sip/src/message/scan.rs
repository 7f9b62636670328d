//! The one pass over start line and headers.

use super::index::{Entry, Index};
use super::start_line::{self, StartLine};
use crate::{HeaderId, Limits, ParseError, Span, lex};

/// Why the pass stopped.
#[derive(Debug)]
pub(super) enum Fault {
    /// No message.
    Refuse(ParseError),
    /// A message in a spelling that must not be sent on; see `normalise`.
    Rewrite,
}

impl Fault {
    /// The error, once a rewrite has been tried.
    pub(super) fn refused(self) -> ParseError {
        match self {
            Self::Refuse(error) => error,
            Self::Rewrite => ParseError::HeaderName,
        }
    }
}

impl From<ParseError> for Fault {
    fn from(error: ParseError) -> Self {
        Self::Refuse(error)
    }
}

/// Indexes a message in canonical spelling: CRLF line ends, names up to the colon, no bare CR, LF
/// or NUL before the body. In a `vetted` text, one from `normalise`, a NUL is part of its value.
pub(super) fn scan(
    text: &[u8],
    vetted: bool,
    limits: &Limits,
    index: &mut Index,
) -> Result<StartLine, Fault> {
    let section = &text[..text.len().min(usize::from(limits.header_bytes))];
    let result = scan_section(
        Section {
            text: section,
            vetted,
        },
        limits,
        index,
    );
    result.map_err(|fault| match fault {
        Fault::Rewrite if section.len() < text.len() && !ends_within(section) => {
            ParseError::HeadersTooLong.into()
        }
        fault => fault,
    })
}

/// Whether the header section ends inside `section`, by any kind of line end.
fn ends_within(section: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', section).any(|at| {
        matches!(
            section.get(at + 1..),
            Some([b'\n', ..] | [b'\r', b'\n', ..])
        )
    })
}

/// What may hold headers.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) text: &'a [u8],
    vetted: bool,
}

impl<'a> Section<'a> {
    /// As much of a message as an index can hold.
    pub(super) fn new(text: &'a [u8]) -> Section<'a> {
        Section {
            text: text.get(..usize::from(u16::MAX)).unwrap_or(text),
            vetted: false,
        }
    }

    /// Where the physical line that `at` is in ends: at a CRLF, or nothing is as it should be.
    #[inline]
    pub(super) fn line_end(self, at: usize) -> Result<usize, Fault> {
        let mut end = special(self.text, at);
        while self.vetted && self.text.get(end) == Some(&0) {
            end = special(self.text, end + 1);
        }
        match self.text.get(end..) {
            Some([b'\r', b'\n', ..]) => Ok(end),
            _ => Err(Fault::Rewrite),
        }
    }

    pub(super) fn get(self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }
}

fn scan_section(
    section: Section<'_>,
    limits: &Limits,
    index: &mut Index,
) -> Result<StartLine, Fault> {
    let start = start_line(section, limits)?;
    let most = usize::from(limits.headers.min(254));
    let longest = usize::from(limits.header_line_bytes);
    let mut at = usize::from(start.end) + 2;
    while section.get(at) != Some(b'\r') {
        if index.len() >= most {
            return Err(ParseError::TooManyHeaders.into());
        }
        let next = line(section, at, index)?;
        if next - at > longest {
            return Err(ParseError::HeaderTooLong.into());
        }
        at = next;
    }
    section.line_end(at)?;
    index.finish(offset(at)?);
    match has_at_most(usize::from(limits.vias), index, section.text) {
        true => Ok(start),
        false => Err(ParseError::TooManyVias.into()),
    }
}

/// Whether the Via lines hold so many values at most: commas tell, without reading them.
pub(super) fn has_at_most(vias: usize, index: &Index, text: &[u8]) -> bool {
    let lines = || index.all(HeaderId::Via).map(|at| index.span(at));
    // No value is shorter than its comma.
    lines().map(Span::len).sum::<usize>() <= vias
        || lines().map(|line| vias_of(line.of(text))).sum::<usize>() <= vias
}

/// How many values a Via line may hold: commas tell, without reading them.
fn vias_of(line: &[u8]) -> usize {
    // Nearly always there is none, and counting them one by one is quickest then.
    memchr::memchr_iter(b',', line).fold(1, |vias, _| vias + 1)
}

/// Octets of a method, where the start line is too long for other reasons.
const LONGEST_METHOD: usize = 255;

fn start_line(section: Section<'_>, limits: &Limits) -> Result<StartLine, Fault> {
    let end = special(section.text, 0);
    if end > usize::from(limits.start_line_bytes) {
        let method = memchr::memchr(b' ', &section.text[..end]);
        return match method.is_some_and(|len| len <= LONGEST_METHOD) {
            true => Err(ParseError::StartLineTooLong.into()),
            false => Err(ParseError::NotSip.into()),
        };
    }
    start_line::parse(&section.text[..section.line_end(0)?])
}

/// Reads the line at `at` with its folds into the index; answers where the next one begins.
pub(super) fn line(section: Section<'_>, at: usize, index: &mut Index) -> Result<usize, Fault> {
    let text = section.text;
    let (id, name_len) = name(text.get(at..).unwrap_or_default())?;
    let mut value_start = at + usize::from(name_len) + 1;
    while let Some(b' ' | b'\t') = text.get(value_start) {
        value_start += 1;
    }
    let mut end = section.line_end(value_start)?;
    let next = end + 2;
    if let Some(b' ' | b'\t') = text.get(next) {
        end = last_fold_end(section, next)?;
        value_start = skip_lws(text, value_start, end);
    }
    let mut value_end = end;
    while let Some([.., b' ' | b'\t']) = text.get(value_start..value_end) {
        value_end -= 1;
    }
    index.push(Entry {
        id,
        name_len,
        start: offset(at)?,
        value_start: offset(value_start)?,
        value_end: offset(value_end)?,
    });
    Ok(end + 2)
}

/// The name that the line begins with, and its length. One that is known has no octets but those of a token.
#[inline]
fn name(line: &[u8]) -> Result<(HeaderId, u8), Fault> {
    match line.first_chunk().and_then(HeaderId::spelt) {
        Some(known) => Ok(known),
        None => unusual_name(line),
    }
}

#[cold]
fn unusual_name(line: &[u8]) -> Result<(HeaderId, u8), Fault> {
    if let Some(known) = last_name(line) {
        return Ok(known);
    }
    let len = name_len(line)?;
    let id = HeaderId::lookup(line.get(..len).unwrap_or_default());
    match u8::try_from(len) {
        Ok(len) => Ok((id, len)),
        Err(_) => Err(ParseError::HeaderTooLong.into()),
    }
}

/// The name of a line near the end of a message without a body, which mostly is Content-Length.
fn last_name(line: &[u8]) -> Option<(HeaderId, u8)> {
    let mut head = [0; 32];
    head.get_mut(..line.len())?.copy_from_slice(line);
    HeaderId::spelt(&head)
}

/// The length of the name that the line begins with.
fn name_len(line: &[u8]) -> Result<usize, Fault> {
    let len = lex::run(line, lex::class::TOKEN);
    match (len, line.get(len)) {
        (0, None) => Err(Fault::Rewrite),
        (0, Some(b'\n' | 0)) => Err(Fault::Rewrite),
        (0, _) => Err(ParseError::HeaderName.into()),
        (_, Some(b':')) => Ok(len),
        (_, Some(b' ' | b'\t')) => Err(Fault::Rewrite),
        _ => Err(ParseError::HeaderName.into()),
    }
}

/// Where the last continuation line from `at` on ends. One of white space only looks like the
/// empty line to careless readers, so it is rewritten.
fn last_fold_end(section: Section<'_>, at: usize) -> Result<usize, Fault> {
    let mut at = at;
    loop {
        let end = section.line_end(at)?;
        if section.text[at..end]
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t'))
        {
            return Err(Fault::Rewrite);
        }
        if !matches!(section.get(end + 2), Some(b' ' | b'\t')) {
            return Ok(end);
        }
        at = end + 2;
    }
}

fn skip_lws(section: &[u8], at: usize, end: usize) -> usize {
    section[at..end]
        .iter()
        .position(|&byte| !lex::is_lws(byte))
        .map_or(end, |skip| at + skip)
}

fn offset(at: usize) -> Result<u16, Fault> {
    u16::try_from(at).map_err(|_| ParseError::HeadersTooLong.into())
}

/// Where the first CR, LF or NUL from `at` on is, or the end. Sixteen octets a step, which the compiler makes vector
/// code of, until one of them is below 0x0e; then eight, of which a word has a high bit where such an octet is, and the
/// lowest such bit is exact.
#[inline]
fn special(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        if !chunk.iter().fold(false, |low, &byte| low | (byte < 0x0e)) {
            at += 16;
            continue;
        }
        let ([first, second], _) = chunk.as_chunks::<8>() else {
            break;
        };
        at += match lowest(first) {
            Some(place) => place,
            None => 8 + lowest(second).unwrap_or(8),
        };
        if text.get(at).is_some_and(|&byte| is_special(byte)) {
            return at;
        }
        at += 1;
    }
    while at < text.len() && !is_special(text[at]) {
        at += 1;
    }
    at.min(text.len())
}

/// Where the first octet below 0x0e is.
#[inline]
fn lowest(eight: &[u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(*eight);
    let low = word.wrapping_sub(ONES * 0x0e) & !word & (ONES * 0x80);
    (low != 0).then(|| (low.trailing_zeros() / 8) as usize)
}

/// One in each octet.
const ONES: u64 = 0x0101_0101_0101_0101;

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}
