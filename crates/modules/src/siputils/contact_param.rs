//! Contacts kept in a parameter of a URI of ours, in base64url.

use super::SipUtils;
use super::contact::contact_uris;
use super::uri_param::without_param;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use policy::{Context, Declaration, Routes, Text};
use sip::{Span, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "contact_param_encode(pname, saddr)",
        "Puts saddr in place of every Contact URI and keeps the URI in its parameter pname.",
        Routes::ANY,
        encode,
    );
    d.function(
        "contact_param_decode(pname)",
        "Puts the URI kept in the parameter back in place of every Contact URI that has it.",
        Routes::ANY,
        decode,
    );
    d.function(
        "contact_param_decode_ruri(pname)",
        "The same for the Request-URI.",
        Routes::ANY,
        decode_ruri,
    )
    .alias("contact_param_decode_uri");
    d.function(
        "contact_param_rm(pname)",
        "Takes the parameter from every Contact URI.",
        Routes::ANY,
        remove,
    );
    d.deviation("contact_param_decode() leaves a Contact alone whose parameter does not hold a URI; Kamailio 5.6.3 sends the octets.");
}

fn encode(_: &SipUtils, context: &mut Context, name: &Text, address: &Text) -> bool {
    let (name, address) = (name.get(context), address.get(context));
    for span in contact_uris(context).unwrap_or_default() {
        let bytes = context.message.bytes();
        let kept = URL_SAFE_NO_PAD.encode(span.of(bytes));
        let is_bracketed = span.start > 0 && bytes.get(span.start as usize - 1) == Some(&b'<');
        let (open, close) = if is_bracketed { ("", "") } else { ("<", ">") };
        let new = [
            open.as_bytes(),
            &address,
            b";",
            &name,
            b"=",
            kept.as_bytes(),
            close.as_bytes(),
        ]
        .concat();
        context.edits.replace(span, new);
    }
    true
}

fn decode(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    each_contact(context, |uri| kept(uri, &name))
}

fn decode_ruri(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    if let Some(uri) = kept(&context.target.uri, &name) {
        context.set_uri(uri);
    }
    true
}

fn remove(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    each_contact(context, |uri| without_param(uri, &name))
}

/// Replaces the URI of every contact for which `change` gives a new one.
fn each_contact(context: &mut Context, change: impl Fn(&Bytes) -> Option<Bytes>) -> bool {
    for span in contact_uris(context).unwrap_or_default() {
        let uri = context.message.bytes().slice(Span::range(span));
        if let Some(new) = change(&uri) {
            context.edits.replace(span, new);
        }
    }
    true
}

fn kept(uri: &Bytes, name: &[u8]) -> Option<Bytes> {
    let value = Uri::parse(uri)
        .ok()?
        .params
        .find(|param| param.name == name)?
        .value?;
    let decoded = URL_SAFE_NO_PAD.decode(value.trim_ascii_end()).ok()?;
    let is_clean = decoded
        .iter()
        .all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(byte));
    (is_clean && Uri::parse(&decoded).is_ok()).then(|| decoded.into())
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn sent(calls: &str, uri: &str, contact: &str) -> (Vec<i32>, String) {
        let script = format!("loadmodule \"siputils\"\nrequest_route {{ {calls}; rc(); }}");
        let ran = run(
            &script,
            &format!("REGISTER {uri} SIP/2.0\nContact: {contact}\n\n"),
        );
        (
            ran.codes,
            ran.sent.lines().take(2).collect::<Vec<&str>>().join("|"),
        )
    }

    const KEPT: &str = "c2lwOmE6cHdAMTAuMC4wLjE6NTA3MA";

    /// As Kamailio 5.6.3 does it.
    #[test]
    fn contacts_go_into_a_parameter_and_back() {
        let contact = "\"A\" <sip:al:pw@10.0.0.1:5070;transport=tcp;x=y>;q=0.5, sip:b@c;expires=3";
        let (codes, out) = sent(
            "contact_param_encode(\"ksu\", \"sip:1.2.3.4:5060;transport=tcp\")",
            "sip:x",
            contact,
        );
        let expected = "REGISTER sip:x SIP/2.0|Contact: \"A\" <sip:1.2.3.4:5060;transport=tcp;ksu=c2lwOmFsOnB3QDEwLjAuMC4xOjUwNzA7dHJhbnNwb3J0PXRjcDt4PXk>;q=0.5, <sip:1.2.3.4:5060;transport=tcp;ksu=c2lwOmJAYw>;expires=3";
        assert_eq!((codes, out), (vec![1], expected.to_owned()));

        let uri = format!("sip:1.2.3.4;ksu={KEPT};z=1");
        let (codes, out) = sent(
            "contact_param_decode(\"ksu\"); contact_param_decode_ruri(\"ksu\")",
            &uri,
            &format!("<{uri}>;q=1"),
        );
        assert_eq!(
            (codes, out.as_str()),
            (
                vec![1],
                "REGISTER sip:a:pw@10.0.0.1:5070 SIP/2.0|Contact: <sip:a:pw@10.0.0.1:5070>;q=1"
            )
        );
    }

    #[test]
    fn what_holds_no_uri_stays() {
        let uri = "sip:b@c;ksu=AA0KWDog";
        let (codes, out) = sent(
            "contact_param_decode(\"ksu\"); contact_param_decode_ruri(\"ksu\")",
            uri,
            &format!("<{uri}>"),
        );
        assert_eq!(
            (codes, out),
            (vec![1], format!("REGISTER {uri} SIP/2.0|Contact: <{uri}>"))
        );
    }

    #[test]
    fn a_parameter_is_taken_out() {
        let (codes, out) = sent(
            "contact_param_rm(\"x\")",
            "sip:x",
            "\"A\" <sip:al@h;x=y;a=b>;q=0.5, <sip:b@c;x>",
        );
        assert_eq!(
            (codes, out.as_str()),
            (
                vec![1],
                "REGISTER sip:x SIP/2.0|Contact: \"A\" <sip:al@h;a=b>;q=0.5, <sip:b@c>"
            )
        );
    }
}
