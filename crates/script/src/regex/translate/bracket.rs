//! Bracket expressions, as sets of bytes.

use super::NOTHING;

/// The offset of the `]` that ends the bracket expression opened at `open`.
pub(super) fn bracket_end(pattern: &[u8], open: usize) -> Option<usize> {
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
pub(super) struct Members([bool; 256]);

impl Members {
    pub(super) fn read(text: &[u8]) -> Result<Self, &'static str> {
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
    pub(super) fn ignore_case(&mut self) {
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

    pub(super) fn write(&self, out: &mut String, negated: bool, without_newline: bool, wide: bool) {
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

pub(super) fn push_byte(out: &mut String, byte: u8, wide: bool) {
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
