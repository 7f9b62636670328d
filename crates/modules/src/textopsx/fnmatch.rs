//! Shell patterns, as for file names.

use super::TextOpsX;
use policy::{Context, Declaration, Literal, Routes, Text};

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "fnmatch(value, expr, [flags])",
        "1 where the value matches a shell pattern (`*`, `?`, `[a-z]`, `\\`); flag `i` ignores case.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, value: &Text, pattern: &Text, flags: &Option<Literal>| {
            let (mut value, mut pattern) = (value.get(context).to_vec(), pattern.get(context).to_vec());
            if flags.as_ref().is_some_and(|flags| flags.0.contains(&b'i')) {
                value.make_ascii_lowercase();
                pattern.make_ascii_lowercase();
            }
            matches(&pattern, &value)
        },
    );
    d.deviation("fnmatch() honours the flag i; Kamailio 5.6.3 was seen to ignore it.");
}

/// Only the last star is ever tried again, so the time is at most length times length.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, t));
            p += 1;
        } else if let Some(length) = one(pattern.get(p..).unwrap_or_default(), byte) {
            (p, t) = (p + length, t + 1);
        } else if let Some((after, tried)) = star {
            star = Some((after, tried + 1));
            (p, t) = (after, tried + 1);
        } else {
            return false;
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|byte| *byte == b'*')
}

/// How long the first piece of the pattern is, where it matches the byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => set(rest, byte),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// A set behind its opening bracket; without an end the bracket is a character.
fn set(rest: &[u8], byte: u8) -> Option<usize> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let body = rest.get(start..)?;
    let Some(end) = body
        .iter()
        .skip(1)
        .position(|byte| *byte == b']')
        .map(|end| end + 1)
    else {
        return (byte == b'[').then_some(1);
    };
    let members = body.get(..end)?;
    let mut at = 0;
    let mut found = false;
    while let Some(&low) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some(b'-'), Some(&high)) => {
                found |= (low..=high).contains(&byte);
                at += 3;
            }
            _ => {
                found |= low == byte;
                at += 1;
            }
        }
    }
    (found != negated).then_some(start + end + 2)
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::testing::run;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (text, pattern, expected) in [
            ("123456", "123*", true),
            ("abc", "a?c", true),
            ("abc", "A?C", false),
            ("abc", "a[a-c]c", true),
            ("abc", "a[!a-c]c", false),
            ("a*c", "a\\*c", true),
            ("abc", "a\\*c", false),
            ("abc", "ab", false),
            ("abc", "*c", true),
            ("abcabd", "*b?", true),
            ("", "*", true),
            ("", "?", false),
            ("a]", "a[]]", true),
            ("a[", "a[", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{text} {pattern}"
            );
        }
    }

    #[test]
    fn case_can_be_ignored() {
        let script = "loadmodule \"textopsx\"\nrequest_route { fnmatch(\"abc\", \"A?C\"); rc(); fnmatch(\"abc\", \"A?C\", \"i\"); rc(); }";
        assert_eq!(run(script, "OPTIONS sip:b@x SIP/2.0\n\n").codes, [-1, 1]);
    }
}
