//! `keep_hf()`: every header but the necessary ones goes.

use super::TextOpsX;
use policy::{Argument, Prepare, Problem, Written};
use policy::{Context, Declaration, Literal, Routes, problem};
use script::Regex;
use sip::{HeaderId, Span};

/// Headers that always stay.
const NEEDED: [HeaderId; 11] = [
    HeaderId::Via,
    HeaderId::From,
    HeaderId::To,
    HeaderId::CallId,
    HeaderId::CSeq,
    HeaderId::ContentLength,
    HeaderId::ContentType,
    HeaderId::MaxForwards,
    HeaderId::Contact,
    HeaderId::Route,
    HeaderId::RecordRoute,
];

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "keep_hf([regexp])",
        "Removes the headers whose names do not match, but those a message needs; always -1, as in Kamailio 5.6.3.",
        Routes::ANY,
        keep_hf,
    );
}

/// The expression for names.
struct Names(Regex);

impl Argument for Names {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Names, Problem> {
        let Literal(source) = Literal::prepare(written, prepare)?;
        Regex::compile(&source)
            .map(Names)
            .map_err(|error| problem(format!("not a regular expression: {error}")))
    }
}

fn keep_hf(_: &TextOpsX, context: &mut Context, names: &Option<Names>) -> i32 {
    let kept = |name: &[u8]| {
        names
            .as_ref()
            .is_some_and(|names| names.0.matches(name).unwrap_or(true))
    };
    let goes = context
        .message
        .headers()
        .filter(|header| !NEEDED.contains(&header.id) && !kept(header.name));
    let spans: Vec<Span> = goes.map(|header| header.span).collect();
    spans
        .into_iter()
        .for_each(|span| context.edits.remove(span));
    -1
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn only_what_is_needed_or_named_stays() {
        let message =
            "OPTIONS sip:b@x SIP/2.0\nv: SIP/2.0/UDP h\nUser-Agent: T\nX: y\nContent-Length: 0\n\n";
        for (call, left) in [
            (
                "keep_hf(\"^User\")",
                "v: SIP/2.0/UDP h\r\nUser-Agent: T\r\nContent-Length: 0\r\n\r\n",
            ),
            ("keep_hf()", "v: SIP/2.0/UDP h\r\nContent-Length: 0\r\n\r\n"),
        ] {
            let ran = run(
                &format!("loadmodule \"textopsx\"\nrequest_route {{ {call}; rc(); }}"),
                message,
            );
            assert_eq!(ran.codes, [-1]);
            assert_eq!(
                ran.sent.split_once("\r\n").map(|(_, rest)| rest),
                Some(left),
                "{call}"
            );
        }
    }
}
