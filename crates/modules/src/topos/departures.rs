//! Messages about to leave: what their answers will need is written, and they are stripped.

use super::InstanceName;
use super::arrivals::ReplyNote;
use super::branches::{Branches, Known as Kept};
use super::call_ids::CallIds;
use super::contact::Style;
use super::hop::{Hop, InHand, News};
use super::keeper::Keeper;
use super::outgoing::{Dress, strip_request, stripped_reply};
use super::params::Failure;
use super::record::Departure;
use crate::patch::{Patch, values};
use crate::veil::References;
use bytes::Bytes;
use policy::{Context, DialogWay, HiddenDialog, Outgoing, Sent, Stored, TopologyWrite};
use sip::{HeaderId, Method};
use std::sync::Arc;

/// Strips what leaves.
pub(super) struct Departures {
    pub(super) style: Style,
    pub(super) branches: Arc<Branches>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) call_ids: Arc<CallIds>,
    pub(super) rr_update: bool,
    /// The parameter `context`.
    pub(super) instance: Bytes,
}

/// What is to be written before a request leaves.
struct Duties {
    writes: Vec<TopologyWrite>,
    /// Nothing to write, and no reply to wait for: an ACK, a CANCEL.
    is_fleeting: bool,
}

impl Departures {
    /// A request on one of its branches.
    pub(super) fn request(self: &Arc<Self>, outgoing: &Outgoing<'_>) -> Sent {
        let context = outgoing.request;
        let Some((context, in_hand)) =
            context.and_then(|context| Some((context, context.extension::<InHand>()?)))
        else {
            self.expect_clear(outgoing);
            return self.own_request(outgoing);
        };
        if in_hand.hop.is_let_pass() {
            return Sent::Unchanged;
        }
        let departure = Departure::new(outgoing, context);
        let now_s = outgoing.now.unix_s();
        let (dialog, duties) = self.duties(&departure, &in_hand.hop, now_s);
        let bytes = self.stripped(&departure, in_hand, &dialog);
        if duties.is_fleeting {
            return Sent::Replaced(bytes);
        }
        let Some(branch) = departure.branch(&in_hand.hop, &dialog) else {
            return Sent::Unchanged;
        };
        let (name, branch) = (branch.branch.clone(), Arc::new(branch));
        let kept = Kept::Hidden(branch.clone(), in_hand.hop.clone());
        let until_s = now_s + self.keeper.lifetimes(now_s).branch_s;
        if !self
            .branches
            .insert(name.clone(), kept, in_hand.life(), until_s)
        {
            return self.written(&in_hand.hop, &name, bytes, Err(FULL.to_owned()));
        }
        if in_hand.hop.known.is_none() && departure.request.method() == Method::Invite {
            self.branches.note_begun(&dialog.uuid, &in_hand.hop);
        }
        let mut writes = vec![TopologyWrite::Branch(branch)];
        writes.extend(duties.writes);
        self.write(in_hand.hop.clone(), name, bytes, writes, outgoing)
    }

    fn write(
        self: &Arc<Self>,
        hop: Arc<Hop>,
        name: Bytes,
        bytes: Bytes,
        writes: Vec<TopologyWrite>,
        outgoing: &Outgoing<'_>,
    ) -> Sent {
        let now_s = outgoing.now.unix_s();
        if !outgoing.may_wait {
            self.keeper.write_unheard(writes, now_s);
            return self.written(&hop, &name, bytes, Ok(()));
        }
        let me = self.clone();
        match self.keeper.write(writes, now_s) {
            Stored::Known(result) => self.written(&hop, &name, bytes, result),
            Stored::Ask(effect, read) => Sent::Wait(
                effect,
                Box::new(move |answer| me.written(&hop, &name, bytes, read(answer))),
            ),
        }
    }

    /// Its state is written, or cannot be: then it leaves not at all, or as it is, but never half.
    fn written(&self, hop: &Hop, name: &[u8], bytes: Bytes, result: Result<(), String>) -> Sent {
        let Err(why) = result else {
            hop.left_hidden(true);
            return Sent::Replaced(bytes);
        };
        self.branches.remove(name);
        self.keeper
            .note_failure("a request's state cannot be written", &why);
        match self.keeper.failure == Failure::Pass && hop.let_pass() {
            true => Sent::Unchanged,
            false => self.keeper.refused_departure(),
        }
    }

    /// The dialog of a request, and what must be written of it.
    fn duties(
        &self,
        departure: &Departure<'_>,
        hop: &Hop,
        now_s: u64,
    ) -> (Arc<HiddenDialog>, Duties) {
        let method = departure.request.method();
        let is_fleeting = matches!(method, Method::Ack | Method::Cancel);
        let lifetimes = self.keeper.lifetimes(now_s);
        let mut writes = Vec::new();
        let dialog = match &hop.known {
            None => {
                let instance = self.instance_of(departure.context);
                let uuid = named(&hop.uuid, &instance);
                let make = || departure.begun(uuid, &instance, &self.style, lifetimes);
                let (dialog, is_new) = hop.begin(make);
                if is_new && departure.request.has(HeaderId::Contact) {
                    writes.push(TopologyWrite::Begin(dialog.clone()));
                }
                dialog
            }
            Some(known) => {
                let changed = departure.refreshed(hop, &known.dialog, self.rr_update, lifetimes);
                let is_first = known.news == News::First;
                if method == Method::Bye {
                    writes.push(TopologyWrite::End(known.dialog.clone()));
                } else if changed.is_some() || known.news != News::None {
                    let dialog = changed.unwrap_or_else(|| known.dialog.clone());
                    hop.change(dialog.clone());
                    self.branches.note_refreshed(&dialog);
                    writes.push(TopologyWrite::Put { dialog, is_first });
                }
                known.dialog.clone()
            }
        };
        let duties = Duties {
            writes,
            is_fleeting,
        };
        (dialog, duties)
    }

    fn stripped(
        &self,
        departure: &Departure<'_>,
        in_hand: &InHand,
        dialog: &HiddenDialog,
    ) -> Bytes {
        let (request, way) = (departure.request, in_hand.hop.way);
        let (contact, call_id) = match way {
            DialogWay::ToCallee => (&dialog.callee.shown, self.call_ids.masked(&dialog.call_id)),
            DialogWay::ToCaller => (&dialog.caller.shown, None),
        };
        let dress = Dress {
            contact: Some(contact),
            call_id: call_id.as_deref(),
            kept_routes: 0,
        };
        let mut patch = Patch::default();
        strip_request(request, dress, &mut patch);
        self.call_ids
            .hide(&in_hand.references, request, way, &mut patch);
        patch.apply(request.bytes()).into_bytes()
    }

    /// A request of our own has nothing to strip; within a dialog that we hide its Call-IDs are masked as those of
    /// others are.
    fn own_request(&self, outgoing: &Outgoing<'_>) -> Sent {
        let context = outgoing.request;
        let Some(way) = context.and_then(Context::extension::<DialogWay>) else {
            return Sent::Unchanged;
        };
        let request = outgoing.message;
        let call_id = request.call_id().unwrap_or_default();
        let masked = match way {
            DialogWay::ToCallee => self.call_ids.masked(call_id),
            DialogWay::ToCaller => None,
        };
        let dress = Dress {
            call_id: masked.as_deref(),
            kept_routes: usize::MAX,
            ..Dress::default()
        };
        let mut patch = Patch::default();
        strip_request(request, dress, &mut patch);
        self.call_ids
            .hide(&References::default(), request, *way, &mut patch);
        match patch.is_empty() {
            true => Sent::Unchanged,
            false => Sent::Replaced(patch.apply(request.bytes()).into_bytes()),
        }
    }

    /// A request of our own, or one that a hook before us let pass: nobody need be asked about its replies.
    fn expect_clear(&self, outgoing: &Outgoing<'_>) {
        let via = outgoing.message.top_via().ok();
        if let Some(branch) = via.and_then(|via| via.branch) {
            let now_s = outgoing.now.unix_s();
            let until_s = now_s + self.keeper.lifetimes(now_s).branch_s;
            let branch = Bytes::copy_from_slice(branch);
            // Without room its replies are asked about.
            let _kept = self
                .branches
                .insert(branch, Kept::Clear, std::sync::Weak::new(), until_s);
        }
    }

    /// A reply to who sent the request.
    pub(super) fn reply(&self, outgoing: &Outgoing<'_>) -> Sent {
        let Some((hop, kept_routes)) = reply_hop(outgoing) else {
            return Sent::Unchanged;
        };
        let dialog = hop.dialog().filter(|_| !hop.is_let_pass());
        let Some(dialog) = dialog else {
            return Sent::Unchanged;
        };
        let (shown, call_id) = match hop.way {
            DialogWay::ToCallee => (&dialog.caller.shown, None),
            DialogWay::ToCaller => (&dialog.callee.shown, self.call_ids.masked(&dialog.call_id)),
        };
        // What we answer ourselves has nothing of another side in it.
        let is_relayed = hop.has_hidden();
        let dress = Dress {
            contact: is_relayed.then_some(shown),
            call_id: call_id.as_deref(),
            kept_routes: match is_relayed {
                true => kept_routes,
                false => usize::MAX,
            },
        };
        Sent::Replaced(stripped_reply(outgoing.message, dress))
    }

    fn instance_of(&self, context: &Context) -> Bytes {
        let set = context.extension::<InstanceName>();
        let set = set.filter(|set| !set.0.is_empty());
        set.map_or_else(|| self.instance.clone(), |set| set.0.clone())
    }
}

const FULL: &str = "there is no room for another branch";

/// The request that a reply answers, and how many Record-Routes are its receiver's own.
fn reply_hop(outgoing: &Outgoing<'_>) -> Option<(Arc<Hop>, usize)> {
    if let Some(context) = outgoing.request {
        let in_hand = context.extension::<InHand>()?;
        let routes = values(&context.message, HeaderId::RecordRoute).count();
        return Some((in_hand.hop.clone(), routes));
    }
    let mut notes = outgoing.notes.iter();
    let note = notes.find_map(|note| note.downcast_ref::<ReplyNote>())?;
    Some((note.hop.clone(), note.routes))
}

/// `tpsh-…-context`, as 5.6.3 writes it.
fn named(uuid: &Bytes, instance: &Bytes) -> Bytes {
    match instance.is_empty() {
        true => uuid.clone(),
        false => [&uuid[..], &instance[..]].join(&b'-').into(),
    }
}
