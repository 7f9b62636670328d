//! A branch of an answered transaction.

use policy::{Client, Flow, TlsWay};
use stack::Instant;
use stack::transaction::{
    Actions, ClientInput, ClientInvite, ClientInviteState, ClientNonInviteState, Timers,
};
use std::net::IpAddr;
use std::sync::Arc;

/// A branch that has its final reply.
pub(super) struct Branch {
    /// Where its replies come from.
    pub(super) peer: IpAddr,
    /// Its final status.
    pub(super) status: u16,
    rest: Rest,
}

/// What becomes of replies that come again.
enum Rest {
    /// Nobody waits for any.
    Over,
    /// They are absorbed until then (timer K).
    Absorbed(Instant),
    /// A negative one gets the ACK again, a 2xx goes up.
    Invite(Box<Invite>),
}

/// What an INVITE needs for that.
struct Invite {
    flow: Flow,
    tls: Option<Arc<TlsWay>>,
    machine: ClientInvite,
}

impl Branch {
    /// What is left of a branch; none where it still waits for its final reply or for that of its CANCEL.
    pub(super) fn of(branch: &policy::Branch) -> Option<Branch> {
        use policy::Cancel;
        let settled = |state| state == ClientNonInviteState::Completed;
        if matches!(&branch.cancel, Cancel::Sent(machine) if !settled(machine.state())) {
            return None;
        }
        let rest = match &branch.client {
            Client::Gone => Rest::Over,
            Client::NonInvite(machine) if settled(machine.state()) => {
                Rest::Absorbed(machine.next_deadline()?)
            }
            Client::Invite(machine) if is_settled(machine.state()) => {
                Rest::Invite(Box::new(Invite {
                    flow: branch.flow,
                    tls: branch.tls.clone(),
                    machine: machine.clone(),
                }))
            }
            Client::Invite(_) | Client::NonInvite(_) => return None,
        };
        Some(Branch {
            peer: branch.flow.peer.ip(),
            status: branch.status,
            rest,
        })
    }

    /// The branch of a context again. One that is over has lost its way, which nothing takes any more.
    pub(super) fn reopened(self, lost: Flow) -> policy::Branch {
        let (flow, tls, client) = match self.rest {
            Rest::Invite(invite) => (invite.flow, invite.tls, Client::Invite(invite.machine)),
            Rest::Over | Rest::Absorbed(_) => (lost, None, Client::Gone),
        };
        policy::Branch {
            tls,
            client,
            status: self.status,
            ..policy::Branch::new(flow)
        }
    }

    /// True where a 2xx goes up.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(&self.rest, Rest::Invite(invite) if invite.machine.state() == ClientInviteState::Accepted)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.rest, Rest::Over)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match &self.rest {
            Rest::Over => None,
            Rest::Absorbed(until) => Some(*until),
            Rest::Invite(invite) => invite.machine.next_deadline(),
        }
    }

    /// Takes one input: what is to be sent, and the way it goes.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        input: ClientInput,
        timers: &Timers,
    ) -> Option<(Flow, Option<Arc<TlsWay>>, Actions)> {
        let is_timer = input == ClientInput::Timer;
        match &mut self.rest {
            Rest::Over => None,
            Rest::Absorbed(until) => {
                if is_timer && *until <= now {
                    self.rest = Rest::Over;
                }
                None
            }
            Rest::Invite(invite) => {
                let mut actions = Actions::new();
                invite.machine.handle(now, input, timers, &mut actions);
                let way = (invite.flow, invite.tls.clone(), actions);
                if invite.machine.state() == ClientInviteState::Terminated {
                    self.rest = Rest::Over;
                }
                Some(way)
            }
        }
    }
}

fn is_settled(state: ClientInviteState) -> bool {
    matches!(
        state,
        ClientInviteState::Completed | ClientInviteState::Accepted
    )
}
