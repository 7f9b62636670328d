//! Header lines: add, look for.

use super::TextOps;
use super::arguments::{HeaderName, WholeRegex};
use policy::{Context, Declaration, Pattern, Routes, Text};

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.deviation(
        "append_to_reply() refuses text of which a line is no `name: value`; Kamailio sends it.",
    );
    d.deviation("replace_hdrs_str() leaves the body alone; Kamailio 5.6.3 replaces there too.");
    d.function(
        "append_hf(txt, [hdr])",
        "Adds header lines behind the last header, or behind the first one named hdr.",
        Routes::ANY,
        append_hf,
    );
    d.function(
        "insert_hf(txt, [hdr])",
        "Adds header lines before the first header, or before the first one named hdr.",
        Routes::ANY,
        insert_hf,
    );
    d.function(
        "append_urihf(prefix, suffix)",
        "Adds prefix, the Request-URI as received and suffix behind the last header.",
        Routes::REQUEST | Routes::FAILURE | Routes::BRANCH,
        append_urihf,
    );
    d.function(
        "append_to_reply(txt)",
        "Adds header lines to replies of ours.",
        Routes::ANY,
        append_to_reply,
    );
    d.function(
        "is_present_hf(hf_name)",
        "1 where a header has this name.",
        Routes::ANY,
        is_present_hf,
    );
    d.function(
        "is_present_hf_pv(hf_name)",
        "The same with a name that may have variables in it.",
        Routes::ANY,
        is_present_hf_pv,
    );
    d.function(
        "is_present_hf_re(hf_name_re)",
        "1 where the name of a header matches.",
        Routes::ANY,
        is_present_hf_re,
    );
    d.function(
        "is_present_hf_re_pv(hf_name_re)",
        "The same with an expression that may have variables in it.",
        Routes::ANY,
        is_present_hf_re_pv,
    );
}

fn append_hf(_: &TextOps, context: &mut Context, text: &Text, behind: &Option<HeaderName>) -> bool {
    let text = text.get(context);
    let anchor = behind.as_ref().and_then(|name| {
        context
            .message
            .named(&name.0)
            .next()
            .map(|header| header.span)
    });
    match anchor {
        Some(span) => context.edits.insert_after(span, text),
        None => context.edits.insert(context.message.headers_end(), text),
    }
    true
}

fn insert_hf(_: &TextOps, context: &mut Context, text: &Text, before: &Option<HeaderName>) -> bool {
    let text = text.get(context);
    let anchor = before.as_ref().and_then(|name| {
        context
            .message
            .named(&name.0)
            .next()
            .map(|header| header.span)
    });
    match anchor {
        Some(span) => context.edits.insert_before(span, text),
        None => context.edits.insert(context.message.headers_start(), text),
    }
    true
}

fn append_urihf(_: &TextOps, context: &mut Context, prefix: &Text, suffix: &Text) -> bool {
    let (prefix, suffix) = (prefix.get(context), suffix.get(context));
    let line = [&prefix[..], context.message.request_uri(), &suffix[..]].concat();
    context.edits.insert(context.message.headers_end(), line);
    true
}

fn append_to_reply(_: &TextOps, context: &mut Context, text: &Text) -> bool {
    let text = text.get(context);
    context.append_to_reply(&text[..])
}

fn is_present_hf(_: &TextOps, context: &mut Context, name: &HeaderName) -> bool {
    context.message.named(&name.0).next().is_some()
}

fn is_present_hf_pv(_: &TextOps, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    context.message.named(&name).next().is_some()
}

fn is_present_hf_re(_: &TextOps, context: &mut Context, name: &WholeRegex) -> bool {
    context
        .message
        .headers()
        .any(|header| name.0.matches(header.name).unwrap_or(false))
}

fn is_present_hf_re_pv(_: &TextOps, context: &mut Context, name: &Pattern) -> bool {
    let found = name.with(context, |context, name| {
        context
            .message
            .headers()
            .any(|header| name.matches(header.name).unwrap_or(false))
    });
    found.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@x>\nTo: <sip:b@x>\nSupported: path\n\n";

    fn sent(calls: &str) -> String {
        let script = format!("loadmodule \"textops\"\nrequest_route {{ {calls} }}");
        run(&script, MESSAGE).sent.replace("\r\n", "\n")
    }

    /// The order in which Kamailio 5.6.3 sends them.
    #[test]
    fn added_headers_keep_kamailios_order() {
        let out = sent(
            "append_hf(\"A: 1\\r\\n\"); insert_hf(\"C: 3\\r\\n\"); insert_hf(\"D: 4\\r\\n\"); append_hf(\"E: 5\\r\\n\", \"From\");
             append_hf(\"F: 6\\r\\n\", \"Nope\"); insert_hf(\"G: 7\\r\\n\", \"To\"); insert_hf(\"H: 8\\r\\n\", \"t\");
             append_hf(\"I: 9\\r\\n\", \"From\"); insert_hf(\"J: 9\\r\\n\", \"Nope\");",
        );
        let names: Vec<&str> = out
            .lines()
            .skip(1)
            .filter_map(|line| line.split(':').next())
            .collect();
        let expected = [
            "C",
            "D",
            "J",
            "Via",
            "From",
            "E",
            "G",
            "H",
            "I",
            "To",
            "Supported",
            "A",
            "F",
            "",
        ];
        assert_eq!(names.join(" ").trim(), expected.join(" ").trim());
    }

    #[test]
    fn two_texts_without_a_line_end_are_one_line() {
        assert!(sent("append_hf(\"K: 9\"); append_hf(\"L: 9\\r\\n\");").contains("\nK: 9L: 9\n"));
    }

    #[test]
    fn nothing_added_can_end_the_headers() {
        let out = sent("append_hf(\"K: 9\\r\\n\\r\\nX: 1\\nY: 2\\r\");");
        assert!(out.ends_with("K: 9\nX: 1\nY: 2\n\n"), "{out}");
    }

    #[test]
    fn the_uri_as_received_becomes_a_header() {
        assert!(
            sent("append_urihf(\"CC-Diversion: \", \"\\r\\n\");")
                .ends_with("CC-Diversion: sip:b@x\n\n")
        );
    }

    #[test]
    fn headers_are_found_by_any_form_of_their_name() {
        for (call, code) in [
            ("is_present_hf(\"From\")", 1),
            ("is_present_hf(\"f\")", 1),
            ("is_present_hf(\"k:\")", 1),
            ("is_present_hf(\"Nope\")", -1),
            ("is_present_hf_re(\"^supp\")", 1),
            ("is_present_hf_re(\"^zz\")", -1),
            ("is_present_hf_pv(\"$out(a)\")", -1),
            ("is_present_hf_re_pv(\"From|To\")", 1),
        ] {
            let script = format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}");
            assert_eq!(run(&script, MESSAGE).codes, [code], "{call}");
        }
    }
}
