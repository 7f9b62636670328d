//! The body as a whole.

use super::{TextOps, hold};
use bytes::Bytes;
use policy::{
    Argument, Context, Declaration, Level, Prepare, Problem, Routes, Text, Written, problem,
};

/// What a body without Content-Type is taken for, as Kamailio does.
const ASSUMED: &[u8] = b"application/sdp";

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "has_body([mime])",
        "1 where there is a body, of this media type; one without Content-Type counts as application/sdp.",
        Routes::ANY,
        has_body,
    );
    d.function(
        "set_body(txt, content_type)",
        "Sends another body of this type; -1 where either is empty.",
        Routes::ANY,
        set_body,
    );
    d.function(
        "set_reply_body(txt, content_type)",
        "Gives replies of ours a body of this type; -1 where either is empty.",
        Routes::ANY,
        set_reply_body,
    );
    d.function(
        "is_audio_on_hold()",
        "1 where an audio stream is on hold by a null address (RFC 2543), 2 by sendonly or inactive (RFC 3264), else -1.",
        Routes::ANY,
        hold::is_audio_on_hold,
    );
}

/// A media type, `type/subtype`, without parameters.
pub(super) struct MediaType(Bytes);

impl MediaType {
    /// True where `content_type`, a header value, names this type.
    pub(super) fn is(&self, content_type: &[u8]) -> bool {
        bare(content_type).eq_ignore_ascii_case(&self.0)
    }
}

impl Argument for MediaType {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<MediaType, Problem> {
        let source = super::arguments::source(written)?;
        let name = bare(&source);
        match name.iter().position(|byte| *byte == b'/') {
            Some(at) if at > 0 && at + 1 < name.len() => Ok(MediaType(source.slice_ref(name))),
            _ => Err(problem(format!(
                "expected a media type such as application/sdp, found \"{}\"",
                String::from_utf8_lossy(&source)
            ))),
        }
    }
}

fn bare(content_type: &[u8]) -> &[u8] {
    content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

fn has_body(_: &TextOps, context: &mut Context, mime: &Option<MediaType>) -> bool {
    let message = &context.message;
    !message.body().is_empty()
        && mime
            .as_ref()
            .is_none_or(|mime| mime.is(message.content_type().unwrap_or(ASSUMED)))
}

fn set_body(_: &TextOps, context: &mut Context, text: &Text, content_type: &Text) -> bool {
    let Some((body, content_type)) = given(context, text, content_type) else {
        return false;
    };
    context.edits.set_body(body, Some(content_type)).is_ok()
}

fn set_reply_body(_: &TextOps, context: &mut Context, text: &Text, content_type: &Text) -> bool {
    context.reply_body = given(context, text, content_type).map(Box::new);
    context.reply_body.is_some()
}

fn given(context: &mut Context, text: &Text, content_type: &Text) -> Option<(Bytes, Bytes)> {
    let (body, content_type) = (text.get(context), content_type.get(context));
    let missing = match (body.is_empty(), content_type.is_empty()) {
        (true, _) => "invalid body parameter",
        (_, true) => "invalid content-type parameter",
        _ if content_type
            .iter()
            .any(|byte| matches!(byte, b'\r' | b'\n' | 0)) =>
        {
            "the content-type parameter has a line break in it"
        }
        _ => return Some((body, content_type)),
    };
    context.log(Level::Err, "textops", || missing.to_owned());
    None
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    const SDP: &str = "OPTIONS sip:b@x SIP/2.0\nContent-Type: application/sdp;x=y\nContent-Length: 3\nA: b\n\nv=0";

    fn code(call: &str, message: &str) -> i32 {
        let ran = run(
            &format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); }}"),
            message,
        );
        ran.codes.first().copied().unwrap_or_default()
    }

    #[test]
    fn bodies_are_told_apart_by_type() {
        let untyped = "OPTIONS sip:b@x SIP/2.0\n\nv=0";
        let empty = "OPTIONS sip:b@x SIP/2.0\nContent-Type: application/sdp\nContent-Length: 0\n\n";
        for (call, message, expected) in [
            ("has_body()", SDP, 1),
            ("has_body(\"application/sdp\")", SDP, 1),
            ("has_body(\"APPLICATION/SDP;a=b\")", SDP, 1),
            ("has_body(\"text/plain\")", SDP, -1),
            ("has_body()", empty, -1),
            ("has_body(\"application/sdp\")", empty, -1),
            ("has_body()", untyped, 1),
            ("has_body(\"application/sdp\")", untyped, 1),
        ] {
            assert_eq!(code(call, message), expected, "{call}");
        }
        assert!(
            problems("loadmodule \"textops\"\nrequest_route { has_body(\"multipart\"); }")
                .contains("media type")
        );
    }

    #[test]
    fn a_new_body_brings_its_type_and_length() {
        let ran = run(
            "loadmodule \"textops\"\nrequest_route { set_body(\"hello\", \"text/plain\"); rc(); }",
            SDP,
        );
        assert_eq!(ran.codes, [1]);
        let expected = "OPTIONS sip:b@x SIP/2.0\r\nContent-Length: 5\r\nA: b\r\nContent-Type: text/plain\r\n\r\nhello";
        assert_eq!(ran.sent, expected);
    }

    #[test]
    fn a_body_needs_a_text_and_a_type() {
        assert_eq!(code("set_body(\"\", \"text/plain\")", SDP), -1);
        let ran = run(
            "loadmodule \"textops\"\nrequest_route { set_body(\"x\", \"\"); rc(); }",
            SDP,
        );
        assert_eq!(
            (ran.codes, ran.log),
            (
                vec![-1],
                vec!["ERROR textops: invalid content-type parameter".to_owned()]
            )
        );
        assert_eq!(ran.sent.replace("\r\n", "\n"), SDP);
    }

    #[test]
    fn replies_of_ours_get_a_body() {
        let ran = run(
            "loadmodule \"textops\"\nrequest_route { set_reply_body(\"abc\", \"text/x\"); rc(); }",
            SDP,
        );
        assert_eq!(ran.codes, [1]);
        assert_eq!(
            ran.context.reply_body,
            Some(Box::new(("abc".into(), "text/x".into())))
        );
    }
}
