//! What `save()` does to the bindings of a user, and how it goes on then.

use super::Failure;
use super::draft::Draft;
use super::plan::{Bounds, plan};
use super::save::Call;
use policy::{Binding, Bindings, Change, ChangeTask, Changes, Context, Outcome};
use std::sync::Arc;

/// Removes every contact.
pub(super) struct Clearing {
    pub(super) call: Call,
}

impl ChangeTask for Clearing {
    fn decide(&mut self, _: &mut Context, present: &[Arc<Binding>]) -> Changes {
        present.iter().cloned().map(Change::Remove).collect()
    }

    fn done(
        self: Box<Self>,
        context: &mut Context,
        aor: &[u8],
        found: Option<Bindings>,
    ) -> Outcome {
        self.call.end(context, aor, found, Ok(3))
    }
}

/// Adds, refreshes and removes contacts.
pub(super) struct Storing {
    pub(super) call: Call,
    pub(super) draft: Draft,
    pub(super) bounds: Bounds,
    /// What the plan came to, the return code; a failure before there is one.
    pub(super) code: Result<i32, Failure>,
}

impl ChangeTask for Storing {
    fn decide(&mut self, _: &mut Context, present: &[Arc<Binding>]) -> Changes {
        let location = &self.call.inner.location;
        let new_ruid = || location.new_ruid();
        match plan(
            &self.draft,
            present,
            location.rules(),
            &self.bounds,
            new_ruid,
        ) {
            Ok(plan) => {
                self.code = Ok(plan.code);
                plan.changes
            }
            Err(failure) => {
                self.code = Err(failure);
                Changes::new()
            }
        }
    }

    fn done(
        self: Box<Self>,
        context: &mut Context,
        aor: &[u8],
        found: Option<Bindings>,
    ) -> Outcome {
        self.call.end(context, aor, found, self.code)
    }
}
