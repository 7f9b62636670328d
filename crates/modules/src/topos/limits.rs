//! What peers can make grow here, and how far.

/// Bounds of one server process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Branches whose replies are expected, for `branch_expire` or as long as their transaction lives; about 1.5 KB
    /// each. A request that finds no place is refused as one whose state cannot be written.
    pub(super) branches: usize,
    /// Dialogs in `storage` `memory`, about 1.5 KB each, for `dialog_expire` or what a subscription says. What
    /// finds no place is refused likewise.
    pub(super) dialogs: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            branches: 262_144,
            dialogs: 262_144,
        }
    }
}
