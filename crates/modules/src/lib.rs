//! The modules, one folder each. This list is generated from the folder names by
//! `cargo xtask codegen`; a test fails when it is stale.

mod maxfwd;
#[cfg(test)]
mod testing;

use policy::Entry;

/// Every module, by name.
pub const ALL: &[Entry] = &[maxfwd::ENTRY];
