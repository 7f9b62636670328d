//! POSIX extended syntax, with glibc's extensions, to the syntax of the `regex` crate.

use super::{Flags, RegexError};

mod bracket;

use bracket::{Members, bracket_end, push_byte};

/// Groups nested deeper are refused.
const DEEPEST: usize = 200;
/// The most an interval may ask for (`RE_DUP_MAX` is 32767 in glibc; memory bounds it here).
const MOST_REPEATS: u32 = 32767;

/// An expression that matches nothing.
const NOTHING: &str = "[a&&b]";

/// A translated expression.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) back_references: bool,
}

/// Translates a pattern.
pub(super) fn translate(pattern: &[u8], flags: Flags) -> Result<Translated, RegexError> {
    let mut writer = Writer {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() + 16),
        atom: None,
        groups: 0,
        open: Vec::new(),
        wide: pattern_has_back_reference(pattern),
        flags,
    };
    writer.run()?;
    Ok(Translated {
        pattern: writer.out,
        back_references: writer.wide,
    })
}

/// The first escaped small letter that is no extension of glibc: without regard to case such an
/// escape matches nothing at all.
pub(crate) fn idle_escape(pattern: &[u8]) -> Option<char> {
    let mut at = 0;
    loop {
        match pattern.get(at..)? {
            [b'\\', letter @ b'a'..=b'z', ..] if !b"wsb".contains(letter) => {
                return Some(char::from(*letter));
            }
            [b'\\', _, ..] => at += 2,
            [b'[', ..] => at = bracket_end(pattern, at)? + 1,
            [_, ..] => at += 1,
            [] => return None,
        }
    }
}

/// Whether `\1` to `\9` stand outside of brackets; they decide about the engine, and thereby about
/// how bytes above 127 are written.
fn pattern_has_back_reference(pattern: &[u8]) -> bool {
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\'
                if pattern
                    .get(at + 1)
                    .is_some_and(|b| matches!(b, b'1'..=b'9')) =>
            {
                return true;
            }
            b'\\' => at += 2,
            b'[' => at = bracket_end(pattern, at).map_or(pattern.len(), |end| end + 1),
            _ => at += 1,
        }
    }
    false
}

struct Writer<'a> {
    pattern: &'a [u8],
    at: usize,
    out: String,
    /// Where the atom that a quantifier would repeat starts in `out`.
    atom: Option<usize>,
    groups: u32,
    open: Vec<(usize, usize)>,
    wide: bool,
    flags: Flags,
}

impl Writer<'_> {
    fn run(&mut self) -> Result<(), RegexError> {
        while let Some(byte) = self.pattern.get(self.at).copied() {
            self.at += 1;
            match byte {
                b'(' => self.open_group()?,
                b')' if !self.open.is_empty() => self.close_group(),
                b'|' => {
                    self.out.push('|');
                    self.atom = None;
                }
                b'^' => self.anchor('^'),
                b'$' => self.anchor('$'),
                b'*' => self.quantify("*")?,
                b'+' => self.quantify("+")?,
                b'?' => self.quantify("?")?,
                b'{' => self.interval()?,
                b'[' => self.bracket()?,
                b'.' => self.atom_text("."),
                b'\\' => self.escape()?,
                other => self.literal(other),
            }
        }
        match self.open.last() {
            Some((at, _)) => Err(RegexError {
                at: *at,
                message: "Unmatched ( or \\(".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn error(&self, message: &str) -> RegexError {
        RegexError {
            at: self.at.saturating_sub(1),
            message: message.to_owned(),
        }
    }

    fn open_group(&mut self) -> Result<(), RegexError> {
        if self.open.len() >= DEEPEST {
            return Err(self.error("groups nested too deep"));
        }
        self.open.push((self.at - 1, self.out.len()));
        self.groups += 1;
        self.out.push('(');
        self.atom = None;
        Ok(())
    }

    fn close_group(&mut self) {
        self.out.push(')');
        self.atom = self.open.pop().map(|(_, start)| start);
    }

    fn anchor(&mut self, sign: char) {
        self.atom = (sign == '$').then_some(self.out.len());
        self.out.push(sign);
    }

    fn atom_text(&mut self, text: &str) {
        self.atom = Some(self.out.len());
        self.out.push_str(text);
    }

    fn literal(&mut self, byte: u8) {
        self.atom = Some(self.out.len());
        push_byte(&mut self.out, byte, self.wide);
    }

    /// A doubled quantifier repeats the repetition instead of making it lazy.
    fn quantify(&mut self, text: &str) -> Result<(), RegexError> {
        let Some(start) = self.atom else {
            return Err(self.error("Invalid preceding regular expression"));
        };
        self.out.insert_str(start, "(?:");
        self.out.push(')');
        self.out.push_str(text);
        Ok(())
    }

    fn interval(&mut self) -> Result<(), RegexError> {
        let rest = &self.pattern[self.at..];
        let Some((low, high, length)) = interval(rest) else {
            return Err(self.error("Invalid preceding regular expression"));
        };
        if low > high.unwrap_or(u32::MAX) {
            return Err(self.error("Invalid content of \\{\\}"));
        }
        if low.max(high.unwrap_or(0)) > MOST_REPEATS {
            return Err(self.error("Regular expression too big"));
        }
        self.at += length;
        let high = high.map_or_else(String::new, |high| high.to_string());
        self.quantify(&format!("{{{low},{high}}}"))
    }

    fn escape(&mut self) -> Result<(), RegexError> {
        let Some(byte) = self.pattern.get(self.at).copied() else {
            return Err(self.error("Trailing backslash"));
        };
        self.at += 1;
        match byte {
            b'1'..=b'9' => self.back_reference(byte)?,
            b'w' => self.atom_text("[0-9A-Za-z_]"),
            b'W' => self.atom_text("[^0-9A-Za-z_]"),
            b's' => self.atom_text(r"[\t\n\x0b\x0c\r ]"),
            b'S' => self.atom_text(r"[^\t\n\x0b\x0c\r ]"),
            b'b' => self.atom_text(if self.wide { r"\b" } else { r"(?-u:\b)" }),
            b'B' => self.atom_text(if self.wide { r"\B" } else { r"(?-u:\B)" }),
            b'<' => self.atom_text(r"\b{start}"),
            b'>' => self.atom_text(r"\b{end}"),
            b'`' => self.atom_text(r"\A"),
            b'\'' => self.atom_text(r"\z"),
            // Without regard to case glibc matches an escaped small letter with nothing at all.
            b'a'..=b'z' if self.flags.ignore_case => self.atom_text(NOTHING),
            other => self.literal(other),
        }
        Ok(())
    }

    fn back_reference(&mut self, digit: u8) -> Result<(), RegexError> {
        let number = u32::from(digit - b'0');
        let closed = self
            .groups
            .saturating_sub(u32::try_from(self.open.len()).unwrap_or(0));
        if number > self.groups || closed == 0 {
            return Err(self.error("Invalid back reference"));
        }
        self.atom_text(&format!("(?:\\{number})"));
        Ok(())
    }

    fn bracket(&mut self) -> Result<(), RegexError> {
        let open = self.at - 1;
        let Some(end) = bracket_end(self.pattern, open) else {
            return Err(self.error("Unmatched [, [^, [:, [., or [="));
        };
        let text = &self.pattern[self.at..end];
        self.at = end + 1;
        let negated = text.first() == Some(&b'^');
        let mut members =
            Members::read(if negated { &text[1..] } else { text }).map_err(|message| {
                RegexError {
                    at: open,
                    message: message.to_owned(),
                }
            })?;
        if self.flags.ignore_case {
            members.ignore_case();
        }
        self.atom = Some(self.out.len());
        members.write(
            &mut self.out,
            negated,
            negated && self.flags.newline,
            self.wide,
        );
        Ok(())
    }
}

/// `m}`, `m,}`, `,n}` or `m,n}` at the start: low, high and length.
fn interval(rest: &[u8]) -> Option<(u32, Option<u32>, usize)> {
    let close = rest.iter().take(16).position(|byte| *byte == b'}')?;
    let text = std::str::from_utf8(&rest[..close]).ok()?;
    let number = |digits: &str| {
        (digits.bytes().all(|d| d.is_ascii_digit()) && !digits.is_empty())
            .then(|| digits.parse().ok())
            .flatten()
    };
    let (low, high) = match text.split_once(',') {
        None => (number(text)?, Some(number(text)?)),
        Some(("", "")) => (0, None),
        Some(("", high)) => (0, Some(number(high)?)),
        Some((low, "")) => (number(low)?, None),
        Some((low, high)) => (number(low)?, Some(number(high)?)),
    };
    Some((low, high, close + 1))
}
