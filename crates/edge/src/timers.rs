//! Deadlines of a transaction's machines.

use crate::Worker;
use crate::blocklist::has_spoken;
use crate::tx::{handle_server, timers_of};
use policy::{Cancel, Client, Context, Server, Transaction};
use stack::Instant;
use stack::transaction::{Action, Actions, ClientInput, ServerInput, Timers};

impl Worker {
    /// A timer of the transaction is due, or was.
    pub(crate) fn timer(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        self.server_timer(&mut context);
        let branches = context
            .transaction
            .as_ref()
            .map_or(0, |transaction| transaction.branches.len());
        for index in 0..branches {
            self.cancel_timer(&mut context, index);
            if self.client_timer(&mut context, index) {
                context = self.branch_failed(context, index, 408)?;
            }
        }
        if is_due(suspended_until(&context), self.now.mono) {
            return self.suspended_too_long(context);
        }
        Some(context)
    }

    fn server_timer(&mut self, context: &mut Context) {
        let timers = timers_of(context);
        let flow = self.way_back(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        if !is_due(server_deadline(&transaction.server), self.now.mono) {
            return;
        }
        let mut actions = Actions::new();
        handle_server(
            &mut transaction.server,
            self.now.mono,
            ServerInput::Timer,
            &timers,
            &mut actions,
        );
        self.send_server(flow, false, actions);
    }

    /// True where the branch timed out.
    fn client_timer(&mut self, context: &mut Context, index: usize) -> bool {
        let timers = timers_of(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return false;
        };
        let Some(branch) = transaction.branches.get_mut(index) else {
            return false;
        };
        if !is_due(client_deadline(&branch.client), self.now.mono) {
            return false;
        }
        let (ended, spoken) = (branch.is_local, has_spoken(&branch.client));
        let rings = spoken && matches!(branch.client, Client::Invite(_));
        note_expiry(transaction, self.now.mono, &timers);
        if !ended && rings {
            self.give_up_ringing(context, index);
            return true;
        }
        let Some(branch) = transaction.branches.get_mut(index) else {
            return false;
        };
        let mut actions = Actions::new();
        handle_client(
            &mut branch.client,
            self.now.mono,
            ClientInput::Timer,
            &timers,
            &mut actions,
        );
        let (flow, tls) = (branch.flow, branch.tls.clone());
        let timed_out = actions.contains(&Action::Timeout);
        self.send_client(flow, tls, actions);
        if timed_out && !spoken {
            self.list_silent(context, &flow);
        }
        timed_out && !ended
    }

    /// Timer C: the branch counts as timed out, and gets a CANCEL; its final reply is still awaited,
    /// for it wants an ACK (RFC 3261 section 16.8).
    fn give_up_ringing(&mut self, context: &mut Context, index: usize) {
        let until = self
            .now
            .mono
            .after_ms(timers_of(context).fr_timer_ms.into());
        self.cancel_branch(context, index);
        let branch = context
            .transaction
            .as_deref_mut()
            .and_then(|t| t.branches.get_mut(index));
        if let Some(Client::Invite(machine)) = branch.map(|branch| &mut branch.client) {
            machine.set_deadline(until);
        }
    }

    fn cancel_timer(&mut self, context: &mut Context, index: usize) {
        let timers = timers_of(context);
        let Some(branch) = context
            .transaction
            .as_deref_mut()
            .and_then(|t| t.branches.get_mut(index))
        else {
            return;
        };
        let Cancel::Sent(machine) = &mut branch.cancel else {
            return;
        };
        let mut actions = Actions::new();
        if is_due(machine.next_deadline(), self.now.mono) {
            machine.handle(self.now.mono, ClientInput::Timer, &timers, &mut actions);
        }
        if actions.contains(&Action::Terminated) {
            branch.cancel = Cancel::Done;
        }
        let (flow, tls) = (branch.flow, branch.tls.clone());
        self.send_client(flow, tls, actions);
    }
}

/// Notes that the lifetime of the transaction is over (`max_inv_lifetime`, `max_noninv_lifetime`).
fn note_expiry(transaction: &mut Transaction, now: Instant, timers: &Timers) {
    let lifetime_ms = match transaction.is_invite() {
        true => timers.max_inv_lifetime_ms,
        false => timers.max_noninv_lifetime_ms,
    };
    transaction.expired |= now >= transaction.created.after_ms(lifetime_ms.into());
}

pub(crate) fn handle_client(
    client: &mut Client,
    now: Instant,
    input: ClientInput,
    timers: &Timers,
    actions: &mut Actions,
) {
    match client {
        Client::Invite(machine) => machine.handle(now, input, timers, actions),
        Client::NonInvite(machine) => machine.handle(now, input, timers, actions),
        Client::Gone => {}
    }
    if actions.contains(&Action::Terminated) {
        *client = Client::Gone;
    }
}

/// The earliest deadline of all machines of a transaction.
pub(crate) fn next_deadline(transaction: &Transaction) -> Option<Instant> {
    let clients = transaction
        .branches
        .iter()
        .filter_map(|branch| client_deadline(&branch.client));
    let cancels = transaction
        .branches
        .iter()
        .filter_map(|branch| match &branch.cancel {
            Cancel::Sent(machine) => machine.next_deadline(),
            _ => None,
        });
    clients
        .chain(cancels)
        .chain(server_deadline(&transaction.server))
        .chain(transaction.suspended_until)
        .min()
}

/// True where nothing more can happen in a transaction.
pub(crate) fn is_finished(transaction: &Transaction) -> bool {
    let idle = |branch: &policy::Branch| matches!(branch.client, Client::Gone);
    !transaction.suspended
        && transaction.branches.iter().all(idle)
        && (transaction.is_over || is_server_over(&transaction.server))
}

pub(crate) fn is_server_over(server: &Server) -> bool {
    use stack::transaction::{ServerInviteState, ServerNonInviteState};
    match server {
        Server::Invite(machine) => machine.state() == ServerInviteState::Terminated,
        Server::NonInvite(machine) => machine.state() == ServerNonInviteState::Terminated,
        Server::Local(local) => local.is_over,
    }
}

pub(crate) fn server_deadline(server: &Server) -> Option<Instant> {
    match server {
        Server::Invite(machine) => machine.next_deadline(),
        Server::NonInvite(machine) => machine.next_deadline(),
        Server::Local(local) => local.over_at.filter(|_| !local.is_over),
    }
}

fn client_deadline(client: &Client) -> Option<Instant> {
    match client {
        Client::Invite(machine) => machine.next_deadline(),
        Client::NonInvite(machine) => machine.next_deadline(),
        Client::Gone => None,
    }
}

fn suspended_until(context: &Context) -> Option<Instant> {
    context.transaction.as_deref()?.suspended_until
}

pub(crate) fn is_due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|at| at <= now)
}
