//! What a configuration lacks against attackers: `ringwall check --security`.
//!
//! The file is judged as it is written, so modules need neither be loaded nor exist. Two kinds of
//! looks: at every way of a request through the routes (`flow`, judged in `reach`), and at the
//! settings and texts that are wrong wherever they stand (`settings`, `injection`).
//!
//! Findings of level error are holes that a stranger can use; warnings are missing defences.

mod flow;
mod injection;
mod knowledge;
mod reach;
mod settings;
mod telltales;

pub use settings::{is_known_database_url, is_printed_mask_key};

use script::{Diagnostic, Parsed};

/// What a configuration stands in; the crate itself opens nothing.
pub trait Surroundings {
    /// Whether everybody on the machine may read the file at `path`.
    fn is_world_readable(&self, path: &str) -> bool;
    /// The content of a file that a setting names, as `tls.cfg`; none where it cannot be read.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// Everything found in a parsed file, in the order of its text; files that its settings name join
/// its sources, where something in them is found. Linear in the number of settings;
/// the ways through the routes are bounded.
#[must_use]
pub fn audit(parsed: &mut Parsed, surroundings: &dyn Surroundings) -> Vec<Diagnostic> {
    let mut findings = settings::find(parsed, surroundings);
    findings.extend(injection::find(&parsed.script));
    findings.extend(reach::find(&parsed.script));
    findings.extend(telltales::find(&parsed.script));
    findings.sort_by_key(|finding| (finding.span, finding.code));
    findings.dedup_by_key(|finding| (finding.span, finding.code, finding.message.clone()));
    findings
}
