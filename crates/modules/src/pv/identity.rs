//! Who is said to call: `$ai`, `$pu`, `$re`, `$di`, `$rt` and their parts.

use super::Pv;
use super::part::{UriPart, of_message, optional, uri_part};
use bytes::Bytes;
use policy::{Context, Declaration};
use script::Value;
use sip::{HeaderId, NameAddr};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| read(context));
    }
}

/// A variable: name, doc line, how it is read.
type Read = (&'static str, &'static str, fn(&mut Context) -> Value);

const READ: [Read; 11] = [
    ("ai", "The URI of P-Asserted-Identity.", |c| {
        optional(uri(c, HeaderId::PAssertedIdentity))
    }),
    ("pu", "The URI of P-Preferred-Identity.", |c| {
        optional(uri(c, HeaderId::PPreferredIdentity))
    }),
    ("pU", "The user of P-Preferred-Identity.", |c| {
        uri_part(c, uri(c, HeaderId::PPreferredIdentity), UriPart::User)
    }),
    ("pd", "The domain of P-Preferred-Identity.", |c| {
        uri_part(c, uri(c, HeaderId::PPreferredIdentity), UriPart::Domain)
    }),
    ("pn", "The display name of P-Preferred-Identity.", |c| {
        name(c, HeaderId::PPreferredIdentity)
    }),
    ("re", "The URI of Remote-Party-ID.", |c| {
        optional(uri(c, HeaderId::RemotePartyId))
    }),
    ("rt", "The URI of Refer-To.", |c| {
        optional(uri(c, HeaderId::ReferTo))
    }),
    ("di", "The URI of the first Diversion.", |c| {
        optional(uri(c, HeaderId::Diversion))
    }),
    ("dir", "The reason of the first Diversion.", |c| {
        parameter(c, b"reason")
    }),
    ("dip", "The privacy of the first Diversion.", |c| {
        parameter(c, b"privacy")
    }),
    ("dic", "The counter of the first Diversion.", |c| {
        parameter(c, b"counter")
    }),
];

fn address(context: &Context, id: HeaderId) -> Option<NameAddr<'_>> {
    context.message.addresses(id).next()?.ok()
}

fn uri(context: &Context, id: HeaderId) -> Option<Bytes> {
    address(context, id).map(|address| context.message.slice_of(address.uri))
}

fn name(context: &Context, id: HeaderId) -> Value {
    of_message(
        context,
        address(context, id)
            .map(|address| address.display)
            .filter(|name| !name.is_empty()),
    )
}

fn parameter(context: &Context, name: &[u8]) -> Value {
    let address = address(context, HeaderId::Diversion);
    of_message(
        context,
        address
            .and_then(|address| address.param(name))
            .map(|param| param.unquoted()),
    )
}
