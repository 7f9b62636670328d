//! User and host of a URI in a variable.

use super::SipUtils;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Routes, Text, Var};
use script::Value;

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "set_uri_user(uri, user)",
        "Gives the URI in a variable another user part; an empty one takes it away, the password with it.",
        Routes::ANY,
        set_uri_user,
    );
    d.function(
        "set_uri_host(uri, host)",
        "Gives the URI in a variable another host.",
        Routes::ANY,
        set_uri_host,
    );
}

fn set_uri_user(_: &SipUtils, context: &mut Context, uri: &Var, user: &Text) -> bool {
    let (text, user) = (uri.read(context).to_text(), user.get(context));
    let Some((scheme, rest)) = split(&text) else {
        return refuse(context, "uri does not contain ':' character");
    };
    let behind = rest
        .iter()
        .position(|byte| *byte == b'@')
        .map_or(rest, |at| rest.get(at + 1..).unwrap_or_default());
    let at: &[u8] = if user.is_empty() { b"" } else { b"@" };
    uri.set(
        context,
        Value::Str([scheme, &user, at, behind].concat().into()),
    )
}

fn set_uri_host(_: &SipUtils, context: &mut Context, uri: &Var, host: &Text) -> bool {
    let (text, host) = (uri.read(context).to_text(), host.get(context));
    if host.is_empty() {
        return refuse(context, "hostpart of uri cannot be empty");
    }
    let Some((scheme, rest)) = split(&text) else {
        return refuse(context, "uri does not contain ':' character");
    };
    let start = rest
        .iter()
        .position(|byte| *byte == b'@')
        .map_or(0, |at| at + 1);
    let (user, behind) = rest.split_at(start);
    let end = host_end(behind);
    let tail = behind.get(end..).unwrap_or_default();
    uri.set(
        context,
        Value::Str([scheme, user, &host, tail].concat().into()),
    )
}

/// Scheme with its colon, and the rest.
fn split(uri: &Bytes) -> Option<(&[u8], &[u8])> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    uri.split_at_checked(colon + 1)
}

/// Where the host ends: at port, parameters or headers; colons inside brackets are of the address.
fn host_end(text: &[u8]) -> usize {
    let skip = if text.starts_with(b"[") {
        text.iter().position(|byte| *byte == b']').unwrap_or(0)
    } else {
        0
    };
    let rest = text.get(skip..).unwrap_or_default();
    rest.iter()
        .position(|byte| b":;?>".contains(byte))
        .map_or(text.len(), |end| skip + end)
}

fn refuse(context: &mut Context, why: &'static str) -> bool {
    context.log(Level::Err, "siputils", || why.to_owned());
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    /// URI before, call, return code, URI after, as Kamailio 5.6.3 does it.
    const CASES: [(&str, &str, i32, &str); 9] = [
        (
            "sip:user@host",
            "set_uri_user(\"$out(u)\", \"new\")",
            1,
            "sip:new@host",
        ),
        (
            "sip:host",
            "set_uri_user(\"$out(u)\", \"new\")",
            1,
            "sip:new@host",
        ),
        (
            "sip:user:pw@host:5060;a=b",
            "set_uri_user(\"$out(u)\", \"\")",
            1,
            "sip:host:5060;a=b",
        ),
        (
            "sip:user:pw@host:5060;a=b",
            "set_uri_user(\"$out(u)\", \"x\")",
            1,
            "sip:x@host:5060;a=b",
        ),
        ("foo", "set_uri_user(\"$out(u)\", \"x\")", -1, "foo"),
        (
            "sip:x@host:5060;a=b",
            "set_uri_host(\"$out(u)\", \"zz\")",
            1,
            "sip:x@zz:5060;a=b",
        ),
        (
            "sip:[::1]:5060",
            "set_uri_host(\"$out(u)\", \"zz\")",
            1,
            "sip:zz:5060",
        ),
        ("foo", "set_uri_host(\"$out(u)\", \"x\")", -1, "foo"),
        (
            "sip:u@host",
            "set_uri_host(\"$out(u)\", \"\")",
            -1,
            "sip:u@host",
        ),
    ];

    #[test]
    fn parts_are_set() {
        for (before, call, code, after) in CASES {
            let script = format!(
                "loadmodule \"siputils\"\nrequest_route {{ $out(u) = \"{before}\"; {call}; rc(); note(\"$out(u)\"); }}"
            );
            let ran = run(&script, "OPTIONS sip:b@x SIP/2.0\n\n");
            assert_eq!(
                (ran.codes, ran.notes),
                (vec![code], vec![after.to_owned()]),
                "{before} {call}"
            );
        }
    }
}
