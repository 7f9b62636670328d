//! Search by regular expression.

use super::arguments::{HeaderName, LineRegex, Plain, Which, by_lines};
use super::{TextOps, behind_first_line, body};
use policy::{Context, Declaration, Int, Level, Routes, Text, Var};
use script::{Regex, Value};
use sip::Span;

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "search(re)",
        "1 where the message matches, first line included.",
        Routes::ANY,
        search,
    );
    d.function(
        "search_body(re)",
        "1 where the body matches.",
        Routes::ANY,
        search_body,
    );
    d.function(
        "search_str(text, re)",
        "1 where the text matches; both may have variables.",
        Routes::ANY,
        search_str,
    );
    d.function(
        "search_hf(hf, re, flags)",
        "1 where the value of a header of this name matches: `a` any, `f` the first, `l` the last.",
        Routes::ANY,
        search_hf,
    );
    d.function(
        "search_append(re, txt)",
        "Adds the text behind the first match after the first line.",
        Routes::ANY,
        search_append,
    );
    d.function(
        "search_append_body(re, txt)",
        "Adds the text behind the first match in the body.",
        Routes::ANY,
        search_append_body,
    );
    d.function(
        "regex_substring(itext, regexp, mindex, mcount, dpv)",
        "Puts group mindex of the first match into a variable; -2 where nothing matches, -1 on wrong numbers.",
        Routes::ANY,
        regex_substring,
    );
}

fn search(_: &TextOps, context: &mut Context, re: &LineRegex) -> bool {
    matches(&re.0, context.message.bytes())
}

fn search_body(_: &TextOps, context: &mut Context, re: &LineRegex) -> bool {
    let body = context.message.body();
    !body.is_empty() && matches(&re.0, body)
}

fn search_str(_: &TextOps, context: &mut Context, text: &Text, re: &Text) -> bool {
    let (text, re) = (text.get(context), re.get(context));
    by_lines(&re).is_ok_and(|re| matches(&re, &text))
}

fn search_hf(
    _: &TextOps,
    context: &mut Context,
    name: &HeaderName,
    re: &LineRegex,
    which: &Which,
) -> bool {
    let headers: Vec<_> = context.message.named(&name.0).collect();
    which
        .of(headers.into_iter())
        .iter()
        .any(|header| matches(&re.0, header.value))
}

fn search_append(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    let region = behind_first_line(&context.message);
    append_in(context, region, &re.0, text)
}

fn search_append_body(_: &TextOps, context: &mut Context, re: &LineRegex, text: &Plain) -> bool {
    body(&context.message).is_some_and(|region| append_in(context, region, &re.0, text))
}

fn append_in(context: &mut Context, region: Span, re: &Regex, text: &Plain) -> bool {
    let found = re.find(region.of(context.message.bytes()), 0);
    let Ok(Some(found)) = found else {
        return false;
    };
    context
        .edits
        .insert(region.start as usize + found.end, text.0.clone());
    true
}

fn regex_substring(
    _: &TextOps,
    context: &mut Context,
    text: &Text,
    re: &Text,
    index: &Int,
    count: &Int,
    result: &Var,
) -> i32 {
    let (text, re) = (text.get(context), re.get(context));
    let (index, count) = (index.get_or_0(context), count.get_or_0(context));
    if index > count || index < 0 {
        context.log(Level::Err, "textops", || {
            "matched_index cannot be bigger than match_count".to_owned()
        });
        return -1;
    }
    let Ok(re) = Regex::compile(&re) else {
        return -1;
    };
    let Ok(Some(groups)) = re.captures(&text, 0) else {
        return -2;
    };
    let group = usize::try_from(index)
        .ok()
        .and_then(|index| groups.into_iter().nth(index).flatten());
    let stored = group.is_some_and(|range| result.set(context, Value::Str(text.slice(range))));
    if stored { 1 } else { -1 }
}

fn matches(re: &Regex, text: &[u8]) -> bool {
    re.matches(text).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "INVITE sip:b@x SIP/2.0\nSupported: path, 100rel\nUser-Agent: Test\nX: 1\nX: 2\n\nv=0\nm=audio 1\n";

    /// Call and return code of Kamailio 5.6.3.
    const CASES: [(&str, i32); 14] = [
        ("search(\"^INVITE\")", 1),
        ("search(\"^m=audio.*$\")", 1),
        ("search(\"zzz\")", -1),
        ("search_body(\"^m=audio\")", 1),
        ("search_body(\"V=0\")", 1),
        ("search_body(\"INVITE\")", -1),
        ("search_hf(\"Supported\", \"100REL\", \"a\")", 1),
        ("search_hf(\"Supported\", \"Supported\", \"f\")", -1),
        ("search_hf(\"Nope\", \"x\", \"l\")", -1),
        ("search_hf(\"X\", \"2\", \"f\")", -1),
        ("search_hf(\"X\", \"2\", \"l\")", 1),
        ("search_str(\"sip:bob\", \"BOB\")", 1),
        ("search_str(\"sip:bob\", \"bobx\")", -1),
        ("search_append(\"zzz\", \"-X\")", -1),
    ];

    #[test]
    fn searching() {
        for (call, code) in CASES {
            let script = format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}");
            assert_eq!(run(&script, MESSAGE).codes, [code], "{call}");
        }
    }

    #[test]
    fn text_is_added_behind_the_first_match_after_the_first_line() {
        let script = "loadmodule \"textops\"\nrequest_route { search_append(\"path\", \"-$x\"); search_append_body(\"audio\", \"-Y\"); }";
        let sent = run(script, MESSAGE).sent;
        assert!(sent.contains("Supported: path-$x,"), "{sent}");
        assert!(sent.ends_with("m=audio-Y 1\r\n"), "{sent}");
    }

    #[test]
    fn groups_are_taken_out() {
        for (index, count, code, found) in [
            (1, 2, 1, "abc"),
            (2, 3, 1, "123"),
            (0, 3, 1, "abc123"),
            (5, 3, -1, ""),
        ] {
            let script = format!(
                "loadmodule \"textops\"\nrequest_route {{ regex_substring(\"abc123def\", \"([a-z]+)([0-9]+)\", {index}, {count}, \"$out(r)\"); rc(); note(\"$out(r)\"); }}"
            );
            let ran = run(&script, MESSAGE);
            assert_eq!(
                (ran.codes, ran.notes),
                (vec![code], vec![found.to_owned()]),
                "{index} of {count}"
            );
        }
    }
}
