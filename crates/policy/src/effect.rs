//! What a function may ask of the edge and of the world outside, as values.

use crate::{Proto, SocketId};
use bytes::Bytes;
use script::RouteId;
use std::any::Any;
use std::sync::Arc;
use store::keys::{Command, KeyStore, Said};
use store::{Operation, Store, StoreError};

/// A wish of a script function.
///
/// Every answer of a function has room for one, so that what is large and rare stands in a box.
pub enum Effect {
    /// Something for the transaction layer; answered at once unless a name must be looked up.
    Transaction(TransactionAction),
    /// A reply to the request in hand.
    Reply(Reply),
    /// The request goes on without a transaction (`forward()`); its replies find back by a MAC in
    /// the branch.
    Forward(Option<NextHop>),
    /// Bytes to a place, outside of any transaction (corex `send_data`, `send`).
    Send(Box<Parcel>),
    /// A database operation; answered with [`Answer::Store`].
    Store {
        /// Which database.
        store: Arc<dyn Store>,
        /// What to do there.
        operation: Box<Operation>,
    },
    /// Commands for a server of keys and values, in one pipeline; answered with [`Answer::Keys`].
    Keys {
        /// Which server.
        keys: Arc<dyn KeyStore>,
        /// What to do there.
        commands: Vec<Command>,
    },
    /// A question to the name servers; answered with [`Answer::Names`].
    Lookup(stack::location::Query),
    /// Nothing for some milliseconds; answered with [`Answer::Code`] 1.
    Sleep {
        /// How long.
        ms: u32,
    },
    /// Closes the connection the message came over.
    CloseConnection,
    /// A request of our own; answered with [`Answer::Code`] 1 as soon as it is on its way, -1 where it
    /// is none that can be sent.
    Request(Box<crate::LocalRequest>),
    /// A step of the edge's own, between two waits of one function.
    Step(Box<dyn Any + Send>),
}

/// Bytes and where they go.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Where to.
    pub to: NextHop,
    /// From which socket; none lets the edge choose.
    pub socket: Option<SocketId>,
    /// What.
    pub bytes: Bytes,
}

/// A wish to the transaction layer (module `tm` and `tmx`).
#[derive(Clone, Debug)]
pub enum TransactionAction {
    /// `t_newtran()`: 1 made, 0 where the request is a retransmission, negative on failure.
    New,
    /// The place of the request's transaction is held from here on, and every reply of ours goes
    /// through the transaction: 1 held, 0 where the request is a retransmission, which is absorbed, -1
    /// where there is no room.
    Hold,
    /// `t_lookup_request()`: 1 found, -1 not.
    LookupRequest,
    /// `t_lookup_cancel()`: the INVITE of this CANCEL; 1 found, -1 not.
    LookupCancel,
    /// `t_check_trans()`: retransmissions are absorbed (0), a known ACK or CANCEL is 1, else -1.
    Check,
    /// `t_precheck_trans()`: 1 where another worker has this request in hand, without absorbing.
    Precheck,
    /// `t_relay()` and its family.
    Relay(Relay),
    /// `t_relay_cancel()`: the CANCEL follows its INVITE; 0 done, 1 no such transaction.
    RelayCancel,
    /// `t_retransmit_reply()`.
    RetransmitReply,
    /// `t_release()`: the transaction is over for the script, its timers go on.
    Release,
    /// `t_cancel_branches(which)`.
    CancelBranches(CancelWhich),
    /// `t_suspend()`: the request waits for `t_continue()`.
    Suspend,
    /// `t_continue(index, label, route)`.
    Continue {
        /// `$T(id_index)`.
        index: u64,
        /// `$T(id_label)`.
        label: u32,
        /// The route that goes on with the suspended request.
        route: RouteId,
    },
    /// Something for another transaction: 1 left for it.
    Remote {
        /// Which one.
        id: stack::table::TxId,
        /// What is to be done.
        what: Box<crate::Remote>,
    },
    /// `t_drop([code])`: no reply is sent, the transaction ends.
    Drop,
    /// `t_replicate()`: a copy goes elsewhere, its replies are not passed on.
    Replicate(Option<NextHop>),
}

/// Which branches `t_cancel_branches()` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelWhich {
    /// Every branch.
    All,
    /// Every branch but the one whose reply is in hand.
    Others,
    /// Only that one.
    This,
}

/// How a request is relayed.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    /// A fixed next hop instead of the destination URI.
    pub to: Option<NextHop>,
    /// A fixed transport (`t_relay_to_tcp()`).
    pub proto: Option<Proto>,
    /// `t_relay_to()` flags: 1 no 100 Trying, 2 no internal negative reply, 4 no DNS failover.
    pub flags: u32,
}

/// A host with a port, as functions such as `forward(host, port)` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// The transport; none means that of the request.
    pub proto: Option<Proto>,
    /// A name or an address; IPv6 without brackets.
    pub host: Bytes,
    /// 0 means the default of the transport, or SRV.
    pub port: u16,
}

/// A reply to the request in hand.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code, 100 to 699.
    pub code: u16,
    /// The reason phrase.
    pub reason: Bytes,
    /// Through the transaction or beside it.
    pub how: ReplyHow,
}

/// Which way a reply takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyHow {
    /// `sl_send_reply()`: no transaction is touched.
    Stateless,
    /// `t_reply()`: the transaction is made where there is none.
    Transaction,
    /// `send_reply()`: through the transaction where there is one.
    Auto,
}

/// What came of a wish.
pub enum Answer {
    /// A return code.
    Code(i32),
    /// What the database said.
    Store(Result<store::Outcome, StoreError>),
    /// What a server of keys and values said to each command.
    Keys(Result<Vec<Said>, StoreError>),
    /// What the name servers said.
    Names(stack::location::Answer),
    /// The route that was to run first has ended.
    Route(script::End),
    /// Nobody answered before the deadline.
    TimedOut,
}

impl Effect {
    /// A database operation.
    pub fn store(store: Arc<dyn Store>, operation: impl Into<Operation>) -> Effect {
        let operation = Box::new(operation.into());
        Effect::Store { store, operation }
    }

    /// True where only the world outside can answer.
    pub fn is_outside(&self) -> bool {
        matches!(
            self,
            Effect::Store { .. } | Effect::Keys { .. } | Effect::Lookup(_) | Effect::Sleep { .. }
        )
    }
}

impl Answer {
    /// The answer as a return code: success is 1, failure -1.
    pub fn code(&self) -> i32 {
        match self {
            Answer::Code(code) => *code,
            Answer::Store(Ok(_)) | Answer::Keys(Ok(_)) => 1,
            Answer::Names(names) if *names != stack::location::Answer::Nothing => 1,
            _ => -1,
        }
    }
}
