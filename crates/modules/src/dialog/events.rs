//! Event routes: they run on their own, right after the message or timer that caused them.

use super::call::Dialog;
use super::current::Current;
use super::logic::Logic;
use policy::{Context, Task};
use sip::Message;
use std::sync::Arc;

/// What an event route tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// The callee took the call.
    Start,
    /// The call is over.
    End,
    /// Nobody took it.
    Failed,
}

impl Happened {
    /// All of them, as [`Logic::heard`] is ordered.
    pub(super) const ALL: [Happened; 3] = [Happened::Start, Happened::End, Happened::Failed];

    /// The name of the event route.
    pub(super) fn route(self) -> &'static str {
        match self {
            Happened::Start => "dialog:start",
            Happened::End => "dialog:end",
            Happened::Failed => "dialog:failed",
        }
    }
}

/// Has the event route run on the message that caused it, where the script has the route.
pub(super) fn tell(
    logic: &Logic,
    what: Happened,
    dialog: &Arc<Dialog>,
    message: Option<&Arc<Message>>,
) {
    if !logic.heard[what as usize] {
        return;
    }
    let task = Task::Event {
        name: what.route().to_owned(),
        prepare: prepare(dialog, message.cloned()),
    };
    logic.outbox.post(task);
}

/// Has `route[name]` run because a dialog's time is over (`$dlg_ctx(timeout_route)`).
pub(super) fn run_timeout_route(logic: &Logic, name: &str, dialog: &Arc<Dialog>) {
    let task = Task::Route {
        name: name.to_owned(),
        prepare: prepare(dialog, None),
    };
    logic.outbox.post(task);
}

fn prepare(
    dialog: &Arc<Dialog>,
    message: Option<Arc<Message>>,
) -> Box<dyn FnOnce(&mut Context) + Send> {
    let dialog = dialog.clone();
    Box::new(move |context| {
        if let Some(message) = message {
            if message.is_request() {
                context.target.uri = message.slice_of(message.request_uri());
            }
            context.message = message;
        }
        context.extension_mut::<Current>().dialog = Some(dialog);
    })
}
