//! Iterators over header lines.

use super::TextOpsX;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Prepare, Problem, Routes, Text, Var};
use script::{Value, VarSpec};
use sip::{Header, Span};

/// As many iterators of a kind may be open at once.
pub(super) const MOST: usize = 4;

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "hf_iterator_start(iname)",
        "Opens an iterator over the headers; at most 4.",
        Routes::ANY,
        start,
    );
    d.function("hf_iterator_end(iname)", "Closes it.", Routes::ANY, end);
    d.function(
        "hf_iterator_next(iname)",
        "Goes to the next header; -1 at the end.",
        Routes::ANY,
        |m: &TextOpsX, c: &mut Context, n: &Text| {
            go(m, c, n, |at| at.map_or(Some(0), |at| Some(at + 1)))
        },
    );
    d.function(
        "hf_iterator_prev(iname)",
        "Goes back to the header before; -1 at the start.",
        Routes::ANY,
        |m: &TextOpsX, c: &mut Context, n: &Text| go(m, c, n, |at| at?.checked_sub(1)),
    );
    d.function(
        "hf_iterator_rm(iname)",
        "Removes the header.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text| {
            with_line(
                context,
                name,
                |context, span, _| context.edits.remove(span),
                None,
            )
        },
    );
    d.function(
        "hf_iterator_append(iname, htext)",
        "Adds lines behind the header.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text, text: &Text| {
            with_line(
                context,
                name,
                |context, span, text| context.edits.insert_after(span, text),
                Some(text),
            )
        },
    );
    d.function(
        "hf_iterator_insert(iname, htext)",
        "Adds lines before the header.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text, text: &Text| {
            with_line(
                context,
                name,
                |context, span, text| context.edits.insert_before(span, text),
                Some(text),
            )
        },
    );
    d.variable(
        "hfitname(iname)",
        "The name of the header an iterator stands at.",
        false,
        |_, spec, prepare| variable(spec, prepare, |header| header.name),
    );
    d.variable(
        "hfitbody(iname)",
        "The value of the header an iterator stands at.",
        false,
        |_, spec, prepare| variable(spec, prepare, |header| header.value),
    );
}

/// The open iterators: name, and the header each stands at.
#[derive(Default)]
struct Open(Vec<(Bytes, Option<usize>)>);

impl Open {
    fn position(&mut self, name: &[u8]) -> Option<&mut Option<usize>> {
        self.0
            .iter_mut()
            .find(|(own, _)| own == name)
            .map(|(_, at)| at)
    }
}

fn start(_: &TextOpsX, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let open = context.extension_mut::<Open>();
    if let Some(at) = open.position(&name) {
        *at = None;
    } else if name.is_empty() || open.0.len() >= MOST {
        return refuse(context, "no iterator available", &name);
    } else {
        open.0.push((name, None));
    }
    true
}

fn end(_: &TextOpsX, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let open = context.extension_mut::<Open>();
    let before = open.0.len();
    open.0.retain(|(own, _)| own != &name);
    open.0.len() < before
}

fn go(
    _: &TextOpsX,
    context: &mut Context,
    name: &Text,
    step: impl Fn(Option<usize>) -> Option<usize>,
) -> bool {
    let name = name.get(context);
    let count = context.message.headers().len();
    let Some(at) = context.extension_mut::<Open>().position(&name) else {
        return refuse(context, "iterator not available", &name);
    };
    *at = step(*at).filter(|next| *next < count);
    at.is_some()
}

fn with_line(
    context: &mut Context,
    name: &Text,
    act: impl Fn(&mut Context, Span, Bytes),
    text: Option<&Text>,
) -> bool {
    let name = name.get(context);
    let text = text.map(|text| text.get(context)).unwrap_or_default();
    let at = context
        .extension_mut::<Open>()
        .position(&name)
        .copied()
        .flatten();
    let Some(span) = at
        .and_then(|at| context.message.headers().nth(at))
        .map(|header| header.span)
    else {
        return refuse(context, "iterator not available", &name);
    };
    act(context, span, text);
    true
}

fn variable(
    spec: &VarSpec,
    prepare: &mut Prepare<'_>,
    part: for<'a> fn(Header<'a>) -> &'a [u8],
) -> Result<Var, Problem> {
    let name = spec.inner.clone().filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| prepare.problem("expected the name of an iterator in brackets"))?;
    Ok(Var::read_only(move |context| {
        let at = context
            .extension_mut::<Open>()
            .position(&name)
            .copied()
            .flatten();
        let header = at.and_then(|at| context.message.headers().nth(at));
        header.map_or(Value::Null, |header| {
            Value::Str(context.message.slice_of(part(header)))
        })
    }))
}

fn refuse(context: &mut Context, why: &'static str, name: &Bytes) -> bool {
    let name = String::from_utf8_lossy(name).into_owned();
    context.log(Level::Err, "textopsx", || format!("{why} [{name}]"));
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn headers_are_visited_and_changed() {
        let script = "loadmodule \"textopsx\"\nrequest_route { hf_iterator_start(\"i1\"); rc(); while (hf_iterator_next(\"i1\")) {
            note(\"$hfitname(i1)=$hfitbody(i1)\");
            if ($hfitname(i1) == \"B\") { hf_iterator_rm(\"i1\"); hf_iterator_append(\"i1\", \"X: 1\\r\\n\"); hf_iterator_insert(\"i1\", \"Y: 1\\r\\n\"); } }
            hf_iterator_prev(\"i1\"); rc(); hf_iterator_end(\"i1\"); rc(); hf_iterator_next(\"i1\"); rc(); }";
        let ran = run(script, "OPTIONS sip:b@x SIP/2.0\nA: 1\nB: 2\nC: 3\n\n");
        assert_eq!(ran.notes, ["A=1", "B=2", "C=3"]);
        assert_eq!(ran.codes, [1, -1, 1, -1]);
        assert_eq!(
            ran.sent,
            "OPTIONS sip:b@x SIP/2.0\r\nA: 1\r\nY: 1\r\nX: 1\r\nC: 3\r\n\r\n"
        );
        assert!(
            ran.log[0].contains("iterator not available [i1]"),
            "{:?}",
            ran.log
        );
    }

    #[test]
    fn four_are_enough() {
        let starts: String = (1..=5)
            .map(|n| format!("hf_iterator_start(\"i{n}\"); rc();"))
            .collect();
        let ran = run(
            &format!("loadmodule \"textopsx\"\nrequest_route {{ {starts} }}"),
            "OPTIONS sip:b@x SIP/2.0\n\n",
        );
        assert_eq!(ran.codes, [1, 1, 1, 1, -1]);
    }
}
