//! A request on its way through us, from when it comes until the last reply has gone back.

use crate::veil::References;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::{DialogWay, HiddenBranch, HiddenDialog, HiddenEnd};
use smallvec::SmallVec;
use std::sync::{Arc, Weak};

/// What is kept with a request that came, in its context.
pub(super) struct InHand {
    pub(super) hop: Arc<Hop>,
    /// The dialogs that its headers name.
    pub(super) references: References,
    life: Arc<()>,
}

/// A request on its way through us.
pub(super) struct Hop {
    /// Which way it goes.
    pub(super) way: DialogWay,
    /// What its dialog is named, before the context is appended.
    pub(super) uuid: Bytes,
    /// The dialog it is within, as it was found.
    pub(super) known: Option<Known>,
    live: Mutex<Live>,
}

/// A dialog that was found.
pub(super) struct Known {
    pub(super) dialog: Arc<HiddenDialog>,
    /// What its rows do not know: a callee may speak before his answer has come.
    pub(super) news: News,
}

/// What the storage does not know of a dialog yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing.
    None,
    /// This callee is the first.
    First,
    /// There are others; this one is not known.
    Fork,
}

#[derive(Default)]
struct Live {
    /// The dialog that this request begins, from when it has left first.
    begun: Option<Arc<HiddenDialog>>,
    /// The dialog it is within, as this request has changed it.
    changed: Option<Arc<HiddenDialog>>,
    is_stored: bool,
    has_hidden: bool,
    is_let_pass: bool,
    answers: SmallVec<[Answered; 1]>,
    /// The caller as an early target refresh has changed him, by the tag of the callee it went to or came from.
    moved: SmallVec<[(Bytes, HiddenEnd); 0]>,
}

/// What a callee has said of himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) tag: Bytes,
    pub(super) contact: Bytes,
    pub(super) routes: Bytes,
    pub(super) is_confirmed: bool,
}

impl InHand {
    pub(super) fn new(hop: Hop, references: References) -> InHand {
        InHand {
            hop: Arc::new(hop),
            references,
            life: Arc::new(()),
        }
    }

    /// Ends when the request's context does.
    pub(super) fn life(&self) -> Weak<()> {
        Arc::downgrade(&self.life)
    }
}

impl Hop {
    /// A request that is in no dialog that we know.
    pub(super) fn fresh(uuid: Bytes) -> Hop {
        Hop {
            way: DialogWay::ToCallee,
            uuid,
            known: None,
            live: Mutex::default(),
        }
    }

    /// A request within a dialog.
    pub(super) fn within(way: DialogWay, known: Known) -> Hop {
        Hop {
            way,
            uuid: known.dialog.uuid.clone(),
            known: Some(known),
            live: Mutex::default(),
        }
    }

    /// A request that left before this process began, or from another one.
    pub(super) fn remembered(branch: &HiddenBranch) -> Hop {
        let mut dialog = HiddenDialog {
            context: branch.context.clone(),
            method: branch.method.clone(),
            cseq: branch.cseq.clone(),
            call_id: branch.call_id.clone(),
            uuid: branch.uuid.clone(),
            own_routes: branch.own_routes.clone(),
            ..HiddenDialog::default()
        };
        dialog.caller.tag = branch.caller_tag.clone();
        dialog.caller.shown = branch.caller_shown.clone();
        dialog.callee.shown = branch.callee_shown.clone();
        if branch.way == DialogWay::ToCallee {
            dialog.caller.contact = branch.contact.clone();
            dialog.caller.routes = branch.routes.clone();
        }
        let live = Live {
            begun: Some(Arc::new(dialog)),
            is_stored: true,
            has_hidden: true,
            ..Live::default()
        };
        Hop {
            way: branch.way,
            uuid: branch.uuid.clone(),
            known: None,
            live: Mutex::new(live),
        }
    }

    /// The dialog it is within, or begins.
    pub(super) fn dialog(&self) -> Option<Arc<HiddenDialog>> {
        let live = self.live.lock();
        match &self.known {
            Some(known) => Some(live.changed.as_ref().unwrap_or(&known.dialog).clone()),
            None => live.begun.clone(),
        }
    }

    /// The dialog it is within is this from now on.
    pub(super) fn change(&self, dialog: Arc<HiddenDialog>) {
        self.live.lock().changed = Some(dialog);
    }

    /// The dialog that it begins, made where it leaves for the first time; and whether that must still be written.
    pub(super) fn begin(&self, make: impl FnOnce() -> HiddenDialog) -> (Arc<HiddenDialog>, bool) {
        let mut live = self.live.lock();
        let is_stored = live.is_stored;
        let begun = live.begun.get_or_insert_with(|| Arc::new(make()));
        (begun.clone(), !is_stored)
    }

    /// It leaves hidden, and what is needed is written.
    pub(super) fn left_hidden(&self, is_stored: bool) {
        let mut live = self.live.lock();
        live.has_hidden = true;
        live.is_stored |= is_stored;
    }

    /// It is to leave as it is. False where it has left hidden already, on another branch.
    pub(super) fn let_pass(&self) -> bool {
        let mut live = self.live.lock();
        live.is_let_pass |= !live.has_hidden;
        live.is_let_pass
    }

    pub(super) fn is_let_pass(&self) -> bool {
        self.live.lock().is_let_pass
    }

    pub(super) fn has_hidden(&self) -> bool {
        self.live.lock().has_hidden
    }

    /// A target refresh within an early dialog that this request began has left the caller like this.
    pub(super) fn note_caller(&self, early: &HiddenDialog) {
        let (tag, caller) = (&early.callee.tag, early.caller.clone());
        let mut live = self.live.lock();
        match live.moved.iter_mut().find(|(moved, _)| moved == tag) {
            Some((_, place)) => *place = caller,
            None => live.moved.push((tag.clone(), caller)),
        }
    }

    /// The caller towards one of the callees, where he is not as this request said.
    pub(super) fn moved_caller(&self, tag: &[u8]) -> Option<HiddenEnd> {
        let live = self.live.lock();
        let mut moved = live.moved.iter();
        let found = moved.find(|(callee, _)| callee == tag);
        found.map(|(_, caller)| caller.clone())
    }

    /// Whether an answer says something new; and whether it is the first.
    pub(super) fn is_new(&self, answered: &Answered) -> Option<News> {
        let live = self.live.lock();
        let is_known = live.answers.contains(answered);
        let first = match live.answers.is_empty() {
            true => News::First,
            false => News::Fork,
        };
        (!is_known).then_some(first)
    }

    /// The storage knows of this answer.
    pub(super) fn note(&self, answered: Answered) {
        let mut live = self.live.lock();
        let mut answers = live.answers.iter_mut();
        match answers.find(|earlier| earlier.tag == answered.tag) {
            Some(place) => *place = answered,
            None => live.answers.push(answered),
        }
    }
}
