//! The INVITE client transaction: RFC 3261 17.1.1, RFC 6026 8.4.

use bytes::Bytes;

use super::retransmit::Retransmit;
use super::{Action, Actions, ClientInput, Timers};
use crate::Instant;
use crate::instant::earlier;

/// One branch of a forwarded INVITE.
#[derive(Clone, Debug)]
pub struct ClientInvite {
    state: ClientInviteState,
    /// The request; from the ACK on, the ACK.
    buffer: Bytes,
    reliable: bool,
    /// Timer A.
    retransmit: Option<Retransmit>,
    /// Timer B, C, D or M, whichever the state has.
    deadline: Option<Instant>,
    /// No wait for a final reply reaches beyond this (`max_inv_lifetime`).
    end_of_life: Instant,
    highest_provisional: u16,
}

/// States of RFC 3261 figure 5 and RFC 6026 figure 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInviteState {
    /// Sent, nothing came back.
    Calling,
    /// A provisional reply came.
    Proceeding,
    /// A negative final reply came; retransmissions of it get the ACK again.
    Completed,
    /// A 2xx came; further ones are delivered.
    Accepted,
    /// Done.
    Terminated,
}

use ClientInviteState::{Accepted, Calling, Completed, Proceeding, Terminated};

impl ClientInvite {
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
        ClientInvite {
            state: Calling,
            buffer: request,
            reliable,
            retransmit: (!reliable).then(|| Retransmit::start(now, timers)),
            deadline: Some(now.after_ms(timers.fr_timer_ms.into()).min(end_of_life)),
            end_of_life,
            highest_provisional: 0,
        }
    }

    /// The present state.
    pub fn state(&self) -> ClientInviteState {
        self.state
    }

    /// The rendered INVITE; after [`ClientInput::Ack`], the ACK. Empty once a 2xx came.
    pub fn buffer(&self) -> &Bytes {
        &self.buffer
    }

    /// When [`ClientInput::Timer`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        earlier(self.retransmit.map(|r| r.at), self.deadline)
    }

    /// Sets timer B or C anew (`t_set_fr`), if the branch still waits for a final reply.
    pub fn set_deadline(&mut self, at: Instant) {
        if matches!(self.state, Calling | Proceeding) {
            self.deadline = Some(at.min(self.end_of_life));
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: ClientInput, timers: &Timers, out: &mut Actions) {
        match input {
            ClientInput::Reply(code) => self.reply(now, code, timers, out),
            ClientInput::Ack(ack) => self.ack(ack, out),
            ClientInput::Cancelled => self.cancelled(now, timers),
            ClientInput::Timer => self.timer(now, timers, out),
            ClientInput::TransportError => self.transport_error(out),
        }
    }

    fn reply(&mut self, now: Instant, code: u16, timers: &Timers, out: &mut Actions) {
        match (self.state, code) {
            (Calling | Proceeding, 100..=199) => self.provisional(now, code, timers, out),
            // RFC 6026 7.2: the first and every further 2xx goes up.
            (Calling | Proceeding, 200..=299) => {
                self.enter(Accepted, Some(now.after_ms(timers.accepted_ms.into())));
                self.buffer = Bytes::new();
                out.push(Action::Deliver);
            }
            (Accepted, 200..=299) => out.push(Action::Deliver),
            (Calling | Proceeding, 300..=699) => self.negative(now, timers, out),
            // 17.1.1.2: a retransmitted final reply gets the ACK again and goes no further.
            (Completed, 300..=699) => out.push(Action::Send(self.buffer.clone())),
            _ => {}
        }
    }

    /// 17.1.1.2: no more retransmissions; 16.7 step 2: timer C starts anew.
    fn provisional(&mut self, now: Instant, code: u16, timers: &Timers, out: &mut Actions) {
        let first = self.state == Calling;
        let higher = code >= 180 && code > self.highest_provisional;
        if first || higher || timers.restart_fr_on_each_reply {
            let timer_c = now.after_ms(timers.fr_inv_timer_ms.into());
            self.deadline = Some(timer_c.min(self.end_of_life));
        }
        self.highest_provisional = self.highest_provisional.max(code);
        self.state = Proceeding;
        self.retransmit = None;
        out.push(Action::Deliver);
    }

    /// 17.1.1.2: ACK, timer D. A reliable transport repeats nothing, but the ACK has still to be
    /// put in.
    fn negative(&mut self, now: Instant, timers: &Timers, out: &mut Actions) {
        let timer_d = if self.reliable { 0 } else { timers.wt_timer_ms };
        self.enter(Completed, Some(now.after_ms(timer_d.into())));
        out.push(Action::BuildAck);
        out.push(Action::Deliver);
    }

    fn ack(&mut self, ack: Bytes, out: &mut Actions) {
        if self.state == Completed {
            out.push(Action::Send(ack.clone()));
            self.buffer = ack;
        }
    }

    fn cancelled(&mut self, now: Instant, timers: &Timers) {
        if matches!(self.state, Calling | Proceeding) {
            let limit = now.after_ms(timers.fr_timer_ms.into());
            self.deadline = Some(self.deadline.map_or(limit, |at| at.min(limit)));
            self.end_of_life = self.end_of_life.min(limit);
        }
    }

    fn timer(&mut self, now: Instant, timers: &Timers, out: &mut Actions) {
        if self.deadline.is_some_and(|at| now >= at) {
            // Timers B and C end in a 408; D and M end what is already answered.
            if matches!(self.state, Calling | Proceeding) {
                out.push(Action::Timeout);
            }
            return self.terminate(out);
        }
        // Timer A.
        if self
            .retransmit
            .as_mut()
            .is_some_and(|r| r.fires(now, timers))
        {
            out.push(Action::Send(self.buffer.clone()));
        }
    }

    fn transport_error(&mut self, out: &mut Actions) {
        match self.state {
            // 17.1.4. In Proceeding the request has arrived, so only its reply counts.
            Calling => {
                out.push(Action::TransportFailed);
                self.terminate(out);
            }
            Completed => self.terminate(out),
            Proceeding | Accepted | Terminated => {}
        }
    }

    fn terminate(&mut self, out: &mut Actions) {
        self.enter(Terminated, None);
        self.buffer = Bytes::new();
        out.push(Action::Terminated);
    }

    fn enter(&mut self, state: ClientInviteState, deadline: Option<Instant>) {
        self.state = state;
        self.retransmit = None;
        self.deadline = deadline;
    }
}
