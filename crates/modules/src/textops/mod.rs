//! Text operations on the message: search, replace, headers, bodies, lists.
//!
//! Changes are edits: they show when the message leaves, or after `msg_apply_changes()`.

mod arguments;
mod body;
mod headers;
mod hold;
mod kinds;
mod multipart;
mod remove;
mod replace;
mod search;
mod strings;
mod subst;
mod time;

use policy::{Declaration, Entry, Init, Module, Problem, Routes};
use sip::Span;

pub(crate) const ENTRY: Entry = Entry::of::<TextOps>();

struct TextOps;

impl Module for TextOps {
    const NAME: &'static str = "textops";
    type Params = ();

    fn declare(d: &mut Declaration<TextOps>) {
        d.doc(
            "Text operations on the message: search, replace, headers, bodies, string comparison.",
        );
        kinds::declare(d);
        headers::declare(d);
        remove::declare(d);
        body::declare(d);
        multipart::declare(d);
        search::declare(d);
        replace::declare(d);
        subst::declare(d);
        strings::declare(d);
        d.function(
            "append_time()",
            "Adds a Date header to replies of ours.",
            Routes::ANY,
            time::append_time,
        );
        d.function(
            "append_time_to_request()",
            "Adds a Date header to the request that leaves.",
            Routes::ANY,
            time::append_time_to_request,
        );
    }

    fn init(_: (), _: &mut Init<'_>) -> Result<TextOps, Problem> {
        Ok(TextOps)
    }
}

/// Everything behind the first line: what text operations on "the message" may change.
fn behind_first_line(message: &sip::Message) -> Span {
    Span::from(message.headers_start()..message.bytes().len())
}

/// The headers with the empty line behind them.
fn headers(message: &sip::Message) -> Span {
    Span::from(message.headers_start()..message.body_offset())
}

/// The body; none where it is empty.
fn body(message: &sip::Message) -> Option<Span> {
    let span = Span::from(message.body_offset()..message.bytes().len());
    (!span.is_empty()).then_some(span)
}
