//! Contacts folded into a URI of ours: `sip:prefix*user*password*host*port*transport@ours`.

use super::SipUtils;
use policy::{Context, Declaration, Level, Routes, Text};
use sip::{ContactValue, Span, Uri};

/// What Kamailio answers for a URI that was not encoded.
const NOT_ENCODED: i32 = -26;

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "encode_contact(encoding_prefix, hostpart)",
        "Folds every Contact URI into the user part of a URI of ours; parameters but transport are lost.",
        Routes::ANY,
        encode_contact,
    );
    d.function(
        "decode_contact()",
        "Unfolds the Request-URI; -26 where it was not folded.",
        Routes::ANY,
        decode_contact,
    );
    d.function(
        "decode_contact_header()",
        "Unfolds every Contact URI; -26 where one was not folded.",
        Routes::ANY,
        decode_contact_header,
    );
}

fn encode_contact(module: &SipUtils, context: &mut Context, prefix: &Text, host: &Text) -> i32 {
    let (prefix, host) = (prefix.get(context), host.get(context));
    let separator = module.params.contact_flds_separator;
    let Some(uris) = contact_uris(context) else {
        return -1;
    };
    for span in uris {
        let Some(new) = encoded(span.of(context.message.bytes()), &prefix, &host, separator) else {
            return -1;
        };
        context.edits.replace(span, new);
    }
    1
}

fn decode_contact(module: &SipUtils, context: &mut Context) -> i32 {
    let uri = context.target.uri.clone();
    match decoded(&uri, module.params.contact_flds_separator) {
        Some(new) => {
            context.set_uri(new.into());
            1
        }
        None => failed(context, &uri),
    }
}

fn decode_contact_header(module: &SipUtils, context: &mut Context) -> i32 {
    let Some(uris) = contact_uris(context) else {
        return -1;
    };
    for span in uris {
        match decoded(
            span.of(context.message.bytes()),
            module.params.contact_flds_separator,
        ) {
            Some(new) => context.edits.replace(span, new),
            None => {
                let uri = context.message.bytes().slice(span.range());
                return failed(context, &uri);
            }
        }
    }
    1
}

/// Where the URIs of all contacts stand; none where there are no contacts or one is broken.
pub(super) fn contact_uris(context: &mut Context) -> Option<Vec<Span>> {
    let message = &context.message;
    let mut spans = Vec::new();
    for contact in message.contacts() {
        if let ContactValue::Addr(address) = contact.ok()? {
            spans.push(Span::find(message.bytes(), address.uri)?);
        }
    }
    if spans.is_empty() {
        context.log(Level::Err, "siputils", || {
            "no Contact header present".to_owned()
        });
        return None;
    }
    Some(spans)
}

fn encoded(uri: &[u8], prefix: &[u8], host: &[u8], separator: u8) -> Option<Vec<u8>> {
    let parsed = Uri::parse(uri).ok().filter(Uri::is_sip)?;
    let port = parsed.port.map(|port| port.to_string()).unwrap_or_default();
    let transport = parsed
        .param(b"transport")
        .and_then(|param| param.value)
        .unwrap_or_default();
    let fields = [
        prefix,
        parsed.user.unwrap_or_default(),
        parsed.password.unwrap_or_default(),
        parsed.host,
        port.as_bytes(),
        transport,
    ];
    let mut out = uri
        .get(..uri.iter().position(|byte| *byte == b':')? + 1)?
        .to_vec();
    out.extend(fields.join(&separator));
    out.push(b'@');
    out.extend_from_slice(host);
    Some(out)
}

fn decoded(uri: &[u8], separator: u8) -> Option<Vec<u8>> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = uri.split_at(colon + 1);
    let user = rest.get(..rest.iter().position(|byte| *byte == b'@')?)?;
    let fields: Vec<&[u8]> = user.split(|byte| *byte == separator).collect();
    let [_, user, password, host, port, transport] = fields.as_slice() else {
        return None;
    };
    let mut out = scheme.to_vec();
    if !user.is_empty() {
        out.extend_from_slice(user);
        prefixed(&mut out, b":", password);
        out.push(b'@');
    }
    out.extend_from_slice(host);
    prefixed(&mut out, b":", port);
    prefixed(&mut out, b";transport=", transport);
    Uri::parse(&out).is_ok().then_some(out)
}

fn prefixed(out: &mut Vec<u8>, prefix: &[u8], field: &[u8]) {
    if !field.is_empty() {
        out.extend_from_slice(prefix);
        out.extend_from_slice(field);
    }
}

fn failed(context: &mut Context, uri: &[u8]) -> i32 {
    let uri = String::from_utf8_lossy(uri).into_owned();
    context.log(Level::Err, "siputils", || {
        format!("failed decoding contact [{uri}] - return code {NOT_ENCODED}")
    });
    NOT_ENCODED
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const PLAIN: &str = "REGISTER sip:x SIP/2.0\nContact: \"A\" <sip:al:pw@10.0.0.1:5070;transport=tcp;x=y>;q=0.5, sip:b@c;expires=3\n\n";
    const FOLDED: &str = "REGISTER sip:enc*al*pw*10.0.0.1*5070*tcp@9.9.9.9 SIP/2.0\nContact: \"A\" <sip:enc*al**10.0.0.1*5070*@9.9.9.9>;q=0.5\n\n";

    #[test]
    fn contacts_are_folded_as_kamailio_does() {
        let ran = run(
            "loadmodule \"siputils\"\nrequest_route { encode_contact(\"enc\", \"9.9.9.9\"); rc(); }",
            PLAIN,
        );
        assert_eq!(ran.codes, [1]);
        let expected = "\"A\" <sip:enc*al*pw*10.0.0.1*5070*tcp@9.9.9.9>;q=0.5, sip:enc*b**c**@9.9.9.9;expires=3\r\n";
        assert!(ran.sent.contains(expected), "{}", ran.sent);
    }

    #[test]
    fn and_unfolded() {
        let script = "loadmodule \"siputils\"\nrequest_route { decode_contact(); rc(); decode_contact_header(); rc(); }";
        let ran = run(script, FOLDED);
        assert_eq!(ran.codes, [1, 1]);
        assert!(
            ran.sent
                .starts_with("REGISTER sip:al:pw@10.0.0.1:5070;transport=tcp SIP/2.0"),
            "{}",
            ran.sent
        );
        assert!(
            ran.sent
                .contains("Contact: \"A\" <sip:al@10.0.0.1:5070>;q=0.5\r\n"),
            "{}",
            ran.sent
        );
        assert_eq!(run(script, PLAIN).codes, [-26, -26]);
    }

    #[test]
    fn another_separator_is_a_parameter() {
        let script = "loadmodule \"siputils\"\nmodparam(\"siputils\", \"contact_flds_separator\", \"-\")\nrequest_route { encode_contact(\"e\", \"h\"); }";
        assert!(
            run(script, PLAIN)
                .sent
                .contains("<sip:e-al-pw-10.0.0.1-5070-tcp@h>")
        );
    }
}
