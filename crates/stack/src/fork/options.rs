//! The parameters of response selection.

/// What tm's parameters change about response selection. Defaults are tm's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `relay_100`: also a 100 goes up.
    pub relay_100: bool,
    /// `disable_6xx_block`: a 6xx is like any other negative reply.
    pub disable_6xx_block: bool,
    /// `aggregate_challenges`: the challenges of all 401 and 407 go up in one reply.
    pub aggregate_challenges: bool,
    /// `remap_503_500`: a 503 goes up as a 500, as RFC 3261 16.7 step 6 wants.
    pub remap_503_500: bool,
    /// `faked_reply_prio`: added to the priority of a reply that we made up; higher is worse.
    pub faked_reply_prio: i32,
    /// `cancel_b_method`: how a branch that has not said anything is cancelled.
    pub cancel_silent: CancelSilent,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            relay_100: false,
            disable_6xx_block: false,
            aggregate_challenges: true,
            remap_503_500: true,
            faked_reply_prio: 0,
            cancel_silent: CancelSilent::WhenProvisional,
        }
    }
}

/// `cancel_b_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelSilent {
    /// 0: stop it and count it as a 487.
    Fake487,
    /// 1: send the CANCEL when a provisional reply comes (RFC 3261 9.1).
    WhenProvisional,
    /// 2: send it at once.
    AtOnce,
}
