//! `$fu`, `$tu` and their parts. Assigning one changes the header that leaves, not what is read.

use super::Pv;
use super::part::{UriPart, int, of_message, uri_part};
use bytes::Bytes;
use policy::{Context, Declaration, UriEdit, rewrite_uri};
use script::Value;
use sip::{NameAddr, Span, Uri};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for side in [Side::From, Side::To] {
        declare_side(declaration, side);
    }
}

fn declare_side(declaration: &mut Declaration<Pv>, side: Side) {
    let from = side == Side::From;
    let doc_of = |of_from: &'static str, of_to: &'static str| if from { of_from } else { of_to };
    let names =
        |of_from: [&'static str; 2], of_to: [&'static str; 2]| if from { of_from } else { of_to };
    for name in names(["fu", "from"], ["tu", "to"]) {
        let doc = doc_of("The URI of From.", "The URI of To.");
        declaration.read_write(
            name,
            doc,
            move |_, c| uri_value(c, side),
            move |_, c, v| set_uri(c, side, v),
        );
    }
    for name in names(["fU", "from.user"], ["tU", "to.user"]) {
        let doc = doc_of("The user of From.", "The user of To.");
        let read = move |_: &Pv, c: &mut Context| uri_part(c, uri(c, side), UriPart::User);
        declaration.read_write(name, doc, read, move |_, c, v| {
            set_part(c, side, v, |user| UriEdit::User(user))
        });
    }
    for name in names(["fd", "from.domain"], ["td", "to.domain"]) {
        let doc = doc_of("The domain of From.", "The domain of To.");
        let read = move |_: &Pv, c: &mut Context| uri_part(c, uri(c, side), UriPart::Domain);
        declaration.read_write(name, doc, read, move |_, c, v| {
            set_part(c, side, v, |host| UriEdit::Host(host))
        });
    }
    let doc = doc_of(
        "The display name of From, with its quotes.",
        "The display name of To, with its quotes.",
    );
    declaration.read_write(
        doc_of("fn", "tn"),
        doc,
        move |_, c| name(c, side),
        move |_, c, v| set_name(c, side, v),
    );
    let doc = doc_of("The tag of From.", "The tag of To.");
    declaration.read(doc_of("ft", "tt"), doc, move |_, c| tag(c, side));
    let doc = doc_of(
        "The length of the user of From.",
        "The length of the user of To.",
    );
    declaration.read(doc_of("fUl", "tUl"), doc, move |_, c| {
        match uri_part(c, uri(c, side), UriPart::User) {
            Value::Str(user) => int(user.len()),
            _ => Value::Int(0),
        }
    });
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    From,
    To,
}

fn address(context: &Context, side: Side) -> Option<NameAddr<'_>> {
    let message = &context.message;
    if side == Side::From {
        message.from().ok()
    } else {
        message.to().ok()
    }
}

fn uri(context: &Context, side: Side) -> Option<Bytes> {
    address(context, side).map(|address| context.message.slice_of(address.uri))
}

fn uri_value(context: &Context, side: Side) -> Value {
    of_message(context, address(context, side).map(|address| address.uri))
}

fn name(context: &Context, side: Side) -> Value {
    let display = address(context, side).map(|address| address.display);
    of_message(context, display.filter(|display| !display.is_empty()))
}

fn tag(context: &Context, side: Side) -> Value {
    of_message(
        context,
        address(context, side).and_then(|address| address.tag()),
    )
}

fn set_uri(context: &mut Context, side: Side, value: Value) -> bool {
    match value {
        Value::Str(uri) if Uri::parse(&uri).is_ok() => replace_uri(context, side, uri),
        _ => false,
    }
}

fn set_part(
    context: &mut Context,
    side: Side,
    value: Value,
    edit: fn(&[u8]) -> UriEdit<'_>,
) -> bool {
    let Value::Str(text) = value else {
        return false;
    };
    let changed = uri(context, side).and_then(|uri| rewrite_uri(&uri, edit(&text)));
    changed.is_some_and(|uri| replace_uri(context, side, uri))
}

fn replace_uri(context: &mut Context, side: Side, uri: Bytes) -> bool {
    let place = address(context, side).map(|address| place_of(context, address.uri));
    place
        .map(|place| context.edits.replace_again(place, uri))
        .is_some()
}

/// Puts a display name in front of the URI; without brackets around the URI they come with it.
fn set_name(context: &mut Context, side: Side, value: Value) -> bool {
    let display = match value {
        Value::Str(display) => display,
        Value::Null => Bytes::new(),
        Value::Int(_) => return false,
    };
    if display.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return false;
    }
    let Some(address) = address(context, side) else {
        return false;
    };
    let whole = place_of(context, address.raw);
    let uri = place_of(context, address.uri);
    let bracketed = address.bracketed;
    let mut front = display.to_vec();
    if !front.is_empty() {
        front.push(b' ');
    }
    if bracketed || !front.is_empty() {
        front.push(b'<');
    }
    context
        .edits
        .replace_again(Span::new(whole.start, uri.start), front.clone());
    if !bracketed && !front.is_empty() {
        context.edits.insert_after(uri, &b">"[..]);
    }
    true
}

fn place_of(context: &Context, part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).saturating_sub(context.message.bytes().as_ptr() as usize);
    Span::from(start..start + part.len())
}
