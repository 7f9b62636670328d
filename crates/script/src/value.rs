//! Values and the conversions between them, as Kamailio 5.6.3 was seen to make them.

use bytes::Bytes;

/// What an expression yields.
///
/// Arithmetic wraps at 32 bits, as observed in Kamailio 5.6.3 (`2147483647+1` is `-2147483648`);
/// the wider field lets hosts hand out counters and times unharmed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `$null`, an unset AVP, an absent header.
    #[default]
    Null,
    /// A number.
    Int(i64),
    /// Text, any bytes.
    Str(Bytes),
}

impl Value {
    /// Text that lives as long as the program.
    #[must_use]
    pub const fn text(text: &'static str) -> Self {
        Self::Str(Bytes::from_static(text.as_bytes()))
    }

    /// 1 or 0.
    #[must_use]
    pub const fn bool(truth: bool) -> Self {
        Self::Int(truth as i64)
    }

    /// As a number: text that is not wholly one, and null, are 0.
    #[must_use]
    pub fn to_int(&self) -> i64 {
        match self {
            Self::Null => 0,
            Self::Int(number) => *number,
            Self::Str(text) => parse_int(text).unwrap_or(0),
        }
    }

    /// As text: null is empty. Text is shared, not copied.
    #[must_use]
    pub fn to_text(&self) -> Bytes {
        match self {
            Self::Null => Bytes::new(),
            Self::Int(number) => Bytes::from(number.to_string()),
            Self::Str(text) => text.clone(),
        }
    }

    /// What `if` and `while` go by: a number above 0.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.to_int() > 0
    }

    /// What `&&`, `||` and `!` go by: a number other than 0.
    #[must_use]
    pub fn is_nonzero(&self) -> bool {
        self.to_int() != 0
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<Bytes> for Value {
    fn from(text: Bytes) -> Self {
        Self::Str(text)
    }
}

/// The number that `text` wholly is: decimal with a sign (leading zeros do not make it octal), or up
/// to eight hexadecimal digits after `0x`, read as 32 bits (`0xffffffff` is -1). `None` for anything
/// else, also blanks around it and decimals above 32 bits.
#[must_use]
pub fn parse_int(text: &[u8]) -> Option<i64> {
    if let [b'0', b'x' | b'X', hex @ ..] = text {
        return accumulate(hex, 16)
            .filter(|_| hex.len() <= 8)
            .map(crate::lex::wrap);
    }
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let magnitude = accumulate(digits, 10)?;
    let number = if negative { -magnitude } else { magnitude };
    i32::try_from(number).ok().map(i64::from)
}

fn accumulate(digits: &[u8], radix: u32) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |sum, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        sum.checked_mul(i64::from(radix))?
            .checked_add(i64::from(digit))
    })
}
