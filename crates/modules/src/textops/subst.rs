//! `/expression/replacement/flags`, as in sed: the functions and `{re.subst}`.

mod expression;

use super::arguments::{HeaderName, Which};
use super::replace::shifted;
use super::{TextOps, behind_first_line, body};
use bytes::Bytes;
use expression::Subst;
use policy::{Context, Declaration, Level, Problem, Routes, Transform, Written, problem};
use script::{Value, VarSpec};
use sip::{Span, Uri};

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "subst(subexp)",
        "Substitutes after the first line; -1 where nothing matches.",
        Routes::ANY,
        subst,
    );
    d.function(
        "subst_uri(subexp)",
        "Substitutes in the Request-URI, at once.",
        Routes::ANY,
        subst_uri,
    );
    d.function(
        "subst_user(subexp)",
        "Substitutes in the user part of the Request-URI, at once.",
        Routes::ANY,
        subst_user,
    );
    d.function(
        "subst_body(subexp)",
        "Substitutes in the body.",
        Routes::ANY,
        subst_body,
    );
    d.function(
        "subst_hf(hf, subexp, flags)",
        "Substitutes in the values of headers of this name: `a` all, `f` the first, `l` the last.",
        Routes::ANY,
        subst_hf,
    );
    d.transformation(
        "re.subst,expression",
        "The text after `/expression/replacement/flags`.",
        transformation,
    );
}

fn subst(_: &TextOps, context: &mut Context, subst: &Subst) -> bool {
    let region = behind_first_line(&context.message);
    subst_in(context, region, subst)
}

fn subst_body(_: &TextOps, context: &mut Context, subst: &Subst) -> bool {
    body(&context.message).is_some_and(|region| subst_in(context, region, subst))
}

fn subst_hf(
    _: &TextOps,
    context: &mut Context,
    name: &HeaderName,
    subst: &Subst,
    which: &Which,
) -> bool {
    let spans: Vec<Span> = context
        .message
        .named(&name.0)
        .map(|header| header.value_span)
        .collect();
    let mut found = false;
    for span in which.of(spans.into_iter()) {
        found |= subst_in(context, span, subst);
    }
    found
}

fn subst_uri(_: &TextOps, context: &mut Context, subst: &Subst) -> bool {
    let uri = context.target.uri.clone();
    match applied(context, &uri, subst) {
        Some(new) => {
            context.set_uri(new);
            true
        }
        None => false,
    }
}

fn subst_user(_: &TextOps, context: &mut Context, subst: &Subst) -> bool {
    let uri = context.target.uri.clone();
    let user = Uri::parse(&uri)
        .ok()
        .and_then(|parsed| parsed.user.map(|user| uri.slice_ref(user)));
    let new = user.and_then(|user| Some((applied(context, &user, subst)?, user)));
    let Some((new, user)) = new else {
        return false;
    };
    // The user part ends at the first colon (its password) or at sign behind the scheme.
    let start = uri
        .iter()
        .position(|byte| *byte == b':')
        .map_or(0, |colon| colon + 1);
    let (front, back) = (uri.get(..start), uri.get(start + user.len()..));
    context.set_uri(
        [front.unwrap_or_default(), &new, back.unwrap_or_default()]
            .concat()
            .into(),
    );
    true
}

fn subst_in(context: &mut Context, region: Span, subst: &Subst) -> bool {
    let text = context.message.bytes().slice(region.range());
    let Some(changes) = run(context, &text, subst) else {
        return false;
    };
    for (range, replacement) in &changes {
        context
            .edits
            .replace(shifted(region, range.clone()), replacement.clone());
    }
    !changes.is_empty()
}

/// The text after substitution; none where nothing matches.
fn applied(context: &mut Context, text: &Bytes, subst: &Subst) -> Option<Bytes> {
    let changes = run(context, text, subst)?;
    if changes.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in changes {
        out.extend_from_slice(text.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(&replacement);
        at = range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Some(out.into())
}

fn run(context: &mut Context, text: &Bytes, subst: &Subst) -> Option<expression::Changes> {
    let changes = subst.changes(context, text);
    if changes.is_none() {
        context.log(Level::Err, "textops", || {
            "Matched string is empty, invalid regexp?".to_owned()
        });
    }
    changes
}

fn transformation(
    args: &[Written],
    prepare: &mut policy::Prepare<'_>,
) -> Result<Transform, Problem> {
    // Commas inside of the expression belong to it.
    let pieces: Vec<Bytes> = args.iter().map(Written::source).collect();
    let source = Bytes::from(pieces.join(&b","[..]));
    if source.is_empty() {
        return Err(problem(
            "{re.subst} needs an expression, /expression/replacement/flags",
        ));
    }
    if source.starts_with(b"$")
        && let Ok(spec) = VarSpec::parse(&source)
    {
        let var = prepare.variable(&spec)?;
        return Ok(Transform::new(move |context, value| {
            let source = var.read(context).to_text();
            let subst = Subst::parse(&source, |_| None);
            subst.map_or(Value::Null, |subst| substituted(context, &value, &subst))
        }));
    }
    let subst = Subst::prepared(&source, prepare)?;
    Ok(Transform::new(move |context, value| {
        substituted(context, &value, &subst)
    }))
}

/// A text in which nothing matches stays; one where an empty match came up is null.
fn substituted(context: &mut Context, value: &Value, subst: &Subst) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    let text = value.to_text();
    match subst.changes(context, &text) {
        None => run(context, &text, subst).map_or(Value::Null, |_| Value::Null),
        Some(changes) if changes.is_empty() => Value::Str(text),
        Some(_) => applied(context, &text, subst).map_or(Value::Null, Value::Str),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    const MESSAGE: &str = "OPTIONS sip:bob@ex.a;x=1 SIP/2.0\nFrom: \"Al\" <sip:al@ex.a>\nX: 0\nX: 1\nY: a, c\nY: b\n\
        Content-Length: 5\n\nv=0\n";

    /// Call, return code of Kamailio 5.6.3, what the message then has in it.
    const CASES: [(&str, i32, &str); 11] = [
        (
            "subst('/^From:(.*)sip:[^@]*@([a-z.]+)(.*)$/From:\\1sip:x@\\2\\3/ig')",
            1,
            "From: \"Al\" <sip:x@ex.a>\r\n",
        ),
        ("subst('/zzz/y/')", -1, "From: \"Al\" <sip:al@ex.a>\r\n"),
        ("subst('/e/E/')", 1, "From: \"Al\" <sip:al@Ex.a>\r\n"),
        (
            "subst_user('/^bob$/b\\0b/')",
            1,
            "OPTIONS sip:bbobb@ex.a;x=1 SIP/2.0",
        ),
        (
            "subst_user('/^zzz$/b/')",
            -1,
            "OPTIONS sip:bob@ex.a;x=1 SIP/2.0",
        ),
        (
            "subst_uri('/^sip:([a-z]+)@(.*)$/sip:3\\1@\\2;o=$$x/i')",
            1,
            "OPTIONS sip:3bob@ex.a;x=1;o=$x SIP/2.0",
        ),
        ("subst_body('/0/12/g')", 1, "Content-Length: 6\r\n\r\nv=12"),
        (
            "subst_hf(\"X\", \"/[0-9]/z/\", \"f\")",
            1,
            "X: z\r\nX: 1\r\n",
        ),
        (
            "subst_hf(\"X\", \"/[0-9]/z/\", \"l\")",
            1,
            "X: 0\r\nX: z\r\n",
        ),
        (
            "subst_hf(\"Y\", \"/[a-z]+/<\\0>/g\", \"a\")",
            1,
            "Y: <a>, <c>\r\nY: <b>\r\n",
        ),
        ("subst_hf(\"Nope\", \"/a/b/\", \"a\")", -1, ""),
    ];

    #[test]
    fn substituting() {
        for (call, code, part) in CASES {
            let ran = run(
                &format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}"),
                MESSAGE,
            );
            assert_eq!(ran.codes, [code], "{call}");
            assert!(ran.sent.contains(part), "{call}: {}", ran.sent);
        }
    }

    #[test]
    fn variables_stand_in_replacements_only() {
        let script =
            "loadmodule \"textops\"\nrequest_route { $out(a) = \"A\"; subst('/al@/$out(a)@/'); }";
        assert!(run(script, MESSAGE).sent.contains("<sip:A@ex.a>"));
    }

    /// Expression and result for `sip:bob@ex.a`, as Kamailio 5.6.3 gives it.
    const TRANSFORMED: [(&str, &str); 8] = [
        ("/bob/alice/", "sip:alice@ex.a"),
        ("/^sip:([a-z]+)@(.*)$/\\2-\\1/", "ex.a-bob"),
        ("/E/_/g", "sip:bob@ex.a"),
        ("/E/_/gi", "sip:bob@_x.a"),
        ("/zzz/_/", "sip:bob@ex.a"),
        ("/bob/$$si/", "sip:$si@ex.a"),
        ("/bob/\\//", "sip:/@ex.a"),
        ("#bob#a,b#", "sip:a,b@ex.a"),
    ];

    #[test]
    fn transforming() {
        for (expression, expected) in TRANSFORMED {
            let script = format!(
                "loadmodule \"textops\"\nrequest_route {{ $out(u) = \"sip:bob@ex.a\"; note('$(out(u){{re.subst,{expression}}})'); }}"
            );
            assert_eq!(run(&script, MESSAGE).notes, [expected], "{expression}");
        }
    }

    #[test]
    fn an_empty_match_gives_nothing() {
        let script = "loadmodule \"textops\"\nrequest_route { $out(u) = \"bob\"; note('$(out(u){re.subst,/o*/x/g})'); }";
        let ran = run(script, MESSAGE);
        assert_eq!(ran.notes, [""]);
        assert!(
            ran.log[0].contains("Matched string is empty"),
            "{:?}",
            ran.log
        );
    }

    #[test]
    fn a_broken_expression_is_found_at_load() {
        for expression in ["a", "/a/b", "/(/b/", "/a/b/q"] {
            let script =
                format!("loadmodule \"textops\"\nrequest_route {{ subst('{expression}'); }}");
            assert!(
                problems(&script).contains("E0405"),
                "{expression}: {}",
                problems(&script)
            );
        }
    }
}
