//! What a module is given while it starts: settings, counters, databases, state, services.

mod installed;
mod states;
mod tables;

pub use installed::{ConnectionClosed, Installed, OwnRoute, Rpc, RunRpc, Timer};
pub use states::States;
pub use tables::{TablesSaid, Untold};

use crate::hooks::{Tracer, TransactionHook};
use crate::message_hook::MessageHook;
use crate::problem::problem;
use crate::{Alias, DatabaseTask, IsLocalDomain, StartDone, StartTask, TransactionParams};
use crate::{
    ConnectionId, Context, ControlSocket, CoreParams, Counter, Counters, Globals, Logger, Outbox,
    Problem, RpcRequest, RpcResult, Surroundings,
};
use stack::blocklist::Blocklist;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Store;
use store::keys::{KeyServer, KeyStore};

/// Opens databases by URL. The same URL is the same database; nothing is connected before
/// the server starts, so that `check` opens nothing.
pub trait Stores: Send + Sync {
    /// The database of `url`, or a sentence about what is wrong with the URL.
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String>;

    /// The same before its tables are checked: for those who check them.
    ///
    /// # Errors
    /// As [`Stores::open`].
    fn open_unchecked(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        self.open(url)
    }

    /// The server of keys and values at this place, or a sentence why there is none.
    fn keys(&self, server: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        Err(format!("no server of keys here: {server}"))
    }

    /// What a module says of all databases of one driver. Databases that know no such settings leave
    /// it.
    fn configure(&self, _driver: &'static str, _settings: DriverSettings) {}
}

/// Settings of a database driver; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct DriverSettings {
    /// How long an operation may take, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// How long connecting may take, in milliseconds.
    pub connect_ms: Option<u64>,
    /// After how long without work a connection is tried, in milliseconds.
    pub idle_ms: Option<u64>,
    /// Whether connections are encrypted; where that is not said, they are with `authorities`.
    pub encrypted: Option<bool>,
    /// The file with the authorities whose certificates are believed, in PEM.
    pub authorities: Option<String>,
}

impl DriverSettings {
    /// The file with the authorities that a server's certificate must come from; none where the connection is not
    /// encrypted. Where none is named it is the machine's own.
    #[must_use]
    pub fn believed(&self) -> Option<&str> {
        let named = self.authorities.as_deref();
        match self.encrypted {
            Some(false) => None,
            Some(true) => named.or(Some(store::AUTHORITIES)),
            None => named,
        }
    }
}

/// The services that modules offer to each other, by trait.
#[derive(Default)]
pub struct Services(BTreeMap<TypeId, Box<dyn Any + Send + Sync>>);

/// What [`Module::init`](crate::Module::init) sees.
pub struct Init<'a> {
    /// The core parameters.
    pub core: &'a CoreParams,
    /// Where log lines go.
    pub logger: Logger,
    /// A key drawn at random for this process, for keyed hashes; never written anywhere.
    pub secret: [u8; 32],
    pub(crate) module: &'static str,
    pub(crate) counters: &'a Counters,
    pub(crate) states: &'a States,
    pub(crate) stores: &'a dyn Stores,
    pub(crate) services: &'a mut Services,
    pub(crate) installed: &'a mut Installed,
}

impl<'a> Init<'a> {
    /// What modules are given, before the first of them.
    pub fn new(
        core: &'a CoreParams,
        logger: Logger,
        secret: [u8; 32],
        world: World<'a>,
        services: &'a mut Services,
        installed: &'a mut Installed,
    ) -> Init<'a> {
        let World {
            counters,
            states,
            stores,
        } = world;
        Init {
            core,
            logger,
            secret,
            module: "core",
            counters,
            states,
            stores,
            services,
            installed,
        }
    }

    pub(crate) fn begin(&mut self, module: &'static str) {
        self.module = module;
    }

    /// A keyed hasher for tables that peers can fill: nobody outside can choose what collides.
    pub fn hasher(&self) -> ahash::RandomState {
        let (words, _) = self.secret.as_chunks::<8>();
        let word = |at| words.get(at).map_or(0, |word| u64::from_le_bytes(*word));
        ahash::RandomState::with_seeds(word(0), word(1), word(2), word(3))
    }

    /// A counter in the module's own group, `registrar.accepted_regs`.
    pub fn counter(&self, name: &str, doc: &str) -> Counter {
        self.counters.register(self.module, name, doc)
    }

    /// A counter in another group, where Kamailio counts it there.
    pub fn counter_in(&self, group: &str, name: &str, doc: &str) -> Counter {
        self.counters.register(group, name, doc)
    }

    /// A counter in another group whose value is looked up whenever somebody asks.
    pub fn counter_from(
        &self,
        group: &str,
        name: &str,
        doc: &str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        self.counters.register_from(group, name, doc, read);
    }

    /// The way to the transactions, for commands and for functions that concern others than their own.
    pub fn transactions(&self) -> crate::TransactionsLink {
        self.states.transactions().clone()
    }

    /// The sources that are not heard, where module `ban` keeps a list.
    pub fn bans(&self) -> crate::BansLink {
        self.states.bans().clone()
    }

    /// The destinations that failed.
    pub fn blocklist(&self) -> Arc<Blocklist> {
        self.states.blocklist().clone()
    }

    /// All counters, for those who read them by name.
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }

    /// The database of `url`.
    pub fn store(&self, url: &str) -> Result<Arc<dyn Store>, Problem> {
        let store = self.stores.open(url).map_err(problem)?;
        let used = (self.module, url.to_owned());
        self.installed.databases.lock().push(used);
        Ok(store)
    }

    /// The server of keys and values at this place.
    pub fn key_store(&self, server: &KeyServer) -> Result<Arc<dyn KeyStore>, Problem> {
        self.stores.keys(server).map_err(problem)
    }

    /// Settings for all databases of a driver, as it stands in a URL.
    pub fn configure_driver(&self, driver: &'static str, settings: DriverSettings) {
        self.stores.configure(driver, settings);
    }

    /// State under `name` that survives a reload; `make` is called the first time.
    pub fn state<T: Send + Sync + 'static>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        self.states.of(self.module, name, make)
    }

    /// Offers a service to modules loaded later.
    pub fn provide<S: ?Sized + Send + Sync + 'static>(&mut self, service: Arc<S>) {
        self.services.0.insert(TypeId::of::<S>(), Box::new(service));
    }

    /// A service that another module offers; `by` names the module for the message when it is
    /// not loaded (or loaded later).
    pub fn service<S: ?Sized + Send + Sync + 'static>(&self, by: &str) -> Result<Arc<S>, Problem> {
        self.optional_service::<S>().ok_or_else(|| {
            let module = self.module;
            problem(format!(
                "module {module} needs module {by} loaded before it"
            ))
        })
    }

    /// A service that may be missing.
    pub fn optional_service<S: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<S>> {
        self.services
            .0
            .get(&TypeId::of::<S>())?
            .downcast_ref::<Arc<S>>()
            .cloned()
    }

    /// Gives a task to run once before the first message, which needs no database.
    pub fn on_start(&mut self, task: impl FnOnce(StartDone) + Send + 'static) {
        let task = StartTask::Once(Box::new(task));
        self.installed.start.get_mut().push(task);
    }

    /// Gives a task that needs the database of `url`. It runs once before the first message; where the database is
    /// away at start it runs when that answers, and again until it succeeds.
    pub fn on_database(&mut self, url: &str, task: impl Fn(StartDone) + Send + 'static) {
        self.need_database(url, false, Box::new(task));
    }

    fn need_database(&mut self, url: &str, is_check: bool, run: Box<dyn Fn(StartDone) + Send>) {
        let task = DatabaseTask {
            url: url.to_owned(),
            is_check,
            run,
        };
        let task = StartTask::Database(task);
        self.installed.start.get_mut().push(task);
    }

    /// Gives a task to run when the server stops.
    pub fn on_stop(&mut self, task: impl FnOnce(StartDone) + Send + 'static) {
        self.installed.stop.get_mut().push(Box::new(task));
    }

    /// Gives something to do every `interval_ms` milliseconds.
    pub fn every(&mut self, interval_ms: u32, run: impl Fn(u64) + Send + Sync + 'static) {
        self.installed.timers.push(Timer {
            interval_ms,
            run: Box::new(run),
        });
    }

    /// Adds a command.
    pub fn rpc(
        &mut self,
        name: &'static str,
        doc: &'static str,
        run: impl Fn(&RpcRequest) -> RpcResult + Send + Sync + 'static,
    ) {
        self.add_rpc(name, doc, false, Box::new(run));
    }

    /// Adds a command that may wait for a database, so that no script can run it.
    pub fn waiting_rpc(
        &mut self,
        name: &'static str,
        doc: &'static str,
        run: impl Fn(&RpcRequest) -> RpcResult + Send + Sync + 'static,
    ) {
        self.add_rpc(name, doc, true, Box::new(run));
    }

    fn add_rpc(&mut self, name: &'static str, doc: &'static str, waits: bool, run: RunRpc) {
        self.installed.rpcs.push(Rpc {
            name,
            doc,
            waits,
            run,
        });
    }

    /// Asks for a place where commands of operators are taken.
    pub fn control(&mut self, socket: ControlSocket) {
        self.installed.controls.push(socket);
    }

    /// Hands over the core parameters; only module `core` has them.
    pub fn set_core(&mut self, core: CoreParams) {
        self.installed.core = Some(core);
    }

    /// Hands over the settings of the transaction layer; only module `tm` has them.
    pub fn set_transaction_params(&mut self, params: TransactionParams) {
        self.installed.transactions = Some(params);
    }

    /// A text with variables that stands in the parameter `name`; it can be read as soon as every
    /// module has started.
    pub fn late_text(&mut self, name: &str, text: impl Into<bytes::Bytes>) -> crate::LateText {
        let slot = crate::LateText::default();
        self.installed.late_texts.push(crate::Unprepared {
            name: format!("{}.{name}", self.module),
            text: text.into(),
            slot: slot.clone(),
        });
        slot
    }

    /// Who knows the TLS connections, where somebody does.
    pub fn tls_connections(&self) -> Option<Arc<dyn crate::TlsConnections>> {
        self.states.tls_connections()
    }

    /// Hands over certificates and profiles; only module `tls` has them.
    pub fn set_tls(&mut self, settings: crate::TlsSettings) {
        self.installed.tls = Some(settings);
        self.installed.tls_connections = self.states.tls_connections();
    }

    /// Names the database by whose rules texts are quoted for SQL; only module `sqlops` does.
    pub fn set_sql_rules(&mut self, store: Arc<dyn Store>) {
        self.installed.sql_rules = Some(store);
    }

    /// Watches each statement of the script.
    pub fn set_tracer(&mut self, tracer: Arc<dyn Tracer>) {
        self.installed.tracer = Some(tracer);
    }

    /// Adds to the domains that are served here (`myself`).
    pub fn add_local_domains(&mut self, is_local: IsLocalDomain) {
        self.installed.local_domains.push(is_local);
    }

    /// Adds a name of ours, as `alias=` does.
    pub fn add_alias(&mut self, alias: Alias) {
        self.installed.aliases.push(alias);
    }

    /// Settings with a group (`group.name = value`), shared with everybody.
    pub fn globals(&self) -> Arc<Globals> {
        self.installed.globals.clone()
    }

    /// The process and its environment.
    pub fn surroundings(&self) -> &Surroundings {
        &self.installed.surroundings
    }

    /// Watches transactions (accounting, dialogs).
    pub fn observe_transactions(&mut self, hook: Arc<dyn TransactionHook>) {
        self.installed.transaction_hooks.push(hook);
    }

    /// Stands between the wire and everything else (topology hiding).
    pub fn hook_messages(&mut self, hook: Arc<dyn MessageHook>) {
        self.installed.message_hooks.push(hook);
    }

    /// Watches dialogs, where module `dialog` is loaded, before or behind this module.
    pub fn observe_dialogs(&mut self, hook: Arc<dyn crate::DialogHook>) {
        self.installed.dialog_hooks.add(hook);
    }

    /// Everybody who watches dialogs, for module `dialog` to tell.
    pub fn dialog_hooks(&self) -> crate::DialogHooks {
        self.installed.dialog_hooks.clone()
    }

    /// The sockets of this configuration, which are known when the last module has started.
    pub fn own_sockets(&self) -> crate::OwnSockets {
        self.installed.own_sockets.clone()
    }

    /// Hears of every stream connection that is gone.
    pub fn on_connection_closed(
        &mut self,
        hear: impl Fn(ConnectionId, u64) + Send + Sync + 'static,
    ) {
        self.installed.connection_closed.push(Box::new(hear));
    }

    /// Sees every Route of ours that is followed.
    pub fn on_own_route(&mut self, see: impl Fn(&mut Context, &[u8]) + Send + Sync + 'static) {
        self.installed.own_route.push(Box::new(see));
    }

    /// Whether this module is loaded, before or behind this one.
    pub fn has_module(&self, name: &str) -> bool {
        self.installed.modules.contains(&name)
    }

    /// Whether the script has this event route, so that nobody prepares what nobody hears.
    pub fn has_event_route(&self, name: &str) -> bool {
        self.installed.written_event_routes.contains(name)
    }

    /// Where to leave what is to be done outside of any message: event routes, closed connections.
    pub fn outbox(&self) -> Outbox {
        self.states.outbox().clone()
    }

    pub(crate) fn event_route(&mut self, name: &'static str) {
        self.installed.event_routes.push(name);
    }
}

/// What all modules share and what outlives a configuration.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// All counters.
    pub counters: &'a Counters,
    /// State that survives a reload.
    pub states: &'a States,
    /// Databases.
    pub stores: &'a dyn Stores,
}
