//! The INVITE server transaction: RFC 3261 17.2.1, RFC 6026 8.5 and 8.6.

use bytes::Bytes;

use super::retransmit::Retransmit;
use super::{Action, Actions, ServerInput, Timers};
use crate::Instant;
use crate::instant::earlier;

/// A received INVITE.
#[derive(Clone, Debug)]
pub struct ServerInvite {
    state: ServerInviteState,
    /// The last reply sent; empty before the first.
    reply: Bytes,
    reliable: bool,
    /// Timer G.
    retransmit: Option<Retransmit>,
    /// Timer H, I or L, whichever the state has.
    deadline: Option<Instant>,
}

/// States of RFC 3261 figure 7 and RFC 6026 figure 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerInviteState {
    /// No final reply yet.
    Proceeding,
    /// A negative final reply was sent and waits for its ACK.
    Completed,
    /// The ACK came; its retransmissions are absorbed.
    Confirmed,
    /// A 2xx was sent; further ones pass through.
    Accepted,
    /// Done.
    Terminated,
}

use ServerInviteState::{Accepted, Completed, Confirmed, Proceeding, Terminated};

impl ServerInvite {
    /// An INVITE arrived over an unreliable or a reliable transport. Sending the 100 is the owner's
    /// reply like any other.
    pub fn new(reliable: bool) -> Self {
        ServerInvite {
            state: Proceeding,
            reply: Bytes::new(),
            reliable,
            retransmit: None,
            deadline: None,
        }
    }

    /// The present state.
    pub fn state(&self) -> ServerInviteState {
        self.state
    }

    /// The last reply sent; empty before the first.
    pub fn last_reply(&self) -> &Bytes {
        &self.reply
    }

    /// When [`ServerInput::Timer`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        earlier(self.retransmit.map(|r| r.at), self.deadline)
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: ServerInput, timers: &Timers, out: &mut Actions) {
        match input {
            ServerInput::Request => self.request_again(out),
            ServerInput::Ack => self.ack(now, timers),
            ServerInput::Reply(code, reply) => self.reply(now, code, reply, timers, out),
            ServerInput::LocalAccept(code, reply) => {
                self.local_accept(now, code, reply, timers, out);
            }
            ServerInput::Timer => self.timer(now, timers, out),
            ServerInput::TransportError => self.transport_error(out),
        }
    }

    /// 17.2.1: the last reply again, also after a 2xx as tm does; after the ACK nobody waits for
    /// one.
    fn request_again(&mut self, out: &mut Actions) {
        if self.state != Confirmed && self.state != Terminated && !self.reply.is_empty() {
            out.push(Action::Send(self.reply.clone()));
        }
    }

    fn ack(&mut self, now: Instant, timers: &Timers) {
        match self.state {
            // 17.2.1, timer I. tm waits on every transport, so that a late CANCEL finds the
            // transaction.
            Completed => {
                self.enter(Confirmed, now.after_ms(timers.wt_timer_ms.into()));
                self.reply = Bytes::new();
            }
            // RFC 3261 13.3.1.4: the ACK ends the retransmission of a 2xx of our own.
            Accepted => self.retransmit = None,
            Proceeding | Confirmed | Terminated => {}
        }
    }

    fn reply(&mut self, now: Instant, code: u16, reply: Bytes, timers: &Timers, out: &mut Actions) {
        match (self.state, code) {
            (Proceeding, 100..=199) => self.send(reply, out),
            // RFC 6026 7.1, timer L: every 2xx passes.
            (Proceeding, 200..=299) => {
                self.enter(Accepted, now.after_ms(timers.accepted_ms.into()));
                self.send(reply, out);
            }
            (Accepted, 200..=299) => out.push(Action::Send(reply)),
            // 17.2.1, timers G and H.
            (Proceeding, 300..=699) => {
                self.enter(Completed, now.after_ms(timers.fr_timer_ms.into()));
                self.retransmit = (!self.reliable).then(|| Retransmit::start(now, timers));
                self.send(reply, out);
            }
            _ => {}
        }
    }

    /// Retransmitted on every transport: a later hop may lose it (RFC 3261 13.3.1.4).
    fn local_accept(
        &mut self,
        now: Instant,
        code: u16,
        reply: Bytes,
        timers: &Timers,
        out: &mut Actions,
    ) {
        let first = self.state == Proceeding && (200..300).contains(&code);
        self.reply(now, code, reply, timers, out);
        if first {
            self.retransmit = Some(Retransmit::start(now, timers));
        }
    }

    fn timer(&mut self, now: Instant, timers: &Timers, out: &mut Actions) {
        if self.deadline.is_some_and(|at| now >= at) {
            // Timer H: the ACK never came. Timers I and L end in silence, unless
            // a 2xx of our own was never acknowledged.
            if self.state == Completed || self.retransmit.is_some() {
                out.push(Action::Timeout);
            }
            return self.terminate(out);
        }
        // Timer G.
        if self
            .retransmit
            .as_mut()
            .is_some_and(|r| r.fires(now, timers))
        {
            out.push(Action::Send(self.reply.clone()));
        }
    }

    /// 17.2.4: told to the owner; the ACK may still come and the timers end the rest.
    fn transport_error(&mut self, out: &mut Actions) {
        if matches!(self.state, Proceeding | Completed | Accepted) {
            out.push(Action::TransportFailed);
        }
    }

    fn send(&mut self, reply: Bytes, out: &mut Actions) {
        out.push(Action::Send(reply.clone()));
        self.reply = reply;
    }

    fn terminate(&mut self, out: &mut Actions) {
        self.state = Terminated;
        self.reply = Bytes::new();
        self.retransmit = None;
        self.deadline = None;
        out.push(Action::Terminated);
    }

    fn enter(&mut self, state: ServerInviteState, deadline: Instant) {
        self.state = state;
        self.retransmit = None;
        self.deadline = Some(deadline);
    }
}
