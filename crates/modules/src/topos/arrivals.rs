//! Messages that came: what is kept of their dialogs is looked up, and they are whole again.

use super::branches::{Branches, Known as Kept};
use super::call_ids::CallIds;
use super::contact::{End, Key, Names, Style};
use super::hop::{Answered, Hop, InHand, Known, News};
use super::incoming::{dialog_of, restore_call_id, restore_request, restored_reply, target_of};
use super::keeper::Keeper;
use super::params::Failure;
use super::record::{answered, life_of, refreshed_by_answer, with_callee};
use crate::patch::Patch;
use crate::veil::{Forged, References};
use bytes::Bytes;
use policy::{
    Counter, DialogQuery, DialogWay, HiddenBranch, HiddenDialog, Incoming, Level, Logger, Now,
    Received, SanityChecks, Stored, TopologyWrite,
};
use sip::Message;
use std::sync::{Arc, Weak};

/// Restores what comes.
pub(super) struct Arrivals {
    pub(super) style: Style,
    pub(super) names: Names,
    pub(super) call_ids: Arc<CallIds>,
    pub(super) branches: Arc<Branches>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) sanity: Option<Arc<dyn SanityChecks>>,
    pub(super) rr_update: bool,
    pub(super) logger: Logger,
    pub(super) unknown: Counter,
    pub(super) forged: Counter,
}

/// A request on its way in.
struct Arriving {
    request: Arc<Message>,
    now: Now,
    /// What is changed in it.
    patch: Patch,
    references: References,
}

/// What is kept with a reply that finds its way without a transaction.
pub(super) struct ReplyNote {
    /// The request that it answers.
    pub(super) hop: Arc<Hop>,
    /// How many Record-Routes at its end are its receiver's own.
    pub(super) routes: usize,
}

impl Arrivals {
    /// A request: what its Request-URI names is looked up.
    pub(super) fn request(self: &Arc<Self>, incoming: &Incoming<'_>) -> Received {
        let request = incoming.message;
        let mut patch = Patch::default();
        let references = match self.call_ids.open(request, &mut patch) {
            Ok(references) => references,
            Err(forged) => return self.refused(incoming, forged),
        };
        let arriving = Arriving {
            request: request.clone(),
            now: incoming.now,
            patch,
            references,
        };
        let key = self.style.find(request.request_uri());
        match key.filter(|_| self.is_sane(request)) {
            Some(key) => self.look_up(arriving, key),
            None => self.begun(arriving),
        }
    }

    fn look_up(self: &Arc<Self>, arriving: Arriving, key: Key) -> Received {
        let request = &arriving.request;
        let callee = match key.sender {
            End::Caller => request.to(),
            End::Callee => request.from(),
        };
        let tag = callee.ok().and_then(|callee| callee.tag());
        let query = DialogQuery {
            uuid: key.uuid.clone(),
            callee_tag: Bytes::copy_from_slice(tag.unwrap_or_default()),
        };
        let me = self.clone();
        match self.keeper.dialogs(&query) {
            Stored::Known(found) => self.found(arriving, &key, found),
            Stored::Ask(effect, read) => Received::Wait(
                effect,
                Box::new(move |answer| me.found(arriving, &key, read(answer))),
            ),
        }
    }

    fn refused(&self, incoming: &Incoming<'_>, Forged(place): Forged) -> Received {
        self.forged.inc();
        let (peer, proto) = (incoming.flow.peer, incoming.flow.proto);
        self.logger.log(Level::Warn, "topos", || {
            format!("a mask that is none of ours in {place}, from {peer} over {proto}")
        });
        Received::Refused {
            code: 400,
            reason: "Bad Request",
            retry_after_s: None,
        }
    }

    fn is_sane(&self, request: &Message) -> bool {
        let sanity = self.sanity.as_ref();
        let sane = sanity.is_none_or(|sanity| sanity.passes(request));
        if !sane {
            self.logger
                .log(Level::Err, "topos", || "sanity checks failed".to_owned());
        }
        sane
    }

    /// A request that is in no dialog that is kept.
    fn begun(&self, arriving: Arriving) -> Received {
        let uuid = self.names.next(arriving.now.unix_ms);
        arriving.passes(Hop::fresh(uuid))
    }

    fn found(
        &self,
        mut arriving: Arriving,
        key: &Key,
        found: Result<Vec<HiddenDialog>, String>,
    ) -> Received {
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                self.keeper
                    .note_failure("a dialog cannot be looked up", &why);
                return match self.keeper.failure {
                    Failure::Refuse => self.keeper.refused_arrival(),
                    Failure::Pass => Received::Unchanged(None),
                };
            }
        };
        let request = arriving.request.clone();
        if request.to().is_ok_and(|to| to.tag().is_some()) {
            let call_id = self.call_ids.of(&request);
            if let Some(hop) =
                call_id.and_then(|id| within(&request, &id, key, found, &mut arriving.patch))
            {
                return arriving.passes(hop);
            }
        } else if let Some(target) = target_of(key, &found) {
            let uri = request.request_uri_span();
            arriving
                .patch
                .replace(uri, |out| out.extend_from_slice(&target));
            return self.begun(arriving);
        }
        self.unknown.inc();
        self.begun(arriving)
    }

    /// A reply: the branch it came back on says what to restore.
    pub(super) fn reply(self: &Arc<Self>, incoming: &Incoming<'_>) -> Received {
        let reply = incoming.message;
        let mut vias = reply.vias();
        let top = vias.next().and_then(Result::ok);
        // What left hidden has our Via and no other.
        let (Some(branch), None) = (top.and_then(|via| via.branch), vias.next()) else {
            return Received::Unchanged(None);
        };
        match self.branches.find(branch) {
            Some(Kept::Hidden(branch, hop)) => self.restored(reply, &branch, &hop, incoming.now),
            Some(Kept::Clear) => self.own_answered(reply),
            None => self.ask_for(reply, branch, incoming.now),
        }
    }

    /// An answer to a request of our own, whose Call-ID may have left masked.
    fn own_answered(&self, reply: &Message) -> Received {
        let mut patch = Patch::default();
        if let Some(call_id) = self.call_ids.of(reply) {
            restore_call_id(reply, &call_id, &mut patch);
        }
        match patch.is_empty() {
            true => Received::Unchanged(None),
            false => Received::Replaced(patch.apply(reply.bytes()), None),
        }
    }

    /// Nobody here knows the branch: a server that ended meanwhile may have, or another one.
    fn ask_for(self: &Arc<Self>, reply: &Arc<Message>, branch: &[u8], now: Now) -> Received {
        let (me, message) = (self.clone(), reply.clone());
        match self.keeper.branch(branch) {
            Stored::Known(found) => self.remembered(reply, found, now),
            Stored::Ask(effect, read) => Received::Wait(
                effect,
                Box::new(move |answer| me.remembered(&message, read(answer), now)),
            ),
        }
    }

    fn remembered(
        self: &Arc<Self>,
        reply: &Arc<Message>,
        found: Result<Option<HiddenBranch>, String>,
        now: Now,
    ) -> Received {
        match found {
            Ok(Some(branch)) => {
                let (hop, branch) = (Arc::new(Hop::remembered(&branch)), Arc::new(branch));
                let known = Kept::Hidden(branch.clone(), hop.clone());
                let until_s = self.keeper.lifetimes(now.unix_s()).branch_s + now.unix_s();
                // Without room the next reply asks again.
                let _kept =
                    self.branches
                        .insert(branch.branch.clone(), known, Weak::new(), until_s);
                self.restored(reply, &branch, &hop, now)
            }
            Ok(None) => Received::Unchanged(None),
            Err(why) => {
                self.keeper
                    .note_failure("a branch cannot be looked up", &why);
                Received::Dropped
            }
        }
    }

    fn restored(
        self: &Arc<Self>,
        reply: &Arc<Message>,
        branch: &Arc<HiddenBranch>,
        hop: &Arc<Hop>,
        now: Now,
    ) -> Received {
        let bytes = restored_reply(reply, branch);
        let note = ReplyNote {
            hop: hop.clone(),
            routes: sip::split_values(&branch.routes)
                .filter(|route| !route.is_empty())
                .count(),
        };
        let received = Received::Replaced(bytes, Some(Box::new(note)));
        let Some((write, answered)) = self.news(reply, branch, hop, now) else {
            return received;
        };
        let is_repeated = branch.method.as_ref() == b"INVITE" && answered.is_confirmed;
        let (me, hop) = (self.clone(), hop.clone());
        let then = move |result: Result<(), String>| match result {
            Ok(()) => {
                hop.note(answered);
                received
            }
            Err(why) => {
                me.keeper
                    .note_failure("what was answered cannot be written", &why);
                // A 200 of an INVITE comes again until it is acknowledged.
                match is_repeated && me.keeper.failure == Failure::Refuse {
                    true => Received::Dropped,
                    false => received,
                }
            }
        };
        match self.keeper.write(vec![write], now.unix_s()) {
            Stored::Known(result) => then(result),
            Stored::Ask(effect, read) => {
                Received::Wait(effect, Box::new(move |answer| then(read(answer))))
            }
        }
    }

    /// What the storage does not know yet of who answers.
    fn news(
        &self,
        reply: &Message,
        branch: &HiddenBranch,
        hop: &Hop,
        now: Now,
    ) -> Option<(TopologyWrite, Answered)> {
        let answered = answered(reply)?;
        let news = hop.is_new(&answered)?;
        let lifetimes = self.keeper.lifetimes(now.unix_s());
        let lives_s = life_of(reply, answered.is_confirmed, lifetimes);
        let before = hop.dialog()?;
        let (dialog, is_first) = match &hop.known {
            Some(_) => {
                let follows = self.rr_update;
                let dialog =
                    refreshed_by_answer(&before, reply, hop.way, &answered, follows, lives_s)?;
                self.branches.note_refreshed(&dialog);
                (dialog, false)
            }
            None => {
                let mut dialog = with_callee(&before, branch, &answered, lives_s);
                if let Some(caller) = hop.moved_caller(&answered.tag) {
                    dialog.caller = caller;
                }
                (dialog, news == News::First)
            }
        };
        let dialog = Arc::new(dialog);
        Some((TopologyWrite::Put { dialog, is_first }, answered))
    }
}

impl Arriving {
    /// It goes on, with everything changed.
    fn passes(self, hop: Hop) -> Received {
        let note: policy::Note = Box::new(InHand::new(hop, self.references));
        match self.patch.is_empty() {
            true => Received::Unchanged(Some(note)),
            false => Received::Replaced(self.patch.apply(self.request.bytes()), Some(note)),
        }
    }
}

/// A request within a dialog, restored.
fn within(
    request: &Message,
    call_id: &[u8],
    key: &Key,
    found: Vec<HiddenDialog>,
    patch: &mut Patch,
) -> Option<Hop> {
    let knows_somebody = found.iter().any(|dialog| !dialog.callee.tag.is_empty());
    let (dialog, is_known) = dialog_of(request, call_id, key, found)?;
    let way = match key.sender {
        End::Caller => DialogWay::ToCallee,
        End::Callee => DialogWay::ToCaller,
    };
    restore_request(request, key.sender, &dialog, patch);
    let known = Known {
        dialog: Arc::new(dialog),
        news: match (is_known, knows_somebody) {
            (true, _) => News::None,
            (false, false) => News::First,
            (false, true) => News::Fork,
        },
    };
    Some(Hop::within(way, known))
}
