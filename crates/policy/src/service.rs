//! Services that one module offers and another uses, by trait.

use crate::{ConnectionId, Context, Destination, Now, Outcome, Q};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where users are: module `usrloc`.
pub trait Location: Send + Sync {
    /// The table with this name (`location`), made on the first call.
    fn domain(&self, name: &[u8]) -> Arc<dyn LocationTable>;

    /// True where the domain part belongs to an address-of-record (`use_domain`).
    fn uses_domain(&self) -> bool;

    /// The branch flag for contacts behind NAT (`nat_bflag`), as a mask; 0 where unset.
    fn nat_mask(&self) -> u32;
}

/// One table of bindings.
pub trait LocationTable: Send + Sync {
    /// The bindings of an address-of-record that are alive at `now`, the best first as `lookup()`
    /// wants them. The list is shared, not copied.
    fn bindings(&self, aor: &[u8], now: Now) -> Arc<[Arc<Binding>]>;

    /// Puts the bindings of a REGISTER in place of those with the same identity. The outcome is
    /// what the caller answers next: where the database is written through it is a wish.
    fn save(&self, context: &mut Context, aor: Bytes, changes: Vec<Change>, done: Saved)
    -> Outcome;

    /// The address-of-record and binding with this record id.
    fn by_ruid(&self, ruid: &[u8]) -> Option<(Bytes, Arc<Binding>)>;
}

/// What to do once bindings are in place: gets whether that worked.
pub type Saved = Box<dyn FnOnce(&mut Context, bool) -> Outcome + Send>;

/// One change of the bindings of an address-of-record.
pub enum Change {
    /// Adds it, or replaces the one of the same identity.
    Put(Binding),
    /// Removes the one with this record id.
    Remove(Bytes),
    /// Removes all.
    Clear,
}

/// A contact that somebody registered.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// The contact URI.
    pub contact: Bytes,
    /// Where the REGISTER really came from, as a URI, where that differs (`received`).
    pub received: Option<Bytes>,
    /// The Path, as one comma-separated value (RFC 3327).
    pub path: Option<Bytes>,
    /// When it ends, in Unix seconds; 0 is for ever.
    pub expires_s: u64,
    /// Preference.
    pub q: Q,
    /// The REGISTER it came with.
    pub call_id: Bytes,
    /// Its CSeq.
    pub cseq: u32,
    /// Flags of the request.
    pub flags: u32,
    /// Branch flags, set again when the binding is looked up.
    pub branch_flags: u32,
    /// `User-Agent` of the REGISTER.
    pub user_agent: Bytes,
    /// Our socket it came in on, `udp:127.0.0.1:5060`.
    pub socket: Bytes,
    /// Methods the contact allows, a bit each (`method_filtering`); `u32::MAX` is all.
    pub methods: u32,
    /// `+sip.instance`.
    pub instance: Option<Bytes>,
    /// `reg-id`, 0 for none.
    pub reg_id: u32,
    /// The server that took it.
    pub server_id: i64,
    /// The stream connection it came over.
    pub connection: Option<ConnectionId>,
    /// Address and port the REGISTER came from.
    pub source: Option<SocketAddr>,
    /// Record id, unique in the world.
    pub ruid: Bytes,
    /// When it was last changed, in Unix seconds.
    pub modified_s: u64,
}

/// Replies through whatever fits: module `sl` for those without a transaction. Modules that
/// answer requests themselves (registrar, auth) use [`crate::Effect::Reply`]; this only adds a
/// destination for looked-up contacts.
pub fn destination_of(binding: &Binding) -> Destination {
    Destination {
        uri: binding.contact.clone(),
        dst_uri: binding.received.clone(),
        path: binding.path.clone(),
        q: binding.q,
        flags: binding.branch_flags,
        socket: None,
        connection: binding.connection,
        ruid: Some(binding.ruid.clone()),
        instance: binding.instance.clone(),
        reg_id: binding.reg_id,
        user_agent: (!binding.user_agent.is_empty()).then(|| binding.user_agent.clone()),
    }
}
