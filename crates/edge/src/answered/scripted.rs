//! What routes may ask of a request that was answered, for a further 2xx.

use policy::{Context, Destination, Vars};
use script::RouteId;

/// What a script keeps with a request and its branches, and the request does not say.
pub(super) struct Scripted {
    vars: Vars,
    script_flags: u32,
    on_reply: Option<RouteId>,
    target: Destination,
    /// Targets that were not tried.
    further: Vec<Destination>,
    /// The port that the request came from.
    port: u16,
    branches: Box<[Branch]>,
    /// A module wants the ACK.
    pub(super) hears_ack: bool,
}

/// The same of a branch.
struct Branch {
    /// None where it is that of the request.
    target: Option<Box<Destination>>,
    flags: u32,
    on_reply: Option<RouteId>,
    replies: u16,
    is_local: bool,
}

impl Scripted {
    /// Takes what is kept with this request, whose transaction has these branches.
    pub(super) fn of(
        context: &mut Context,
        branches: &[policy::Branch],
        hears_ack: bool,
    ) -> Scripted {
        let target = std::mem::take(&mut context.target);
        Scripted {
            vars: std::mem::take(&mut context.vars),
            script_flags: context.script_flags,
            on_reply: context.armed.on_reply,
            further: std::mem::take(&mut context.branches),
            port: context.flow.peer.port(),
            branches: branches
                .iter()
                .map(|branch| Branch::of(branch, &target))
                .collect(),
            target,
            hears_ack,
        }
    }

    /// Gives it back to a context made of the same request, whose transaction has the same branches.
    pub(super) fn restore(self, context: &mut Context, branches: &mut [policy::Branch]) {
        for (own, branch) in self.branches.into_iter().zip(branches) {
            own.restore(branch, &self.target);
        }
        context.vars = self.vars;
        context.script_flags = self.script_flags;
        context.armed.on_reply = self.on_reply;
        context.target = self.target;
        context.branches = self.further;
        context.flow.peer.set_port(self.port);
    }
}

impl Branch {
    fn of(branch: &policy::Branch, target: &Destination) -> Branch {
        let own = (branch.target != *target).then(|| Box::new(branch.target.clone()));
        Branch {
            target: own,
            flags: branch.flags,
            on_reply: branch.on_reply,
            replies: branch.replies,
            is_local: branch.is_local,
        }
    }

    fn restore(self, branch: &mut policy::Branch, target: &Destination) {
        branch.target = self.target.map_or_else(|| target.clone(), |own| *own);
        branch.flags = self.flags;
        branch.on_reply = self.on_reply;
        branch.replies = self.replies;
        branch.is_local = self.is_local;
    }
}
