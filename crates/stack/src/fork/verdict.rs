//! What the response context tells its owner to do.

use smallvec::SmallVec;

/// What to do after a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What goes up.
    pub relay: Relay,
    /// Branches that get a CANCEL now.
    pub cancel: Branches,
    /// Branches to end without a word: they count as 487 (`cancel_b_method` 0).
    pub stop: Branches,
}

/// Numbers of branches.
pub type Branches = SmallVec<[u16; 4]>;

/// What goes up after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// Nothing now.
    Nothing,
    /// This reply, at once: a provisional one, or a 2xx.
    This,
    /// Every branch has ended: run the failure route, then send [`Context::best`](super::Context::best) unless branches
    /// were added.
    Best,
}

/// The reply to send up when every branch has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    /// The branch that it is from.
    pub branch: u16,
    /// The status code that came.
    pub code: u16,
    /// The status code to send: 500 for a 503.
    pub code_up: u16,
    /// Whether we made it up.
    pub faked: bool,
    /// The branches whose `WWW-Authenticate` and `Proxy-Authenticate` go up in one reply with it;
    /// empty if it goes up as it is.
    pub challenges: Branches,
}

impl Verdict {
    pub(super) fn nothing() -> Self {
        Verdict {
            relay: Relay::Nothing,
            cancel: Branches::new(),
            stop: Branches::new(),
        }
    }
}
