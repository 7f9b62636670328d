//! The modules, one folder each. This list is generated from the folder names by
//! `cargo xtask codegen`; a test fails when it is stale.

mod maxfwd;
mod rr;
mod sl;
#[cfg(test)]
mod testing;
mod textops;
mod usrloc;

use policy::Entry;

/// Every module, by name.
pub const ALL: &[Entry] = &[
    maxfwd::ENTRY,
    rr::ENTRY,
    sl::ENTRY,
    textops::ENTRY,
    usrloc::ENTRY,
];
