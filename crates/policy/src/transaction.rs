//! A transaction as the edge drives it and as script functions see it.
//!
//! At rest it lies, with the context of its request, in the transaction table; while a route of it
//! runs, that route owns it. Nobody locks it.

use crate::{Destination, Flow};
use bytes::Bytes;
use script::RouteId;
use sip::Message;
use smallvec::SmallVec;
use stack::Instant;
use stack::table::TxId;
use stack::transaction::{ClientInvite, ClientNonInvite, ServerInvite, ServerNonInvite, Timers};
use std::sync::Arc;

/// What scripts arm before `t_relay()` and may change later.
#[derive(Clone, Debug, Default)]
pub struct Armed {
    /// `t_on_failure()`.
    pub on_failure: Option<RouteId>,
    /// `t_on_reply()`.
    pub on_reply: Option<RouteId>,
    /// `t_on_branch()`.
    pub on_branch: Option<RouteId>,
    /// `t_on_branch_failure()`.
    pub on_branch_failure: Option<RouteId>,
    /// `t_set_fr()` and its kin, where they differ from the module's.
    pub timers: Option<Timers>,
    /// `t_set_auto_inv_100()`; none means the module's `auto_inv_100`.
    pub auto_100: Option<bool>,
    /// `t_set_disable_6xx()`: a 6xx does not end parallel forking.
    pub no_6xx: bool,
    /// `t_set_disable_failover()`.
    pub no_failover: bool,
    /// `blst_set_ignore()`: reasons, bits of [`stack::blocklist::reason`], that do not list where this request goes.
    pub unlisted_reasons: u8,
    /// `t_set_disable_internal_reply()`.
    pub no_internal_reply: bool,
    /// `t_set_no_e2e_cancel_reason()`.
    pub no_cancel_reason: bool,
    /// `t_save_lumps()`: what a failure route finds changed, instead of all that was.
    pub saved_edits: Option<Box<sip::Edits>>,
    /// The target of the first relaying: what failure routes begin with.
    pub saved_target: Option<Box<Destination>>,
}

/// One transaction: the server side towards the caller, a client side for each branch.
pub struct Transaction {
    /// Where it lies in the table.
    pub id: TxId,
    /// The machine towards the caller.
    pub server: Server,
    /// The branches, in the order they were made.
    pub branches: SmallVec<[Branch; 1]>,
    /// Which branches have ended and how: response selection.
    pub fork: stack::fork::Context<Option<Arc<Message>>>,
    /// The tag of our own replies, once there was one.
    pub local_tag: Option<Bytes>,
    /// The status of the last reply sent towards the caller, 0 while there is none.
    pub replied: u16,
    /// True once a CANCEL came from the caller.
    pub cancelled: bool,
    /// The Reason lines of our CANCELs, of the caller's or of the reply that won; a branch that
    /// speaks late gets them too.
    pub cancel_reason: Bytes,
    /// True once the INVITE's lifetime is over.
    pub expired: bool,
    /// Nothing more will come of it: `t_drop()`, `t_release()`, a `t_relay()` that failed.
    pub is_over: bool,
    /// `t_suspend()` was called and `t_continue()` has not come.
    pub suspended: bool,
    /// When the suspended request counts as timed out: `fr_timer` after `t_suspend()`.
    pub suspended_until: Option<Instant>,
    /// A reply whose route called `t_suspend()`, kept by the edge until `t_continue()`.
    pub suspended_reply: Option<Box<dyn std::any::Any + Send>>,
    /// The deadline the timer wheel was last armed for.
    pub armed_for: Option<Instant>,
    /// What becomes of the replies received so far once a failure route has started new branches.
    pub forget: Forget,
    /// Where the branches begin that the failure route runs for.
    pub leg_start: u16,
    /// When it was made, for `tm.list` and lifetimes.
    pub created: Instant,
    /// For `t_replicate()`: replies are not passed on.
    pub is_replica: bool,
}

/// Which replies are forgotten when new branches are started (`failure_reply_mode`,
/// `t_drop_replies()`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forget {
    /// None.
    Nothing,
    /// Those of the branches that the failure route runs for.
    Last,
    /// All.
    #[default]
    All,
}

impl Transaction {
    /// One whose request, an INVITE or not, has just come.
    pub fn new(id: TxId, server: Server, is_invite: bool, created: Instant) -> Transaction {
        Transaction {
            id,
            server,
            branches: SmallVec::new(),
            fork: stack::fork::Context::new(is_invite),
            local_tag: None,
            replied: 0,
            cancelled: false,
            cancel_reason: Bytes::new(),
            expired: false,
            is_over: false,
            suspended: false,
            suspended_until: None,
            suspended_reply: None,
            armed_for: None,
            forget: Forget::default(),
            leg_start: 0,
            created,
            is_replica: false,
        }
    }

    /// True once a final reply went to the caller.
    pub fn is_final(&self) -> bool {
        self.replied >= 200
    }

    /// True for an INVITE that was received.
    pub fn is_invite(&self) -> bool {
        matches!(self.server, Server::Invite(_))
    }

    /// True for a request of our own.
    pub fn is_local(&self) -> bool {
        matches!(self.server, Server::Local(_))
    }
}

/// The machine towards the caller.
pub enum Server {
    /// RFC 3261 section 17.2.1.
    Invite(ServerInvite),
    /// RFC 3261 section 17.2.2.
    NonInvite(ServerNonInvite),
    /// The request is our own: nobody waits upstream.
    Local(LocalServer),
}

/// What stands for the caller of a request of our own.
#[derive(Default)]
pub struct LocalServer {
    /// It is an INVITE, whose 2xx wants an ACK from here.
    pub is_invite: bool,
    /// Its final reply came; until then replies that come late are absorbed.
    pub over_at: Option<Instant>,
    /// That time has come.
    pub is_over: bool,
    /// Sees its final reply.
    pub on_reply: Option<crate::OnReply>,
    /// Hears how it ended.
    pub on_end: Option<crate::OnEnd>,
}

/// The machine towards a target.
pub enum Client {
    /// RFC 3261 section 17.1.1.
    Invite(ClientInvite),
    /// RFC 3261 section 17.1.2.
    NonInvite(ClientNonInvite),
    /// The branch never left, or is over.
    Gone,
}

/// One branch of a forwarded request.
pub struct Branch {
    /// Where it went.
    pub target: Destination,
    /// The way it went.
    pub flow: Flow,
    /// Of a request of our own, the way the branch's last reply came; none while there is none.
    pub replied_over: Option<Box<Flow>>,
    /// How a TLS connection for it is to be made, where it goes over TLS.
    pub tls: Option<Arc<crate::TlsWay>>,
    /// Its machine.
    pub client: Client,
    /// The highest status received, 0 while there is none.
    pub status: u16,
    /// How many replies came on it; one is counted when its `onreply_route` has ended.
    pub replies: u16,
    /// True where `status` was made up here (408, 503 …).
    pub is_local: bool,
    /// The CANCEL of this branch.
    pub cancel: Cancel,
    /// `t_on_reply()` called in the branch route.
    pub on_reply: Option<RouteId>,
    /// `t_on_branch_failure()` called in the branch route.
    pub on_branch_failure: Option<RouteId>,
    /// Branch flags as they were when it left.
    pub flags: u32,
    /// The value of our Via's branch parameter.
    pub via_branch: Bytes,
    /// Where it goes on when this address fails; none where there is nowhere else.
    pub failover: Option<Box<Failover>>,
}

impl Branch {
    /// One that has nothing but its way.
    pub fn new(flow: Flow) -> Branch {
        Branch {
            target: Destination::default(),
            flow,
            replied_over: None,
            tls: None,
            client: Client::Gone,
            status: 0,
            replies: 0,
            is_local: false,
            cancel: Cancel::None,
            on_reply: None,
            on_branch_failure: None,
            flags: 0,
            via_branch: Bytes::new(),
            failover: None,
        }
    }
}

/// The other addresses of a name (`use_dns_failover`, RFC 3263 section 4.3).
#[derive(Clone)]
pub struct Failover {
    /// The addresses that were not tried yet, the next one last.
    pub addresses: Vec<std::net::SocketAddr>,
    /// The request as it was before message hooks saw it.
    pub request: Bytes,
    /// The branch parameter in its Via.
    pub via_branch: Bytes,
}

/// The CANCEL of a branch.
#[derive(Default)]
pub enum Cancel {
    /// None is wanted.
    #[default]
    None,
    /// It is sent as soon as a provisional reply comes (RFC 3261 section 9.1).
    Wanted,
    /// It was sent.
    Sent(Box<ClientNonInvite>),
    /// It is answered or given up.
    Done,
}
