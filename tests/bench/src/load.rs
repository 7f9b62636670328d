//! Who sends, made ready before the clock starts.

use crate::flood;
use crate::ground::Ground;
use crate::measure::Outcome;
use crate::phones::Phones;
use crate::sipp::{self, Answering};
use crate::tls::{Client, Held};
use crate::workload::{Callee, Load, Workload};

/// A load that is ready to run.
pub(crate) struct Ready<'a> {
    load: Load,
    ground: &'a Ground,
    /// They answer until the load is over.
    _callee: (Option<Answering>, Option<Phones>),
    /// Connections stay open until memory has been looked at.
    held: Vec<Held>,
}

/// Starts what must be there before the first operation.
///
/// # Errors
/// A sentence, where it does not start.
pub(crate) fn ready<'a>(workload: &Workload, ground: &'a Ground) -> Result<Ready<'a>, String> {
    let callee = match workload.load {
        Load::Sipp {
            callee: Callee::Sipp(scenario),
            wire,
            ..
        } => (Some(Answering::start(ground, scenario, wire)?), None),
        Load::Sipp {
            callee: Callee::Phones,
            ..
        } => (None, Some(Phones::start(ground.callee)?)),
        _ => (None, None),
    };
    Ok(Ready {
        load: workload.load,
        ground,
        _callee: callee,
        held: Vec::new(),
    })
}

impl Ready<'_> {
    /// Runs `operations` at `rate` a second.
    ///
    /// # Errors
    /// A sentence, where the load itself fails.
    pub(crate) fn run(&mut self, rate: u64, operations: u64) -> Result<Outcome, String> {
        match self.load {
            Load::Sipp { caller, wire, .. } => {
                sipp::call(self.ground, caller, wire, rate, operations)
            }
            Load::Flood => flood::run(self.ground, rate, operations),
            Load::Held => {
                let held;
                (held, self.held) = Client::new(self.ground)?.hold(rate, operations);
                Ok(held)
            }
            Load::Handshakes => Ok(Client::new(self.ground)?.shake_hands(rate, operations)),
        }
    }
}
