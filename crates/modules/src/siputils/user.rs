//! Whose credentials were right.

use super::SipUtils;
use policy::{Authenticated, Context, Declaration, Level, Routes, Text};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "is_user(username)",
        "1 where credentials were checked and right, and their user is this one.",
        Routes::REQUEST,
        is_user,
    );
    d.deviation("is_user() knows credentials whose password was right; Kamailio 5.6.3 takes those with a wrong one too.");
}

fn is_user(_: &SipUtils, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    let known = context.extension::<Authenticated>();
    match known.and_then(|known| known.verified.as_ref()) {
        Some(claim) => claim.user() == name,
        None => {
            context.log(Level::Err, "siputils", || {
                "no authorized credentials found (error in scripts)".to_owned()
            });
            false
        }
    }
}
