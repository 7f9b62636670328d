//! What a message is.

use super::SipUtils;
use policy::{
    Argument, Context, Declaration, Int, Prepare, Problem, Routes, Text, Written, address_of,
    problem,
};
use sip::{HeaderId, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "is_request()",
        "1 for a request.",
        Routes::ANY,
        |_: &SipUtils, context: &mut Context| context.message.is_request(),
    );
    d.function(
        "is_reply()",
        "1 for a reply.",
        Routes::ANY,
        |_: &SipUtils, context: &mut Context| !context.message.is_request(),
    );
    d.function(
        "has_totag()",
        "1 where To has a tag: inside of a dialog.",
        Routes::ANY,
        has_totag,
    );
    d.function(
        "is_first_hop([mode])",
        "1 where no other proxy was before us: a request with one Via, a reply whose top Record-Route is ours.",
        Routes::ANY,
        is_first_hop,
    );
    d.function(
        "is_gruu([uri])",
        "1 for a public, 2 for a temporary GRUU (RFC 5627); of the Request-URI where none is given.",
        Routes::ANY,
        is_gruu,
    );
    d.function(
        "is_uri(uri)",
        "1 where the text is a URI.",
        Routes::ANY,
        is_uri,
    );
    d.function(
        "is_supported(option)",
        "1 where Supported names the option: path, 100rel, timer, eventlist, gruu or outbound.",
        Routes::ANY,
        is_supported,
    );
}

fn has_totag(_: &SipUtils, context: &mut Context) -> bool {
    context.message.has_to_tag()
}

fn is_first_hop(_: &SipUtils, context: &mut Context, mode: &Option<Int>) -> bool {
    let mode = mode.as_ref().map_or(0, |mode| mode.get_or_0(context));
    let message = &context.message;
    if message.is_request() {
        return message.vias().take(2).count() == 1;
    }
    let Some(Ok(route)) = message.record_routes().next() else {
        return false;
    };
    let Ok(uri) = route.parse_uri() else {
        return false;
    };
    let identity = &context.config.identity;
    let is_ours = identity.is_myself(uri.host, uri.port.unwrap_or(0), None);
    // A reply from ourselves went in a circle; with a name in the URI that cannot be told.
    let is_looped = address_of(uri.host).is_none_or(|own| own == context.flow.peer.ip());
    is_ours && (mode == 1 || !is_looped)
}

fn is_gruu(_: &SipUtils, context: &mut Context, uri: &Option<Text>) -> i32 {
    let text = match uri {
        Some(uri) => uri.get(context),
        None => context.target.uri.clone(),
    };
    let Ok(uri) = Uri::parse(&text) else {
        return -1;
    };
    match uri.param(b"gr") {
        None => -1,
        Some(param) if param.value.is_some_and(|value| !value.is_empty()) => 1,
        Some(_) => 2,
    }
}

fn is_uri(_: &SipUtils, context: &mut Context, uri: &Text) -> bool {
    Uri::parse(&uri.get(context)).is_ok_and(|uri| uri.scheme != sip::Scheme::Other)
}

/// An option tag that Kamailio knows.
struct OptionTag(&'static str);

impl Argument for OptionTag {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<OptionTag, Problem> {
        let source = written.map(Written::source).unwrap_or_default();
        let known = ["path", "100rel", "timer", "eventlist", "gruu", "outbound"];
        let found = known
            .into_iter()
            .find(|tag| source.eq_ignore_ascii_case(tag.as_bytes()));
        found
            .map(OptionTag)
            .ok_or_else(|| problem(format!("expected one of {}", known.join(", "))))
    }
}

fn is_supported(_: &SipUtils, context: &mut Context, option: &OptionTag) -> bool {
    let mut tags = context
        .message
        .all(HeaderId::Supported)
        .flat_map(|header| sip::split_values(header.value));
    tags.any(|tag| tag.eq_ignore_ascii_case(option.0.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    fn code(call: &str, message: &str) -> i32 {
        let route = if message.starts_with("SIP/2.0") {
            "reply_route"
        } else {
            "request_route"
        };
        let ran = run(
            &format!("loadmodule \"siputils\"\n{route} {{ {call}; rc(); }}"),
            message,
        );
        ran.codes.first().copied().unwrap_or_default()
    }

    const FIRST: &str =
        "INVITE sip:bob@x SIP/2.0\nVia: SIP/2.0/UDP h\nTo: <sip:b@x>\nSupported: path, 100rel\n\n";
    const SECOND: &str =
        "INVITE sip:b@x;gr SIP/2.0\nVia: SIP/2.0/UDP h, SIP/2.0/UDP i\nTo: <sip:b@x>;tag=x\n\n";
    const REPLY: &str = "SIP/2.0 200 OK\nRecord-Route: <sip:127.0.0.1;lr>\nTo: <sip:b@x>;tag=\n\n";

    #[test]
    fn messages_are_told_apart() {
        for (call, message, expected) in [
            ("is_request()", FIRST, 1),
            ("is_reply()", FIRST, -1),
            ("is_reply()", REPLY, 1),
            ("has_totag()", FIRST, -1),
            ("has_totag()", SECOND, 1),
            ("has_totag()", REPLY, -1),
            ("is_first_hop()", FIRST, 1),
            ("is_first_hop()", SECOND, -1),
            ("is_first_hop()", REPLY, -1),
            ("is_first_hop(1)", REPLY, 1),
            ("is_supported(\"path\")", FIRST, 1),
            ("is_supported(\"timer\")", FIRST, -1),
            ("is_gruu()", FIRST, -1),
            ("is_gruu()", SECOND, 2),
            ("is_gruu(\"sip:a@b;gr=x\")", FIRST, 1),
            ("is_uri(\"sip:a@b\")", FIRST, 1),
            ("is_uri(\"foo\")", FIRST, -1),
        ] {
            assert_eq!(code(call, message), expected, "{call} {message}");
        }
        assert!(
            problems("loadmodule \"siputils\"\nrequest_route { is_supported(\"x\"); }")
                .contains("expected one of")
        );
    }
}
