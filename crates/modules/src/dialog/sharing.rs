//! Profiles that several servers share: each tells the others how many members it has, by value.
//!
//! What a server tells holds for [`LEASE_S`] and is told again before that. So the calls of a server
//! that is gone are forgotten by themselves.

use super::logic::Logic;
use super::profile::Profile;
use bytes::{BufMut, Bytes, BytesMut};
use policy::shared::{Change, Item, Life, Owner, Replica};
use policy::{Init, Problem, problem};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seconds for which the word of a server holds.
pub(super) const LEASE_S: u64 = 30;
/// Seconds after which it is repeated.
const REPEAT_S: u64 = 10;
/// Milliseconds between two looks at what has changed.
const TICK_MS: u32 = 100;
/// What stands between server, profile and value.
const BORDER: u8 = b':';

/// Shares the profiles, where the parameters name a server for it.
pub(super) fn share(logic: &Arc<Logic>, init: &mut Init<'_>) -> Result<(), Problem> {
    let Some(server) = &logic.params.redis else {
        return Ok(());
    };
    for profile in &logic.profiles {
        if profile.name.as_bytes().contains(&BORDER) {
            let name = &profile.name;
            return Err(problem(format!(
                "profile {name} cannot be shared: there is a colon in its name"
            )));
        }
        profile.note_changes();
    }
    let owner = Arc::new(Others {
        profiles: logic.profiles.clone(),
        node: policy::shared::node(&init.secret).into(),
    });
    let replica = Replica::start(init, "dialog", server, owner.clone())?;
    let repeated_s = AtomicU64::new(0);
    init.every(TICK_MS, move |now_ms| {
        let now_s = now_ms / 1000;
        let is_due = now_s >= repeated_s.load(Ordering::Relaxed).saturating_add(REPEAT_S);
        if is_due {
            repeated_s.store(now_s, Ordering::Relaxed);
        }
        owner.tell(&replica, is_due, now_s);
    });
    Ok(())
}

/// The profiles, for what other servers tell of them.
struct Others {
    profiles: Vec<Arc<Profile>>,
    /// The name of this server.
    node: Bytes,
}

impl Others {
    /// Tells what has changed, or everything.
    fn tell(&self, replica: &Replica, all: bool, now_s: u64) {
        for profile in &self.profiles {
            let mut counts = profile.take_changes();
            if all {
                counts.extend(profile.local_counts());
            }
            for (value, count) in counts {
                let key = key(&self.node, profile, &value);
                replica.change(key, change(count, now_s));
            }
        }
    }

    /// Server, profile and value of a key.
    fn place<'a>(&self, key: &'a [u8]) -> Option<(&'a [u8], &Arc<Profile>, &'a [u8])> {
        let mut parts = key.splitn(3, |byte| *byte == BORDER);
        let (node, name, value) = (parts.next()?, parts.next()?, parts.next()?);
        let mut profiles = self.profiles.iter();
        let profile = profiles.find(|profile| profile.name.as_bytes() == name)?;
        Some((node, profile, value))
    }
}

impl Owner for Others {
    fn heard(&self, key: &[u8], item: Option<Item>, now_s: u64) {
        let Some((node, profile, value)) = self.place(key) else {
            return;
        };
        if node == self.node {
            return;
        }
        let told = item.and_then(|item| {
            let count = std::str::from_utf8(&item.value).ok()?.parse().ok()?;
            Some((count, now_s + item.left_s.unwrap_or(LEASE_S)))
        });
        profile.hear(node, value, told);
    }

    fn all(&self, now_s: u64) -> Vec<(Bytes, Item)> {
        let of_profile = |profile: &Arc<Profile>| {
            let told = profile.told().into_iter();
            let items = told.map(|(node, value, count, until_s)| {
                let item = Item {
                    value: count.to_string().into(),
                    left_s: Some(until_s.saturating_sub(now_s).max(1)),
                };
                (key(&node, profile, &value), item)
            });
            items.collect::<Vec<_>>()
        };
        self.profiles.iter().flat_map(of_profile).collect()
    }
}

fn change(count: usize, now_s: u64) -> Change {
    match count {
        0 => Change::Remove,
        _ => Change::Put {
            value: count.to_string().into(),
            life: Life {
                until_s: Some(now_s + LEASE_S),
                renews: true,
            },
        },
    }
}

fn key(node: &[u8], profile: &Profile, value: &[u8]) -> Bytes {
    let name = profile.name.as_bytes();
    let mut key = BytesMut::with_capacity(node.len() + name.len() + value.len() + 2);
    for part in [node, &[BORDER], name, &[BORDER], value] {
        key.put_slice(part);
    }
    key.freeze()
}
