//! What modules hang into a configuration while they start.

use crate::hooks::{Tracer, TransactionHook};
use crate::message_hook::MessageHook;
use crate::{
    Alias, ConnectionId, Context, ControlSocket, CoreParams, EndTask, Globals, IsLocalDomain,
    RpcRequest, RpcResult, StartTask, Surroundings, TransactionParams,
};
use parking_lot::Mutex;
use std::sync::Arc;
use store::Store;

/// A command as registered.
pub struct Rpc {
    /// Its name, `ul.dump`.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// It may wait for a database, so no script can run it.
    pub waits: bool,
    /// Runs it.
    pub run: RunRpc,
}

/// What runs a command.
pub type RunRpc = Box<dyn Fn(&RpcRequest) -> RpcResult + Send + Sync>;

/// Something to do again and again.
pub struct Timer {
    /// Every so many milliseconds.
    pub interval_ms: u32,
    /// What to do; gets Unix milliseconds.
    pub run: Box<dyn Fn(u64) + Send + Sync>,
}

/// What the modules hung into the configuration.
#[derive(Default)]
pub struct Installed {
    /// Commands.
    pub rpcs: Vec<Rpc>,
    /// Timers.
    pub timers: Vec<Timer>,
    /// Tasks before the first message.
    pub start: Mutex<Vec<StartTask>>,
    /// Tasks at the end, such as writing back what is only in memory.
    pub stop: Mutex<Vec<EndTask>>,
    /// What databases have said of their tables.
    pub said_of_tables: Arc<super::TablesSaid>,
    /// Names of the modules that are loaded, in their order.
    pub modules: Vec<&'static str>,
    /// Names of event routes that somebody runs.
    pub event_routes: Vec<&'static str>,
    /// Names of event routes that the script has.
    pub written_event_routes: std::collections::BTreeSet<String>,
    /// The core parameters, from module `core`.
    pub core: Option<CoreParams>,
    /// The settings of the transaction layer, from module `tm`.
    pub transactions: Option<TransactionParams>,
    /// Texts of parameters, prepared once every module has started.
    pub late_texts: Vec<crate::Unprepared>,
    /// The database by whose rules texts are quoted for SQL, from module `sqlops`.
    pub sql_rules: Option<Arc<dyn Store>>,
    /// Certificates and profiles, from module `tls`.
    pub tls: Option<crate::TlsSettings>,
    /// Who knows the TLS connections, from [`States::tls_connections`] where module `tls` is loaded.
    pub tls_connections: Option<Arc<dyn crate::TlsConnections>>,
    /// Who watches each statement.
    pub tracer: Option<Arc<dyn Tracer>>,
    /// The databases that modules use: module and URL.
    pub databases: Mutex<Vec<(&'static str, String)>>,
    /// What says whether a domain is served here.
    pub local_domains: Vec<IsLocalDomain>,
    /// Names of ours that modules add.
    pub aliases: Vec<Alias>,
    /// Observers of transactions.
    pub transaction_hooks: Vec<Arc<dyn TransactionHook>>,
    /// Who changes messages between the wire and everything else.
    pub message_hooks: Vec<Arc<dyn MessageHook>>,
    /// Observers of dialogs.
    pub dialog_hooks: crate::DialogHooks,
    /// The sockets, once the last module has started.
    pub own_sockets: crate::OwnSockets,
    /// Called when a stream connection is gone, whoever closed it.
    pub connection_closed: Vec<ConnectionClosed>,
    /// Called with the parameters of our own topmost Route that `loose_route()` followed.
    pub own_route: Vec<OwnRoute>,
    /// Where commands of operators are taken.
    pub controls: Vec<ControlSocket>,
    /// Settings with a group (`group.name = value`), declared before the first module.
    pub globals: Arc<Globals>,
    /// The process, from [`States::surroundings`].
    pub surroundings: Surroundings,
}

/// Sees the parameters of a Route of ours, `;lr;r2=on`, and may set the next hop.
pub type OwnRoute = Box<dyn Fn(&mut Context, &[u8]) + Send + Sync>;

/// Hears that a stream connection is gone; gets Unix milliseconds too. Must not wait.
pub type ConnectionClosed = Box<dyn Fn(ConnectionId, u64) + Send + Sync>;
