//! POSIX extended syntax, with glibc's extensions, to the syntax of the `regex` crate.

use super::{Flags, RegexError};

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

/// The offset of the `]` that ends the bracket expression opened at `open`.
fn bracket_end(pattern: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    at += usize::from(pattern.get(at) == Some(&b'^'));
    at += usize::from(pattern.get(at) == Some(&b']'));
    loop {
        match pattern.get(at..)? {
            [b']', ..] => return Some(at),
            [b'[', kind @ (b':' | b'.' | b'='), ..] => {
                let inner = pattern.get(at + 2..)?;
                at += 4 + inner.windows(2).position(|pair| pair == [*kind, b']'])?;
            }
            [_, ..] => at += 1,
            [] => return None,
        }
    }
}

/// The bytes of a bracket expression.
struct Members([bool; 256]);

impl Members {
    fn read(text: &[u8]) -> Result<Self, &'static str> {
        let mut members = Self([false; 256]);
        let mut at = 0;
        while at < text.len() {
            if let Some((name, length)) = named(text, at, b':') {
                members.class(name)?;
                at += length;
                continue;
            }
            let (low, length) = member(text, at)?;
            at += length;
            let range = text.get(at) == Some(&b'-') && at + 1 < text.len();
            let (high, length) = if range {
                member(text, at + 1)?
            } else {
                (low, 0)
            };
            at += length + usize::from(range);
            if high < low {
                return Err("Invalid range end");
            }
            members.0[usize::from(low)..=usize::from(high)].fill(true);
        }
        Ok(members)
    }

    /// Before negation: without regard to case `[^a]` does not take `A` either.
    fn ignore_case(&mut self) {
        for lower in b'a'..=b'z' {
            let upper = usize::from(lower.to_ascii_uppercase());
            let either = self.0[usize::from(lower)] || self.0[upper];
            self.0[usize::from(lower)] = either;
            self.0[upper] = either;
        }
    }

    fn class(&mut self, name: &[u8]) -> Result<(), &'static str> {
        let test: fn(&u8) -> bool = match name {
            b"alpha" => u8::is_ascii_alphabetic,
            b"digit" => u8::is_ascii_digit,
            b"alnum" => u8::is_ascii_alphanumeric,
            b"upper" => u8::is_ascii_uppercase,
            b"lower" => u8::is_ascii_lowercase,
            b"punct" => u8::is_ascii_punctuation,
            b"cntrl" => u8::is_ascii_control,
            b"graph" => u8::is_ascii_graphic,
            b"xdigit" => u8::is_ascii_hexdigit,
            b"print" => |byte| byte.is_ascii_graphic() || *byte == b' ',
            b"blank" => |byte| matches!(byte, b' ' | b'\t'),
            b"space" => |byte| byte.is_ascii_whitespace() || *byte == 0x0b,
            _ => return Err("Invalid character class name"),
        };
        for byte in 0..=u8::MAX {
            self.0[usize::from(byte)] |= test(&byte);
        }
        Ok(())
    }

    fn write(&self, out: &mut String, negated: bool, without_newline: bool, wide: bool) {
        let wanted =
            |byte: u8| self.0[usize::from(byte)] != negated && !(without_newline && byte == b'\n');
        out.push('[');
        let mut byte = 0_u8;
        loop {
            if wanted(byte) {
                let start = byte;
                while byte < u8::MAX && wanted(byte + 1) {
                    byte += 1;
                }
                push_range(out, start, byte, wide);
            }
            if byte == u8::MAX {
                break;
            }
            byte += 1;
        }
        if out.ends_with('[') {
            out.pop();
            out.push_str(NOTHING);
            return;
        }
        out.push(']');
    }
}

/// A single byte of a bracket expression, `[.x.]` and `[=x=]` among them.
fn member(text: &[u8], at: usize) -> Result<(u8, usize), &'static str> {
    for sign in [b'.', b'='] {
        if let Some((name, length)) = named(text, at, sign) {
            let [byte] = name else {
                return Err("Invalid collation character");
            };
            return Ok((*byte, length));
        }
    }
    text.get(at)
        .map(|byte| (*byte, 1))
        .ok_or("Invalid range end")
}

/// `[:name:]` at `at`, for the sign `:`.
fn named(text: &[u8], at: usize, sign: u8) -> Option<(&[u8], usize)> {
    let inner = text.get(at..)?.strip_prefix(&[b'[', sign])?;
    let length = inner.windows(2).position(|pair| pair == [sign, b']'])?;
    Some((&inner[..length], length + 4))
}

fn push_range(out: &mut String, start: u8, end: u8, wide: bool) {
    push_hex(out, start, wide);
    if end > start {
        out.push('-');
        push_hex(out, end, wide);
    }
}

fn push_byte(out: &mut String, byte: u8, wide: bool) {
    if byte.is_ascii_alphanumeric() {
        out.push(char::from(byte));
    } else {
        push_hex(out, byte, wide);
    }
}

/// With Unicode off, `\xff` is a byte; with it, the character of that number. Both is meant.
fn push_hex(out: &mut String, byte: u8, _wide: bool) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\x");
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}
