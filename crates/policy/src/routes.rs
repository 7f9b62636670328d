//! The kinds of routes, as a set: where a function may be called.

use serde::{Serialize, Serializer};
use std::ops::BitOr;

/// A set of route kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes(u16);

impl Routes {
    /// `request_route` and the routes called from it.
    pub const REQUEST: Routes = Routes(1);
    /// `failure_route`.
    pub const FAILURE: Routes = Routes(2);
    /// `onreply_route[NAME]`, of a transaction.
    pub const REPLY: Routes = Routes(4);
    /// `branch_route`.
    pub const BRANCH: Routes = Routes(8);
    /// `onsend_route`; nothing can wait there.
    pub const ONSEND: Routes = Routes(16);
    /// `event_route[tm:branch-failure:NAME]`.
    pub const BRANCH_FAILURE: Routes = Routes(32);
    /// `onreply_route` without a name: every reply, before its transaction is known.
    pub const CORE_REPLY: Routes = Routes(64);
    /// `event_route[…]` of modules.
    pub const EVENT: Routes = Routes(128);
    /// Everywhere.
    pub const ANY: Routes = Routes(255);
    /// Wherever the message in hand is a request.
    pub const REQUESTS: Routes = Routes(1 | 2 | 8 | 32 | 128);
    /// Wherever the message in hand is a reply.
    pub const REPLIES: Routes = Routes(4 | 64);

    /// The kinds of both sets.
    pub const fn or(self, other: Routes) -> Routes {
        Routes(self.0 | other.0)
    }

    /// True where every kind of `other` is in this set.
    pub const fn contains(self, other: Routes) -> bool {
        self.0 & other.0 == other.0
    }

    /// True where the two sets share a kind.
    pub const fn meets(self, other: Routes) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of the kinds in the set.
    pub fn names(self) -> Vec<&'static str> {
        NAMES
            .iter()
            .filter(|(kind, _)| self.contains(*kind))
            .map(|(_, name)| *name)
            .collect()
    }
}

const NAMES: [(Routes, &str); 8] = [
    (Routes::REQUEST, "request_route"),
    (Routes::FAILURE, "failure_route"),
    (Routes::REPLY, "onreply_route"),
    (Routes::BRANCH, "branch_route"),
    (Routes::ONSEND, "onsend_route"),
    (Routes::BRANCH_FAILURE, "event_route[tm:branch-failure]"),
    (Routes::CORE_REPLY, "reply_route"),
    (Routes::EVENT, "event_route"),
];

impl BitOr for Routes {
    type Output = Routes;

    fn bitor(self, other: Routes) -> Routes {
        self.or(other)
    }
}

impl Serialize for Routes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}
