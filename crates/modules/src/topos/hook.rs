//! Where messages pass: restored when they come, stripped when they leave.

use super::arrivals::{Arrivals, ReplyNote};
use super::departures::Departures;
use crate::patch::is_left_alone;
use policy::{HookRoutes, Incoming, MessageHook, Notes, Outgoing, Received, Sent};
use std::sync::Arc;

/// Both ways through us.
pub(super) struct Hider {
    pub(super) arrivals: Arc<Arrivals>,
    pub(super) departures: Arc<Departures>,
    pub(super) routes: HookRoutes,
}

impl MessageHook for Hider {
    fn routes(&self) -> HookRoutes {
        self.routes
    }

    fn on_receive(&self, incoming: &Incoming<'_>) -> Received {
        let message = incoming.message;
        match (is_left_alone(message), message.is_request()) {
            (true, _) => Received::Unchanged(None),
            (false, true) => self.arrivals.request(incoming),
            (false, false) => self.arrivals.reply(incoming),
        }
    }

    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent {
        let message = outgoing.message;
        match (is_left_alone(message), message.is_request()) {
            (true, _) => Sent::Unchanged,
            (false, true) => self.departures.request(outgoing),
            (false, false) => self.departures.reply(outgoing),
        }
    }

    /// The Vias come from our storage, where nobody else finds them.
    fn vouches(&self, notes: &Notes) -> bool {
        notes.iter().any(|note| note.is::<ReplyNote>())
    }
}
