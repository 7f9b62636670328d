//! The client transaction of every other request: RFC 3261 17.1.2.

use bytes::Bytes;

use super::retransmit::Retransmit;
use super::{Action, Actions, ClientInput, Timers};
use crate::Instant;
use crate::instant::earlier;

/// One branch of a forwarded request that is not an INVITE; also each CANCEL of ours.
#[derive(Clone, Debug)]
pub struct ClientNonInvite {
    state: ClientNonInviteState,
    request: Bytes,
    reliable: bool,
    /// Timer E.
    retransmit: Option<Retransmit>,
    /// Timer F or K.
    deadline: Option<Instant>,
    end_of_life: Instant,
}

/// States of RFC 3261 figure 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientNonInviteState {
    /// Sent, nothing came back.
    Trying,
    /// A provisional reply came.
    Proceeding,
    /// A final reply came; retransmissions of it are absorbed.
    Completed,
    /// Done.
    Terminated,
}

use ClientNonInviteState::{Completed, Proceeding, Terminated, Trying};

impl ClientNonInvite {
    /// Sends `request` and waits for its replies, at the longest until `end_of_life`.
    pub fn start(
        now: Instant,
        request: Bytes,
        reliable: bool,
        end_of_life: Instant,
        timers: &Timers,
        out: &mut Actions,
    ) -> Self {
        out.push(Action::Send(request.clone()));
        ClientNonInvite {
            state: Trying,
            request,
            reliable,
            retransmit: (!reliable).then(|| Retransmit::start(now, timers)),
            deadline: Some(now.after_ms(timers.fr_timer_ms.into()).min(end_of_life)),
            end_of_life,
        }
    }

    /// The present state.
    pub fn state(&self) -> ClientNonInviteState {
        self.state
    }

    /// The rendered request. Empty once a final reply came.
    pub fn buffer(&self) -> &Bytes {
        &self.request
    }

    /// When [`ClientInput::Timer`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        earlier(self.retransmit.map(|r| r.at), self.deadline)
    }

    /// Sets timer F anew (`t_set_fr`), if the branch still waits for a final reply.
    pub fn set_deadline(&mut self, at: Instant) {
        if matches!(self.state, Trying | Proceeding) {
            self.deadline = Some(at.min(self.end_of_life));
        }
    }

    /// Takes one input. [`ClientInput::Ack`] and [`ClientInput::Cancelled`] mean nothing here.
    pub fn handle(&mut self, now: Instant, input: ClientInput, timers: &Timers, out: &mut Actions) {
        match input {
            ClientInput::Reply(code) => self.reply(now, code, timers, out),
            ClientInput::Timer => self.timer(now, timers, out),
            ClientInput::TransportError => self.transport_error(out),
            ClientInput::Ack(_) | ClientInput::Cancelled => {}
        }
    }

    fn reply(&mut self, now: Instant, code: u16, timers: &Timers, out: &mut Actions) {
        match (self.state, code) {
            // 17.1.2.2: timer E goes on with T2; timer F is not touched.
            (Trying, 100..=199) => {
                self.state = Proceeding;
                self.retransmit = (!self.reliable).then(|| Retransmit::slow(now, timers));
                out.push(Action::Deliver);
            }
            (Proceeding, 100..=199) => out.push(Action::Deliver),
            (Trying | Proceeding, 200..=699) => self.complete(now, timers, out),
            _ => {}
        }
    }

    /// 17.1.2.2: timer K, nothing to wait for on a reliable transport.
    fn complete(&mut self, now: Instant, timers: &Timers, out: &mut Actions) {
        out.push(Action::Deliver);
        if self.reliable {
            return self.terminate(out);
        }
        self.state = Completed;
        self.request = Bytes::new();
        self.retransmit = None;
        self.deadline = Some(now.after_ms(timers.wt_timer_ms.into()));
    }

    fn timer(&mut self, now: Instant, timers: &Timers, out: &mut Actions) {
        if self.deadline.is_some_and(|at| now >= at) {
            // Timer F ends in a 408, timer K ends what is already answered.
            if self.state != Completed {
                out.push(Action::Timeout);
            }
            return self.terminate(out);
        }
        // Timer E.
        if self
            .retransmit
            .as_mut()
            .is_some_and(|r| r.fires(now, timers))
        {
            out.push(Action::Send(self.request.clone()));
        }
    }

    /// 17.1.4.
    fn transport_error(&mut self, out: &mut Actions) {
        if matches!(self.state, Trying | Proceeding) {
            out.push(Action::TransportFailed);
            self.terminate(out);
        }
    }

    fn terminate(&mut self, out: &mut Actions) {
        self.state = Terminated;
        self.request = Bytes::new();
        self.retransmit = None;
        self.deadline = None;
        out.push(Action::Terminated);
    }
}
