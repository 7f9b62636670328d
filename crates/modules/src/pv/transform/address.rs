//! `{nameaddr.*}` and `{tobody.*}`: parts of an address as it stands in a header.

use super::super::Pv;
use super::super::part::{int, slice};
use super::{part, simple};
use bytes::Bytes;
use policy::Declaration;
use script::Value;
use sip::NameAddr;

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation(
        "nameaddr.name",
        "What stands before the bracket, with its quotes.",
        |_, _| simple(|text| name_addr(text, |of| part(text, Some(of.name)))),
    );
    d.transformation(
        "nameaddr.uri",
        "What stands in the brackets, or the whole without any.",
        |_, _| simple(|text| name_addr(text, |of| part(text, Some(of.uri)))),
    );
    d.transformation(
        "nameaddr.len",
        "The length of name and brackets.",
        |_, _| simple(|text| name_addr(text, |of| Some(int(of.len)))),
    );
    d.transformation("tobody.uri", "The URI.", |_, _| {
        simple(|text| to_body(text, |of| Some(of.uri)))
    });
    d.transformation(
        "tobody.display",
        "The display name, with its quotes.",
        |_, _| simple(|text| to_body(text, |of| Some(of.display))),
    );
    d.transformation("tobody.tag", "The tag.", |_, _| {
        simple(|text| to_body(text, |of| of.tag()))
    });
    d.transformation(
        "tobody.params",
        "The parameters behind the address.",
        |_, _| simple(|text| to_body(text, |of| of.params.raw().strip_prefix(b";"))),
    );
    d.transformation("tobody.user", "The user of the URI.", |_, _| {
        simple(|text| to_body(text, |of| of.parse_uri().ok()?.user))
    });
    d.transformation("tobody.host", "The host of the URI.", |_, _| {
        simple(|text| to_body(text, |of| of.parse_uri().ok().map(|uri| uri.host)))
    });
}

/// A name-addr as `{nameaddr.*}` sees it: whatever stands in the first brackets.
struct Address<'a> {
    name: &'a [u8],
    uri: &'a [u8],
    len: usize,
}

fn name_addr<'a>(text: &'a Bytes, of: impl Fn(&Address<'a>) -> Option<Value>) -> Option<Value> {
    let address = match NameAddr::parse(text) {
        Ok(address) if address.bracketed => {
            let open = (address.uri.as_ptr() as usize)
                .checked_sub(text.as_ptr() as usize)?
                .checked_sub(1)?;
            Address {
                name: text.get(..open)?,
                uri: address.uri,
                len: open + address.uri.len() + 2,
            }
        }
        _ => match first_of_list(text) {
            Some(first) if first.len() < text.len() => return name_addr_of_first(text, first, of),
            _ => Address {
                name: b"",
                uri: text,
                len: text.len(),
            },
        },
    };
    of(&address)
}

/// Only the first of several addresses counts.
fn name_addr_of_first<'a>(
    text: &'a Bytes,
    first: &'a [u8],
    of: impl Fn(&Address<'a>) -> Option<Value>,
) -> Option<Value> {
    let address = NameAddr::parse(first).ok();
    let address = match address {
        Some(address) if address.bracketed => Address {
            name: address.display,
            uri: address.uri,
            len: address.display.len() + address.uri.len() + 2,
        },
        _ => Address {
            name: b"",
            uri: text,
            len: text.len(),
        },
    };
    of(&address)
}

fn first_of_list(text: &Bytes) -> Option<&[u8]> {
    sip::split_values(text).next()
}

fn to_body<'a>(text: &'a Bytes, of: impl Fn(&NameAddr<'a>) -> Option<&'a [u8]>) -> Option<Value> {
    let first = first_of_list(text)?;
    let address = NameAddr::parse(first).ok()?;
    address.parse_uri().ok()?;
    Some(Value::Str(
        of(&address)
            .map(|found| slice(text, found))
            .unwrap_or_default(),
    ))
}
