//! Iterators over body lines.

use super::TextOpsX;
use super::header_lines::MOST;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Routes, Text, Var};
use script::Value;
use sip::Span;

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "bl_iterator_start(iname)",
        "Opens an iterator over the lines of the body; at most 4.",
        Routes::ANY,
        start,
    );
    d.function("bl_iterator_end(iname)", "Closes it.", Routes::ANY, end);
    d.function(
        "bl_iterator_next(iname)",
        "Goes to the next line; -1 at the end.",
        Routes::ANY,
        next,
    );
    d.function(
        "bl_iterator_rm(iname)",
        "Removes the line.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text| {
            with_line(context, name, None, |context, span, _| {
                context.edits.remove(span)
            })
        },
    );
    d.function(
        "bl_iterator_append(iname, text)",
        "Adds text behind the line.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text, text: &Text| {
            with_line(context, name, Some(text), |context, span, text| {
                context.edits.insert_after(span, text)
            })
        },
    );
    d.function(
        "bl_iterator_insert(iname, text)",
        "Adds text before the line.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context, name: &Text, text: &Text| {
            with_line(context, name, Some(text), |context, span, text| {
                context.edits.insert_before(span, text)
            })
        },
    );
    d.variable(
        "blitval(iname)",
        "The line an iterator stands at, with its line end.",
        false,
        |_, spec, prepare| {
            let name = spec.inner.clone().filter(|name| !name.is_empty());
            let name = name
                .ok_or_else(|| prepare.problem("expected the name of an iterator in brackets"))?;
            Ok(Var::read_only(move |context| {
                let line = context
                    .extension_mut::<Open>()
                    .line(&name)
                    .filter(|span| !span.is_empty());
                line.map_or(Value::Null, |span| {
                    Value::Str(context.message.bytes().slice(span.range()))
                })
            }))
        },
    );
}

/// The open iterators: name, and the line each stands at, empty before the first.
#[derive(Default)]
struct Open(Vec<(Bytes, Span)>);

impl Open {
    fn line(&self, name: &[u8]) -> Option<Span> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, span)| *span)
    }
}

fn start(_: &TextOpsX, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let begin = context.message.body_offset();
    let open = context.extension_mut::<Open>();
    open.0.retain(|(own, _)| own != &name);
    if name.is_empty() || open.0.len() >= MOST {
        return refuse(context, &name);
    }
    open.0.push((name, Span::from(begin..begin)));
    true
}

fn end(_: &TextOpsX, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let open = context.extension_mut::<Open>();
    let before = open.0.len();
    open.0.retain(|(own, _)| own != &name);
    open.0.len() < before
}

fn next(_: &TextOpsX, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let Some(line) = context.extension_mut::<Open>().line(&name) else {
        return refuse(context, &name);
    };
    let from = line.end as usize;
    let rest = context.message.bytes().get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(rest.len(), |end| end + 1);
    let next = Span::from(from..from + length);
    let slot = context
        .extension_mut::<Open>()
        .0
        .iter_mut()
        .find(|(own, _)| own == &name);
    slot.map(|slot| slot.1 = next).is_some() && !next.is_empty()
}

fn with_line(
    context: &mut Context,
    name: &Text,
    text: Option<&Text>,
    act: impl Fn(&mut Context, Span, Bytes),
) -> bool {
    let name = name.get(context);
    let text = text.map(|text| text.get(context)).unwrap_or_default();
    match context
        .extension_mut::<Open>()
        .line(&name)
        .filter(|span| !span.is_empty())
    {
        Some(span) => {
            act(context, span, text);
            true
        }
        None => refuse(context, &name),
    }
}

fn refuse(context: &mut Context, name: &Bytes) -> bool {
    let name = String::from_utf8_lossy(name).into_owned();
    context.log(Level::Err, "textopsx", || {
        format!("iterator not available [{name}]")
    });
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn lines_are_visited_and_changed() {
        let script = "loadmodule \"textopsx\"\nrequest_route { bl_iterator_start(\"b\"); rc(); while (bl_iterator_next(\"b\")) {
            note(\"$blitval(b)\");
            if ($blitval(b) =~ \"^s=\") { bl_iterator_rm(\"b\"); bl_iterator_append(\"b\", \"a=x\\r\\n\"); bl_iterator_insert(\"b\", \"a=y\\r\\n\"); } }
            bl_iterator_end(\"b\"); rc(); bl_iterator_next(\"b\"); rc(); }";
        let ran = run(
            script,
            "OPTIONS sip:b@x SIP/2.0\nContent-Length: 15\n\nv=0\ns=x\nt=0 0",
        );
        assert_eq!(ran.notes, ["v=0\r\n", "s=x\r\n", "t=0 0"]);
        assert_eq!(ran.codes, [1, 1, -1]);
        assert_eq!(
            ran.sent,
            "OPTIONS sip:b@x SIP/2.0\r\nContent-Length: 20\r\n\r\nv=0\r\na=y\r\na=x\r\nt=0 0"
        );
    }
}
