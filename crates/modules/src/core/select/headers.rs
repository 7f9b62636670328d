//! Headers by name: `@hf_value`, `@msg.header`, the plain ones, and credentials.

use super::{Read, address, names, text};
use bytes::{Bytes, BytesMut};
use policy::Context;
use script::{SelectPart, Value};
use sip::digest::Credentials;
use sip::{HeaderId, Message};

/// `@hf_value["X"][n]…`, `@hf_value.x_one…`, `@hf_value_exists.x.value`.
pub(super) fn resolve(parts: &[SelectPart]) -> Option<Read> {
    let (name, rest) = match parts.first()?.name.as_ref() {
        b"hf_value" => header_name(parts)?,
        b"hf_value_exists" => return exists(parts),
        _ => return None,
    };
    if rest.is_empty() && index_of(parts).is_none() {
        return Some(Box::new(move |context| joined(&context.message, &name)));
    }
    let index = index_of(parts).unwrap_or(1);
    let part = address::part(rest, false)?;
    Some(Box::new(move |context| {
        part(&value_at(context, &name, index)?)
    }))
}

/// `@msg.header["X"].nameaddr.uri`, from `header` on.
pub(super) fn of_message(parts: &[SelectPart]) -> Option<Read> {
    if let [only] = parts
        && only.index.is_none()
    {
        return Some(Box::new(|c| {
            text(
                c.message
                    .bytes()
                    .slice(c.message.headers_start().min(c.message.bytes().len())..),
            )
        }));
    }
    let (name, rest) = header_name(parts)?;
    let part = match names(rest).first().copied() {
        None => address::part(&[], true)?,
        Some(b"nameaddr") => address::part(rest.get(1..)?, true)?,
        Some(_) => return None,
    };
    Some(Box::new(move |context| {
        let header = context.message.named(&name).next()?;
        part(&context.message.slice_of(header.value))
    }))
}

/// `@cseq.num`, `@call_id`, `@subject`, `@method`, …
pub(super) fn plain(parts: &[SelectPart]) -> Option<Read> {
    let names = names(parts);
    let id = match names.as_slice() {
        [b"method"] => {
            return Some(Box::new(|c| {
                text(c.message.slice_of(c.message.method_bytes()))
            }));
        }
        [b"cseq", b"num"] => {
            return Some(Box::new(|c| {
                text(c.message.cseq().ok()?.number.to_string())
            }));
        }
        [b"cseq", b"method"] => {
            return Some(Box::new(|c| {
                text(c.message.slice_of(c.message.cseq().ok()?.method_bytes))
            }));
        }
        [b"cseq"] => HeaderId::CSeq,
        [b"call_id"] => HeaderId::CallId,
        [b"event"] => HeaderId::Event,
        [b"expires"] => HeaderId::Expires,
        [b"max_forwards"] => HeaderId::MaxForwards,
        [b"user_agent"] => HeaderId::UserAgent,
        [b"server"] => HeaderId::Server,
        [b"content_type"] => HeaderId::ContentType,
        [b"content_length"] => HeaderId::ContentLength,
        [b"subject"] => HeaderId::Subject,
        [b"date"] => HeaderId::Date,
        [b"identity"] => HeaderId::Identity,
        [b"identity_info"] => HeaderId::IdentityInfo,
        _ => return None,
    };
    Some(Box::new(move |c| {
        text(c.message.slice_of(c.message.header(id)?.value))
    }))
}

/// `@proxy_authorization["realm"].username`, `@authorization[…]`.
pub(super) fn credentials(parts: &[SelectPart]) -> Option<Read> {
    let first = parts.first()?;
    let id = match first.name.as_ref() {
        b"proxy_authorization" => HeaderId::ProxyAuthorization,
        b"authorization" => HeaderId::Authorization,
        _ => return None,
    };
    let realm = first.index.clone();
    let read: fn(Credentials<'_>) -> Option<&[u8]> = match names(parts).get(1..)? {
        [b"username"] => |c| Some(c.username),
        [b"username", b"user"] => |c| Some(c.user()),
        [b"username", b"domain"] => |c| Some(c.domain()),
        [b"realm"] => |c| Some(c.realm),
        [b"nonce"] => |c| Some(c.nonce),
        [b"uri"] => |c| Some(c.uri),
        [b"response"] => |c| Some(c.response),
        [b"cnonce"] => |c| c.cnonce,
        [b"nc"] => |c| c.nc,
        [b"opaque"] => |c| c.opaque,
        [b"algorithm"] => |c| c.has_algorithm.then(|| c.algorithm.name()),
        [b"qop"] => |c| c.qop.map(|qop| qop.name()),
        _ => return None,
    };
    Some(Box::new(move |context| {
        let realm = realm.as_deref()?;
        let all = context.message.credentials(id).flatten();
        text(
            context
                .message
                .slice_of(read(all.into_iter().find(|one| one.realm == realm)?)?),
        )
    }))
}

/// The header name in the index or in the next part, in which `_` stands for `-`; and the rest.
fn header_name(parts: &[SelectPart]) -> Option<(Bytes, &[SelectPart])> {
    let first = parts.first()?;
    if let Some(name) = &first.index {
        let rest = parts.get(1..)?;
        // `@hf_value["X"][2]` has the second index as a part without a name.
        let skip = usize::from(rest.first().is_some_and(|part| part.name.is_empty()));
        return Some((name.clone(), rest.get(skip..)?));
    }
    let name: Vec<u8> = parts
        .get(1)?
        .name
        .iter()
        .map(|byte| if *byte == b'_' { b'-' } else { *byte })
        .collect();
    Some((name.into(), parts.get(2..)?))
}

fn index_of(parts: &[SelectPart]) -> Option<i64> {
    let part = parts.get(1)?;
    let by_name = parts.first()?.index.is_none();
    let index = part
        .index
        .as_ref()
        .filter(|_| by_name || part.name.is_empty())?;
    script::parse_int(index)
}

/// One of the values of a header, over all its lines; n from 1, negative from the end.
fn value_at(context: &Context, name: &[u8], index: i64) -> Option<Bytes> {
    let message = &context.message;
    let mut values = values(message, name);
    let found = match index {
        1.. => values.nth(usize::try_from(index).ok()?.checked_sub(1)?)?,
        _ => {
            let count = self::values(message, name).count();
            values.nth(count.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?)?
        }
    };
    Some(message.slice_of(found))
}

fn values<'a>(message: &'a Message, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    message
        .named(name)
        .flat_map(|header| sip::split_values(header.value))
}

fn joined(message: &Message, name: &[u8]) -> Option<Value> {
    let mut all = values(message, name);
    let mut out = BytesMut::from(all.next()?);
    for value in all {
        out.extend_from_slice(b",");
        out.extend_from_slice(value);
    }
    text(out.freeze())
}

fn exists(parts: &[SelectPart]) -> Option<Read> {
    let (name, rest) = header_name(parts)?;
    let wanted = rest.first()?.name.clone();
    Some(Box::new(move |context| {
        let found = values(&context.message, &name).any(|value| value == wanted);
        text(if found { "1" } else { "0" })
    }))
}
