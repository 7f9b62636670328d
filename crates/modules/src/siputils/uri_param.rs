//! Parameters of the Request-URI. Names compare with case, as Kamailio does it here.

use super::SipUtils;
use bytes::Bytes;
use policy::{Context, Declaration, Routes, Text, Var};
use script::Value;
use sip::{Param, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "uri_param(param, [value])",
        "1 where the Request-URI has this parameter without a value, or with this value.",
        Routes::ANY,
        uri_param,
    );
    d.function(
        "uri_param_any(param)",
        "1 where the Request-URI has this parameter, whatever its value.",
        Routes::ANY,
        uri_param_any,
    );
    d.function(
        "add_uri_param(param)",
        "Adds `name=value` to the Request-URI.",
        Routes::ANY,
        add_uri_param,
    );
    d.function(
        "get_uri_param(name, var)",
        "Puts the value of a parameter of the Request-URI into a variable; -1 without it.",
        Routes::ANY,
        get_uri_param,
    );
    d.function(
        "uri_param_rm(param)",
        "Takes a parameter from the Request-URI; always 1.",
        Routes::ANY,
        uri_param_rm,
    );
}

fn uri_param(_: &SipUtils, context: &mut Context, name: &Text, value: &Option<Text>) -> bool {
    let (name, value) = (
        name.get(context),
        value.as_ref().map(|value| value.get(context)),
    );
    let uri = context.target.uri.clone();
    let wanted = value.unwrap_or_default();
    with_param(&uri, &name, |param| {
        param.value.unwrap_or_default() == wanted
    })
    .unwrap_or(false)
}

fn uri_param_any(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    with_param(&context.target.uri, &name, |_| ()).is_some()
}

fn get_uri_param(_: &SipUtils, context: &mut Context, name: &Text, result: &Var) -> bool {
    let name = name.get(context);
    let uri = context.target.uri.clone();
    let value = with_param(&uri, &name, |param| {
        Bytes::copy_from_slice(param.value.unwrap_or_default())
    });
    value.is_some_and(|value| result.set(context, Value::Str(value)))
}

fn add_uri_param(_: &SipUtils, context: &mut Context, param: &Text) -> bool {
    let param = param.get(context);
    let uri = context.target.uri.clone();
    if param.is_empty() {
        return true;
    }
    if Uri::parse(&uri).is_err() {
        return false;
    }
    let end = uri
        .iter()
        .position(|byte| *byte == b'?')
        .unwrap_or(uri.len());
    let (front, headers) = (uri.slice(..end), uri.slice(end..));
    context.set_uri([&front[..], b";", &param, &headers].concat().into());
    true
}

fn uri_param_rm(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let uri = context.target.uri.clone();
    if let Some(new) = without_param(&uri, &name) {
        context.set_uri(new);
    }
    true
}

/// The URI without its parameters of that name; none where it has none.
pub(super) fn without_param(uri: &Bytes, name: &[u8]) -> Option<Bytes> {
    let parsed = Uri::parse(uri).ok()?;
    let mut out = uri.to_vec();
    // From the last to the first, so that places before stay right.
    let spans: Vec<sip::Span> = parsed
        .params
        .filter(|param| param.name == name)
        .filter_map(|param| sip::Span::find(uri, param.raw))
        .collect();
    for span in spans.iter().rev() {
        let start = (span.start as usize).saturating_sub(1);
        out.drain(start..span.end as usize);
    }
    (!spans.is_empty()).then(|| out.into())
}

fn with_param<T>(uri: &[u8], name: &[u8], then: impl FnOnce(Param<'_>) -> T) -> Option<T> {
    let mut params = Uri::parse(uri).ok()?.params;
    params.find(|param| param.name == name).map(then)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    /// Calls, last return code and Request-URI of Kamailio 5.6.3, for `sip:bob@ex.a;x=1`.
    const CASES: [(&str, i32, &str); 12] = [
        ("uri_param(\"x\")", -1, "sip:bob@ex.a;x=1"),
        ("uri_param(\"x\", \"1\")", 1, "sip:bob@ex.a;x=1"),
        ("uri_param(\"x\", \"2\")", -1, "sip:bob@ex.a;x=1"),
        ("uri_param(\"y\")", -1, "sip:bob@ex.a;x=1"),
        ("uri_param_any(\"x\")", 1, "sip:bob@ex.a;x=1"),
        ("add_uri_param(\"z=3\")", 1, "sip:bob@ex.a;x=1;z=3"),
        (
            "add_uri_param(\"z\"); uri_param(\"z\")",
            1,
            "sip:bob@ex.a;x=1;z",
        ),
        (
            "add_uri_param(\"z\"); uri_param(\"Z\")",
            -1,
            "sip:bob@ex.a;x=1;z",
        ),
        ("uri_param_rm(\"x\")", 1, "sip:bob@ex.a"),
        ("uri_param_rm(\"y\")", 1, "sip:bob@ex.a;x=1"),
        (
            "add_uri_param(\"z=3\"); uri_param_rm(\"x\")",
            1,
            "sip:bob@ex.a;z=3",
        ),
        ("get_uri_param(\"q\", \"$out(v)\")", -1, "sip:bob@ex.a;x=1"),
    ];

    #[test]
    fn parameters_come_and_go() {
        for (call, code, uri) in CASES {
            let script = format!("loadmodule \"siputils\"\nrequest_route {{ {call}; rc(); }}");
            let ran = run(&script, "OPTIONS sip:bob@ex.a;x=1 SIP/2.0\n\n");
            assert_eq!(
                (ran.codes, ran.context.target.uri),
                (vec![code], uri.into()),
                "{call}"
            );
        }
    }

    #[test]
    fn a_value_is_read() {
        let script = "loadmodule \"siputils\"\nrequest_route { get_uri_param(\"x\", \"$out(v)\"); rc(); note(\"$out(v)\"); }";
        let ran = run(script, "OPTIONS sip:bob@ex.a;x=1 SIP/2.0\n\n");
        assert_eq!((ran.codes, ran.notes), (vec![1], vec!["1".to_owned()]));
    }
}
