//! Strings and numbers.

use bytes::Bytes;

use super::{Broken, Lexed, is_name_byte};

/// A string with escapes; those it does not know stay as they are, backslash and all.
pub(super) fn double_quoted(rest: &[u8]) -> (Lexed, usize) {
    let mut out = Vec::new();
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => return (Lexed::Text(Bytes::from(out)), at + 1),
            b'\\' => at += escape(&rest[at..], &mut out),
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    (Lexed::Broken(Broken::Text), rest.len())
}

pub(super) fn single_quoted(rest: &[u8]) -> (Lexed, usize) {
    match rest[1..].iter().position(|byte| *byte == b'\'') {
        Some(length) => (
            Lexed::Text(Bytes::copy_from_slice(&rest[1..=length])),
            length + 2,
        ),
        None => (Lexed::Broken(Broken::Text), rest.len()),
    }
}

/// Appends what the escape at the start of `rest` stands for; its length.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let (byte, length) = match rest {
        [_, b'n', ..] => (b'\n', 2),
        [_, b'r', ..] => (b'\r', 2),
        [_, b't', ..] => (b'\t', 2),
        [_, b'a', ..] => (0x07, 2),
        [_, b'"', ..] => (b'"', 2),
        [_, b'\\', ..] => (b'\\', 2),
        [_, b'\n', ..] => return 2,
        [_, b'\r', b'\n', ..] => return 3,
        [_, b'x', digits @ ..] => match digits_value(digits, 16, 2) {
            Some((value, length)) => (value, 2 + length),
            None => (b'\\', 1),
        },
        [_, digits @ ..] => match digits_value(digits, 8, 3) {
            Some((value, length)) if length > 1 => (value, 1 + length),
            _ => (b'\\', 1),
        },
        [] => return 0,
    };
    out.push(byte);
    length
}

fn digits_value(digits: &[u8], radix: u32, most: usize) -> Option<(u8, usize)> {
    let length = digits
        .iter()
        .take(most)
        .take_while(|d| char::from(**d).is_digit(radix))
        .count();
    let value = digits[..length].iter().fold(0_u32, |sum, d| {
        sum * radix + char::from(*d).to_digit(radix).unwrap_or(0)
    });
    (length > 0).then_some((u8::try_from(value & 0xff).unwrap_or(0), length))
}

pub(super) fn number(rest: &[u8]) -> (Lexed, usize) {
    let length = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
    match number_value(&rest[..length]) {
        Some(value) => (Lexed::Number(value), length),
        None => (Lexed::Broken(Broken::Number), length),
    }
}

/// Decimal, `0x…`, octal after a leading zero, or binary before `b`; above 64 bits the highest
/// number, then cut to 32 bits, as observed (`4294967296` is 0, `9223372036854775807` is -1).
fn number_value(digits: &[u8]) -> Option<i64> {
    let (digits, radix) = match digits {
        [b'0', b'x' | b'X', hex @ ..] if !hex.is_empty() => (hex, 16),
        [binary @ .., b'b'] if binary.iter().all(|d| matches!(d, b'0' | b'1')) => (binary, 2),
        [b'0', octal @ ..] if !octal.is_empty() => (octal, 8),
        _ => (digits, 10),
    };
    let wide = digits.iter().try_fold(0_i64, |sum, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        Some(
            sum.saturating_mul(i64::from(radix))
                .saturating_add(i64::from(digit)),
        )
    })?;
    Some(wrap(wide))
}

/// Cuts a number to 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "wrapping is what is asked for"
)]
pub(crate) fn wrap(number: i64) -> i64 {
    i64::from(number as i32)
}
