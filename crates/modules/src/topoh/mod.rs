//! Topology hiding without state: addresses leave as masks and come back as addresses.

mod hook;
mod incoming;
mod outgoing;
mod params;

use crate::veil::Mode;
use hook::Hider;
use incoming::RequestNote;
use params::Params;
use policy::{Context, Declaration, Entry, Init, Level, Module, Problem, Var, problem};
use script::Value;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Topoh>();

/// The header in which Kamailio passes notes to itself.
const MARKER: &[u8] = b"TH";

/// The event routes, with their bits in `event_mode`.
const OUTGOING: (&str, i64) = ("topoh:msg-outgoing", 1);
const SENDING: (&str, i64) = ("topoh:msg-sending", 2);

/// Everything it does it does as a message hook; a script has nothing to call.
struct Topoh;

impl Module for Topoh {
    const NAME: &'static str = "topoh";
    type Params = Params;

    fn declare(d: &mut Declaration<Topoh>) {
        d.doc("Hides topology: what routing headers say of the other side leaves as masks, which come back as addresses.");
        params::declare(d);
        d.variable(
            "topoh(ru)",
            "The Request-URI as it came, hidden or not.",
            false,
            |_, spec, _| match spec.inner.as_deref() {
                Some(b"ru") => Ok(Var::read_only(uri_as_it_came)),
                _ => Err(problem("$topoh takes ru")),
            },
        );
        d.prompt_event_route(
            OUTGOING.0,
            "Before a message is hidden, without it: $sndto(ip), $sndto(port) and $sndto(proto) are where it goes. `drop` and it leaves as it is.",
        );
        d.prompt_event_route(
            SENDING.0,
            "The same with the message as it would leave, in clear.",
        );
        deviations(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Topoh, Problem> {
        let is_random = params.mask_key == "random" && params.mask_mode == Mode::Sealed;
        if security::is_printed_mask_key(&params.mask_key) && !is_random {
            if params.mask_mode == Mode::Sealed {
                return Err(problem(
                    "topoh.mask_key is printed in manuals; with mask_mode \"sealed\" it must be a secret",
                ));
            }
            init.logger.log(Level::Warn, "topoh", || {
                "mask_key is one that everybody knows: who has read the manuals reads the hidden addresses".to_owned()
            });
        }
        let hider = Hider::new(params, init)?;
        init.hook_messages(Arc::new(hider));
        Ok(Topoh)
    }
}

/// What `$topoh(ru)` is.
fn uri_as_it_came(context: &mut Context) -> Value {
    let note = context.extension::<RequestNote>();
    let uri = note.and_then(|note| note.uri.clone());
    let request = &context.message;
    Value::Str(uri.unwrap_or_else(|| request.slice_of(request.request_uri())))
}

fn deviations(d: &mut Declaration<Topoh>) {
    for sentence in [
        "No marker (`TH: dih`, `TH=div`) stands in a message, neither for the script nor where an event route says `drop`; a TH header of a peer is removed, where 5.6.3 leaves the message unhidden for it.",
        "Every Contact is hidden; 5.6.3 hides the last one of the first header.",
        "A first Record-Route that is not ours is hidden, and the Record-Routes of the caller's side come back to him in clear; 5.6.3 does neither where the script does not record-route.",
        "CANCEL and the ACK of a negative reply have the Call-ID of their INVITE; 5.6.3 hides it towards a caller who never saw it.",
        "A mask that is none of ours is answered with 400 (a reply is dropped), counted and logged; 5.6.3 passes it to the script.",
        "The Request-URI is opened outside of dialogs too, so that a hidden target of a 302 or a REFER can be called.",
        "With mask_callid the Call-IDs in Replaces, Join, Target-Dialog, In-Reply-To and in the Replaces of a Refer-To are hidden and opened too.",
        "Within a dialog whose Record-Route has no ftag, a hidden Call-ID comes from the callee; 5.6.3 hides it once more.",
        "An empty callid_prefix is refused with mask_callid, since every Call-ID would be a mask.",
        "A request that fails sanity_checks is not answered before the script; 5.6.3 tries to, with a Via that it cannot read itself.",
    ] {
        d.deviation(sentence);
    }
}

#[cfg(test)]
mod tests;
