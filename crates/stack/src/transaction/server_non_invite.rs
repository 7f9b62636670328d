//! The server transaction of every other request: RFC 3261 17.2.2.

use bytes::Bytes;

use super::{Action, Actions, ServerInput, Timers};
use crate::Instant;

/// A received request that is not an INVITE.
#[derive(Clone, Debug)]
pub struct ServerNonInvite {
    state: ServerNonInviteState,
    /// The last reply sent; empty before the first.
    reply: Bytes,
    /// Timer J.
    deadline: Option<Instant>,
}

/// States of RFC 3261 figure 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerNonInviteState {
    /// Nothing sent yet.
    Trying,
    /// A provisional reply was sent.
    Proceeding,
    /// The final reply was sent; a retransmitted request gets it again.
    Completed,
    /// Done.
    Terminated,
}

use ServerNonInviteState::{Completed, Proceeding, Terminated, Trying};

impl Default for ServerNonInvite {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerNonInvite {
    /// A request arrived. The transport makes no difference: tm keeps a finished transaction for
    /// `wt_timer` on every one.
    pub fn new() -> Self {
        ServerNonInvite {
            state: Trying,
            reply: Bytes::new(),
            deadline: None,
        }
    }

    /// The present state.
    pub fn state(&self) -> ServerNonInviteState {
        self.state
    }

    /// The last reply sent; empty before the first.
    pub fn last_reply(&self) -> &Bytes {
        &self.reply
    }

    /// When [`ServerInput::Timer`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Takes one input. [`ServerInput::Ack`] means nothing here, and a 2xx of our own is like any
    /// other.
    pub fn handle(&mut self, now: Instant, input: ServerInput, timers: &Timers, out: &mut Actions) {
        match input {
            ServerInput::Request => self.request_again(out),
            ServerInput::Reply(code, reply) | ServerInput::LocalAccept(code, reply) => {
                self.reply(now, code, reply, timers, out);
            }
            ServerInput::Timer => self.timer(now, out),
            ServerInput::TransportError => self.transport_error(out),
            ServerInput::Ack => {}
        }
    }

    /// 17.2.2: nothing in Trying, else the last reply again.
    fn request_again(&mut self, out: &mut Actions) {
        if matches!(self.state, Proceeding | Completed) {
            out.push(Action::Send(self.reply.clone()));
        }
    }

    fn reply(&mut self, now: Instant, code: u16, reply: Bytes, timers: &Timers, out: &mut Actions) {
        // 17.2.2: a final reply after the final reply is discarded.
        match (self.state, code) {
            (Trying | Proceeding, 100..=199) => self.state = Proceeding,
            (Trying | Proceeding, 200..=699) => {
                self.state = Completed;
                self.deadline = Some(now.after_ms(timers.wt_timer_ms.into()));
            }
            _ => return,
        }
        out.push(Action::Send(reply.clone()));
        self.reply = reply;
    }

    /// Timer J.
    fn timer(&mut self, now: Instant, out: &mut Actions) {
        if self.deadline.is_some_and(|at| now >= at) {
            self.terminate(out);
        }
    }

    /// 17.2.4.
    fn transport_error(&mut self, out: &mut Actions) {
        if matches!(self.state, Proceeding | Completed) {
            out.push(Action::TransportFailed);
            self.terminate(out);
        }
    }

    fn terminate(&mut self, out: &mut Actions) {
        self.state = Terminated;
        self.reply = Bytes::new();
        self.deadline = None;
        out.push(Action::Terminated);
    }
}
