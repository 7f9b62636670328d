//! `sht_lock()`: one script at a time between lock and unlock.
//!
//! Nobody is blocked: a script that finds a key locked sleeps and tries again, while its worker does
//! other things. A lock belongs to the message that took it and ends with it at the latest.

use super::items::Shared;
use bytes::Bytes;
use policy::{Context, Effect, Level, Outcome};

/// Milliseconds between two attempts.
const PAUSE_MS: u32 = 2;
/// Attempts; five seconds together.
const ATTEMPTS: u32 = 2500;

/// The locks of a message.
#[derive(Default)]
struct Locks(Vec<Lock>);

/// A lock that is held; dropping it opens it.
struct Lock {
    items: Shared,
    key: Bytes,
    /// How often the script has locked it.
    depth: u32,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.items.locks.lock().remove(&self.key);
    }
}

/// Locks a key: 1, or -1 where somebody else has held it for too long.
pub(super) fn lock(context: &mut Context, items: Shared, key: Bytes) -> Outcome {
    attempt(context, items, key, ATTEMPTS)
}

/// Opens a key that this message has locked; nothing else.
pub(super) fn unlock(context: &mut Context, items: &Shared, key: &[u8]) {
    let locks = &mut context.extension_mut::<Locks>().0;
    if let Some(own) = locks.iter_mut().find(|lock| lock.is(items, key)) {
        own.depth -= 1;
    }
    locks.retain(|lock| lock.depth > 0);
}

fn attempt(context: &mut Context, items: Shared, key: Bytes, left: u32) -> Outcome {
    let locks = &mut context.extension_mut::<Locks>().0;
    if let Some(own) = locks.iter_mut().find(|lock| lock.is(&items, &key)) {
        own.depth += 1;
        return Outcome::TRUE;
    }
    if items.locks.lock().insert(key.clone()) {
        locks.push(Lock {
            items,
            key,
            depth: 1,
        });
        return Outcome::TRUE;
    }
    if left == 0 {
        context.log(Level::Err, "htable", || {
            format!("cannot lock {}", String::from_utf8_lossy(&key))
        });
        return Outcome::FALSE;
    }
    let pause = Effect::Sleep { ms: PAUSE_MS };
    Outcome::ask_then(pause, move |context, _| {
        attempt(context, items, key, left - 1)
    })
}

impl Lock {
    fn is(&self, items: &Shared, key: &[u8]) -> bool {
        std::sync::Arc::ptr_eq(&self.items, items) && self.key == key
    }
}
