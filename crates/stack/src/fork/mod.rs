//! The response context of a forwarded request: RFC 3261 16.7.
//!
//! It collects what the branches say and tells what goes up, and which branches get a CANCEL. It
//! sends nothing and keeps no time: a branch that times out is a faked 408 ([`Context::reply`]),
//! one that cannot be sent a faked 503.

mod cancel;
mod groups;
mod options;
mod select;
mod verdict;

use smallvec::SmallVec;

use crate::Limits;
use cancel::Cancel;

pub use groups::serial_groups;
pub use options::{CancelSilent, Options};
pub use select::{UNSENT, priority};
pub use verdict::{Best, Branches, Relay, Verdict};

/// One forwarded request with all its branches. `R` is a stored final reply.
#[derive(Clone, Debug)]
pub struct Context<R> {
    legs: SmallVec<[Leg<R>; 1]>,
    /// Where the present serial group begins.
    group: u16,
    invite: bool,
    /// A 6xx came, so no branch may be added (RFC 3261 16.7 step 5).
    declined: bool,
    /// A 2xx went up.
    accepted: bool,
    /// A final reply was sent up.
    answered: bool,
}

#[derive(Clone, Debug)]
struct Leg<R> {
    state: LegState,
    reply: Option<R>,
    faked: bool,
    dropped: bool,
    cancel: Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LegState {
    Silent,
    Provisional,
    Final(u16),
}

/// Why a branch cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBranch {
    /// [`Limits::max_branches`].
    Full,
    /// A 6xx came, or the request was answered already.
    Over,
}

impl<R> Context<R> {
    /// The context of an INVITE or of another request.
    pub fn new(invite: bool) -> Self {
        Context {
            legs: SmallVec::new(),
            group: 0,
            invite,
            declined: false,
            accepted: false,
            answered: false,
        }
    }

    /// The context of a request that was answered, with the final status of each branch.
    pub fn settled(invite: bool, statuses: impl Iterator<Item = u16>) -> Self {
        let leg = |status| Leg {
            state: LegState::Final(status),
            ..Leg::new()
        };
        Context {
            legs: statuses.map(leg).collect(),
            accepted: true,
            answered: true,
            ..Context::new(invite)
        }
    }

    /// Adds a branch.
    ///
    /// # Errors
    /// [`NoBranch`].
    pub fn add(&mut self, limits: &Limits) -> Result<u16, NoBranch> {
        if self.declined || self.accepted || self.answered {
            return Err(NoBranch::Over);
        }
        let number = u16::try_from(self.legs.len()).map_err(|_| NoBranch::Full)?;
        if self.legs.len() >= limits.max_branches {
            return Err(NoBranch::Full);
        }
        self.legs.push(Leg::new());
        Ok(number)
    }

    /// Begins a serial group in the failure route: branches added from now on belong to it, and a
    /// 6xx of the group before does not forbid them (tm `disable_6xx_block`).
    pub fn begin_group(&mut self) {
        self.group = self.legs.len() as u16;
        self.declined = false;
    }

    /// Where the present serial group begins.
    pub fn group_start(&self) -> u16 {
        self.group
    }

    /// Forgets the final replies of the branches in `range` (`t_drop_replies`,
    /// `failure_reply_mode`).
    pub fn drop_replies(&mut self, range: std::ops::Range<u16>) {
        let range = usize::from(range.start)..usize::from(range.end).min(self.legs.len());
        for leg in self.legs.get_mut(range).unwrap_or_default() {
            leg.dropped = true;
            leg.reply = None;
        }
    }

    /// How many branches there are.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is no branch.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Whether every branch has ended.
    pub fn all_ended(&self) -> bool {
        self.legs.iter().all(Leg::ended)
    }

    /// The final reply of a branch, unless it was dropped.
    pub fn stored(&self, branch: u16) -> Option<&R> {
        self.legs.get(usize::from(branch))?.reply.as_ref()
    }

    /// The final status code of a branch.
    pub fn final_code(&self, branch: u16) -> Option<u16> {
        match self.legs.get(usize::from(branch))?.state {
            LegState::Final(code) => Some(code),
            LegState::Silent | LegState::Provisional => None,
        }
    }

    /// Tells that a final reply was sent up, by selection or by the script.
    pub fn mark_answered(&mut self) {
        self.answered = true;
    }

    /// Whether a final reply was sent up.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// A branch was answered with `code`; `faked` if nobody sent it. A final reply is kept.
    pub fn reply(
        &mut self,
        branch: u16,
        code: u16,
        reply: R,
        faked: bool,
        options: &Options,
    ) -> Verdict {
        match code {
            100..=199 => self.provisional(branch, code, options),
            200..=299 => self.success(branch, code, options),
            _ => self.negative(branch, code, reply, faked, options),
        }
    }

    /// Which branches get a CANCEL because the caller cancelled, or because the script answered.
    pub fn cancel_all(&mut self, options: &Options) -> Verdict {
        let mut verdict = Verdict::nothing();
        self.cancel_except(None, options, &mut verdict);
        verdict
    }

    /// 16.7 step 5: provisional replies go up at once, but for the 100 which is hop by hop.
    fn provisional(&mut self, branch: u16, code: u16, options: &Options) -> Verdict {
        let mut verdict = Verdict::nothing();
        let over = self.answered || self.accepted;
        let Some(leg) = self.leg(branch) else {
            return verdict;
        };
        if leg.ended() {
            return verdict;
        }
        leg.state = LegState::Provisional;
        if leg.cancel == Cancel::WhenProvisional {
            leg.cancel = Cancel::Sent;
            verdict.cancel.push(branch);
        }
        if !over && (code != 100 || options.relay_100) {
            verdict.relay = Relay::This;
        }
        verdict
    }

    /// 16.7 step 5: every 2xx to an INVITE goes up at once, only the first to another request. 16.7
    /// step 10: the others are cancelled.
    fn success(&mut self, branch: u16, code: u16, options: &Options) -> Verdict {
        let mut verdict = Verdict::nothing();
        let (invite, over) = (self.invite, self.answered);
        let Some(leg) = self.leg(branch) else {
            return verdict;
        };
        leg.state = LegState::Final(code);
        leg.reply = None;
        if invite || !over {
            verdict.relay = Relay::This;
        }
        self.accepted = true;
        self.answered = true;
        self.cancel_except(Some(branch), options, &mut verdict);
        verdict
    }

    /// 16.7 steps 5 and 6: kept until every branch has ended; a 6xx ends the search.
    fn negative(
        &mut self,
        branch: u16,
        code: u16,
        reply: R,
        faked: bool,
        options: &Options,
    ) -> Verdict {
        let mut verdict = Verdict::nothing();
        let Some(leg) = self.leg(branch) else {
            return verdict;
        };
        if leg.ended() {
            return verdict;
        }
        leg.state = LegState::Final(code);
        leg.faked = faked;
        if !leg.dropped {
            leg.reply = Some(reply);
        }
        if code >= 600 && !options.disable_6xx_block {
            self.declined = true;
            self.cancel_except(Some(branch), options, &mut verdict);
        }
        if self.all_ended() && !self.answered {
            verdict.relay = Relay::Best;
        }
        verdict
    }

    fn leg(&mut self, branch: u16) -> Option<&mut Leg<R>> {
        self.legs.get_mut(usize::from(branch))
    }
}

impl<R> Leg<R> {
    fn new() -> Self {
        Leg {
            state: LegState::Silent,
            reply: None,
            faked: false,
            dropped: false,
            cancel: Cancel::No,
        }
    }

    fn ended(&self) -> bool {
        matches!(self.state, LegState::Final(_))
    }
}
