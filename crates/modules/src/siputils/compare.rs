//! Whether two URIs or header names mean the same.

use super::SipUtils;
use policy::{Context, Declaration, Routes, Text};
use sip::{HeaderId, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "cmp_uri(str1, str2)",
        "1 where both URIs are equivalent (RFC 3261 section 19.1.4), -2 where one is no URI, else -1.",
        Routes::ANY,
        cmp_uri,
    );
    d.function(
        "cmp_aor(str1, str2)",
        "1 where user, host and port are the same, -2 where one is no URI, else -1.",
        Routes::ANY,
        cmp_aor,
    );
    d.function(
        "cmp_hdr_name(str1, str2)",
        "1 where both name the same header, in any case or form; -1, and -2 where neither name is known.",
        Routes::ANY,
        cmp_hdr_name,
    );
}

fn cmp_uri(_: &SipUtils, context: &mut Context, a: &Text, b: &Text) -> i32 {
    compared(context, a, b, sip::uri::equivalent)
}

fn cmp_aor(_: &SipUtils, context: &mut Context, a: &Text, b: &Text) -> i32 {
    compared(context, a, b, |a, b| {
        a.user == b.user && a.host.eq_ignore_ascii_case(b.host) && port(a) == port(b)
    })
}

fn port(uri: &Uri<'_>) -> u16 {
    uri.port.unwrap_or(if uri.scheme == sip::Scheme::Sips {
        5061
    } else {
        5060
    })
}

fn compared(
    context: &mut Context,
    a: &Text,
    b: &Text,
    same: impl Fn(&Uri<'_>, &Uri<'_>) -> bool,
) -> i32 {
    let (a, b) = (a.get(context), b.get(context));
    match (Uri::parse(&a), Uri::parse(&b)) {
        (Ok(a), Ok(b)) if same(&a, &b) => 1,
        (Ok(_), Ok(_)) => -1,
        _ => -2,
    }
}

fn cmp_hdr_name(_: &SipUtils, context: &mut Context, a: &Text, b: &Text) -> i32 {
    let (a, b) = (a.get(context), b.get(context));
    match (HeaderId::lookup(&a), HeaderId::lookup(&b)) {
        (HeaderId::Other, HeaderId::Other) if a.eq_ignore_ascii_case(&b) => 1,
        (HeaderId::Other, HeaderId::Other) => -2,
        (a, b) if a == b => 1,
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    /// Call and return code of Kamailio 5.6.3.
    const CASES: [(&str, i32); 13] = [
        ("cmp_uri(\"sip:A@B\", \"sip:A@b\")", 1),
        ("cmp_uri(\"sip:a@b\", \"sip:A@b\")", -1),
        ("cmp_uri(\"sip:a@b;x=1\", \"sip:a@b\")", 1),
        ("cmp_uri(\"sip:a@b:5060\", \"sip:a@b\")", -1),
        ("cmp_uri(\"foo\", \"sip:A@b\")", -2),
        ("cmp_aor(\"sip:a@b:5060\", \"sip:a@b\")", 1),
        ("cmp_aor(\"sip:a@b:5061;x\", \"sip:a@B\")", -1),
        ("cmp_aor(\"a@b\", \"sip:a@B\")", -2),
        ("cmp_hdr_name(\"From\", \"f\")", 1),
        ("cmp_hdr_name(\"X-A\", \"x-a\")", 1),
        ("cmp_hdr_name(\"X-A\", \"x-b\")", -2),
        ("cmp_hdr_name(\"From\", \"To\")", -1),
        ("cmp_hdr_name(\"From\", \"X-A\")", -1),
    ];

    #[test]
    fn comparing() {
        for (call, code) in CASES {
            let script = format!("loadmodule \"siputils\"\nrequest_route {{ {call}; rc(); }}");
            assert_eq!(
                run(&script, "OPTIONS sip:b@x SIP/2.0\n\n").codes,
                [code],
                "{call}"
            );
        }
    }
}
