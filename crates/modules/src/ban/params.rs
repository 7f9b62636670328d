//! The parameters of module `ban`.

use policy::{BanTimes, Source};

pub(super) struct Params {
    pub(super) db_url: Option<String>,
    /// The server, as module `ndb_redis` names it, through which the list is shared.
    pub(super) redis: Option<String>,
    pub(super) times: BanTimes,
    /// Networks that are never banned.
    pub(super) never: Vec<Source>,
    /// The group of trusted addresses; negative for none.
    pub(super) trusted_group: i64,
    /// Wrong passwords of one source that make a ban.
    pub(super) max_guesses: u32,
    /// How long that ban is, in seconds.
    pub(super) guess_ban_s: u64,
    pub(super) delay: Delay,
}

/// How long nobody is let in after wrong passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    /// Wrong passwords without any delay.
    pub(super) free: u32,
    /// Seconds after the first that is not free; each further one doubles it.
    pub(super) first_s: u64,
    /// Seconds at most.
    pub(super) longest_s: u64,
    /// Seconds without a wrong password after which all is forgotten.
    pub(super) forget_s: u64,
    /// Seconds after which one wrong password is forgiven, as far as bans go.
    pub(super) forgive_s: u64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: None,
            redis: None,
            times: BanTimes {
                unvalidated_s: 60,
                longest_s: 86_400,
                remember_s: 86_400,
            },
            never: Vec::new(),
            trusted_group: 1,
            max_guesses: 8,
            guess_ban_s: 300,
            delay: Delay {
                free: 2,
                first_s: 1,
                longest_s: 900,
                forget_s: 1800,
                forgive_s: 60,
            },
        }
    }
}
