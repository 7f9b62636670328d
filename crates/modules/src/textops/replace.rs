//! Replace what an expression or a text matches. The replacement is taken as it is written.

use super::arguments::{LineRegex, Plain, Which, WholeRegex};
use super::{TextOps, behind_first_line, body, headers};
use bytes::Bytes;
use memchr::memmem;
use policy::{Context, Declaration, Routes, Text};
use script::Regex;
use sip::Span;

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "replace(re, txt)",
        "Replaces the first match after the first line.",
        Routes::ANY,
        replace,
    );
    d.function(
        "replace_body(re, txt)",
        "Replaces the first match in the body.",
        Routes::ANY,
        replace_body,
    );
    d.function(
        "replace_hdrs(re, txt)",
        "Replaces the first match in the headers.",
        Routes::ANY,
        replace_hdrs,
    );
    d.function(
        "replace_all(re, txt)",
        "Replaces every match after the first line.",
        Routes::ANY,
        replace_all,
    );
    d.function(
        "replace_body_all(re, txt)",
        "Replaces every match in the body, line by line.",
        Routes::ANY,
        replace_body_all,
    );
    d.function(
        "replace_body_atonce(re, txt)",
        "Replaces every match in the body taken as one text.",
        Routes::ANY,
        replace_body_atonce,
    );
    d.function(
        "replace_str(match, repl, mode)",
        "Replaces a text after the first line, `f` where it stands first or `a` everywhere; always 1.",
        Routes::ANY,
        replace_str,
    );
    d.function(
        "replace_body_str(match, repl, mode)",
        "The same in the body.",
        Routes::ANY,
        replace_body_str,
    );
    d.function(
        "replace_hdrs_str(match, repl, mode)",
        "The same in the headers.",
        Routes::ANY,
        replace_hdrs_str,
    );
}

fn replace(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    let region = behind_first_line(&context.message);
    replace_in(context, region, &re.0, &text.0, Which::First)
}

fn replace_body(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    body(&context.message)
        .is_some_and(|region| replace_in(context, region, &re.0, &text.0, Which::First))
}

fn replace_hdrs(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    let region = headers(&context.message);
    replace_in(context, region, &re.0, &text.0, Which::First)
}

fn replace_all(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    let region = behind_first_line(&context.message);
    replace_in(context, region, &re.0, &text.0, Which::All)
}

fn replace_body_all(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    body(&context.message)
        .is_some_and(|region| replace_in(context, region, &re.0, &text.0, Which::All))
}

fn replace_body_atonce(_: &TextOps, context: &mut Context, re: &WholeRegex, text: &Plain) -> bool {
    body(&context.message)
        .is_some_and(|region| replace_in(context, region, &re.0, &text.0, Which::All))
}

fn replace_str(_: &TextOps, context: &mut Context, old: &Text, new: &Text, which: &Which) -> i32 {
    let region = behind_first_line(&context.message);
    replace_text(context, region, old, new, *which)
}

fn replace_body_str(
    _: &TextOps,
    context: &mut Context,
    old: &Text,
    new: &Text,
    which: &Which,
) -> i32 {
    let region = body(&context.message).unwrap_or_default();
    replace_text(context, region, old, new, *which)
}

fn replace_hdrs_str(
    _: &TextOps,
    context: &mut Context,
    old: &Text,
    new: &Text,
    which: &Which,
) -> i32 {
    let region = headers(&context.message);
    replace_text(context, region, old, new, *which)
}

fn replace_in(context: &mut Context, region: Span, re: &Regex, text: &Bytes, which: Which) -> bool {
    let mut at = 0;
    let mut found_any = false;
    while let Ok(Some(found)) = re.find(region.of(context.message.bytes()), at) {
        if found.is_empty() {
            break;
        }
        at = found.end;
        found_any = true;
        context.edits.replace(shifted(region, found), text.clone());
        if which == Which::First {
            break;
        }
    }
    found_any
}

fn replace_text(context: &mut Context, region: Span, old: &Text, new: &Text, which: Which) -> i32 {
    let (old, new) = (old.get(context), new.get(context));
    if old.is_empty() {
        return -1;
    }
    let mut at = 0;
    loop {
        let rest = region
            .of(context.message.bytes())
            .get(at..)
            .unwrap_or_default();
        let Some(found) = memmem::find(rest, &old) else {
            return 1;
        };
        let found = at + found..at + found + old.len();
        at = found.end;
        context.edits.replace(shifted(region, found), new.clone());
        if which == Which::First {
            return 1;
        }
    }
}

/// A range of a region as a range of the message.
pub(super) fn shifted(region: Span, range: std::ops::Range<usize>) -> Span {
    Span::from(region.start as usize + range.start..region.start as usize + range.end)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "OPTIONS sip:b@ex.a SIP/2.0\nFrom: <sip:al@ex.a>\nTo: <sip:bo@ex.a>\nContent-Length: 29\n\n\
        v=0\nc=IN IP4 10.0.0.1\na=x\n";

    /// Call, return code and the message as Kamailio 5.6.3 sends it, Content-Length left out.
    const CASES: [(&str, i32, &str); 13] = [
        (
            "replace(\"ex\", \"[$y]\")",
            1,
            "From: <sip:al@[$y].a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace(\"zzz\", \"Y\")",
            -1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_body(\"0\", \"7\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=7|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_hdrs(\"EX\", \"Y\")",
            1,
            "From: <sip:al@Y.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_hdrs(\"IP4\", \"Y\")",
            -1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_all(\"ex\", \"Y\")",
            1,
            "From: <sip:al@Y.a>|To: <sip:bo@Y.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_body_all(\"10.0\", \"77\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 77.0.1|a=x|",
        ),
        (
            "replace_body_all(\"^a=[a-z]\", \"b=2\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|b=2|",
        ),
        (
            "replace_body_atonce(\"^v=.*$\", \"\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||",
        ),
        (
            "replace_str(\"ex\", \"Y\", \"f\")",
            1,
            "From: <sip:al@Y.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_body_str(\"10\", \"20\", \"a\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 20.0.0.1|a=x|",
        ),
        (
            "replace_hdrs_str(\"sip\", \"tel\", \"a\")",
            1,
            "From: <tel:al@ex.a>|To: <tel:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
        (
            "replace_str(\"nope\", \"Y\", \"a\")",
            1,
            "From: <sip:al@ex.a>|To: <sip:bo@ex.a>||v=0|c=IN IP4 10.0.0.1|a=x|",
        ),
    ];

    #[test]
    fn replacing() {
        for (call, code, expected) in CASES {
            let ran = run(
                &format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}"),
                MESSAGE,
            );
            let lines = ran
                .sent
                .split("\r\n")
                .skip(1)
                .filter(|line| !line.starts_with("Content-Length"));
            let sent = lines.collect::<Vec<&str>>().join("|");
            assert_eq!(
                (ran.codes, sent),
                (vec![code], expected.to_owned()),
                "{call}"
            );
        }
    }

    #[test]
    fn the_length_follows_the_body() {
        let script =
            "loadmodule \"textops\"\nrequest_route { replace_body_atonce(\"^v=.*$\", \"\"); }";
        assert!(run(script, MESSAGE).sent.contains("Content-Length: 0\r\n"));
    }
}
