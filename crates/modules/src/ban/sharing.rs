//! The list as several servers share it: founded bans, those of operators, and what is never banned.

use super::params::Params;
use bytes::Bytes;
use policy::shared::{Change, Item, Life, Owner, Replica};
use policy::{Ban, BanChange, BansLink, Init, Listed, Problem, Proof, Source, parse_place, place};
use serde_json::json;
use std::sync::Arc;

/// What stands before the network of an item that says it is never banned.
const NEVER: &str = "never ";

/// Shares the list, where the parameters name a server for it.
pub(super) fn share(
    params: &Params,
    bans: &BansLink,
    init: &mut Init<'_>,
) -> Result<Option<Arc<Replica>>, Problem> {
    let Some(server) = &params.redis else {
        return Ok(None);
    };
    let owner = Arc::new(Shared {
        bans: bans.clone(),
        remember_s: params.times.remember_s,
        written: params.never.clone(),
    });
    Replica::start(init, "ban", server, owner).map(Some)
}

/// Tells the other servers what has changed.
pub(super) fn tell(replica: &Replica, changes: &[BanChange], remember_s: u64, now_ms: u64) {
    for change in changes {
        match change {
            BanChange::Put(listed) => {
                let item = item(listed, remember_s, now_ms);
                let life = Life {
                    until_s: item.left_s.map(|left_s| now_ms / 1000 + left_s),
                    renews: true,
                };
                let value = item.value;
                replica.change(listed.place().into(), Change::Put { value, life });
            }
            BanChange::Never(network) => {
                let (value, life) = (Bytes::from_static(b"1"), FOR_EVER);
                replica.change(never(*network), Change::Put { value, life });
            }
            BanChange::Remove(source, port) => {
                replica.change(place(*source, *port).into(), Change::Remove);
                if port.is_none() {
                    replica.change(never(*source), Change::Remove);
                }
            }
        }
    }
}

const FOR_EVER: Life = Life {
    until_s: None,
    renews: true,
};

/// The list, for the other servers.
struct Shared {
    bans: BansLink,
    remember_s: u64,
    /// What this server's configuration says is never banned.
    written: Vec<Source>,
}

impl Owner for Shared {
    fn heard(&self, key: &[u8], item: Option<Item>, now_s: u64) {
        let (bans, now_ms) = (super::list(&self.bans), now_s.saturating_mul(1000));
        let Ok(key) = std::str::from_utf8(key) else {
            return;
        };
        if let Some(network) = key.strip_prefix(NEVER) {
            match (Source::parse(network), item) {
                (Ok(network), Some(_)) => bans.hear_never(network),
                (Ok(network), None) if !self.written.contains(&network) => {
                    bans.forget_never(network);
                }
                _ => {}
            }
            return;
        }
        let Ok((source, port)) = parse_place(key) else {
            return;
        };
        match item.map(|item| ban(&item.value)) {
            Some(Some(ban)) => bans.hear(Listed { source, port, ban }, now_ms),
            Some(None) => {}
            None => bans.forget(source, port),
        }
    }

    fn all(&self, now_s: u64) -> Vec<(Bytes, Item)> {
        let (bans, now_ms) = (super::list(&self.bans), now_s.saturating_mul(1000));
        let listed = bans.list(now_ms).into_iter();
        let founded = listed.filter(|listed| listed.ban.proof != Proof::Unvalidated);
        let founded = founded.map(|listed| {
            let item = item(&listed, self.remember_s, now_ms);
            (listed.place().into(), item)
        });
        let never_banned = bans.never().into_iter();
        let never_banned = never_banned.filter(|network| !self.written.contains(network));
        let never_banned = never_banned.map(|network| {
            let value = Bytes::from_static(b"1");
            let left_s = None;
            (never(network), Item { value, left_s })
        });
        founded.chain(never_banned).collect()
    }
}

fn never(network: Source) -> Bytes {
    format!("{NEVER}{network}").into()
}

/// A ban as Redis has it. It is kept for as long as it is remembered.
fn item(listed: &Listed, remember_s: u64, now_ms: u64) -> Item {
    let ban = &listed.ban;
    let until_ms = Some(ban.until_ms).filter(|until_ms| *until_ms != u64::MAX);
    let value = json!({
        "reason": &*ban.reason,
        "since": ban.since_ms / 1000,
        "until": until_ms.map(|until_ms| until_ms / 1000),
        "strikes": ban.strikes,
        "operator": ban.proof == Proof::Operator,
    });
    let left_s = until_ms.map(|until_ms| {
        let left_ms = until_ms.saturating_sub(now_ms);
        (left_ms / 1000).saturating_add(remember_s).max(1)
    });
    Item {
        value: value.to_string().into(),
        left_s,
    }
}

fn ban(value: &[u8]) -> Option<Ban> {
    let value: serde_json::Value = serde_json::from_slice(value).ok()?;
    let ms = |name: &str| Some(value[name].as_u64()?.saturating_mul(1000));
    Some(Ban {
        reason: value["reason"].as_str()?.into(),
        since_ms: ms("since")?,
        until_ms: ms("until").unwrap_or(u64::MAX),
        strikes: u32::try_from(value["strikes"].as_u64()?).ok()?,
        proof: match value["operator"].as_bool()? {
            true => Proof::Operator,
            false => Proof::Validated,
        },
    })
}
