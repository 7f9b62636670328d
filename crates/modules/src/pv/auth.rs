//! The credentials of the request: `$au`, `$ar`, `$adu`, …
//!
//! They are what the peer claims until an authentication function has checked them.

use super::Pv;
use super::part::of_message;
use policy::{Context, Declaration};
use script::Value;
use sip::digest::Credentials;
use sip::{HeaderId, Uri};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| {
            of_message(
                context,
                credentials(context)
                    .and_then(read)
                    .filter(|text| !text.is_empty()),
            )
        });
    }
    declaration.read(
        "Au",
        "The user for accounting: that of From, with its domain.",
        |_, context| account(context, true),
    );
    declaration.read(
        "AU",
        "The user for accounting: that of From.",
        |_, context| account(context, false),
    );
}

/// A variable: name, doc line, how it is read.
type Field = (
    &'static str,
    &'static str,
    fn(Credentials<'_>) -> Option<&[u8]>,
);

const READ: [Field; 10] = [
    (
        "au",
        "The user part of the user name of the credentials.",
        |c| Some(c.user()),
    ),
    ("aU", "The whole user name of the credentials.", |c| {
        Some(c.username)
    }),
    (
        "ad",
        "The domain part of the user name, else the realm.",
        |c| {
            Some(if c.domain().is_empty() {
                c.realm
            } else {
                c.domain()
            })
        },
    ),
    ("ar", "The realm of the credentials.", |c| Some(c.realm)),
    ("adu", "The URI of the credentials.", |c| Some(c.uri)),
    ("adn", "The nonce of the credentials.", |c| Some(c.nonce)),
    ("adc", "The client's nonce of the credentials.", |c| {
        c.cnonce
    }),
    ("adr", "The response of the credentials.", |c| {
        Some(c.response)
    }),
    ("ado", "The opaque text of the credentials.", |c| c.opaque),
    (
        "aa",
        "The algorithm of the credentials, where it is named.",
        |c| c.has_algorithm.then(|| c.algorithm.name()),
    ),
];

fn credentials(context: &Context) -> Option<Credentials<'_>> {
    let of = |id| context.message.credentials(id).flatten().next();
    of(HeaderId::Authorization).or_else(|| of(HeaderId::ProxyAuthorization))
}

fn account(context: &Context, with_domain: bool) -> Value {
    let Ok(from) = context.message.from() else {
        return Value::Null;
    };
    let Ok(Uri {
        user: Some(user),
        host,
        ..
    }) = from.parse_uri()
    else {
        return Value::Null;
    };
    match with_domain {
        true => Value::Str([user, b"@", host].concat().into()),
        false => of_message(context, Some(user)),
    }
}
