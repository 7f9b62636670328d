//! `$via0(…)`, `$via1(…)`, `$via2(…)`, `$viaZ(…)`: the Via values.

use super::Pv;
use super::part::of_message;
use bytes::Bytes;
use policy::{Context, Declaration, Proto, Var, problem};
use script::Value;
use sip::Via;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, which) in [
        (
            "via0(key)",
            "The first Via: host, port, proto, protoid, branch, rport, received, i.",
            Some(0),
        ),
        (
            "via1(key)",
            "The second Via: host, port, proto, protoid, branch, rport, received, i.",
            Some(1),
        ),
        (
            "via2(key)",
            "The third Via: host, port, proto, protoid, branch, rport, received, i.",
            Some(2),
        ),
        (
            "viaZ(key)",
            "The last Via: host, port, proto, protoid, branch, rport, received, i.",
            None,
        ),
    ] {
        declaration.variable(name, doc, false, move |_, spec, _| {
            let key: Bytes = spec
                .inner
                .as_deref()
                .unwrap_or_default()
                .trim_ascii()
                .to_vec()
                .into();
            if !KEYS.contains(&key.as_ref()) {
                return Err(problem(
                    "the key is host, port, proto, protoid, branch, rport, received or i",
                ));
            }
            Ok(Var::read_only(move |context| {
                let via = match which {
                    Some(0) => context.message.top_via().ok(),
                    Some(at) => context.message.vias().nth(at).and_then(Result::ok),
                    None => context.message.vias().last().and_then(Result::ok),
                };
                via.map_or(Value::Null, |via| read(context, &via, &key))
            }))
        });
    }
}

const KEYS: [&[u8]; 8] = [
    b"host",
    b"port",
    b"proto",
    b"protoid",
    b"branch",
    b"rport",
    b"received",
    b"i",
];

fn read(context: &Context, via: &Via<'_>, key: &[u8]) -> Value {
    let proto = Proto::parse(via.transport);
    match key {
        b"host" => of_message(context, Some(via.host)),
        b"port" => Value::Int(
            via.port
                .unwrap_or(proto.map_or(5060, Proto::default_port))
                .into(),
        ),
        b"proto" => of_message(context, Some(via.transport)),
        b"protoid" => Value::Int(proto.map_or(0, Proto::number)),
        b"branch" => of_message(context, via.branch),
        b"rport" => via
            .rport
            .flatten()
            .map_or(Value::Null, |port| Value::Int(port.into())),
        b"received" => of_message(context, via.received),
        _ => of_message(
            context,
            via.params.find_name(key).and_then(|param| param.value),
        ),
    }
}
