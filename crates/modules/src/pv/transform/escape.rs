//! Escaping, as Kamailio 5.6.3 was seen to do it.

/// Which octets stay as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    User,
    Param,
    Url,
}

impl Set {
    fn keeps(self, byte: u8) -> bool {
        let marks: &[u8] = match self {
            Set::User => b"-_.!~*'()&=+$,;?",
            Set::Param => b"-_.!~*'()[]/:&+$",
            Set::Url => b"-_.~",
        };
        byte.is_ascii_alphanumeric() || marks.contains(&byte)
    }
}

/// Everything outside of `set` as `%xx`.
pub(super) fn percent(text: &[u8], set: Set) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 16);
    for &byte in text {
        if set.keeps(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    out
}

/// `%xx` back to octets; none where an escape is broken or stands for a control octet.
pub(super) fn percent_back(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let octet = octet(digits)?;
        if !(0x20..=0x7e).contains(&octet) {
            return None;
        }
        out.push(octet);
        rest = tail;
    }
    Some(out)
}

/// As [`percent_back`] with `+` for a blank; what is no whole escape loses its percent sign.
pub(super) fn url_back(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                if let Some(octet) = tail.get(..2).and_then(octet) {
                    out.push(octet);
                    rest = tail.get(2..).unwrap_or_default();
                }
            }
            other => out.push(*other),
        }
    }
    out
}

/// A backslash before quotes and backslashes, `\0` for NUL.
pub(super) fn common(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    for &byte in text {
        match byte {
            b'\'' | b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0 => out.extend_from_slice(b"\\0"),
            other => out.push(other),
        }
    }
    out
}

/// What [`common`] made, undone.
pub(super) fn common_back(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'\\', [escaped @ (b'\'' | b'"' | b'\\' | b'0'), more @ ..]) => {
                out.push(if *escaped == b'0' { 0 } else { *escaped });
                rest = more;
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// In double quotes, with quotes inside doubled.
pub(super) fn csv(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in text {
        out.push(byte);
        if byte == b'"' {
            out.push(byte);
        }
    }
    out.push(b'"');
    out
}

fn hex_digit(nibble: u8) -> u8 {
    b"0123456789abcdef"
        .get(usize::from(nibble))
        .copied()
        .unwrap_or(b'0')
}

fn octet(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(digits.first()?)? << 4 | digit(digits.get(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_keeps_what_kamailio_keeps() {
        let all = b"!#%&'()*+,-./:;<=>?@[]^_`{|}~09azAZ";
        for (set, expected) in [
            (
                Set::User,
                "!%23%25&'()*+,-.%2f%3a;%3c=%3e?%40%5b%5d%5e_%60%7b%7c%7d~09azAZ",
            ),
            (
                Set::Param,
                "!%23%25&'()*+%2c-./:%3b%3c%3d%3e%3f%40[]%5e_%60%7b%7c%7d~09azAZ",
            ),
            (
                Set::Url,
                "%21%23%25%26%27%28%29%2a%2b%2c-.%2f%3a%3b%3c%3d%3e%3f%40%5b%5d%5e_%60%7b%7c%7d~09azAZ",
            ),
        ] {
            assert_eq!(String::from_utf8_lossy(&percent(all, set)), expected);
        }
    }

    #[test]
    fn broken_escapes_are_refused_or_lose_their_sign() {
        assert_eq!(percent_back(b"a%20b").as_deref(), Some(&b"a b"[..]));
        for broken in [&b"a%2"[..], b"a%zz", b"%0d%0aVia: x", b"%00"] {
            assert_eq!(percent_back(broken), None);
        }
        assert_eq!(url_back(b"a%2"), b"a2");
        assert_eq!(url_back(b"a+%3D"), b"a =");
    }
}
