//! The dialog of the message in hand.

use super::call::{Dialog, Side};
use super::hooks::Closing;
use super::logic::Logic;
use bytes::Bytes;
use policy::Context;
use std::sync::Arc;

/// What the module keeps with a request, in all routes of its transaction.
#[derive(Default)]
pub(super) struct Current {
    /// Its dialog, once it is known.
    pub(super) dialog: Option<Arc<Dialog>>,
    /// Who sent it, within a dialog.
    pub(super) sender: Option<Side>,
    /// Kept by the request that made the dialog.
    pub(super) owner: Option<Owner>,
    /// Kept by the BYE that ended the dialog.
    pub(super) closing: Option<Closing>,
    /// What the script asked for before there was a dialog.
    pub(super) wishes: Wishes,
    /// `$dlg_ctx(on)`: the script's own.
    pub(super) on: i64,
}

/// What a dialog gets when it is made.
#[derive(Default)]
pub(super) struct Wishes {
    /// `dlg_setflag()`.
    pub(super) flags: u32,
    /// `dlg_set_property()` and `$dlg_ctx(timeout_bye)`, as [`super::call::Live::switches`].
    pub(super) switches: u32,
    /// `$dlg_ctx(timeout_route)`.
    pub(super) timeout_route: Option<Arc<str>>,
    /// `$dlg_ctx(timeout)`, 0 where unset.
    pub(super) timeout_s: u32,
    /// `set_dlg_profile()`.
    pub(super) links: Vec<super::profile::Link>,
    /// `$dlg_var(…)`.
    pub(super) vars: Vec<(Bytes, Bytes)>,
}

/// Ends a dialog whose INVITE came to nothing: dropped with the request, it frees the slot at once
/// where no final reply passed.
pub(super) struct Owner {
    pub(super) logic: Arc<Logic>,
    pub(super) dialog: Arc<Dialog>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.logic.give_up(&self.dialog, self.logic.clock_s());
    }
}

/// What the module keeps with the request of this context; in a reply route, with the transaction's.
pub(super) fn current(context: &Context) -> Option<&Current> {
    let own = context.extension::<Current>();
    own.or_else(|| context.home.as_deref()?.extension::<Current>())
}

/// The same, to change it.
pub(super) fn current_mut(context: &mut Context) -> &mut Current {
    match context.home.is_some() && context.extension::<Current>().is_none() {
        false => context.extension_mut::<Current>(),
        true => match &mut context.home {
            Some(home) => home.extension_mut::<Current>(),
            None => unreachable!("it was there a line ago"),
        },
    }
}

impl Logic {
    /// The dialog of the message in hand: as it was found when its Route was followed, else by
    /// Call-ID and tags.
    pub(super) fn dialog_of(&self, context: &Context) -> Option<Arc<Dialog>> {
        let known = current(context).and_then(|current| current.dialog.clone());
        known.or_else(|| {
            let message = &context.message;
            let (from, to) = (message.from().ok()?, message.to().ok()?);
            let (from_tag, to_tag) = (from.tag()?, to.tag().unwrap_or_default());
            let call_id = message.call_id().ok()?;
            let found = self.shared.table.find(call_id, from_tag, to_tag, None);
            found.map(|(dialog, _)| dialog)
        })
    }
}
