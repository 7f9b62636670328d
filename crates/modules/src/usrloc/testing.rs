//! What the tests of this module share.

use policy::{Binding, Q, Registration};
use std::sync::Arc;

/// A binding for tests; times are 0, so it is for ever.
pub(super) fn binding(contact: &str, q: i16, ruid: &str) -> Arc<Binding> {
    expiring(contact, q, ruid, 0)
}

/// The same with an end.
pub(super) fn expiring(contact: &str, q: i16, ruid: &str, expires_s: u64) -> Arc<Binding> {
    Arc::new(Binding::new(Registration {
        contact: contact.as_bytes(),
        ruid: ruid.as_bytes(),
        call_id: b"c1",
        q: Q(q),
        expires_s,
        methods: u32::MAX,
        ..Registration::default()
    }))
}
