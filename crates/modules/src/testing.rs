//! A bench for modules: script and message in, return codes, log, wishes and the message out.
//!
//! The modules named by `loadmodule` are loaded, besides `core` and a module of the bench itself
//! that notes values: `rc()` the last return code, `note("text")` a text, `$out(name)` is a place
//! to put results in. Time stands at [`UNIX_MS`].

mod own;
mod world;

use bytes::Bytes;
use own::{Noted, TestBench};
use policy::{
    Answer, Arrival, Config, Context, CoreParams, Counters, Effect, Entry, EntryRoutes, Flow,
    Identity, Init, Installed, Loaded, Logger, Names, Now, Proto, Routes, Services, Socket,
    SocketId, StartTask, States, Stores, TransactionParams, Words, World,
};
use script::ast::{Item, ParamValue};
use script::{Limits, Machine, RouteKind, Step, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use store::{Memory, Store};
pub(crate) use world::SharedKeys;
use world::{Lines, NoStores, OneStore, Single, start};

/// The time of every run: 2026-11-21 07:40:34 UTC.
pub(crate) const UNIX_MS: u64 = 1_795_246_834_000;

/// What came of a run.
pub(crate) struct Ran {
    /// What `rc()` noted.
    pub(crate) codes: Vec<i32>,
    /// What `note()` noted.
    pub(crate) notes: Vec<String>,
    /// Log lines: `LEVEL source: text`.
    pub(crate) log: Vec<String>,
    /// The message with all edits, Request-URI among them.
    pub(crate) sent: String,
    /// The wish the route waits for, if it does.
    pub(crate) effect: Option<Effect>,
    /// How the route ended; none while it waits.
    pub(crate) end: Option<script::End>,
    /// The context, for everything else.
    pub(crate) context: Context,
}

/// Runs `request_route` (or the nameless `reply_route` for a reply). Line ends of `message` may be
/// bare; panics where the script does not load.
pub(crate) fn run(script: &str, message: &str) -> Ran {
    Bench::new(script).run(message)
}

/// The findings of loading a script, as text.
pub(crate) fn problems(script: &str) -> String {
    match Bench::load(script) {
        Ok(_) => String::new(),
        Err(problems) => problems,
    }
}

/// A loaded script.
pub(crate) struct Bench {
    config: Arc<Config>,
    log: Arc<Lines>,
    /// Every counter of the modules.
    pub(crate) counters: Counters,
    /// What outlives a configuration.
    pub(crate) states: States,
}

/// What came of a run whose wishes were granted: databases answer, replies are noted.
pub(crate) struct Served {
    /// What the route left, without a wish.
    pub(crate) ran: Ran,
    /// Code, reason phrase and header lines of each reply.
    pub(crate) replies: Vec<(u16, String, String)>,
}

impl Bench {
    pub(crate) fn new(script: &str) -> Bench {
        Bench::load(script).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// A script with a database behind every URL; what is to be done at start is done.
    pub(crate) fn with_store(script: &str, store: Arc<dyn Store>) -> Bench {
        Bench::with_world(script, &OneStore(store, Arc::<SharedKeys>::default()))
    }

    /// A script with these keys and values behind every server of such.
    pub(crate) fn with_keys(script: &str, keys: Arc<SharedKeys>) -> Bench {
        Bench::with_world(script, &OneStore(Arc::new(Memory::standard()), keys))
    }

    /// A script whose database is away at start; [`Bench::run_start_tasks`] lets it come.
    pub(crate) fn with_late_store(script: &str, store: Arc<dyn Store>) -> Bench {
        let bench = Bench::unstarted(script, &OneStore(store, Arc::<SharedKeys>::default()));
        bench.run_start_tasks(|task| matches!(task, StartTask::Once(_)));
        bench
    }

    fn with_world(script: &str, stores: &dyn Stores) -> Bench {
        let bench = Bench::unstarted(script, stores);
        bench.run_start_tasks(|_| true);
        bench
    }

    fn unstarted(script: &str, stores: &dyn Stores) -> Bench {
        // Each is a process of its own.
        static STARTED: AtomicU8 = AtomicU8::new(8);
        let secret = [STARTED.fetch_add(1, Ordering::Relaxed); 32];
        Bench::load_with(script, stores, secret).unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn load(script: &str) -> Result<Bench, String> {
        let bench = Bench::load_with(script, &NoStores, [7; 32])?;
        bench.run_start_tasks(|_| true);
        Ok(bench)
    }

    /// Does those things that are to be done at start, and were not done yet, that are meant.
    pub(crate) fn run_start_tasks(&self, is_meant: fn(&StartTask) -> bool) {
        let tasks = std::mem::take(&mut *self.config.installed.start.lock());
        let (now, later): (Vec<_>, Vec<_>) = tasks.into_iter().partition(is_meant);
        self.config.installed.start.lock().extend(later);
        for task in now {
            start(Box::new(|done| task.run(done)));
        }
    }

    fn load_with(script: &str, stores: &dyn Stores, secret: [u8; 32]) -> Result<Bench, String> {
        let files = Single(script.as_bytes().to_vec());
        let parsed = script::parse(&files, "test.cfg", &script::Options::default());
        let mut modules = loaded(&parsed.script.items);
        set_params(&parsed.script.items, &mut modules)?;
        let log = Arc::new(Lines::default());
        let logger = Logger::new(3, log.clone());
        let core = CoreParams::default();
        let mut services = Services::default();
        let mut installed = Installed {
            written_event_routes: policy::event_routes(&parsed.script),
            modules: modules.iter().map(|module| module.name()).collect(),
            ..Installed::default()
        };
        let (counters, states) = (Counters::default(), States::default());
        let world = World {
            counters: &counters,
            states: &states,
            stores,
        };
        let mut init = Init::new(
            &core,
            logger.clone(),
            secret,
            world,
            &mut services,
            &mut installed,
        );
        for module in &mut modules {
            module
                .init(&mut init)
                .map_err(|problem| format!("{problem:?}"))?;
        }
        let names = Names {
            defines: parsed.defines.clone(),
            ..names(&parsed.script.items)
        };
        let words = Words::new(&modules, names);
        for text in installed.late_texts.drain(..) {
            text.prepare(&words)
                .map_err(|problem| format!("{problem:?}"))?;
        }
        let resolved = script::resolve(&parsed, &words);
        let Some(program) = resolved.program else {
            return Err(format!(
                "{:?} {:?}",
                parsed.diagnostics, resolved.diagnostics
            ));
        };
        let config = Config {
            entry: EntryRoutes {
                request: program.route(RouteKind::Request, ""),
                reply: program.route(RouteKind::CoreReply, ""),
                ..EntryRoutes::default()
            },
            program,
            core: installed.core.take().unwrap_or(core),
            identity: identity(),
            logger,
            log_prefix: None,
            tracer: installed.tracer.clone(),
            installed,
            transactions: Arc::new(TransactionParams::default()),
            places: places(parsed.sources),
            manifests: modules.iter().map(|module| module.manifest()).collect(),
        };
        Ok(Bench {
            config: Arc::new(config),
            log,
            counters,
            states,
        })
    }

    /// The lines of the log that no run took.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.0.lock())
    }

    /// Runs the timers of every module at `unix_ms`.
    pub(crate) fn tick(&self, unix_ms: u64) {
        self.config
            .installed
            .timers
            .iter()
            .for_each(|timer| (timer.run)(unix_ms));
    }

    /// Tells every module that a connection is gone.
    pub(crate) fn lose(&self, connection: policy::ConnectionId) {
        self.config
            .installed
            .connection_closed
            .iter()
            .for_each(|hear| hear(connection, UNIX_MS));
    }

    /// Ends the server in order.
    pub(crate) fn stop(self) {
        let stopping = std::mem::take(&mut *self.config.installed.stop.lock());
        stopping.into_iter().for_each(start);
    }

    /// Runs the script in a context and grants what it wishes.
    pub(crate) fn serve(&self, context: Context) -> Served {
        self.serve_with(context, |_| true)
    }

    /// The same, with databases that answer only where `works` says so.
    pub(crate) fn serve_with(
        &self,
        context: Context,
        works: impl Fn(&store::Operation) -> bool,
    ) -> Served {
        self.serve_answering(context, |effect| match effect {
            Effect::Store { store, operation } if works(&operation) => {
                Answer::Store(store::wait(store.as_ref(), *operation))
            }
            Effect::Store { .. } => Answer::TimedOut,
            Effect::Keys { keys, commands } => Answer::Keys(store::keys::wait(&*keys, commands)),
            _ => Answer::Code(-1),
        })
    }

    /// The same, with a world that answers all wishes but replies.
    pub(crate) fn serve_answering(
        &self,
        mut context: Context,
        world: impl Fn(Effect) -> Answer,
    ) -> Served {
        let program = &self.config.program;
        let route = self.config.entry.request.expect("a route");
        let mut machine = Machine::new(program, route, Limits::default());
        let mut step = machine.run(program, &mut context);
        let mut replies = Vec::new();
        let end = loop {
            let answer = match step {
                Step::Ended(end) => break end,
                Step::Waiting(Effect::Reply(reply)) => {
                    let lines = String::from_utf8_lossy(&std::mem::take(&mut context.reply_lines))
                        .into_owned();
                    replies.push((
                        reply.code,
                        String::from_utf8_lossy(&reply.reason).into_owned(),
                        lines,
                    ));
                    Answer::Code(1)
                }
                Step::Waiting(effect) => world(effect),
            };
            step = machine.answer(program, &mut context, answer);
        };
        Served {
            ran: self.ran(context, None, Some(end)),
            replies,
        }
    }

    /// Runs the script for one message.
    pub(crate) fn run(&self, message: &str) -> Ran {
        self.run_in(self.context(message))
    }

    /// The same in a context that was prepared.
    pub(crate) fn run_in(&self, mut context: Context) -> Ran {
        let entry = self.config.entry;
        let route = if context.message.is_request() {
            entry.request
        } else {
            entry.reply
        };
        let mut machine = Machine::new(
            &self.config.program,
            route.expect("a route"),
            Limits::default(),
        );
        let step = machine.run(&self.config.program, &mut context);
        let (effect, end) = match step {
            Step::Waiting(effect) => (Some(effect), None),
            Step::Ended(end) => (None, Some(end)),
        };
        self.ran(context, effect, end)
    }

    fn ran(&self, mut context: Context, effect: Option<Effect>, end: Option<script::End>) -> Ran {
        let noted = std::mem::take(context.extension_mut::<Noted>());
        let log = self.log();
        Ran {
            codes: noted.codes,
            notes: noted.notes,
            log,
            sent: rendered(&context),
            effect,
            end,
            context,
        }
    }

    /// The context of a message that came from 127.0.0.1:5062 to 127.0.0.1:5060 over UDP.
    pub(crate) fn context(&self, message: &str) -> Context {
        let text = message.replace("\r\n", "\n").replace('\n', "\r\n");
        let message =
            sip::Message::parse(Bytes::from(text), &sip::Limits::default()).expect("a message");
        let (local, peer) = ("127.0.0.1:5060", "127.0.0.1:5062");
        let (local, peer) = (
            local.parse().expect("an address"),
            peer.parse().expect("an address"),
        );
        let mut context = Context::new(Arrival {
            config: self.config.clone(),
            now: Now {
                unix_ms: UNIX_MS,
                ..Now::default()
            },
            seed: 1,
            route: if message.is_request() {
                Routes::REQUEST
            } else {
                Routes::CORE_REPLY
            },
            message: Arc::new(message),
            flow: Flow {
                proto: Proto::Udp,
                socket: SocketId(0),
                local,
                peer,
                connection: None,
            },
        });
        context.script_vars = vec![Value::Null; 16];
        context
    }

    /// Calls a command of a module.
    pub(crate) fn rpc(&self, name: &str, params: serde_json::Value) -> policy::RpcResult {
        let rpc = self
            .config
            .installed
            .rpcs
            .iter()
            .find(|rpc| rpc.name == name)
            .expect("a command");
        let params = params.as_array().cloned().unwrap_or_default();
        (rpc.run)(&policy::RpcRequest {
            params,
            now_s: UNIX_MS / 1000,
        })
    }
}

fn rendered(context: &Context) -> String {
    let mut edits = context.edits.clone();
    if context.message.is_request() && context.target.uri != context.message.request_uri() {
        edits
            .set_request_uri(context.target.uri.clone())
            .expect("a clean URI");
    }
    let mut out = Vec::new();
    edits.render(&context.message, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn loaded(items: &[Item]) -> Vec<Box<dyn Loaded>> {
    let named = |name: &str| {
        crate::ALL
            .iter()
            .find(|entry| entry.name == name || entry.aliases.contains(&name))
    };
    let core = named("core").map(|entry| (entry.load)());
    let bench = (Entry::of::<TestBench>().load)();
    let lines = items.iter().filter_map(|item| match item {
        Item::LoadModule(line) => Some((named(&line.name()).expect("a module").load)()),
        _ => None,
    });
    core.into_iter().chain([bench]).chain(lines).collect()
}

fn set_params(items: &[Item], modules: &mut [Box<dyn Loaded>]) -> Result<(), String> {
    for item in items {
        let Item::ModParam(line) = item else { continue };
        let Some((value, _)) = &line.value else {
            continue;
        };
        let value = match value.as_int() {
            Some(number) if !matches!(value, ParamValue::Str(_)) => policy::ParamValue::Int(number),
            _ => policy::ParamValue::Text(value.as_text().cloned().unwrap_or_default()),
        };
        for module in modules
            .iter_mut()
            .filter(|module| line.modules.iter().any(|name| name.text == module.name()))
        {
            module
                .set_param(&line.name.text, &value)
                .map_err(|problem| format!("{problem:?}"))?;
        }
    }
    Ok(())
}

fn names(items: &[Item]) -> Names {
    let mut names = Names::default();
    for item in items {
        if let Item::Flags(flags) = item {
            for (name, number) in &flags.names {
                names.flags.insert(
                    name.text.clone(),
                    number.and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
                );
            }
        }
    }
    names
}

fn identity() -> Identity {
    let local = "127.0.0.1:5060".parse().expect("an address");
    Identity {
        sockets: vec![Socket::new(SocketId(0), Proto::Udp, local, None)],
        ..Identity::default()
    }
}

/// `path:line:column` of a place.
fn places(sources: script::SourceMap) -> policy::Places {
    Arc::new(move |span| {
        let at = sources.position(span);
        format!("{}:{}:{}", at.path, at.line, at.column)
    })
}
