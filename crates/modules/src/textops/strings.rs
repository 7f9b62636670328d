//! Comparison of strings and lists.

use super::TextOps;
use super::arguments::Plain;
use memchr::memmem;
use policy::{Context, Declaration, Level, Routes, Text};

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "in_list(subject, list, separator)",
        "1 where the subject is an item of the list; blanks around items do not count.",
        Routes::ANY,
        in_list,
    );
    d.function(
        "in_list_prefix(subject, list, separator)",
        "1 where the subject begins with an item of the list.",
        Routes::ANY,
        in_list_prefix,
    );
    d.function(
        "cmp_str(str1, str2)",
        "1 where both are the same, else -1.",
        Routes::ANY,
        cmp_str,
    );
    d.function(
        "cmp_istr(str1, str2)",
        "1 where both are the same without regard to case, else -2.",
        Routes::ANY,
        cmp_istr,
    );
    d.function(
        "starts_with(str1, str2)",
        "1 where the first begins with the second, else -2.",
        Routes::ANY,
        starts_with,
    );
    d.function(
        "ends_with(str1, str2)",
        "1 where the first ends with the second, else -1.",
        Routes::ANY,
        ends_with,
    );
    d.function(
        "str_find(str1, str2)",
        "Where the second stands in the first, counted from 1; -1 where it does not.",
        Routes::ANY,
        str_find,
    );
    d.function(
        "str_ifind(str1, str2)",
        "The same without regard to case.",
        Routes::ANY,
        str_ifind,
    );
}

fn in_list(
    _: &TextOps,
    context: &mut Context,
    subject: &Text,
    list: &Text,
    separator: &Plain,
) -> bool {
    any_item(context, subject, list, separator, |subject, item| {
        subject == item
    })
}

fn in_list_prefix(
    _: &TextOps,
    context: &mut Context,
    subject: &Text,
    list: &Text,
    separator: &Plain,
) -> bool {
    any_item(context, subject, list, separator, |subject, item| {
        !item.is_empty() && subject.starts_with(item)
    })
}

fn any_item(
    context: &mut Context,
    subject: &Text,
    list: &Text,
    separator: &Plain,
    fits: impl Fn(&[u8], &[u8]) -> bool,
) -> bool {
    let (subject, list) = (subject.get(context), list.get(context));
    if subject.is_empty() || list.is_empty() {
        let which = if subject.is_empty() {
            "subject"
        } else {
            "list"
        };
        context.log(Level::Err, "textops", || {
            format!("{which} cannot be empty string")
        });
        return false;
    }
    let separator = separator.0.first().copied().unwrap_or(b',');
    list.split(|byte| *byte == separator)
        .any(|item| fits(&subject, item.trim_ascii()))
}

fn cmp_str(_: &TextOps, context: &mut Context, a: &Text, b: &Text) -> i32 {
    if a.get(context) == b.get(context) {
        1
    } else {
        -1
    }
}

fn cmp_istr(_: &TextOps, context: &mut Context, a: &Text, b: &Text) -> i32 {
    if a.get(context).eq_ignore_ascii_case(&b.get(context)) {
        1
    } else {
        -2
    }
}

fn starts_with(_: &TextOps, context: &mut Context, text: &Text, start: &Text) -> i32 {
    if text.get(context).starts_with(&start.get(context)) {
        1
    } else {
        -2
    }
}

fn ends_with(_: &TextOps, context: &mut Context, text: &Text, end: &Text) -> i32 {
    if text.get(context).ends_with(&end.get(context)) {
        1
    } else {
        -1
    }
}

fn str_find(_: &TextOps, context: &mut Context, text: &Text, part: &Text) -> i32 {
    find(&text.get(context), &part.get(context))
}

fn str_ifind(_: &TextOps, context: &mut Context, text: &Text, part: &Text) -> i32 {
    find(
        &text.get(context).to_ascii_lowercase(),
        &part.get(context).to_ascii_lowercase(),
    )
}

/// Counted from 1; an empty text is found behind the end, as Kamailio 5.6.3 says.
fn find(text: &[u8], part: &[u8]) -> i32 {
    let at = match part.is_empty() {
        true => Some(text.len()),
        false => memmem::find(text, part),
    };
    at.and_then(|at| i32::try_from(at + 1).ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    /// Call and return code of Kamailio 5.6.3.
    const CASES: [(&str, i32); 20] = [
        ("in_list(\"a\", \"x,a,b\", \",\")", 1),
        ("in_list(\"a\", \"x, a ,b\", \",\")", 1),
        ("in_list(\"c\", \"x,a,b\", \",\")", -1),
        ("in_list(\"\", \"x,,b\", \",\")", -1),
        ("in_list(\"a\", \"x a b\", \" \")", 1),
        ("in_list_prefix(\"abc\", \"x,ab,b\", \",\")", 1),
        ("in_list_prefix(\"bc\", \"x,ab\", \",\")", -1),
        ("starts_with(\"abc\", \"ab\")", 1),
        ("starts_with(\"abc\", \"\")", 1),
        ("starts_with(\"abc\", \"b\")", -2),
        ("ends_with(\"abc\", \"bc\")", 1),
        ("ends_with(\"abc\", \"b\")", -1),
        ("cmp_str(\"a\", \"a\")", 1),
        ("cmp_str(\"a\", \"A\")", -1),
        ("cmp_istr(\"a\", \"A\")", 1),
        ("cmp_istr(\"a\", \"B\")", -2),
        ("str_find(\"abc\", \"b\")", 2),
        ("str_find(\"abc\", \"B\")", -1),
        ("str_ifind(\"abc\", \"B\")", 2),
        ("str_find(\"abc\", \"\")", 4),
    ];

    #[test]
    fn comparing() {
        for (call, code) in CASES {
            let script = format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}");
            assert_eq!(
                run(&script, "OPTIONS sip:b@x SIP/2.0\n\n").codes,
                [code],
                "{call}"
            );
        }
    }
}
