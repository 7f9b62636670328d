//! The next address of a name, where one of them fails (`use_dns_failover`, RFC 3263 section 4.3).

use crate::Worker;
use crate::hooked::{Hidden, Leaving};
use crate::outbound::Aim;
use crate::relay::next_index;
use crate::response::options;
use bytes::Bytes;
use policy::{Branch, Context, Failover, Flow};
use stack::fork::UNSENT;
use stack::location::Target;
use std::net::SocketAddr;

impl Worker {
    /// What a branch needs to go on elsewhere: the addresses of its name behind the one it goes to, and the request
    /// as it was before message hooks saw it. None where there are no others, or nobody wants it.
    pub(crate) fn failover(
        &self,
        context: &Context,
        targets: &[Target],
        flow: &Flow,
        (request, via_branch): (&Bytes, &Bytes),
    ) -> Option<Box<Failover>> {
        if !fails_over(context) {
            return None;
        }
        let chosen = targets
            .iter()
            .position(|target| target.address == flow.peer)?;
        let others = targets.iter().skip(chosen + 1);
        let mut addresses: Vec<SocketAddr> = others.map(|target| target.address).collect();
        // The last one is taken first.
        addresses.reverse();
        (!addresses.is_empty()).then(|| {
            Box::new(Failover {
                addresses,
                request: request.clone(),
                via_branch: via_branch.clone(),
            })
        })
    }

    /// Sends the request of a branch that ended with `code` to the next address of its name: then the old branch
    /// counts for nothing. False where it is over.
    pub(crate) fn goes_elsewhere(&mut self, context: &mut Context, index: u16, code: u16) -> bool {
        if !fails_over(context) || !has_failed(context, index, code) {
            return false;
        }
        while let Some(next) = next_address(context, index) {
            if self.sends_elsewhere(context, index, &next) {
                supersede(context, index, code);
                return true;
            }
        }
        false
    }

    fn sends_elsewhere(&mut self, context: &mut Context, index: u16, next: &Next) -> bool {
        let Some(old) = branch_of(context, index).map(|old| old.flow) else {
            return false;
        };
        let aim = Aim {
            proto: old.proto,
            address: next.address,
            socket: Some(old.socket),
            connection: None,
        };
        // Our Via names the socket, so that it must be the same one.
        let way = self.way_to(context, aim);
        let Some(flow) = way.filter(|way| way.socket == old.socket) else {
            return false;
        };
        if self.holds_back(context, &flow) || self.is_dropped_on_send(context, flow) {
            return false;
        }
        let Some((via_branch, bytes)) = self.renamed(context, next) else {
            return false;
        };
        match self.hide_on(Leaving::new(flow, bytes), Some(context), false) {
            Hidden::Done(bytes) => match branch_of(context, index) {
                Some(old) => {
                    let branch = successor(old, flow, via_branch);
                    self.begin_branch(context, branch, bytes)
                }
                None => false,
            },
            Hidden::Refused(_) | Hidden::Wait(..) => false,
        }
    }

    /// The request with another branch parameter in our Via.
    fn renamed(&self, context: &Context, next: &Next) -> Option<(Bytes, Bytes)> {
        let index = u16::try_from(next_index(context)).ok()?;
        let token = self.branch_token(context, index)?;
        let start = memchr::memmem::find(&next.request, &next.via_branch)?;
        let (head, tail) = next.request.split_at_checked(start)?;
        let bytes = [head, &token, tail.get(next.via_branch.len()..)?].concat();
        Some((token, bytes.into()))
    }
}

/// True where the configuration and the script want other addresses to be tried.
pub(crate) fn fails_over(context: &Context) -> bool {
    context.core().dns.failover && !context.armed.no_failover
}

/// True where the end of a branch says that nobody is there: it did not leave, nothing came back, or a 503
/// did. A request that was cancelled goes no further.
fn has_failed(context: &Context, index: u16, code: u16) -> bool {
    let Some(branch) = branch_of(context, index) else {
        return false;
    };
    let is_wanted = context
        .transaction()
        .is_some_and(|transaction| !transaction.cancelled && !transaction.is_final());
    let is_lost = matches!(code, 408 | UNSENT) && branch.is_local && branch.replies == 0;
    is_wanted && (is_lost || code == 503)
}

fn branch_of(context: &Context, index: u16) -> Option<&Branch> {
    context.transaction()?.branches.get(usize::from(index))
}

/// What is tried next.
struct Next {
    address: SocketAddr,
    request: Bytes,
    via_branch: Bytes,
}

fn next_address(context: &mut Context, index: u16) -> Option<Next> {
    let transaction = context.transaction.as_deref_mut()?;
    let branch = transaction.branches.get_mut(usize::from(index))?;
    let failover = branch.failover.as_deref_mut()?;
    Some(Next {
        address: failover.addresses.pop()?,
        request: failover.request.clone(),
        via_branch: failover.via_branch.clone(),
    })
}

/// The branch that takes the place of `old`.
fn successor(old: &Branch, flow: Flow, via_branch: Bytes) -> Branch {
    Branch {
        target: old.target.clone(),
        tls: old.tls.clone(),
        on_reply: old.on_reply,
        on_branch_failure: old.on_branch_failure,
        flags: old.flags,
        via_branch,
        failover: old.failover.clone(),
        ..Branch::new(flow)
    }
}

/// The old branch is over and no candidate for an answer.
fn supersede(context: &mut Context, index: u16, code: u16) {
    let options = options(context);
    if let Some(transaction) = context.transaction.as_deref_mut() {
        transaction.fork.drop_replies(index..index + 1);
        // Another branch is under way, so that this leads to nothing.
        let _verdict = transaction.fork.reply(index, code, None, true, &options);
    }
}
