//! Telephone numbers and character classes.

use super::SipUtils;
use policy::{Context, Declaration, Level, Routes, Text};
use sip::Uri;

/// Digits of the longest E.164 number, with the shortest Kamailio takes.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 2..=15;

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "is_e164(tval)",
        "1 for + and 2 to 15 digits.",
        Routes::ANY,
        is_e164,
    );
    d.function(
        "is_uri_user_e164(uri)",
        "1 where the user part of the URI is + and 2 to 15 digits.",
        Routes::ANY,
        is_uri_user_e164,
    );
    d.function(
        "is_tel_number(tval)",
        "1 for digits with an optional + before them, else -2.",
        Routes::ANY,
        is_tel_number,
    );
    d.function(
        "is_numeric(tval)",
        "1 for digits only, else -2.",
        Routes::ANY,
        is_numeric,
    );
    d.function(
        "is_alphanum(tval)",
        "1 for letters and digits only, -2 where it is empty, else -3.",
        Routes::ANY,
        |_: &SipUtils, context: &mut Context, text: &Text| only(&text.get(context), b""),
    );
    d.function(
        "is_alphanumex(tval, eset)",
        "1 for letters, digits and the characters of eset only, -2 where it is empty, else -3.",
        Routes::ANY,
        |_: &SipUtils, context: &mut Context, text: &Text, more: &Text| {
            let more = more.get(context);
            only(&text.get(context), &more)
        },
    );
}

/// True for `+` and the digits of an E.164 number.
pub(super) fn e164(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"+");
    digits.is_some_and(|digits| {
        E164_DIGITS.contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    })
}

fn is_e164(_: &SipUtils, context: &mut Context, text: &Text) -> bool {
    e164(&text.get(context))
}

fn is_uri_user_e164(_: &SipUtils, context: &mut Context, uri: &Text) -> bool {
    let text = uri.get(context);
    match Uri::parse(&text) {
        Ok(uri) => e164(uri.user.unwrap_or(uri.opaque)),
        Err(_) => {
            context.log(Level::Err, "siputils", || "parsing URI failed".to_owned());
            false
        }
    }
}

fn is_tel_number(_: &SipUtils, context: &mut Context, text: &Text) -> i32 {
    let text = text.get(context);
    digits(text.strip_prefix(b"+").unwrap_or(&text))
}

fn is_numeric(_: &SipUtils, context: &mut Context, text: &Text) -> i32 {
    digits(&text.get(context))
}

fn digits(text: &[u8]) -> i32 {
    if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        1
    } else {
        -2
    }
}

fn only(text: &[u8], more: &[u8]) -> i32 {
    match text
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte))
    {
        _ if text.is_empty() => -2,
        true => 1,
        false => -3,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    /// Call and return code of Kamailio 5.6.3.
    const CASES: [(&str, i32); 22] = [
        ("is_e164(\"+123\")", 1),
        ("is_e164(\"123\")", -1),
        ("is_e164(\"+12\")", 1),
        ("is_e164(\"+1\")", -1),
        ("is_e164(\"+1234567890123456\")", -1),
        ("is_e164(\"+123456789012345\")", 1),
        ("is_e164(\"\")", -1),
        ("is_e164(\"+1a\")", -1),
        ("is_uri_user_e164(\"sip:+1234@x\")", 1),
        ("is_uri_user_e164(\"sip:1234@x\")", -1),
        ("is_uri_user_e164(\"foo\")", -1),
        ("is_tel_number(\"+12\")", 1),
        ("is_tel_number(\"12\")", 1),
        ("is_tel_number(\"+\")", -2),
        ("is_tel_number(\"1a\")", -2),
        ("is_numeric(\"12\")", 1),
        ("is_numeric(\"+12\")", -2),
        ("is_alphanum(\"a1\")", 1),
        ("is_alphanum(\"a_1\")", -3),
        ("is_alphanum(\"\")", -2),
        ("is_alphanumex(\"a_1\", \"_\")", 1),
        ("is_alphanumex(\"a-1\", \"_\")", -3),
    ];

    #[test]
    fn numbers_and_letters() {
        for (call, code) in CASES {
            let script = format!("loadmodule \"siputils\"\nrequest_route {{ {call}; rc(); }}");
            assert_eq!(
                run(&script, "OPTIONS sip:b@x SIP/2.0\n\n").codes,
                [code],
                "{call}"
            );
        }
    }
}
