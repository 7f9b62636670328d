//! `tel:` URIs as `sip:` URIs (RFC 3261 section 19.1.6).

use super::SipUtils;
use bytes::Bytes;
use policy::{Context, Declaration, Routes, Text, Var};
use script::Value;

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "tel2sip(uri, hostpart, result)",
        "Puts the tel URI as a SIP URI into a variable: 1 done, 2 it is no tel URI, -1 error.",
        Routes::ANY,
        tel2sip,
    )
    .alias("tel2sip2");
}

fn tel2sip(_: &SipUtils, context: &mut Context, uri: &Text, host: &Text, result: &Var) -> i32 {
    let (uri, host) = (uri.get(context), host.get(context));
    match converted(&uri, &host) {
        None => 2,
        Some(sip) => match result.set(context, Value::Str(sip)) {
            true => 1,
            false => -1,
        },
    }
}

fn converted(uri: &[u8], host: &[u8]) -> Option<Bytes> {
    let (scheme, rest) = uri.split_at_checked(4)?;
    if !scheme.eq_ignore_ascii_case(b"tel:") {
        return None;
    }
    let end = rest
        .iter()
        .position(|byte| *byte == b';')
        .unwrap_or(rest.len());
    let (number, params) = rest.split_at(end);
    let digits: Vec<u8> = number
        .iter()
        .copied()
        .filter(|byte| !b"-.()".contains(byte))
        .collect();
    Some(
        [
            b"sip:",
            &digits[..],
            &params.to_ascii_lowercase(),
            b"@",
            host,
            b";user=phone",
        ]
        .concat()
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    /// As Kamailio 5.6.3 converts.
    #[test]
    fn numbers_lose_their_separators() {
        for (tel, sip) in [
            (
                "tel:+(34)-999-888-777",
                Some("sip:+34999888777@foo.com;user=phone"),
            ),
            (
                "tel:+12-(34)-56-78;Ext=200;ISUB=+123-456",
                Some("sip:+12345678;ext=200;isub=+123-456@foo.com;user=phone"),
            ),
            ("tel:", Some("sip:@foo.com;user=phone")),
            ("sip:a@b", None),
            ("foo", None),
        ] {
            assert_eq!(
                converted(tel.as_bytes(), b"foo.com"),
                sip.map(Bytes::from),
                "{tel}"
            );
        }
    }

    #[test]
    fn the_result_is_a_variable() {
        let script = "loadmodule \"siputils\"\nrequest_route { tel2sip(\"tel:+1\", \"h\", \"$out(r)\"); rc(); tel2sip2(\"sip:a\", \"h\", \"$out(r)\"); rc(); note(\"$out(r)\"); }";
        let ran = run(script, "OPTIONS sip:b@x SIP/2.0\n\n");
        assert_eq!(
            (ran.codes, ran.notes),
            (vec![1, 2], vec!["sip:+1@h;user=phone".to_owned()])
        );
    }
}
