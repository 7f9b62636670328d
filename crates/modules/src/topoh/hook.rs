//! Where messages pass: opened when they come, hidden when they leave.

use super::incoming::{ReplyNote, RequestNote, open_reply, open_request};
use super::outgoing::{hide_reply, hide_request, is_hidden};
use super::params::Params;
use super::{OUTGOING, SENDING};
use crate::patch::{Patch, is_left_alone};
use crate::veil::Forged;
use crate::veil::Mask;
use crate::veil::{Veil, Way};
use policy::{
    Context, Counter, HookRoutes, Incoming, Init, Level, Logger, MessageHook, Note, Notes,
    Outgoing, Problem, Received, SanityChecks, Sent,
};
use sip::Edits;
use std::sync::Arc;

/// Opens and hides messages.
pub(super) struct Hider {
    veil: Veil,
    mask_callid: bool,
    sanity: Option<Arc<dyn SanityChecks>>,
    routes: HookRoutes,
    logger: Logger,
    forged: Counter,
}

impl Hider {
    /// The hider of these parameters.
    pub(super) fn new(params: Params, init: &Init<'_>) -> Result<Hider, Problem> {
        let mask = Mask::of_param(params.mask_mode, &params.mask_key, &init.secret);
        let sanity = match params.sanity_checks {
            true => Some(init.service::<dyn SanityChecks>("sanity")?),
            false => None,
        };
        let route = |(name, bit): (&'static str, i64)| {
            (params.event_mode & bit != 0 && init.has_event_route(name)).then_some(name)
        };
        Ok(Hider {
            veil: Veil::new(mask, &params.look()?),
            mask_callid: params.mask_callid,
            sanity,
            routes: HookRoutes {
                outgoing: route(OUTGOING),
                sending: route(SENDING),
                ..HookRoutes::default()
            },
            logger: init.logger.clone(),
            forged: init.counter("forged", "Messages with a mask that is none of ours."),
        })
    }

    fn is_sane(&self, incoming: &Incoming<'_>) -> bool {
        let sane = self
            .sanity
            .as_ref()
            .is_none_or(|sanity| sanity.passes(incoming.message));
        if !sane {
            self.logger
                .log(Level::Err, "topoh", || "sanity checks failed".to_owned());
        }
        sane
    }

    fn opened(&self, incoming: &Incoming<'_>, patch: &mut Patch) -> Result<Option<Note>, Forged> {
        let (veil, message) = (&self.veil, incoming.message);
        match message.is_request() {
            true => open_request(veil, message, self.mask_callid, patch)
                .map(|note| Some(Box::new(note) as Note)),
            false => open_reply(veil, message, self.mask_callid, patch)
                .map(|note| note.map(|note| Box::new(note) as Note)),
        }
    }

    /// Hides a message that is about to leave with these edits, which reach no header that is hidden.
    fn hide(&self, outgoing: &Outgoing<'_>, edits: &mut Edits) {
        if is_left_alone(outgoing.message) {
            return;
        }
        let mut patch = Patch::default();
        match outgoing.message.is_request() {
            true => hide_request(&self.veil, outgoing, self.mask_callid, edits, &mut patch),
            false => hide_reply(&self.veil, outgoing, self.mask_callid, &mut patch),
        }
        patch.put(edits);
    }

    fn refused(&self, incoming: &Incoming<'_>, Forged(place): Forged) -> Received {
        self.forged.inc();
        let (peer, proto) = (incoming.flow.peer, incoming.flow.proto);
        self.logger.log(Level::Warn, "topoh", || {
            format!("a mask that is none of ours in {place}, from {peer} over {proto}")
        });
        Received::Refused {
            code: 400,
            reason: "Bad Request",
            retry_after_s: None,
        }
    }
}

impl MessageHook for Hider {
    fn routes(&self) -> HookRoutes {
        self.routes
    }

    fn on_receive(&self, incoming: &Incoming<'_>) -> Received {
        let message = incoming.message;
        if is_left_alone(message) || (message.is_request() && !self.is_sane(incoming)) {
            return Received::Unchanged(None);
        }
        let mut patch = Patch::default();
        match self.opened(incoming, &mut patch) {
            Ok(note) if patch.is_empty() => Received::Unchanged(note),
            // What a mask was made of was read as what it stands for.
            Ok(note) => Received::Replaced(patch.apply(message.bytes()).of_sound_values(), note),
            Err(forged) => self.refused(incoming, forged),
        }
    }

    fn on_render(&self, outgoing: &Outgoing<'_>, edits: &mut Edits) -> bool {
        let is_done = !edits.may_reach(outgoing.message, is_hidden);
        if is_done {
            self.hide(outgoing, edits);
        }
        is_done
    }

    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent {
        let mut edits = Edits::new();
        self.hide(outgoing, &mut edits);
        match edits.is_empty() {
            true => Sent::Unchanged,
            false => Sent::Replaced(edits.to_bytes(outgoing.message)),
        }
    }

    /// A callee knows a hidden Call-ID; all else goes back as it came.
    fn passes_bare_replies(&self, request: &Context) -> bool {
        let note = request.extension::<RequestNote>();
        !self.mask_callid || note.is_none_or(|note| note.heading.way == Way::Down)
    }

    /// The Vias were masked with our key.
    fn vouches(&self, notes: &Notes) -> bool {
        notes.iter().any(|note| note.is::<ReplyNote>())
    }
}
