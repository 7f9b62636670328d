//! `@selects`: parts of the message by a path, `@via[1].host`, `@hf_value["X"].uri.user`.
//!
//! A path is resolved once, when the configuration loads, into one function that reads.

mod address;
mod headers;
mod uri;
mod via;

use super::Core;
use bytes::Bytes;
use policy::{Context, Declaration, Prepare, Problem, Var};
use script::{SelectPart, SelectSpec, Value};

/// What a select reads; none is null.
type Read = Box<dyn Fn(&mut Context) -> Option<Value> + Send + Sync>;

pub(super) fn declare(d: &mut Declaration<Core>) {
    for (usage, doc, resolve) in FAMILIES {
        d.select(usage, doc, *resolve);
    }
}

type Family = (
    &'static str,
    &'static str,
    fn(&SelectSpec, &mut Prepare<'_>) -> Option<Result<Var, Problem>>,
);

const FAMILIES: &[Family] = &[
    (
        "via[n].part",
        "A Via: host, port, transport, branch, received, params.x, …; n from 1, -1 is the last.",
        |s, _| found(via::resolve(&s.parts)),
    ),
    (
        "from.part",
        "From, and in the same way to, contact, refer_to, rpid, rr: uri, name, tag, params.x, uri.user, …",
        |s, _| found(address::resolve(&s.parts)),
    ),
    (
        "ruri.part",
        "The Request-URI, dst_uri, next_hop: user, host, port, hostport, params.x, …",
        |s, _| found(uri::resolve(&s.parts)),
    ),
    (
        "hf_value[\"name\"][n].part",
        "A header by name: its values, name, uri, params.x.",
        |s, _| found(headers::resolve(&s.parts)),
    ),
    (
        "msg.part",
        "The message: first_line, header[\"name\"], len, type, flags, body.",
        |s, _| found(message(&s.parts)),
    ),
    (
        "cseq.part",
        "CSeq: num, method; and the headers call_id, subject, user_agent, …",
        |s, _| found(headers::plain(&s.parts)),
    ),
    (
        "src.part",
        "Source, dst and received address: ip, port, ip_port, proto, proto_ip_port.",
        |s, _| found(address_of_packet(&s.parts)),
    ),
    (
        "proxy_authorization[\"realm\"].part",
        "Credentials for a realm: username, realm, nonce, uri, response, …",
        |s, _| found(headers::credentials(&s.parts)),
    ),
    (
        "cfg_get.group.name",
        "A setting of the configuration.",
        |s, _| found(setting(&s.parts)),
    ),
    ("branch.part", "The first branch: uri, count.", |s, _| {
        found(branch(&s.parts))
    }),
    ("sys.part", "The server: server_id, pid.", |s, _| {
        found(system(&s.parts))
    }),
];

fn found(read: Option<Read>) -> Option<Result<Var, Problem>> {
    read.map(|read| {
        Ok(Var::read_only(move |context| {
            read(context).unwrap_or_default()
        }))
    })
}

/// The names of a path without their indexes, to match on.
fn names(parts: &[SelectPart]) -> Vec<&[u8]> {
    parts.iter().map(|part| part.name.as_ref()).collect()
}

fn text(text: impl Into<Bytes>) -> Option<Value> {
    Some(Value::Str(text.into()))
}

/// A part of `whole`, shared with it.
fn slice(whole: &Bytes, part: &[u8]) -> Option<Value> {
    if part.is_empty() {
        return text(Bytes::new());
    }
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start
        .checked_add(part.len())
        .filter(|end| *end <= whole.len())?;
    text(whole.slice(start..end))
}

fn message(parts: &[SelectPart]) -> Option<Read> {
    let names = names(parts);
    if names.first() != Some(&&b"msg"[..]) {
        return None;
    }
    Some(match names.get(1..)? {
        [] => Box::new(|c| text(c.message.bytes().clone())),
        [b"first_line"] => Box::new(|c| {
            text(
                c.message.bytes().slice(
                    ..c.message
                        .headers_start()
                        .saturating_sub(2)
                        .min(c.message.bytes().len()),
                ),
            )
        }),
        [b"len"] => Box::new(|c| text(c.message.bytes().len().to_string())),
        [b"type"] => Box::new(|c| text(if c.message.is_request() { "1" } else { "2" })),
        [b"flags"] => Box::new(|c| text(c.flags.to_string())),
        [b"body"] => Box::new(|c| text(c.message.slice_of(c.message.body()))),
        [b"header" | b"h", ..] => return headers::of_message(parts.get(1..)?),
        _ => return None,
    })
}

fn address_of_packet(parts: &[SelectPart]) -> Option<Read> {
    let names = names(parts);
    let [family, key] = names.as_slice() else {
        return None;
    };
    let of_peer = match *family {
        b"src" => true,
        b"dst" | b"received" => false,
        _ => return None,
    };
    let key = Bytes::copy_from_slice(key);
    if !matches!(
        key.as_ref(),
        b"ip" | b"port" | b"ip_port" | b"proto" | b"proto_ip_port"
    ) {
        return None;
    }
    Some(Box::new(move |c| {
        let end = if of_peer { c.flow.peer } else { c.flow.local };
        text(match key.as_ref() {
            b"ip" => end.ip().to_string(),
            b"port" => end.port().to_string(),
            b"ip_port" => end.to_string(),
            b"proto" => c.flow.proto.to_string(),
            _ => format!("{}:{end}", c.flow.proto),
        })
    }))
}

fn setting(parts: &[SelectPart]) -> Option<Read> {
    let names = names(parts);
    let [b"cfg_get", group, name] = names.as_slice() else {
        return None;
    };
    let (group, name) = (
        String::from_utf8_lossy(group).into_owned(),
        String::from_utf8_lossy(name).into_owned(),
    );
    if group == "core" && name == "debug" {
        return Some(Box::new(|c| {
            Some(Value::Int(c.config.logger.level().into()))
        }));
    }
    Some(Box::new(move |c| {
        c.config.installed.globals.value(&group, &name)
    }))
}

fn branch(parts: &[SelectPart]) -> Option<Read> {
    match names(parts).as_slice() {
        [b"branch", b"uri"] => Some(Box::new(|c| {
            c.branches
                .first()
                .map(|branch| Value::Str(branch.uri.clone()))
        })),
        [b"branch", b"count"] => Some(Box::new(|c| text(c.branches.len().to_string()))),
        _ => None,
    }
}

fn system(parts: &[SelectPart]) -> Option<Read> {
    match names(parts).as_slice() {
        [b"sys", b"server_id"] => Some(Box::new(|c| text(c.core().server_id.to_string()))),
        [b"sys", b"pid"] => Some(Box::new(|c| {
            text(c.config.installed.surroundings.pid.to_string())
        })),
        _ => None,
    }
}
