//! Values that stand in lists, and the small scalars.

use crate::{HeaderError, Method, lex};

/// The number and the method of a CSeq header, RFC 3261 section 20.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number; below 2^31 in a well-formed message (see `Message::check`).
    pub number: u32,
    /// The method.
    pub method: Method,
    /// The method's octets.
    pub method_bytes: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads `number LWS method`.
    pub fn parse(value: &'a [u8]) -> Result<Self, HeaderError> {
        Self::parse_beside(value, (Method::Other, b""))
    }

    /// The same in a message whose start line has this method, which mostly is the same and has been read.
    pub(crate) fn parse_beside(
        value: &'a [u8],
        (method, name): (Method, &[u8]),
    ) -> Result<Self, HeaderError> {
        let value = lex::trim(value);
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
        let (digits, rest) = value.split_at(digits.count());
        let method_bytes = lex::trim(rest);
        if method_bytes.len() == rest.len() {
            return Err(HeaderError::Malformed);
        }
        let method = match method_bytes {
            same if same == name => method,
            other if lex::all_token(other) => Method::parse(other),
            _ => return Err(HeaderError::Malformed),
        };
        let number = lex::decimal(digits).ok_or(HeaderError::Range)?;
        Ok(Self {
            number,
            method,
            method_bytes,
        })
    }
}

/// The comma-separated values of one header value, see [`split_values`].
#[derive(Clone, Debug, Default)]
pub struct Values<'a> {
    rest: &'a [u8],
}

/// Splits at commas outside quotes and angle brackets. Values come trimmed, empty ones are passed
/// over. Comments in parentheses are not looked for: no list that a proxy splits has them.
pub fn split_values(text: &[u8]) -> Values<'_> {
    Values { rest: text }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = comma(self.rest);
            let value = lex::trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !value.is_empty() {
                return Some(value);
            }
        }
        None
    }
}

/// Where the next comma outside quotes and angle brackets is, or the end. A quote that is never
/// closed takes the rest, which the value's own parser then refuses.
fn comma(text: &[u8]) -> usize {
    // Nearly always the value is the only one, and its quotes and brackets do not matter.
    if memchr::memchr(b',', text).is_none() {
        return text.len();
    }
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(next) = memchr::memchr3(b',', b'"', b'<', rest)
    {
        at += next;
        let rest = &rest[next..];
        let closed = match rest.first() {
            Some(b'"') => lex::quoted_len(rest),
            Some(b'<') => memchr::memchr(b'>', rest).map(|end| end + 1),
            _ => return at,
        };
        let Some(len) = closed else { break };
        at += len;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{CSeq, split_values};
    use crate::{HeaderError, Method};

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        let values: Vec<_> = split_values(b"\"a,b\" <sip:x,y@z>;p=\",\" ,, c\r\n ,d").collect();
        assert_eq!(values, [&b"\"a,b\" <sip:x,y@z>;p=\",\""[..], b"c", b"d"]);
    }

    #[test]
    fn cseq_numbers_are_digits_only() {
        let cseq = CSeq::parse(b"0009\r\n  INVITE").expect("well-formed");
        assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
        assert_eq!(
            CSeq::parse(b"36893488147419103232 REGISTER"),
            Err(HeaderError::Range)
        );
        for bad in [
            "",
            "1",
            "-1 INVITE",
            "1 INV ITE",
            "x INVITE",
            "0x1 ACK",
            " INVITE",
        ] {
            assert_eq!(
                CSeq::parse(bad.as_bytes()),
                Err(HeaderError::Malformed),
                "{bad:?}"
            );
        }
    }
}
