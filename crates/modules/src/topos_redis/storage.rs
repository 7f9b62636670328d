//! The storage: one pipeline for each question and for all writes of a message.

use super::fields::{self, Fields, Pairs};
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use policy::{
    Answer, DialogQuery, Effect, HiddenBranch, HiddenDialog, Level, Lifetimes, Logger, Stored,
    TopologyStorage, TopologyWrite,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::keys::{Command, KeyStore, Said};

/// Dialogs of which it is remembered which callee answered first: 200 octets each. Of one that is forgotten, what
/// changes later stands under the callee's tag.
const MOST_FIRST: usize = 65_536;
/// Seconds between two lines that nothing can be written.
const COMPLAINT_S: u64 = 60;

/// A Redis server as a storage.
pub(super) struct RedisStorage {
    keys: Arc<dyn KeyStore>,
    logger: Logger,
    first: Arc<Mutex<First>>,
    complained_s: Arc<AtomicU64>,
}

/// Whose dialog stands under the key that Kamailio knows, as far as this server has seen it: the callee's tag
/// by the dialog's name.
#[derive(Default)]
struct First {
    tags: BTreeMap<Bytes, Bytes>,
    order: VecDeque<Bytes>,
}

impl First {
    fn note(&mut self, uuid: &Bytes, tag: &Bytes) {
        if tag.is_empty() || self.tags.insert(uuid.clone(), tag.clone()).is_some() {
            return;
        }
        self.order.push_back(uuid.clone());
        if self.order.len() > MOST_FIRST {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.tags.remove(&oldest));
        }
    }
}

impl RedisStorage {
    pub(super) fn new(keys: Arc<dyn KeyStore>, logger: Logger) -> RedisStorage {
        RedisStorage {
            keys,
            logger,
            first: Arc::default(),
            complained_s: Arc::default(),
        }
    }

    fn ask<T>(
        &self,
        commands: Vec<Command>,
        read: impl FnOnce(Vec<Said>) -> Result<T, String> + Send + 'static,
    ) -> Stored<T> {
        let keys = self.keys.clone();
        let read = Box::new(move |answer| match answer {
            Answer::Keys(Ok(said)) => read(said),
            Answer::Keys(Err(error)) => Err(error.to_string()),
            _ => Err("Redis did not answer in time".to_owned()),
        });
        Stored::Ask(Effect::Keys { keys, commands }, read)
    }

    fn commands(&self, writes: &[TopologyWrite], lifetimes: Lifetimes) -> Vec<Command> {
        let commands = writes.iter().flat_map(|write| match write {
            TopologyWrite::Branch(branch) => {
                let fields = fields::of_branch(branch, lifetimes.now_s);
                set(branch_key(&branch.branch), fields, lifetimes.branch_s)
            }
            TopologyWrite::Begin(dialog) => self.put(dialog_key(dialog), dialog, false, lifetimes),
            TopologyWrite::Put { dialog, is_first } => {
                let key = self.key_of(dialog, *is_first);
                self.put(key, dialog, false, lifetimes)
            }
            TopologyWrite::End(dialog) => {
                let key = self.key_of(dialog, false);
                self.put(key, dialog, true, lifetimes)
            }
        });
        commands.collect()
    }

    fn put(
        &self,
        key: Bytes,
        dialog: &HiddenDialog,
        is_over: bool,
        lifetimes: Lifetimes,
    ) -> [Command; 2] {
        let mut dialog = dialog.clone();
        dialog.is_confirmed &= !is_over;
        let life_s = match (is_over, dialog.lives_s) {
            (false, lives_s) if lives_s > 0 => lives_s,
            (false, _) if dialog.is_confirmed => lifetimes.dialog_s,
            _ => lifetimes.branch_s,
        };
        set(key, fields::of_dialog(&dialog, lifetimes.now_s), life_s)
    }

    /// Kamailio's key for who answered first, and one of their own for the others.
    fn key_of(&self, dialog: &HiddenDialog, is_first: bool) -> Bytes {
        let (uuid, tag) = (&dialog.uuid, &dialog.callee.tag);
        let mut first = self.first.lock();
        if is_first {
            first.note(uuid, tag);
        }
        match first.tags.get(uuid) {
            Some(first) if first == tag => dialog_key(dialog),
            _ => fork_key(uuid, tag),
        }
    }
}

impl TopologyStorage for RedisStorage {
    fn dialogs(&self, query: &DialogQuery) -> Stored<Vec<HiddenDialog>> {
        let mut commands = vec![all_of(join(&[b"d:z:a", &query.uuid]))];
        if !query.callee_tag.is_empty() {
            commands.push(all_of(fork_key(&query.uuid, &query.callee_tag)));
        }
        let count = commands.len();
        let first = self.first.clone();
        self.ask(commands, move |said| {
            let main = Fields::read(said.first())?.map(|fields| fields.dialog());
            let fork = match count {
                1 => None,
                _ => Fields::read(said.get(1))?.map(|fields| fields.dialog()),
            };
            if let Some(main) = &main {
                first.lock().note(&main.uuid, &main.callee.tag);
            }
            // Under its own key stands what came later.
            let is_old = |main: &HiddenDialog| {
                fork.as_ref()
                    .is_some_and(|fork| fork.callee.tag == main.callee.tag)
            };
            let main = main.filter(|main| !is_old(main));
            Ok(main.into_iter().chain(fork).collect())
        })
    }

    fn branch(&self, branch: &[u8]) -> Stored<Option<HiddenBranch>> {
        self.ask(vec![all_of(branch_key(branch))], |said| {
            Ok(Fields::read(said.first())?.map(|fields| fields.branch()))
        })
    }

    fn write(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) -> Stored<()> {
        let commands = self.commands(&writes, lifetimes);
        if commands.is_empty() {
            return Stored::Known(Ok(()));
        }
        self.ask(commands, |said| {
            let refused = said.iter().find_map(|said| match said {
                Said::Error(why) => Some(String::from_utf8_lossy(why).into_owned()),
                _ => None,
            });
            refused.map_or(Ok(()), Err)
        })
    }

    fn write_unheard(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) {
        let commands = self.commands(&writes, lifetimes);
        if commands.is_empty() {
            return;
        }
        let (logger, last_s) = (self.logger.clone(), self.complained_s.clone());
        let now_s = lifetimes.now_s;
        self.keys.submit(
            commands,
            Box::new(move |outcome| {
                let Err(error) = outcome else { return };
                if now_s >= last_s.load(Ordering::Relaxed).saturating_add(COMPLAINT_S) {
                    last_s.store(now_s, Ordering::Relaxed);
                    logger.log(Level::Err, "topos_redis", || {
                        format!("what topos hides is not all written: {error}")
                    });
                }
            }),
        );
    }

    /// Redis forgets by itself.
    fn clean(&self, _: Lifetimes) {}
}

/// Writes a hash, and gives it its end.
fn set(key: Bytes, fields: Pairs, life_s: u64) -> [Command; 2] {
    let mut write = vec![Bytes::from_static(b"HSET"), key.clone()];
    write.extend(fields);
    let life = life_s.max(1).to_string().into();
    [write, vec![Bytes::from_static(b"EXPIRE"), key, life]]
}

fn all_of(key: Bytes) -> Command {
    vec![Bytes::from_static(b"HGETALL"), key]
}

fn dialog_key(dialog: &HiddenDialog) -> Bytes {
    join(&[b"d:z:a", &dialog.uuid])
}

fn fork_key(uuid: &[u8], tag: &[u8]) -> Bytes {
    join(&[b"d:z:a", uuid, b":", tag])
}

fn branch_key(branch: &[u8]) -> Bytes {
    join(&[b"b:x:", branch])
}

fn join(parts: &[&[u8]]) -> Bytes {
    let mut whole = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    whole.freeze()
}
