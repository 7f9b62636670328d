//! Which final reply goes up: RFC 3261 16.7 steps 6 and 7, in tm's order.

use super::{Best, Branches, Context, LegState, Options};

/// How good a final reply is; lower is better: 6xx, 3xx, 401 and 407, 415, 420 and 484, the other
/// 4xx, 5xx.
///
/// The steps are those that `faked_reply_prio` counts in.
pub fn priority(code: u16) -> i32 {
    let within = i32::from(code % 100);
    match code {
        600..=699 => within,
        300..=399 => 2_000 + within,
        401 | 407 => 3_000 + within,
        415 | 420 | 484 => 4_000 + within,
        400..=499 => 5_000 + within,
        500..=599 => 6_000 + within,
        _ => 10_000 + within,
    }
}

/// The status made up for a branch that could not be sent: the answer of any other one is better.
pub const UNSENT: u16 = 477;

impl<R> Context<R> {
    /// The best final reply so far, the first among equals. `None` if there is none, or all were
    /// dropped.
    pub fn best(&self, options: &Options) -> Option<Best> {
        let finals = self.finals();
        let (branch, code, faked) = finals.min_by_key(|(_, code, faked)| {
            let penalty = match (*faked, *code) {
                (true, UNSENT) => i32::MAX,
                (true, _) => options.faked_reply_prio,
                (false, _) => 0,
            };
            priority(*code).saturating_add(penalty)
        })?;
        let code_up = if code == 503 && options.remap_503_500 {
            500
        } else {
            code
        };
        Some(Best {
            branch,
            code,
            code_up,
            faked,
            challenges: self.challenges(code, options),
        })
    }

    /// 16.7 step 7: if a challenge was chosen and there are several, all go up.
    fn challenges(&self, chosen: u16, options: &Options) -> Branches {
        if !options.aggregate_challenges || !is_challenge(chosen) {
            return Branches::new();
        }
        let all: Branches = self
            .finals()
            .filter(|(_, code, _)| is_challenge(*code))
            .map(|(n, ..)| n)
            .collect();
        if all.len() > 1 { all } else { Branches::new() }
    }

    /// Number, code and origin of every negative final reply that was not dropped.
    fn finals(&self) -> impl Iterator<Item = (u16, u16, bool)> {
        self.legs
            .iter()
            .enumerate()
            .filter_map(|(number, leg)| match leg.state {
                LegState::Final(code) if code >= 300 && !leg.dropped => {
                    Some((number as u16, code, leg.faked))
                }
                _ => None,
            })
    }
}

fn is_challenge(code: u16) -> bool {
    matches!(code, 401 | 407)
}
