//! `$sbranch(…)` and its functions: a branch put together field by field.

use super::Pv;
use super::branch::{Key, push};
use policy::{Context, Declaration, Destination, Routes, Var, problem};

/// The branch that is being put together for the message in hand.
#[derive(Default)]
struct Draft(Destination);

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let doc =
        "The branch being put together: uri, dst_uri, path, q, flags, send_socket, ruid, instance.";
    declaration.variable("sbranch(key)", doc, true, |_, spec, _| {
        let key = Key::parse(spec.inner.as_deref().unwrap_or_default().trim_ascii());
        let key = key.filter(|key| *key != Key::Count);
        let key = key.ok_or_else(|| {
            problem("the key is uri, dst_uri, path, q, flags, send_socket, ruid or instance")
        })?;
        Ok(Var::read_write(
            move |context| {
                let draft = std::mem::take(context.extension_mut::<Draft>());
                let value = key.read(context, &draft.0);
                *context.extension_mut() = draft;
                value
            },
            move |context, value| {
                let mut draft = std::mem::take(context.extension_mut::<Draft>());
                let done = key.write(context, &mut draft.0, value);
                *context.extension_mut() = draft;
                done
            },
        ))
    });
    let routes = Routes::REQUEST | Routes::BRANCH | Routes::FAILURE;
    declaration.function(
        "sbranch_set_ruri()",
        "Makes the branch in $sbranch the first one.",
        routes,
        set_ruri,
    );
    declaration.function(
        "sbranch_append()",
        "Adds the branch in $sbranch; -1 without a URI.",
        routes,
        append,
    );
    declaration.function("sbranch_reset()", "Empties $sbranch.", routes, reset);
}

fn set_ruri(_: &Pv, context: &mut Context) -> bool {
    let draft = context.extension_mut::<Draft>().0.clone();
    if draft.uri.is_empty() {
        return false;
    }
    context.target = draft;
    true
}

fn append(_: &Pv, context: &mut Context) -> bool {
    let draft = context.extension_mut::<Draft>().0.clone();
    !draft.uri.is_empty() && push(context, draft)
}

fn reset(_: &Pv, context: &mut Context) -> bool {
    *context.extension_mut() = Draft::default();
    true
}
