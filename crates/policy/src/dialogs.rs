//! Dialogs for those who watch them: accounting, limits. Module `dialog` tells, whatever is loaded first.

use crate::Context;
use bytes::Bytes;
use parking_lot::RwLock;
use std::sync::Arc;

/// A dialog that module `dialog` follows.
pub trait FollowedDialog {
    /// The Call-ID.
    fn call_id(&self) -> &[u8];

    /// The caller's tag.
    fn caller_tag(&self) -> &[u8];

    /// The callee's tag; empty before the 2xx.
    fn callee_tag(&self) -> Vec<u8>;

    /// `$dlg_var(name)`.
    fn var(&self, name: &[u8]) -> Option<Bytes>;

    /// Sets `$dlg_var(name)`; false where the dialog takes no more.
    fn set_var(&self, name: &[u8], value: Bytes) -> bool;
}

/// Watches dialogs. Times are Unix milliseconds. Nothing may wait, and nothing may ask module `dialog`
/// for anything but the dialog given.
pub trait DialogHook: Send + Sync {
    /// An INVITE made a dialog.
    fn begun(&self, _dialog: &dyn FollowedDialog, _now_ms: u64) {}

    /// A 2xx to its INVITE passed.
    fn answered(&self, _dialog: &dyn FollowedDialog, _now_ms: u64) {}

    /// Nobody took the call; the context is that of the INVITE.
    fn failed(&self, _context: &mut Context, _dialog: &dyn FollowedDialog) {}

    /// The call is over.
    fn ended(&self, _dialog: &dyn FollowedDialog, _by: EndedBy, _now_ms: u64) {}

    /// The BYE of a party has its final reply, and the context is that of the BYE; none where it was
    /// passed on without a transaction.
    fn closed(&self, _context: Option<&mut Context>, _dialog: &dyn FollowedDialog) {}
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// One of the two, with a BYE.
    Party,
    /// This server: its time was over, a command or the script said so.
    Server,
}

/// Everybody who watches dialogs. Cheap to clone.
#[derive(Clone, Default)]
pub struct DialogHooks(Arc<RwLock<Vec<Arc<dyn DialogHook>>>>);

impl DialogHooks {
    /// One more.
    pub fn add(&self, hook: Arc<dyn DialogHook>) {
        self.0.write().push(hook);
    }

    /// Tells everybody.
    pub fn tell(&self, mut event: impl FnMut(&dyn DialogHook)) {
        for hook in self.0.read().iter() {
            event(&**hook);
        }
    }
}
