//! `@via[n].part`.

use super::{Read, names, text};
use bytes::Bytes;
use policy::Context;
use script::{SelectPart, Value};
use sip::Via;

/// A part of a Via.
type Part = Box<dyn Fn(&Context, &Via<'_>) -> Option<Value> + Send + Sync>;

/// The selects of a Via; n counts from 1, -1 is the last.
pub(super) fn resolve(parts: &[SelectPart]) -> Option<Read> {
    let first = parts
        .first()
        .filter(|part| matches!(part.name.as_ref(), b"via" | b"v"))?;
    let index = match &first.index {
        None => 1,
        Some(index) => script::parse_int(index)?,
    };
    let read: Part = match names(parts).get(1..)? {
        [] => of(|via| Some(via.raw)),
        [b"name"] => Box::new(|_, _| text("SIP")),
        [b"version"] => Box::new(|_, _| text("2.0")),
        [b"transport"] => of(|via| Some(via.transport)),
        [b"host"] => of(|via| Some(via.host)),
        [b"port"] => Box::new(|_, via| text(via.port?.to_string())),
        [b"branch"] => of(|via| via.branch),
        [b"received"] => of(|via| via.received),
        [b"params"] => of(|via| via.params.raw().strip_prefix(b";")),
        [b"params", name] | [name @ (b"rport" | b"i" | b"alias" | b"comp" | b"ttl" | b"maddr")] => {
            let name = Bytes::copy_from_slice(name);
            Box::new(move |c, via| text(c.message.slice_of(via.params.find_name(&name)?.value?)))
        }
        _ => return None,
    };
    Some(Box::new(move |context| {
        via_at(context, index).and_then(|via| read(context, &via))
    }))
}

fn of(read: for<'a> fn(&Via<'a>) -> Option<&'a [u8]>) -> Part {
    Box::new(move |context, via| text(context.message.slice_of(read(via)?)))
}

fn via_at(context: &Context, index: i64) -> Option<Via<'_>> {
    let mut vias = context.message.vias();
    match index {
        1 => context.message.top_via().ok(),
        2.. => vias.nth(usize::try_from(index).ok()?.checked_sub(1)?)?.ok(),
        0 => None,
        _ => {
            let count = context.message.vias().count();
            vias.nth(count.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?)?
                .ok()
        }
    }
}
