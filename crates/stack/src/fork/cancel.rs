//! CANCEL of branches that are no longer wanted: RFC 3261 9.1 and 16.10.

use super::{CancelSilent, Context, LegState, Options, Verdict};

/// How far the cancelling of a branch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    No,
    WhenProvisional,
    Sent,
}

impl<R> Context<R> {
    /// Cancels every branch still running but one. Only an INVITE can be cancelled (RFC 3261 9.1).
    pub(super) fn cancel_except(
        &mut self,
        kept: Option<u16>,
        options: &Options,
        verdict: &mut Verdict,
    ) {
        if !self.invite {
            return;
        }
        for (number, leg) in self.legs.iter_mut().enumerate() {
            let number = number as u16;
            if Some(number) == kept || leg.cancel != Cancel::No {
                continue;
            }
            match (leg.state, options.cancel_silent) {
                (LegState::Final(_), _) => {}
                (LegState::Silent, CancelSilent::WhenProvisional) => {
                    leg.cancel = Cancel::WhenProvisional;
                }
                (LegState::Silent, CancelSilent::Fake487) => {
                    leg.cancel = Cancel::Sent;
                    verdict.stop.push(number);
                }
                (LegState::Provisional, _) | (LegState::Silent, CancelSilent::AtOnce) => {
                    leg.cancel = Cancel::Sent;
                    verdict.cancel.push(number);
                }
            }
        }
    }
}
