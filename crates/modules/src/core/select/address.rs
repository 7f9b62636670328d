//! Headers that are addresses: `@from`, `@to`, `@contact`, `@refer_to`, `@rpid`, `@rr`.

use super::{Read, names, slice, text, uri};
use bytes::Bytes;
use policy::Context;
use script::{SelectPart, Value};
use sip::{HeaderId, NameAddr};

/// A part of an address, read from the text of its header.
pub(super) type Part = Box<dyn Fn(&Bytes) -> Option<Value> + Send + Sync>;

/// The selects of headers that hold addresses.
pub(super) fn resolve(parts: &[SelectPart]) -> Option<Read> {
    let id = match parts.first()?.name.as_ref() {
        b"from" | b"f" => HeaderId::From,
        b"to" | b"t" => HeaderId::To,
        b"contact" | b"m" => HeaderId::Contact,
        b"refer_to" => HeaderId::ReferTo,
        b"rpid" | b"remote_party_id" => HeaderId::RemotePartyId,
        b"rr" | b"record_route" => HeaderId::RecordRoute,
        _ => return None,
    };
    let part = part(parts.get(1..)?, true)?;
    Some(Box::new(move |context| part(&header(context, id)?)))
}

/// What a path behind an address reads. Quotes of a display name stay where `quoted` says so.
pub(super) fn part(parts: &[SelectPart], quoted: bool) -> Option<Part> {
    let names = names(parts);
    Some(match names.as_slice() {
        [] => Box::new(|value| text(value.clone())),
        [b"uri", ..] => {
            let part = uri::part(parts.get(1..)?)?;
            Box::new(move |value| {
                let address = first(value)?;
                match slice(value, address.uri)? {
                    Value::Str(uri) => part(&uri),
                    other => Some(other),
                }
            })
        }
        [b"name"] if quoted => of(|address| Some(address.display)),
        [b"name"] => of(|address| Some(address.display_unquoted())),
        [b"tag"] => of(|address| address.tag()),
        [b"params"] => of(|address| address.params.raw().strip_prefix(b";")),
        [b"params" | b"param" | b"p", name]
        | [name @ (b"q" | b"expires" | b"methods" | b"received" | b"instance")] => {
            let name = Bytes::copy_from_slice(name);
            Box::new(move |value| slice(value, first(value)?.param(&name)?.value?))
        }
        _ => return None,
    })
}

fn header(context: &Context, id: HeaderId) -> Option<Bytes> {
    context
        .message
        .header(id)
        .map(|header| context.message.slice_of(header.value))
}

fn of(read: for<'a> fn(&NameAddr<'a>) -> Option<&'a [u8]>) -> Part {
    Box::new(move |value| slice(value, read(&first(value)?)?))
}

/// The first address of a header.
fn first(value: &Bytes) -> Option<NameAddr<'_>> {
    NameAddr::parse(sip::split_values(value).next()?).ok()
}
