//! The timers of RFC 3261 section 17 under the names of Kamailio's tm module.

/// How long everything in a transaction lasts, in milliseconds.
///
/// Defaults are those of the tm module README. One value is ours: `accepted_ms`, because a reply
/// that matches no transaction is dropped here and retransmitted 2xx have to find theirs (RFC
/// 6026).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// First retransmission interval: T1 of timers A, E, G.
    pub retr_timer1_ms: u32,
    /// Longest retransmission interval: T2 of timers A, E, G. (RFC 3261 lets timer A grow without
    /// bound; tm does not.)
    pub retr_timer2_ms: u32,
    /// Wait for any reply (timer B), for the final reply of a non-INVITE (timer F) and for
    /// the ACK of a negative reply (timer H).
    pub fr_timer_ms: u32,
    /// Wait for the final reply of an INVITE after a provisional one (timer C).
    pub fr_inv_timer_ms: u32,
    /// How long a finished transaction absorbs retransmissions: timers D, I, J, K.
    pub wt_timer_ms: u32,
    /// How long an INVITE transaction with a 2xx waits for further 2xx: timers L and M of RFC 6026,
    /// 64·T1.
    pub accepted_ms: u32,
    /// Longest life of an INVITE transaction before its final reply.
    pub max_inv_lifetime_ms: u32,
    /// Longest life of another transaction before its final reply.
    pub max_noninv_lifetime_ms: u32,
    /// Whether each provisional reply restarts timer C; else only the first and each higher code
    /// from 180 on.
    pub restart_fr_on_each_reply: bool,
}

impl Default for Timers {
    fn default() -> Self {
        Timers {
            retr_timer1_ms: 500,
            retr_timer2_ms: 4_000,
            fr_timer_ms: 30_000,
            fr_inv_timer_ms: 120_000,
            wt_timer_ms: 5_000,
            accepted_ms: 32_000,
            max_inv_lifetime_ms: 180_000,
            max_noninv_lifetime_ms: 32_000,
            restart_fr_on_each_reply: true,
        }
    }
}
