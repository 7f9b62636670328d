//! The message itself: method, Call-ID, CSeq, body, flags, status, …

use super::Pv;
use super::part::{int, of_message, text};
use bytes::Bytes;
use policy::{Context, Declaration, Var, problem};
use script::Value;
use sip::HeaderId;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| read(context));
    }
    declaration.read("mi", "A number of the message.", message_number);
    for (name, hex, doc, read, write) in FLAGS {
        declaration.read_write(
            name,
            doc,
            move |_, c| Value::Int(read(c).into()),
            move |_, c, value| set_flags(c, value, write),
        );
        declaration.read(hex, doc, move |_, c| text(format_args!("{:08X}", read(c))));
    }
    declaration.variable("msg(key)", "Parts of the message: len, buf, body, body_size, hdrs, hdrs_size, fline, fline_size, lpart.", false, |_, spec, _| {
        let key = spec.inner.as_deref().unwrap_or_default().trim_ascii();
        let found = PARTS.iter().find(|(name, _)| name.as_bytes() == key);
        let (_, read) = found.ok_or_else(|| problem("$msg takes len, buf, body, hdrs, fline or lpart"))?;
        Ok(Var::read_only(*read))
    });
    declaration.variable(
        "expires(key)",
        "The smallest (min) or greatest (max) expiry of the contacts, Expires included.",
        false,
        |_, spec, _| {
            let least = match spec.inner.as_deref().map(<[u8]>::trim_ascii) {
                Some(b"min") => true,
                Some(b"max") => false,
                _ => return Err(problem("$expires takes min or max")),
            };
            Ok(Var::read_only(move |context| expires(context, least)))
        },
    );
}

type Read = fn(&mut Context) -> Value;

const READ: [(&str, &str, Read); 22] = [
    ("rm", "The method.", |c| {
        of_message(c, Some(c.message.method_bytes()))
    }),
    ("rmid", "Kamailio's number of the method.", |c| {
        Value::Int(c.message.method().bit().into())
    }),
    (
        "mt",
        "The type of the message: 1 a request, 2 a reply.",
        |c| Value::Int(if c.message.is_request() { 1 } else { 2 }),
    ),
    ("mb", "The whole message as received.", |c| {
        Value::Str(c.octets().clone())
    }),
    ("mbu", "The whole message as received.", |c| {
        Value::Str(c.octets().clone())
    }),
    ("ml", "The length of the message.", |c| {
        int(c.octets().len())
    }),
    ("ci", "Call-ID.", |c| {
        of_message(c, c.message.call_id().ok())
    }),
    ("cs", "The number of CSeq.", |c| {
        c.message
            .cseq()
            .map_or(Value::Null, |cseq| text(cseq.number))
    }),
    ("csb", "The body of CSeq.", |c| header(c, HeaderId::CSeq)),
    ("ct", "The body of the first Contact.", |c| {
        header(c, HeaderId::Contact)
    }),
    ("cT", "Content-Type.", |c| header(c, HeaderId::ContentType)),
    ("cl", "Content-Length.", |c| {
        let length = c.message.declared_content_length().ok().flatten();
        length.map_or(Value::Null, |length| Value::Int(length.into()))
    }),
    ("ua", "User-Agent.", |c| header(c, HeaderId::UserAgent)),
    ("rb", "The body of the message.", |c| body(c)),
    ("rv", "The version of the first line.", |_| {
        Value::text("SIP/2.0")
    }),
    ("rs", "The status of a reply.", |c| {
        c.message
            .status()
            .map_or(Value::Null, |status| Value::Int(status.into()))
    }),
    ("rr", "The reason phrase of a reply.", |c| {
        of_message(c, c.message.status().map(|_| c.message.reason()))
    }),
    (
        "err.class",
        "Class of the last parsing error; always null.",
        |_| Value::Null,
    ),
    (
        "err.level",
        "Level of the last parsing error; always null.",
        |_| Value::Null,
    ),
    (
        "err.info",
        "Text of the last parsing error; always null.",
        |_| Value::Null,
    ),
    (
        "err.rcode",
        "Status recommended for the last parsing error; always null.",
        |_| Value::Null,
    ),
    (
        "err.rreason",
        "Reason recommended for the last parsing error; always null.",
        |_| Value::Null,
    ),
];

type ReadFlags = fn(&Context) -> u32;
type WriteFlags = fn(&mut Context, u32);

const FLAGS: [(&str, &str, &str, ReadFlags, WriteFlags); 3] = [
    (
        "mf",
        "mF",
        "The flags of the message (setflag); mF in hexadecimal.",
        |c| c.flags,
        |c, flags| c.flags = flags,
    ),
    (
        "bf",
        "bF",
        "The flags of the branch (setbflag); bF in hexadecimal.",
        |c| c.target.flags,
        |c, flags| c.target.flags = flags,
    ),
    (
        "sf",
        "sF",
        "The flags of the script (setsflag); sF in hexadecimal.",
        |c| c.script_flags,
        |c, flags| c.script_flags = flags,
    ),
];

const PARTS: [(&str, Read); 9] = [
    ("len", |c| int(c.octets().len())),
    ("buf", |c| Value::Str(c.octets().clone())),
    ("body", |c| body(c)),
    ("body_size", |c| int(c.message.body().len())),
    ("hdrs", |c| Value::Str(headers(c))),
    ("hdrs_size", |c| int(headers(c).len())),
    ("fline", |c| Value::Str(first_line(c))),
    ("fline_size", |c| int(first_line(c).len())),
    ("lpart", |c| {
        Value::Str(
            c.message
                .bytes()
                .slice(c.message.headers_start().min(c.message.bytes().len())..),
        )
    }),
];

/// The body of the first header of that name.
pub(super) fn header(context: &Context, id: HeaderId) -> Value {
    of_message(
        context,
        context.message.header(id).map(|header| header.value),
    )
}

/// The first line without its line end.
fn first_line(context: &Context) -> Bytes {
    let end = context.message.headers_start().saturating_sub(2);
    context
        .message
        .bytes()
        .slice(..end.min(context.message.bytes().len()))
}

fn headers(context: &Context) -> Bytes {
    let message = &context.message;
    let end = message.headers_end().min(message.bytes().len());
    message.bytes().slice(message.headers_start().min(end)..end)
}

fn body(context: &Context) -> Value {
    of_message(
        context,
        Some(context.message.body()).filter(|body| !body.is_empty()),
    )
}

fn set_flags(context: &mut Context, value: Value, write: WriteFlags) -> bool {
    let Value::Int(flags) = value else {
        return false;
    };
    // Flags are 32 bits; numbers of scripts are signed.
    write(context, (flags & i64::from(u32::MAX)) as u32);
    true
}

/// The expiry that a contact asks for: its own, else that of the Expires header.
fn expires(context: &Context, least: bool) -> Value {
    let message = &context.message;
    let general = message.expires().ok().flatten();
    let own = message
        .contacts()
        .flatten()
        .filter_map(|contact| match contact {
            sip::ContactValue::Addr(address) => {
                let own = address
                    .param(b"expires")
                    .and_then(|param| script::parse_int(param.value?));
                own.or(general.map(i64::from))
            }
            sip::ContactValue::Star => general.map(i64::from),
        });
    let all = own.chain(
        message
            .contacts()
            .next()
            .is_none()
            .then_some(general.map(i64::from))
            .flatten(),
    );
    let found = if least { all.min() } else { all.max() };
    found.map_or(Value::Null, Value::Int)
}

/// The number of the message in hand, kept with it.
#[derive(Default)]
struct Number(Option<i64>);

fn message_number(pv: &Pv, context: &mut Context) -> Value {
    let number = &mut context.extension_mut::<Number>().0;
    Value::Int(*number.get_or_insert_with(|| pv.numbered.inc_and_read()))
}
