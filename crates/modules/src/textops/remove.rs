//! Header lines: take out.
//!
//! One name serves matching and sending on: a header that leaves under a name is found under it,
//! in any case, in its compact form, and however many blanks stood before its colon (the message
//! was brought into one form when it was read).

use super::TextOps;
use super::arguments::{HeaderName, Plain, WholeRegex};
use memchr::memmem;
use policy::{Context, Declaration, Int, Level, Pattern, Routes, Text};
use script::Regex;
use sip::{Header, Span};

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "remove_hf(hname)",
        "Removes every header of this name; -1 where there is none.",
        Routes::ANY,
        remove_hf,
    );
    d.function(
        "remove_hf_pv(hname)",
        "The same with a name that may have variables in it.",
        Routes::ANY,
        remove_hf_pv,
    );
    d.function(
        "remove_hf_re(re)",
        "Removes every header whose name matches; -1 where there is none.",
        Routes::ANY,
        remove_hf_re,
    );
    d.function(
        "remove_hf_re_pv(re)",
        "The same with an expression that may have variables in it.",
        Routes::ANY,
        remove_hf_re_pv,
    );
    d.function(
        "remove_hf_exp(expmatch, expskip)",
        "Removes every header whose name matches the first and not the second expression.",
        Routes::ANY,
        remove_hf_exp,
    );
    d.function(
        "remove_hf_exp_pv(expmatch, expskip)",
        "The same with expressions that may have variables in them.",
        Routes::ANY,
        remove_hf_exp_pv,
    );
    d.function(
        "remove_hf_idx(hname, idx)",
        "Removes the header of this name with this index, from 0 or from -1 backwards; 2 where there is none.",
        Routes::ANY,
        remove_hf_idx,
    );
    d.function(
        "remove_hf_match(hname, op, expr)",
        "Removes the headers of this name whose value is `eq`, `ne`, has in it (`in`) or matches (`re`); -2: none.",
        Routes::ANY,
        remove_hf_match,
    );
}

fn remove_hf(_: &TextOps, context: &mut Context, name: &HeaderName) -> bool {
    context.edits.remove_headers(&context.message, &name.0) > 0
}

fn remove_hf_pv(_: &TextOps, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    context.edits.remove_headers(&context.message, &name) > 0
}

fn remove_hf_re(_: &TextOps, context: &mut Context, name: &WholeRegex) -> bool {
    remove_where(context, |header| has(&name.0, header))
}

fn remove_hf_re_pv(_: &TextOps, context: &mut Context, name: &Pattern) -> bool {
    name.with(context, |context, name| {
        remove_where(context, |header| has(name, header))
    })
    .unwrap_or(false)
}

fn remove_hf_exp(_: &TextOps, context: &mut Context, take: &WholeRegex, skip: &WholeRegex) -> bool {
    remove_where(context, |header| {
        has(&take.0, header) && !has(&skip.0, header)
    })
}

fn remove_hf_exp_pv(_: &TextOps, context: &mut Context, take: &Pattern, skip: &Pattern) -> bool {
    let removed = take.with(context, |context, take| {
        skip.with(context, |context, skip| {
            remove_where(context, |header| has(take, header) && !has(skip, header))
        })
    });
    removed.flatten().unwrap_or(false)
}

fn remove_hf_idx(_: &TextOps, context: &mut Context, name: &Text, index: &Int) -> i32 {
    let (name, index) = (name.get(context), index.get_or_0(context));
    let spans: Vec<Span> = context
        .message
        .named(&name)
        .map(|header| header.span)
        .collect();
    let position = match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|back| spans.len().checked_sub(back)),
    };
    match position.and_then(|position| spans.get(position)) {
        Some(span) => {
            context.edits.remove(*span);
            1
        }
        None => 2,
    }
}

/// Says whether a header value is meant.
type Test<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

fn remove_hf_match(
    _: &TextOps,
    context: &mut Context,
    name: &Text,
    operator: &Plain,
    expr: &Text,
) -> i32 {
    let (name, expr) = (name.get(context), expr.get(context));
    let fits: Test<'_> = match &operator.0[..] {
        b"eq" => Box::new(|value| value == &expr[..]),
        b"ne" => Box::new(|value| value != &expr[..]),
        b"in" => Box::new(|value| memmem::find(value, &expr).is_some()),
        b"re" => match Regex::compile(&expr) {
            Ok(regex) => Box::new(move |value| regex.matches(value).unwrap_or(false)),
            Err(_) => return -1,
        },
        other => {
            let other = String::from_utf8_lossy(other).into_owned();
            context.log(Level::Err, "textops", || {
                format!("unknown operator [{other}]")
            });
            return -1;
        }
    };
    let spans: Vec<Span> = context
        .message
        .named(&name)
        .filter(|h| fits(h.value))
        .map(|h| h.span)
        .collect();
    spans.iter().for_each(|span| context.edits.remove(*span));
    if spans.is_empty() { -2 } else { 1 }
}

fn has(name: &Regex, header: &Header<'_>) -> bool {
    name.matches(header.name).unwrap_or(false)
}

fn remove_where(context: &mut Context, fits: impl Fn(&Header<'_>) -> bool) -> bool {
    let mut found = false;
    for header in context.message.headers().filter(fits) {
        context.edits.remove(header.span);
        found = true;
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\nX: 0\nX: 1\nX: 2\nX: 3\nY: a\nY: b\nY: xcx\nUser-Agent: T\nm: <sip:a@x>\n\n";

    /// Call, return code of Kamailio 5.6.3, header lines left.
    const CASES: [(&str, i32, &str); 14] = [
        (
            "remove_hf(\"user-agent\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|m: <sip:a@x>",
        ),
        (
            "remove_hf(\"Contact\"); remove_hf(\"m\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T",
        ),
        (
            "remove_hf(\"Nope\")",
            -1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        ("remove_hf_re(\"^[xy]\")", 1, "User-Agent: T|m: <sip:a@x>"),
        (
            "remove_hf_re_pv(\"^zz\")",
            -1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_exp(\".\", \"^[xy]\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx",
        ),
        (
            "remove_hf_exp_pv(\".\", \"^[xu]\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|User-Agent: T",
        ),
        (
            "remove_hf_idx(\"X\", \"1\")",
            1,
            "X: 0|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_idx(\"X\", \"-1\")",
            1,
            "X: 0|X: 1|X: 2|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_idx(\"X\", \"7\")",
            2,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_match(\"Y\", \"eq\", \"b\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_match(\"Y\", \"in\", \"c\")",
            1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_match(\"Y\", \"re\", \"^z\")",
            -2,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
        (
            "remove_hf_match(\"Y\", \"sw\", \"a\")",
            -1,
            "X: 0|X: 1|X: 2|X: 3|Y: a|Y: b|Y: xcx|User-Agent: T|m: <sip:a@x>",
        ),
    ];

    #[test]
    fn headers_go() {
        for (call, code, left) in CASES {
            let script = format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}");
            let ran = run(&script, MESSAGE);
            let lines: Vec<&str> = ran
                .sent
                .lines()
                .skip(1)
                .filter(|line| !line.is_empty())
                .collect();
            assert_eq!(
                (ran.codes, lines.join("|")),
                (vec![code], left.to_owned()),
                "{call}"
            );
        }
    }

    /// Kamailio CVE-2020-28361: a blank before the colon hid a header from `remove_hf`.
    #[test]
    fn odd_names_do_not_bypass_removal() {
        for line in [
            "P-Asserted-Identity : x",
            "p-asserted-identity\t:x",
            "P-ASSERTED-IDENTITY  : x",
            "P-Asserted-Identity: a\r\n b",
        ] {
            let script = "loadmodule \"textops\"\nrequest_route { remove_hf(\"P-Asserted-Identity\"); rc(); }";
            let ran = run(
                script,
                &format!("OPTIONS sip:b@x SIP/2.0\n{line}\nTo: x\n\n"),
            );
            assert_eq!(ran.codes, [1], "{line:?}");
            assert_eq!(
                ran.sent, "OPTIONS sip:b@x SIP/2.0\r\nTo: x\r\n\r\n",
                "{line:?}"
            );
        }
    }
}
