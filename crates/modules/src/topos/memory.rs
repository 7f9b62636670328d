//! The storage `memory`: dialogs of this process alone, and gone with it.

use super::limits::Limits;
use ahash::RandomState;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::memory::give_back;
use policy::{
    DialogQuery, HiddenBranch, HiddenDialog, Lifetimes, Stored, TopologyStorage, TopologyWrite,
};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// Dialogs by uuid. Branches are not kept: what replies need is in [`super::branches::Branches`] already.
pub(super) struct Memory {
    dialogs: Mutex<Dialogs>,
    most: usize,
}

type Dialogs = HashMap<Bytes, SmallVec<[Kept; 1]>, RandomState>;

struct Kept {
    dialog: Arc<HiddenDialog>,
    until_s: u64,
}

impl Memory {
    /// An empty one.
    pub(super) fn new(hasher: RandomState, limits: &Limits) -> Memory {
        Memory {
            dialogs: Mutex::new(HashMap::with_hasher(hasher)),
            most: limits.dialogs,
        }
    }

    fn apply(&self, write: &TopologyWrite, lifetimes: Lifetimes) -> Result<(), String> {
        let mut dialogs = self.dialogs.lock();
        match write {
            TopologyWrite::Branch(_) => Ok(()),
            TopologyWrite::Begin(dialog) => {
                put(&mut dialogs, dialog, |_| false, self.most, lifetimes)
            }
            TopologyWrite::Put { dialog, is_first } => {
                let same = |kept: &HiddenDialog| *is_first || kept.callee.tag == dialog.callee.tag;
                put(&mut dialogs, dialog, same, self.most, lifetimes)
            }
            TopologyWrite::End(dialog) => {
                for kept in dialogs.get_mut(&dialog.uuid).into_iter().flatten() {
                    if kept.dialog.callee.tag == dialog.callee.tag {
                        kept.until_s = lifetimes.now_s + lifetimes.branch_s;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Puts a dialog in the place of the one that `same` takes, or beside the others.
fn put(
    dialogs: &mut Dialogs,
    dialog: &Arc<HiddenDialog>,
    same: impl Fn(&HiddenDialog) -> bool,
    most: usize,
    lifetimes: Lifetimes,
) -> Result<(), String> {
    if dialogs.len() >= most && !dialogs.contains_key(&dialog.uuid) {
        return Err("there is no room for another dialog".to_owned());
    }
    let kept = Kept {
        dialog: dialog.clone(),
        until_s: lifetimes.now_s + dialog.lives_s,
    };
    let forks = dialogs.entry(dialog.uuid.clone()).or_default();
    match forks.iter().position(|kept| same(&kept.dialog)) {
        Some(at) => forks[at] = kept,
        None if forks.len() >= FORKS => return Err("too many have answered".to_owned()),
        None => forks.push(kept),
    }
    Ok(())
}

/// Callees of one request that are told apart. Each needs a branch or a forking proxy behind one, and an answer.
const FORKS: usize = 64;

impl TopologyStorage for Memory {
    fn dialogs(&self, query: &DialogQuery) -> Stored<Vec<HiddenDialog>> {
        let dialogs = self.dialogs.lock();
        let forks = dialogs.get(&query.uuid).into_iter().flatten();
        Stored::Known(Ok(forks.map(|kept| (*kept.dialog).clone()).collect()))
    }

    fn branch(&self, _: &[u8]) -> Stored<Option<HiddenBranch>> {
        Stored::Known(Ok(None))
    }

    fn write(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) -> Stored<()> {
        let mut writes = writes.iter();
        Stored::Known(writes.try_for_each(|write| self.apply(write, lifetimes)))
    }

    fn write_unheard(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) {
        // A table that is full is told of where somebody listens.
        let _full = self.write(writes, lifetimes);
    }

    fn clean(&self, lifetimes: Lifetimes) {
        let mut dialogs = self.dialogs.lock();
        dialogs.retain(|_, forks| {
            forks.retain(|kept| kept.until_s > lifetimes.now_s);
            !forks.is_empty()
        });
        give_back(&mut dialogs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Lifetimes = Lifetimes {
        now_s: 1000,
        branch_s: 180,
        dialog_s: 10_800,
    };

    fn dialog(uuid: &'static str, tag: &'static str, lives_s: u64) -> Arc<HiddenDialog> {
        let mut dialog = HiddenDialog {
            uuid: uuid.into(),
            lives_s,
            ..HiddenDialog::default()
        };
        dialog.callee.tag = tag.into();
        Arc::new(dialog)
    }

    fn memory() -> Memory {
        let limits = Limits {
            dialogs: 2,
            ..Limits::default()
        };
        Memory::new(RandomState::with_seeds(1, 2, 3, 4), &limits)
    }

    fn write(memory: &Memory, write: TopologyWrite) -> Result<(), String> {
        match memory.write(vec![write], AT) {
            Stored::Known(result) => result,
            Stored::Ask(..) => panic!("memory never waits"),
        }
    }

    fn put(dialog: Arc<HiddenDialog>, is_first: bool) -> TopologyWrite {
        TopologyWrite::Put { dialog, is_first }
    }

    fn tags(memory: &Memory, uuid: &'static str) -> Vec<Bytes> {
        let query = DialogQuery {
            uuid: uuid.into(),
            callee_tag: Bytes::new(),
        };
        match memory.dialogs(&query) {
            Stored::Known(Ok(found)) => found.into_iter().map(|kept| kept.callee.tag).collect(),
            _ => panic!("memory never waits and never fails"),
        }
    }

    #[test]
    fn the_first_answer_takes_the_place_of_the_beginning_and_forks_stand_beside() {
        let memory = memory();
        write(&memory, TopologyWrite::Begin(dialog("u", "", 180))).unwrap();
        write(&memory, put(dialog("u", "one", 180), true)).unwrap();
        assert_eq!(tags(&memory, "u"), ["one"]);
        write(&memory, put(dialog("u", "two", 180), false)).unwrap();
        write(&memory, put(dialog("u", "one", 10_800), false)).unwrap();
        assert_eq!(tags(&memory, "u"), ["one", "two"]);
    }

    #[test]
    fn what_has_outlived_its_time_goes() {
        let memory = memory();
        write(&memory, TopologyWrite::Begin(dialog("early", "", 180))).unwrap();
        write(&memory, put(dialog("up", "one", 10_800), true)).unwrap();
        let after = |s: u64| Lifetimes {
            now_s: AT.now_s + s,
            ..AT
        };
        memory.clean(after(179));
        assert_eq!(tags(&memory, "early").len(), 1);
        memory.clean(after(180));
        assert_eq!(tags(&memory, "early").len(), 0);
        assert_eq!(tags(&memory, "up").len(), 1);
        write(&memory, TopologyWrite::End(dialog("up", "one", 0))).unwrap();
        memory.clean(after(180));
        assert_eq!(tags(&memory, "up").len(), 0);
    }

    #[test]
    fn a_full_table_refuses_and_goes_on_with_what_it_has() {
        let memory = memory();
        for uuid in ["a", "b"] {
            write(&memory, TopologyWrite::Begin(dialog(uuid, "", 180))).unwrap();
        }
        assert!(write(&memory, TopologyWrite::Begin(dialog("c", "", 180))).is_err());
        assert!(write(&memory, put(dialog("a", "one", 180), true)).is_ok());
    }
}
