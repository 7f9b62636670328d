//! What a REGISTER does to the bindings of its user: pure, decided under the table's lock.

use super::Failure;
use super::draft::{ContactDraft, Draft};
use policy::{Binding, Change, Changes, ContactKey, LocationRules, Matching, Registration, Ruid};
use smallvec::SmallVec;
use std::sync::Arc;

/// A plan: changes, and the return code of `save()`.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) changes: Changes,
    /// 1 inserted, 2 updated, 3 deleted: the last contact decides.
    pub(super) code: i32,
}

/// The bounds of a plan.
pub(super) struct Bounds {
    /// Most contacts, 0 for no bound.
    pub(super) most: u32,
    /// Where there are that many, the oldest give way to new ones.
    pub(super) displace: bool,
    /// One contact, the newest (`save()` flag 4).
    pub(super) only_one: bool,
}

/// Plans a REGISTER with contacts: all of them or none.
pub(super) fn plan(
    draft: &Draft,
    present: &[Arc<Binding>],
    rules: &LocationRules,
    bounds: &Bounds,
    mut new_ruid: impl FnMut() -> Ruid,
) -> Result<Plan, Failure> {
    let mut work = Work {
        list: SmallVec::from(present),
        plan: Plan {
            changes: Changes::new(),
            code: 1,
        },
        inserted: false,
    };
    let taken = if bounds.only_one { 1 } else { usize::MAX };
    for contact in draft.contacts.iter().take(taken) {
        work.contact(draft, contact, rules, &mut new_ruid)?;
        if bounds.only_one && contact.expires_s > 0 {
            work.keep_only(draft, contact, rules);
        }
    }
    let alive = work.alive(draft.now_s);
    let most = bounds.most as usize;
    if most > 0 && work.inserted && alive > most {
        let is_enough = bounds.displace && work.displace(alive - most, present, draft.now_s);
        if !is_enough {
            return Err(Failure::TooMany);
        }
    }
    Ok(work.plan)
}

/// The list as it will be, so that a contact that stands twice in one REGISTER is one.
struct Work {
    list: SmallVec<[Arc<Binding>; 4]>,
    plan: Plan,
    inserted: bool,
}

impl Work {
    fn contact(
        &mut self,
        draft: &Draft,
        contact: &ContactDraft,
        rules: &LocationRules,
        new_ruid: &mut impl FnMut() -> Ruid,
    ) -> Result<(), Failure> {
        let found = self
            .list
            .iter()
            .position(|binding| is_same(binding, draft, contact, rules.matching));
        let Some((at, old)) = found.and_then(|at| Some((at, self.list.get(at)?.clone()))) else {
            if contact.expires_s > 0 {
                let binding = Arc::new(Binding::new(draft.registration(contact, &new_ruid())));
                self.list.push(binding.clone());
                self.note(Change::Insert(binding), 1);
                self.inserted = true;
            }
            return Ok(());
        };
        match order(&old, draft, rules.cseq_delay_s) {
            Order::Retransmission => {}
            Order::Old => return Err(Failure::CSeq),
            Order::New if contact.expires_s == 0 => {
                self.list.remove(at);
                self.note(Change::Remove(old), 3);
            }
            Order::New => {
                let binding = Arc::new(refreshed(draft, contact, &old));
                if let Some(place) = self.list.get_mut(at) {
                    *place = binding.clone();
                }
                self.note(Change::Update(binding), 2);
            }
        }
        Ok(())
    }

    fn alive(&self, now_s: u64) -> usize {
        let alive = self.list.iter().filter(|binding| binding.is_alive(now_s));
        alive.count()
    }

    /// Removes so many of the bindings that this REGISTER does not speak of, those first that were refreshed
    /// the longest ago; false where there are too few.
    fn displace(&mut self, count: usize, present: &[Arc<Binding>], now_s: u64) -> bool {
        let is_old = |binding: &&Arc<Binding>| {
            binding.is_alive(now_s) && present.iter().any(|other| Arc::ptr_eq(other, binding))
        };
        let mut old: Vec<Arc<Binding>> = self.list.iter().filter(is_old).cloned().collect();
        old.sort_by_key(|binding| binding.modified_s());
        if old.len() < count {
            return false;
        }
        let gone = old.into_iter().take(count).map(Change::Remove);
        // The last contact decides on the code, so these come first.
        self.plan.changes.insert_many(0, gone);
        true
    }

    fn note(&mut self, change: Change, code: i32) {
        self.plan.changes.push(change);
        self.plan.code = code;
    }

    /// Removes every binding but that of the contact.
    fn keep_only(&mut self, draft: &Draft, contact: &ContactDraft, rules: &LocationRules) {
        let (kept, gone) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|binding| is_same(binding, draft, contact, rules.matching));
        self.list = kept;
        let gone: SmallVec<[Arc<Binding>; 4]> = gone;
        self.plan
            .changes
            .extend(gone.into_iter().map(Change::Remove));
    }
}

/// A refresh keeps the record id, and the instance where the REGISTER names none.
fn refreshed(draft: &Draft, contact: &ContactDraft, old: &Binding) -> Binding {
    let new = draft.registration(contact, old.ruid());
    let instance = if new.instance.is_empty() {
        old.instance().unwrap_or_default()
    } else {
        new.instance
    };
    let reg_id = if new.reg_id == 0 {
        old.reg_id()
    } else {
        new.reg_id
    };
    Binding::new(Registration {
        instance,
        reg_id,
        ..new
    })
}

/// Whether a contact of the REGISTER is the one that is there.
fn is_same(binding: &Binding, draft: &Draft, contact: &ContactDraft, matching: Matching) -> bool {
    let new = ContactKey {
        uri: &contact.uri,
        instance: &contact.instance,
        reg_id: contact.reg_id,
        call_id: &draft.call_id,
        path: &draft.path,
    };
    matching.is_same(&binding.key(), &new)
}

enum Order {
    New,
    Retransmission,
    Old,
}

/// RFC 3261 section 10.3 step 7: within one Call-ID, CSeq must rise.
fn order(old: &Binding, draft: &Draft, delay_s: u64) -> Order {
    if old.call_id() != draft.call_id || draft.cseq > old.cseq() {
        return Order::New;
    }
    let is_recent = old.modified_s() + delay_s > draft.now_s;
    if draft.cseq == old.cseq() && is_recent {
        Order::Retransmission
    } else {
        Order::Old
    }
}
