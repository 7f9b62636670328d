//! Who sends, made ready before the clock starts.

use crate::flood;
use crate::ground::Ground;
use crate::measure::Outcome;
use crate::sipp::{self, Callee};
use crate::workload::{Load, Workload};

/// A load that is ready to run.
pub(crate) struct Ready<'a> {
    load: Load,
    ground: &'a Ground,
    /// Answers until the load is over.
    _callee: Option<Callee>,
}

/// Starts what must be there before the first operation.
///
/// # Errors
/// A sentence, where it does not start.
pub(crate) fn ready<'a>(workload: &Workload, ground: &'a Ground) -> Result<Ready<'a>, String> {
    let callee = match workload.load {
        Load::Sipp {
            callee: Some(scenario),
            ..
        } => Some(Callee::start(ground, scenario)?),
        _ => None,
    };
    Ok(Ready {
        load: workload.load,
        ground,
        _callee: callee,
    })
}

impl Ready<'_> {
    /// Runs `operations` at `rate` a second.
    ///
    /// # Errors
    /// A sentence, where the load itself fails.
    pub(crate) fn run(&self, rate: u64, operations: u64) -> Result<Outcome, String> {
        match self.load {
            Load::Sipp { caller, .. } => sipp::call(self.ground, caller, rate, operations),
            Load::Flood => flood::run(self.ground, rate, operations),
        }
    }
}
