//! What those outside of a transaction may see of it and do to it: operators, other requests.

use bytes::Bytes;
use sip::Message;
use stack::table::TxId;
use std::sync::{Arc, OnceLock};

/// What the edge tells of its transactions. Each call takes locks of the transaction table for a
/// moment; [`Transactions::list`] takes all of them, one after the other.
pub trait Transactions: Send + Sync {
    /// The INVITE transaction with this Call-ID and CSeq number.
    fn find(&self, call_id: &[u8], cseq: u32) -> Option<TxId>;

    /// True where the transaction exists.
    fn exists(&self, id: TxId) -> bool;

    /// The status of the last reply sent upstream; none where the transaction is gone or in a
    /// worker's hands.
    fn replied(&self, id: TxId) -> Option<u16>;

    /// The transactions that no worker has in hand, `most` at most.
    fn list(&self, most: usize) -> Vec<TransactionSummary>;

    /// How full the table is.
    fn load(&self) -> TableLoad;

    /// The request that a CANCEL cancels, where it has its transaction.
    fn cancelled_by(&self, cancel: &Message) -> Option<Cancelled>;
}

/// The request that a CANCEL is for.
pub struct Cancelled {
    /// The request as received.
    pub message: Arc<Message>,
    /// Its flags.
    pub flags: u32,
}

/// One transaction, for operators.
#[derive(Clone, Debug)]
pub struct TransactionSummary {
    /// Its name: `$T(id_index)` and `$T(id_label)`.
    pub id: TxId,
    /// The request.
    pub request: Arc<Message>,
    /// False where the request is our own.
    pub is_received: bool,
    /// How many branches it has.
    pub branches: usize,
    /// Transaction flags.
    pub flags: u32,
    /// Milliseconds since it was made, by the time of its last event.
    pub age_ms: u64,
}

/// How full the transaction table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableLoad {
    /// Transactions.
    pub current: usize,
    /// Those among them that have their final reply and only absorb what comes late.
    pub waiting: usize,
    /// Chains that hold them.
    pub chains: usize,
    /// The length of the longest chain.
    pub longest: usize,
}

impl TableLoad {
    /// Transactions that wait for a final reply.
    pub fn active(self) -> usize {
        self.current.saturating_sub(self.waiting)
    }
}

/// The way to [`Transactions`], for modules that start before there are any; cheap to clone.
#[derive(Clone, Default)]
pub struct TransactionsLink(Arc<OnceLock<Arc<dyn Transactions>>>);

impl TransactionsLink {
    /// Who knows the transactions, once the edge is there.
    pub fn get(&self) -> Option<&Arc<dyn Transactions>> {
        self.0.get()
    }

    /// Told once by the edge; the first call counts.
    pub fn set(&self, transactions: Arc<dyn Transactions>) {
        let _already_told = self.0.set(transactions);
    }
}

/// Something to be done to a transaction from outside of it. Whoever owns the transaction does it; for
/// one that is gone, nobody does.
#[derive(Clone, Debug)]
pub enum Remote {
    /// Every branch under way is cancelled.
    Cancel {
        /// The `cause` of the CANCEL's Reason (RFC 3326).
        cause: Option<u16>,
        /// A flag to set in the transaction.
        flag: Option<crate::Flag>,
    },
    /// A reply goes to the caller, unless a final one did.
    Reply {
        /// The status, 100 to 699.
        code: u16,
        /// The reason phrase.
        reason: Bytes,
        /// Another To tag than our own.
        to_tag: Option<Bytes>,
        /// Header lines, each with its line end.
        lines: Bytes,
        /// A body, and its Content-Type.
        body: Option<(Bytes, Bytes)>,
    },
}

/// A request of our own, on its way into the world with a transaction.
#[derive(Default)]
pub struct LocalRequest {
    /// The method.
    pub method: Bytes,
    /// The Request-URI.
    pub uri: Bytes,
    /// Where it goes instead of the Request-URI.
    pub next_hop: Option<Bytes>,
    /// From which socket of ours; none lets the edge choose.
    pub socket: Option<crate::NextHop>,
    /// The registration it goes to: over its connection, and from the socket it came in on where that
    /// is still ours.
    pub contact: Option<Arc<crate::Binding>>,
    /// The value of From; a tag is added where it has none.
    pub from: Bytes,
    /// The value of To.
    pub to: Bytes,
    /// The Call-ID; one is made where it is missing.
    pub call_id: Option<Bytes>,
    /// The CSeq number; 10 where it is missing, as Kamailio counts.
    pub cseq: Option<u32>,
    /// Which way it goes in a dialog between others that passes through us; none where it is in no such
    /// dialog. Modules that hide topology find it among the context's extensions, as a [`DialogWay`].
    ///
    /// [`DialogWay`]: crate::DialogWay
    pub way: Option<crate::DialogWay>,
    /// Further header lines, each with its line end.
    pub lines: Bytes,
    /// The body; `lines` tell its type.
    pub body: Bytes,
    /// Sees the final reply, where one comes, before `on_end` hears.
    pub on_reply: Option<OnReply>,
    /// Hears how it ended.
    pub on_end: Option<OnEnd>,
}

/// Sees a final reply to a request of ours as a context of its own: its time, its variables. Must not wait.
pub type OnReply = Box<dyn FnOnce(&mut crate::Context) + Send>;

/// Hears how a request of ours ended: status, reason phrase, and the reply where one came. Must not wait.
pub type OnEnd = Box<dyn FnOnce(u16, &[u8], Option<&Message>) + Send>;
