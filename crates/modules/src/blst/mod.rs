//! The destination blocklist in the hands of the script.

#[cfg(test)]
mod tests;

use policy::blocklist::{Place, reason};
use policy::{
    Blocklist, Context, Declaration, Entry, Init, Int, Module, Problem, Routes, between,
    retry_after_s,
};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Blst>();

struct Blst {
    list: Arc<Blocklist>,
}

impl Module for Blst {
    const NAME: &'static str = "blst";
    type Params = ();

    fn declare(d: &mut Declaration<Blst>) {
        d.doc("Lists where a message came from as a destination that failed, for a while.");
        listing(d);
        ignoring(d);
    }

    fn init((): (), init: &mut Init<'_>) -> Result<Blst, Problem> {
        Ok(Blst {
            list: init.blocklist(),
        })
    }
}

fn listing(d: &mut Declaration<Blst>) {
    d.function(
        "blst_add([seconds])",
        "Lists the source of the message, for dst_blocklist_expire seconds where none are given.",
        Routes::ANY,
        Blst::add,
    );
    d.function(
        "blst_add_retry_after(least, most)",
        "Lists the source for the seconds of Retry-After, within bounds; -1 without that header.",
        Routes::ANY,
        Blst::add_retry_after,
    );
    d.function(
        "blst_del()",
        "Takes the source off; -1 where it was not listed.",
        Routes::ANY,
        Blst::remove,
    );
    d.function(
        "blst_is_blocklisted()",
        "1 where the source is listed, else -1.",
        Routes::ANY,
        Blst::is_listed,
    )
    .alias("blst_is_blacklisted");
}

fn ignoring(d: &mut Declaration<Blst>) {
    d.function(
        "blst_set_ignore([reasons])",
        "Reasons, all where none are given, that do not list where this request goes: 2 not sent, 4 not connected, 16 never answered, 32 said 503.",
        Routes::ANY,
        |_: &Blst, context: &mut Context, reasons: &Option<Int>| {
            let reasons = bits(context, reasons);
            context.armed_mut().unlisted_reasons |= reasons;
            true
        },
    );
    d.function(
        "blst_clear_ignore([reasons])",
        "Takes reasons back that blst_set_ignore() named.",
        Routes::ANY,
        |_: &Blst, context: &mut Context, reasons: &Option<Int>| {
            let reasons = bits(context, reasons);
            context.armed_mut().unlisted_reasons &= !reasons;
            true
        },
    );
    for name in [
        "blst_rpl_set_ignore([reasons])",
        "blst_rpl_clear_ignore([reasons])",
    ] {
        d.function(
            name,
            "Accepted; means nothing here because a reply that does not leave lists nobody.",
            Routes::ANY,
            |_: &Blst, _: &mut Context, _: &Option<Int>| true,
        );
    }
}

impl Blst {
    fn add(&self, context: &mut Context, seconds: &Option<Int>) -> bool {
        let seconds = seconds.as_ref().map(|seconds| whole(context, seconds));
        self.put(context, seconds.filter(|seconds| *seconds > 0))
    }

    fn add_retry_after(&self, context: &mut Context, least: &Int, most: &Int) -> bool {
        let (least, most) = (whole(context, least), whole(context, most));
        let wanted = retry_after_s(&context.message);
        wanted.is_some_and(|wanted| self.put(context, Some(between(wanted, least, most))))
    }

    fn put(&self, context: &Context, seconds: Option<u32>) -> bool {
        let place = Place {
            address: context.flow.peer,
            transport: Some(context.flow.proto),
        };
        let params = &context.core().blocklist;
        params.put(&self.list, place, reason::ASKED, seconds, context.now)
    }

    fn remove(&self, context: &mut Context) -> bool {
        self.list.remove(context.flow.proto, context.flow.peer)
    }

    fn is_listed(&self, context: &mut Context) -> bool {
        let (flow, now) = (context.flow, context.now);
        let params = &context.core().blocklist;
        params.holds_back(&self.list, flow.proto, flow.peer, now)
    }
}

fn whole(context: &mut Context, number: &Int) -> u32 {
    let number = number.get(context).unwrap_or(0);
    u32::try_from(number).unwrap_or(0)
}

/// The reasons that an argument names.
fn bits(context: &mut Context, reasons: &Option<Int>) -> u8 {
    let all = i64::from(u8::MAX);
    let named = reasons.as_ref().and_then(|reasons| reasons.get(context));
    (named.unwrap_or(all) & all) as u8
}
