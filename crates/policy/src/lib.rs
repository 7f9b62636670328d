//! What a module is: its declaration, the request it sees, the effects it may ask for.
//!
//! `policy` stands between the routing language and the modules on one side and the edge on the
//! other. A module declares itself once ([`Module`], [`Declaration`]); its functions work on a
//! [`Context`] and answer an [`Outcome`], which may be a wish ([`Effect`]) instead of a result.

mod argument;
mod authentication;
mod bans;
mod binding;
mod blocklist_params;
mod config;
mod context;
mod control;
mod core_params;
mod counter;
mod declaration;
mod destination;
mod dialogs;
mod effect;
mod flow;
mod function;
mod globals;
mod hooks;
mod host;
mod identity;
mod init;
mod jsonrpc;
mod keyword;
mod late_text;
mod load;
mod log;
mod log_prefix;
mod message_hook;
mod module;
mod outbox;
mod outcome;
mod param;
mod prepare;
mod problem;
mod redirect;
mod rewrite;
mod routes;
mod rpc;
mod service;
pub mod shared;
mod start;
mod surroundings;
mod tls_connection;
mod tls_settings;
mod tm_params;
mod topology;
mod transaction;
mod transactions;
mod var;
mod vars;
mod vocabulary;

pub use argument::{
    Argument, BranchFailureRoute, BranchRoute, FailureRoute, Int, Literal, Pattern, PlainRoute,
    ReplyRoute, RouteName, Written,
};
pub use authentication::{Authenticated, Claim, DigestAuth, Secret, WithClaim, WithCode};
pub use bans::{
    Ban, BanChange, BanLimits, BanOrder, BanTimes, Bans, BansLink, Listed, NotBanned, Proof,
    Source, Standing, parse_place, place,
};
pub use binding::{Binding, BindingState, Registration};
pub use blocklist_params::{BlocklistParams, BlocklistRules, between, retry_after_s};
pub use config::{Config, EntryRoutes, Places, routes_of};
pub use context::{Advertised, Arrival, Context, Fence, Now, RecordRoute, ReplyInHand, Switches};
pub use control::{ControlPlace, ControlSocket, FileAccess};
pub use core_params::{CoreParams, DnsParams, OverloadParams, TcpParams};
pub use counter::{Counter, Counters};
pub use declaration::{Declaration, Manifest, Named, Parameter, Variable};
pub use destination::{Branches, Destination, Q, Registered};
pub use dialogs::{DialogHook, DialogHooks, EndedBy, FollowedDialog};
pub use effect::{
    Answer, CancelWhich, Effect, NextHop, Parcel, Relay, Reply, ReplyHow, TransactionAction,
};
pub use flow::{ConnectionId, Flow, Proto, SocketId};
pub use function::{Arity, Call, Function, FunctionDecl, Usage};
pub use globals::Globals;
pub use hooks::{Remains, Replied, Tracer, TransactionHook};
pub use host::go_on;
pub use identity::{
    Alias, Identity, IsLocalDomain, OwnSockets, Socket, SourceOf, address_of, host_text,
};
pub use init::{
    ConnectionClosed, DriverSettings, Init, Installed, OwnRoute, Rpc, RunRpc, Services, States,
    Stores, TablesSaid, Timer, Untold, World,
};
pub use jsonrpc::{
    Executed, execute as execute_json_rpc, execute_on_worker as execute_json_rpc_on_worker,
};
pub use late_text::{LateText, Unprepared};
pub use load::{Addresses, Extra, Loader, Ready, event_routes};
pub use log::{Level, Logger, Record, Sink};
pub use log_prefix::LogPrefix;
pub use message_hook::{
    HookRoutes, Incoming, MessageHook, Note, Notes, Outgoing, Received, Sent, ThenReceived,
    ThenSent,
};
pub use module::{Entry, Loaded, Module};
pub use outbox::{Outbox, Task};
pub use outcome::{Continuation, Outcome};
pub use param::{Callback, Flag, FromParam, ParamDecl, ParamValue, Setter};
pub use prepare::{Names, Prepare};
pub use problem::{problem, unknown};
pub use redirect::{RichRedirect, redirect_contact};
pub use rewrite::{UriEdit, rewrite_uri};
pub use routes::Routes;
pub use rpc::{RpcError, RpcRequest, RpcResult};
pub use script::Problem;
pub use service::{
    Bindings, Change, ChangeTask, Changes, ContactKey, Expired, Keep, KeyServers, Location,
    LocationRules, LocationTable, Matching, Ruid, SanityChecks, TrustedAddresses, WithBinding,
    WithBindings,
};
/// The destinations that failed, for modules `core` and `blst`.
pub use stack::blocklist::{self, Blocklist};
pub use stack::memory;
/// The name of a transaction, which module `tmx` shows.
pub use stack::table::TxId;
/// The timers of a transaction, which module `tm` sets.
pub use stack::transaction::Timers;
/// Route sets, serial groups and questions to name servers as the stack works them out, for modules
/// `rr`, `tm` and `ipops`.
pub use stack::{fork::serial_groups, location, routing};
pub use start::{DatabaseTask, EndTask, StartDone, StartTask, finish};
pub use surroundings::{LocalOffset, LocalZone, ReadFile, Surroundings};
pub use tls_connection::{
    TlsAlternatives, TlsCertificate, TlsConnection, TlsConnections, TlsListed, TlsName,
    TlsServerId, TlsTotals, TlsVerdict, TlsWay,
};
pub use tls_settings::{
    ParseTlsProfiles, TlsCipher, TlsDomain, TlsNameMode, TlsProfile, TlsProfiles, TlsRemark,
    TlsSettings, TlsTimeout, TlsVerify, TlsVersions,
};
pub use tm_params::TransactionParams;
pub use topology::{
    DialogQuery, DialogWay, HiddenBranch, HiddenDialog, HiddenEnd, Lifetimes, ReadStored, Stored,
    TopologyStorage, TopologyStorages, TopologyWrite,
};
pub use transaction::{
    Armed, Branch, Cancel, Client, Failover, Forget, LocalServer, Server, Transaction,
};
pub use transactions::{
    Cancelled, LocalRequest, OnEnd, OnReply, Remote, TableLoad, TransactionSummary, Transactions,
    TransactionsLink,
};
pub use var::{Text, Transform, Var};
pub use vars::{AvpName, Avps, Vars, XavpValue, Xavps};
pub use vocabulary::Words;
