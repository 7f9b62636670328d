//! What other modules hear of dialogs.

use super::call::Dialog;
use super::current::Current;
use super::logic::Logic;
use bytes::Bytes;
use policy::{Context, EndedBy, FollowedDialog};
use std::sync::Arc;

impl FollowedDialog for Dialog {
    fn call_id(&self) -> &[u8] {
        Dialog::call_id(self)
    }

    fn caller_tag(&self) -> &[u8] {
        Dialog::caller_tag(self)
    }

    fn callee_tag(&self) -> Vec<u8> {
        self.live.lock().callee.tag().to_vec()
    }

    fn var(&self, name: &[u8]) -> Option<Bytes> {
        self.live.lock().var(name).cloned()
    }

    fn set_var(&self, name: &[u8], value: Bytes) -> bool {
        self.live.lock().set_var(name, Some(value))
    }
}

/// A BYE that ended a dialog, until it has its final reply. Dropped before, it went on without a
/// transaction, and those who wait for its end hear of it without a message.
pub(super) struct Closing {
    logic: Arc<Logic>,
    dialog: Option<Arc<Dialog>>,
}

impl Closing {
    /// The BYE in hand ended `dialog`.
    pub(super) fn begin(logic: &Arc<Logic>, context: &mut Context, dialog: Arc<Dialog>) {
        let closing = Closing {
            logic: logic.clone(),
            dialog: Some(dialog),
        };
        context.extension_mut::<Current>().closing = Some(closing);
    }

    /// The BYE in hand has its final reply.
    pub(super) fn end(context: &mut Context) {
        if context.extension::<Current>().is_none() {
            return;
        }
        let closing = context.extension_mut::<Current>().closing.take();
        if let Some(mut closing) = closing {
            closing.tell(Some(context));
        }
    }

    fn tell(&mut self, mut context: Option<&mut Context>) {
        let Some(dialog) = self.dialog.take() else {
            return;
        };
        let hooks = &self.logic.hooks;
        hooks.tell(|hook| hook.closed(context.as_deref_mut(), &*dialog));
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.tell(None);
    }
}

impl Logic {
    /// An INVITE made a dialog.
    pub(super) fn tell_begun(&self, dialog: &Dialog, now_ms: u64) {
        self.hooks.tell(|hook| hook.begun(dialog, now_ms));
    }

    /// A 2xx to its INVITE passed.
    pub(super) fn tell_answered(&self, dialog: &Dialog, now_ms: u64) {
        self.hooks.tell(|hook| hook.answered(dialog, now_ms));
    }

    /// The call is over.
    pub(super) fn tell_ended(&self, dialog: &Dialog, by: EndedBy, now_ms: u64) {
        self.hooks.tell(|hook| hook.ended(dialog, by, now_ms));
    }

    /// Nobody took the call whose INVITE is in hand.
    pub(super) fn tell_failed(&self, dialog: &Dialog, context: &mut Context) {
        self.hooks.tell(|hook| hook.failed(context, dialog));
    }
}
