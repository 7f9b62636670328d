//! `rewriteuri` and its kin: the Request-URI, part by part.

use super::Core;
use bytes::Bytes;
use policy::{Context, Declaration, Int, Routes, Text, UriEdit, rewrite_uri};
use sip::Uri;

pub(super) fn declare(d: &mut Declaration<Core>) {
    let routes = Routes::ANY;
    d.function(
        "rewriteuri(uri)",
        "Replaces the Request-URI.",
        routes,
        rewrite,
    )
    .alias("seturi");
    d.function(
        "rewritehost(host)",
        "Replaces the host of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::Host(text)),
    )
    .alias("sethost");
    let doc = "Replaces host and port of the Request-URI.";
    d.function(
        "rewritehostport(hostport)",
        doc,
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::HostPort(text)),
    )
    .alias("sethostport")
    .alias("sethp");
    let doc = "Replaces host, port and transport of the Request-URI.";
    d.function(
        "rewritehostporttrans(hostport)",
        doc,
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::HostPortTransport(text)),
    )
    .alias("sethostporttrans")
    .alias("sethpt");
    d.function(
        "rewriteport(port)",
        "Replaces the port of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::Port(text)),
    )
    .alias("setport");
    d.function(
        "rewriteuser(user)",
        "Replaces the user of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::User(text)),
    )
    .alias("setuser");
    let doc = "Replaces user and password of the Request-URI.";
    d.function(
        "rewriteuserpass(userpass)",
        doc,
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::UserPassword(text)),
    )
    .alias("setuserpass")
    .alias("setup");
    d.function(
        "prefix(text)",
        "Puts a text before the user of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, t: &Text| edit(c, t, |text| UriEdit::Prefix(text)),
    );
    d.function(
        "strip(count)",
        "Takes octets from the front of the user of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, n: &Int| cut(c, n, UriEdit::Strip),
    );
    d.function(
        "strip_tail(count)",
        "Takes octets from the end of the user of the Request-URI.",
        routes,
        |_: &Core, c: &mut Context, n: &Int| cut(c, n, UriEdit::StripTail),
    );
    d.function(
        "revert_uri()",
        "Makes the Request-URI what it was on arrival.",
        routes,
        |_: &Core, c: &mut Context| {
            let original = c.message.slice_of(c.message.request_uri());
            set(c, original)
        },
    );
    d.function(
        "clear_branches()",
        "Forgets all branches beside the first.",
        routes,
        |_: &Core, c: &mut Context| {
            c.branches.clear();
            true
        },
    );
}

fn rewrite(_: &Core, context: &mut Context, uri: &Text) -> bool {
    let uri = uri.get(context);
    set(context, uri)
}

fn set(context: &mut Context, uri: Bytes) -> bool {
    let fits = context.message.is_request() && Uri::parse(&uri).is_ok();
    if fits {
        context.set_uri(uri);
    }
    fits
}

fn edit(context: &mut Context, text: &Text, edit: fn(&[u8]) -> UriEdit<'_>) -> bool {
    let text = text.get(context);
    let changed = rewrite_uri(&context.target.uri, edit(&text));
    changed.is_some_and(|uri| set(context, uri))
}

fn cut(context: &mut Context, count: &Int, edit: fn(usize) -> UriEdit<'static>) -> bool {
    let Some(count) = count
        .get(context)
        .and_then(|count| usize::try_from(count).ok())
    else {
        return false;
    };
    let changed = rewrite_uri(&context.target.uri, edit(count));
    changed.is_some_and(|uri| set(context, uri))
}
