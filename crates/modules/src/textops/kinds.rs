//! What kind of message it is: `is_method`, `is_privacy`.

use super::TextOps;
use bytes::Bytes;
use policy::{Argument, Context, Declaration, Literal, Prepare, Problem, Routes, Written, problem};
use sip::{HeaderId, Method};

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "is_method(name)",
        "1 where the method (of a reply: that of its CSeq) is one of those named, `INVITE|ACK`.",
        Routes::ANY,
        is_method,
    );
    d.function(
        "is_privacy(privacy_type)",
        "1 where the Privacy header has this value (RFC 3323).",
        Routes::ANY,
        is_privacy,
    );
}

/// Method names: a set of known ones, or one that is not known.
struct Methods {
    known: u32,
    other: Option<Bytes>,
}

impl Argument for Methods {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<Methods, Problem> {
        let source = super::arguments::source(written)?;
        if source.is_empty() || source.contains(&b'$') {
            return Err(problem(
                "expected method names such as INVITE|ACK, without variables",
            ));
        }
        let names: Vec<&[u8]> = source
            .split(|byte| *byte == b'|')
            .map(|name| name.trim_ascii())
            .collect();
        let mut methods = Methods {
            known: 0,
            other: None,
        };
        for name in &names {
            match Method::parse(name) {
                Method::Other if names.len() == 1 => methods.other = Some(source.slice_ref(name)),
                Method::Other => {
                    let name = String::from_utf8_lossy(name);
                    return Err(problem(format!(
                        "unknown method \"{name}\"; in a list only known ones can stand"
                    )));
                }
                known => methods.known |= 1 << known as u32,
            }
        }
        Ok(methods)
    }
}

fn is_method(_: &TextOps, context: &mut Context, methods: &Methods) -> bool {
    match context.message.method() {
        Method::Other => methods
            .other
            .as_ref()
            .is_some_and(|name| name.eq_ignore_ascii_case(context.message.method_bytes())),
        known => methods.known & (1 << known as u32) != 0,
    }
}

fn is_privacy(_: &TextOps, context: &mut Context, kind: &Literal) -> bool {
    let values = context
        .message
        .all(HeaderId::Privacy)
        .flat_map(|header| header.value.split(|byte| b";,".contains(byte)));
    values
        .map(|value| value.trim_ascii())
        .any(|value| value.eq_ignore_ascii_case(&kind.0))
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    /// Method of the request, argument, answer of Kamailio 5.6.3.
    const CASES: [(&str, &str, i32); 8] = [
        ("INVITE", "INVITE", 1),
        ("INVITE", "ACK|BYE", -1),
        ("INVITE", "BYE|INVITE", 1),
        ("INVITE", "X", -1),
        ("FOO", "FOO", 1),
        ("FOO", "foo", 1),
        ("invite", "INVITE", -1),
        ("invite", "invite", 1),
    ];

    #[test]
    fn methods_are_told_apart() {
        for (method, named, code) in CASES {
            let script = format!(
                "loadmodule \"textops\"\nrequest_route {{ is_method(\"{named}\"); rc(); }}"
            );
            let message = format!("{method} sip:b@x SIP/2.0\nCSeq: 1 {method}\n\n");
            assert_eq!(run(&script, &message).codes, [code], "{method} {named}");
        }
    }

    #[test]
    fn the_method_of_a_reply_is_in_its_cseq() {
        let script = "loadmodule \"textops\"\nreply_route { is_method(\"INVITE\"); rc(); }";
        assert_eq!(run(script, "SIP/2.0 200 OK\nCSeq: 1 INVITE\n\n").codes, [1]);
    }

    #[test]
    fn an_unknown_method_in_a_list_is_refused() {
        let script = "loadmodule \"textops\"\nrequest_route { is_method(\"INVITE|FOO\"); }";
        assert!(
            problems(script).contains("unknown method"),
            "{}",
            problems(script)
        );
    }

    #[test]
    fn privacy_values_are_found() {
        let script = "loadmodule \"textops\"\nrequest_route { is_privacy(\"id\"); rc(); is_privacy(\"user\"); rc(); is_privacy(\"critical\"); rc(); }";
        let message = "OPTIONS sip:b@x SIP/2.0\nPrivacy: id;critical\n\n";
        assert_eq!(run(script, message).codes, [1, -1, 1]);
    }
}
