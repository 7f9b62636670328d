//! Regular expressions that let only harmless texts pass.

/// A sign that means nothing to a database or shell.
pub(super) fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte)
}

/// Whether an expression stands for whole texts of letters, digits, `+`, `-`, `_` and dots alone.
/// What it does not understand lets everything pass.
pub(super) fn is_narrow(pattern: &[u8]) -> bool {
    let inner = pattern
        .strip_prefix(b"^")
        .and_then(|rest| rest.strip_suffix(b"$"));
    let Some(mut rest) = inner else { return false };
    let mut depth = 0_u32;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            // Outside of parentheses each side would have one anchor only.
            b'|' if depth > 0 => {}
            b'+' | b'*' | b'?' | b'{' | b'}' | b',' | b'-' | b'_' => {}
            b'[' => match class(rest) {
                Some(after) => rest = after,
                None => return false,
            },
            b'\\' => match rest.split_first() {
                Some((b'.' | b'+' | b'-' | b'w', after)) => rest = after,
                _ => return false,
            },
            letter if letter.is_ascii_alphanumeric() => {}
            _ => return false,
        }
    }
    depth == 0
}

/// What follows a class `0-9+]` of harmless signs.
fn class(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match rest {
            [b']', after @ ..] => return Some(after),
            [from, b'-', to, after @ ..] if *to != b']' => {
                let is = |kind: fn(&u8) -> bool| kind(from) && kind(to);
                let is_range = is(u8::is_ascii_digit)
                    || is(u8::is_ascii_lowercase)
                    || is(u8::is_ascii_uppercase);
                is_range.then_some(after)?
            }
            [sign, after @ ..] if is_harmless(*sign) => after,
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_texts_pass() {
        for narrow in [
            "^[0-9]+$",
            r"^\+?[1-9][0-9]{3,20}$",
            "^(abc|def)$",
            "^[a-zA-Z0-9._-]+$",
            r"^[a-z]+\.[a-z]+$",
        ] {
            assert!(is_narrow(narrow.as_bytes()), "{narrow}");
        }
        for wide in [
            "[0-9]+",
            "^[0-9]+",
            "^.*$",
            r"^.*\.$",
            "^[^a]+$",
            "^a|b$",
            "^[+-z]+$",
            r"^\S+$",
            "^[0-9",
            "^[A-z]$",
            "^a'$",
            "^(a$",
            "^[[:graph:]]+$",
        ] {
            assert!(!is_narrow(wide.as_bytes()), "{wide}");
        }
    }
}
