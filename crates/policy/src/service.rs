//! Services that one module offers and another uses, by trait.

use crate::{Binding, Context, Outcome, Source};
use bytes::Bytes;
use smallvec::SmallVec;
use std::sync::Arc;

/// Addresses that are trusted: module `permissions`.
pub trait TrustedAddresses: Send + Sync {
    /// True where an address of this source is in the group, with whatever port.
    fn is_trusted(&self, group: i64, source: Source) -> bool;
}

/// The default checks on the shape of requests: module `sanity`.
pub trait SanityChecks: Send + Sync {
    /// True where a request passes them.
    fn passes(&self, request: &sip::Message) -> bool;
}

/// Where users are: module `usrloc`.
pub trait Location: Send + Sync {
    /// The table with this name (`location`), made on the first call.
    fn table(&self, name: &[u8]) -> Arc<dyn LocationTable>;

    /// What those who save and look up must know of the module's parameters.
    fn rules(&self) -> &LocationRules;

    /// A record id that no other binding has or will have.
    fn new_ruid(&self) -> Ruid;

    /// The one copy of a text that many bindings share, such as a `User-Agent`.
    fn shared_text(&self, text: &[u8]) -> Arc<[u8]>;

    /// Calls `hear` for each binding that expires, from then on. It must not wait.
    fn on_expired(&self, hear: Expired);
}

/// A record id of ours.
pub type Ruid = SmallVec<[u8; 48]>;

/// The parameters of module `usrloc` that bind those who use it.
#[derive(Clone, Debug, Default)]
pub struct LocationRules {
    /// The domain part belongs to an address-of-record (`use_domain`).
    pub use_domain: bool,
    /// The branch flag for contacts behind NAT (`nat_bflag`), as a mask; 0 where unset.
    pub nat_mask: u32,
    /// What makes two contacts of a user the same one (`matching_mode`).
    pub matching: Matching,
    /// For so many seconds a REGISTER with the same Call-ID and CSeq is a retransmission.
    pub cseq_delay_s: u64,
    /// The XAVP whose fields are kept with a contact (`xavp_contact`).
    pub xavp_contact: Option<Bytes>,
}

/// What makes two contacts of an address-of-record the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// The same contact URI, byte for byte.
    #[default]
    Contact,
    /// The same contact URI and Call-ID.
    ContactAndCallId,
    /// The same contact URI and Path.
    ContactAndPath,
    /// The same Call-ID.
    CallId,
}

/// What tells the contacts of a user apart.
#[derive(Clone, Copy, Debug)]
pub struct ContactKey<'a> {
    /// The contact URI.
    pub uri: &'a [u8],
    /// `+sip.instance`, with its angle brackets; empty for none.
    pub instance: &'a [u8],
    /// `reg-id`, 0 for none.
    pub reg_id: u32,
    /// Call-ID of the REGISTER.
    pub call_id: &'a [u8],
    /// Its Path; empty for none.
    pub path: &'a [u8],
}

impl Matching {
    /// Whether a new contact takes the place of one that is there: where it names an instance, by that and its reg-id
    /// (RFC 5626 section 6; 0 where it names none), else by `matching_mode`.
    pub fn is_same(self, there: &ContactKey<'_>, new: &ContactKey<'_>) -> bool {
        if !new.instance.is_empty() {
            return (there.reg_id, there.instance) == (new.reg_id, new.instance);
        }
        let same_contact = there.uri == new.uri;
        let same_call = there.call_id == new.call_id;
        match self {
            Matching::Contact => same_contact,
            Matching::ContactAndCallId => same_contact && same_call,
            Matching::ContactAndPath => same_contact && there.path == new.path,
            Matching::CallId => same_call,
        }
    }
}

/// The bindings of an address-of-record, best first; shared, not copied. Expired ones may be among
/// them until the timer has passed: see [`Binding::is_alive`].
pub type Bindings = Arc<[Arc<Binding>]>;

/// One table of bindings.
///
/// Where there is a database the answer may be a wish: then the script goes on when it is there.
pub trait LocationTable: Send + Sync {
    /// Its name.
    fn name(&self) -> &[u8];

    /// The bindings of an address-of-record, then what `then` answers.
    fn find(&self, context: &mut Context, aor: &[u8], then: WithBindings) -> Outcome;

    /// The binding with this record id, then what `then` answers. `aor_hash` is what
    /// [`LocationTable::aor_hash`] gave for its address-of-record; without it the whole table is
    /// searched, so never let a peer choose that.
    fn find_ruid(
        &self,
        context: &mut Context,
        ruid: &[u8],
        aor_hash: Option<u32>,
        then: WithBinding,
    ) -> Outcome;

    /// Changes the bindings of an address-of-record as `task` decides, which sees them alone: nobody
    /// changes them meanwhile (with `db_mode` 3, nobody on this server's memory does). Then what
    /// the task answers, when the change is as safe as `db_mode` promises.
    fn change(
        &self,
        context: &mut Context,
        aor: Bytes,
        how: Keep,
        task: Box<dyn ChangeTask>,
    ) -> Outcome;

    /// A number for an address-of-record, the same after a restart.
    fn aor_hash(&self, aor: &[u8]) -> u32;

    /// Calls `visit` with the address-of-record of each binding in memory, slot after slot.
    fn each(&self, visit: &mut dyn FnMut(&[u8], &Arc<Binding>));
}

/// Where a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Wherever `db_mode` says.
    AsConfigured,
    /// Only into memory (`save()` flag 1).
    InMemory,
}

/// Gets the bindings after what was asked for; none where the database did not answer.
pub type WithBindings = Box<dyn FnOnce(&mut Context, Option<Bindings>) -> Outcome + Send>;

/// Gets an address-of-record and its binding, where it was found.
pub type WithBinding =
    Box<dyn FnOnce(&mut Context, Option<(Bytes, Arc<Binding>)>) -> Outcome + Send>;

/// Who changes bindings: one value, so that what was decided is at hand when it is done.
pub trait ChangeTask: Send {
    /// Sees the present bindings and says what is to change. It must not use the table.
    fn decide(&mut self, context: &mut Context, present: &[Arc<Binding>]) -> Changes;

    /// Gets the bindings of `aor` as they are then; none where the database did not answer.
    fn done(self: Box<Self>, context: &mut Context, aor: &[u8], found: Option<Bindings>)
    -> Outcome;
}

/// Hears of an expired binding: table, address-of-record, binding.
pub type Expired = Box<dyn Fn(&[u8], &[u8], &Arc<Binding>) + Send + Sync>;

/// Changes in their order; mostly there is one.
pub type Changes = SmallVec<[Change; 1]>;

/// One change of the bindings of an address-of-record.
#[derive(Debug)]
pub enum Change {
    /// A new one.
    Insert(Arc<Binding>),
    /// A new state of the one with the same record id, at the same place.
    Update(Arc<Binding>),
    /// The one with this record id goes.
    Remove(Arc<Binding>),
}

/// Servers of keys and values by the names that the configuration gives them: module `ndb_redis`.
pub trait KeyServers: Send + Sync {
    /// The server of this name.
    fn by_name(&self, name: &[u8]) -> Option<Arc<dyn store::keys::KeyStore>>;
}
