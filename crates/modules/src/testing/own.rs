//! The module of the bench itself, which notes values.

use bytes::Bytes;
use policy::{Context, Declaration, Init, Module, Problem, Routes, Text, Var};
use script::Value;
use std::collections::BTreeMap;

/// The bench's own module.
pub(super) struct TestBench;

#[derive(Default)]
pub(super) struct Noted {
    pub(super) codes: Vec<i32>,
    pub(super) notes: Vec<String>,
    out: BTreeMap<Bytes, Value>,
}

impl Module for TestBench {
    const NAME: &'static str = "bench";
    type Params = ();

    fn declare(d: &mut Declaration<TestBench>) {
        d.function(
            "rc()",
            "Notes the last return code.",
            Routes::ANY,
            |_: &TestBench, context: &mut Context| {
                let code = context.retcode;
                context.extension_mut::<Noted>().codes.push(code);
                1
            },
        );
        d.function(
            "note(text)",
            "Notes a text.",
            Routes::ANY,
            |_: &TestBench, context: &mut Context, text: &Text| {
                let text = String::from_utf8_lossy(&text.get(context)).into_owned();
                context.extension_mut::<Noted>().notes.push(text);
                1
            },
        );
        d.variable("out(name)", "A place for results.", true, |_, spec, _| {
            let (name, same) = (
                spec.inner.clone().unwrap_or_default(),
                spec.inner.clone().unwrap_or_default(),
            );
            Ok(Var::read_write(
                move |context| {
                    context
                        .extension_mut::<Noted>()
                        .out
                        .get(&name)
                        .cloned()
                        .unwrap_or_default()
                },
                move |context, value| {
                    context
                        .extension_mut::<Noted>()
                        .out
                        .insert(same.clone(), value);
                    true
                },
            ))
        });
    }

    fn init(_: (), _: &mut Init<'_>) -> Result<TestBench, Problem> {
        Ok(TestBench)
    }
}
