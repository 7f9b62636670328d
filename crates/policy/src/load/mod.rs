//! From a parsed file to a configuration: modules, parameters, sockets, program.
//!
//! Everything is tried, so that one run tells everything that is wrong. Nothing is opened.

mod modules;
mod params;
mod sockets;

pub use sockets::Addresses;

use crate::vocabulary::Words;
use crate::{
    Config, Context, CoreParams, EntryRoutes, Init, Installed, Loaded, LogPrefix, Logger, Manifest,
    Names, Services, World,
};
use bytes::Bytes;
use script::{Diagnostic, Parsed, Program, RouteKind, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a configuration is loaded with.
pub struct Loader<'a> {
    /// The modules that there are, `core` first.
    pub entries: &'a [crate::Entry],
    /// Counters, state and databases that outlive the configuration.
    pub world: World<'a>,
    /// Where log lines go.
    pub logger: Logger,
    /// Random bytes for keyed hashes of modules.
    pub secret: [u8; 32],
    /// Finds addresses of interfaces and host names.
    pub addresses: &'a dyn Addresses,
    /// What the command line adds.
    pub extra: Extra,
}

/// What the command line adds to a file.
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// `-l`: sockets beside those of the file.
    pub listen: Vec<script::ast::Listen>,
    /// `--alias`.
    pub aliases: Vec<script::ast::Endpoint>,
    /// `--loadmodule`, loaded before those of the file.
    pub modules: Vec<String>,
    /// `--modparam`, applied after those of the file: module, name, value.
    pub params: Vec<(String, String, crate::ParamValue)>,
    /// Core parameters of switches such as `-n`; applied after those of the file.
    pub core: Vec<(String, crate::ParamValue)>,
}

/// A loaded configuration with what must happen once before it serves.
pub struct Ready {
    /// The configuration.
    pub config: Config,
    /// The findings that do not forbid to run it.
    pub warnings: Vec<Diagnostic>,
}

impl Loader<'_> {
    /// Loads a parsed file.
    ///
    /// # Errors
    /// Every finding, warnings among them, where at least one is an error.
    pub fn load(self, parsed: &Parsed) -> Result<Ready, Vec<Diagnostic>> {
        let mut findings = parsed.diagnostics.clone();
        let mut modules = modules::load(
            self.entries,
            &self.extra.modules,
            &parsed.script,
            &mut findings,
        );
        let mut names = params::apply(
            &mut modules,
            self.entries,
            &parsed.script,
            &self.extra,
            &mut findings,
        );
        names.defines = parsed.defines.clone();
        let mut services = Services::default();
        let mut installed = Installed {
            surroundings: self.world.states.surroundings(),
            written_event_routes: event_routes(&parsed.script),
            modules: modules.iter().map(|module| module.name()).collect(),
            ..Installed::default()
        };
        params::declare_globals(&parsed.script, &installed.globals);
        let core = self.init(&mut modules, (&mut services, &mut installed), &mut findings);
        let identity = sockets::identity(
            &parsed.script,
            &self.extra,
            &core,
            self.addresses,
            &mut findings,
        );
        installed.own_sockets.know(&identity.sockets);
        let words = Words::new(&modules, names);
        let resolved = script::resolve(parsed, &words);
        findings.extend(resolved.diagnostics);
        let log_prefix = log_prefix(&words, &core, &mut findings);
        for text in installed.late_texts.drain(..) {
            let failed = text.prepare(&words).err();
            findings.extend(failed.map(|problem| problem.at(Span::default())));
        }
        let (Some(program), false) = (resolved.program, findings.iter().any(Diagnostic::is_error))
        else {
            findings.sort_by_key(|found| found.span);
            return Err(findings);
        };
        if let Some(missing) = missing_reply_route(&program, &installed) {
            return Err(vec![missing]);
        }
        let mut config = Config {
            entry: entry_routes(&program),
            program,
            logger: self.logger,
            log_prefix,
            transactions: Arc::new(installed.transactions.take().unwrap_or_default()),
            tracer: installed.tracer.take(),
            places: places(parsed),
            manifests: manifests(&modules),
            identity,
            core,
            installed,
        };
        config
            .identity
            .aliases
            .append(&mut config.installed.aliases);
        config.identity.domains = std::mem::take(&mut config.installed.local_domains);
        Ok(Ready {
            config,
            warnings: findings,
        })
    }

    /// Starts every module, `core` first: the others see its parameters.
    fn init(
        &self,
        modules: &mut [Box<dyn Loaded>],
        (services, installed): (&mut Services, &mut Installed),
        findings: &mut Vec<Diagnostic>,
    ) -> CoreParams {
        let mut core = CoreParams::default();
        for module in modules {
            let mut init = Init::new(
                &core,
                self.logger.clone(),
                self.secret,
                self.world,
                services,
                installed,
            );
            if let Err(problem) = module.init(&mut init) {
                findings.push(modules::cannot_start(module.name(), problem));
            }
            if let Some(params) = installed.core.take() {
                core = params;
            }
        }
        core
    }
}

fn log_prefix(
    words: &Words<'_>,
    core: &CoreParams,
    findings: &mut Vec<Diagnostic>,
) -> Option<LogPrefix> {
    if core.log_prefix.is_empty() {
        return None;
    }
    let text: Bytes = core.log_prefix.clone();
    match words.prepare(|prepare| prepare.text(&text)) {
        Ok(text) => Some(LogPrefix::from(text)),
        Err(problem) => {
            findings.push(problem.at(Span::default()));
            None
        }
    }
}

fn entry_routes(program: &Program<Context>) -> EntryRoutes {
    EntryRoutes {
        request: program.route(RouteKind::Request, ""),
        reply: program.route(RouteKind::CoreReply, ""),
        onsend: program.route(RouteKind::Onsend, ""),
        local_request: program.route(RouteKind::Event, "tm:local-request"),
        local_response: program.route(RouteKind::Event, "tm:local-response"),
        stateless_response: program.route(RouteKind::Event, "sl:local-response"),
        filtered_ack: program.route(RouteKind::Event, "sl:filtered-ack"),
    }
}

/// `on_sl_reply` of module `tm` names an `onreply_route`.
fn missing_reply_route(program: &Program<Context>, installed: &Installed) -> Option<Diagnostic> {
    let name = installed.transactions.as_ref()?.on_sl_reply.as_deref()?;
    if program.route(RouteKind::Reply, name).is_some() {
        return None;
    }
    let routes = program.routes().iter();
    let known = routes.filter(|route| route.kind == RouteKind::Reply);
    let problem = crate::problem::unknown(
        "onreply_route in parameter on_sl_reply of module tm:",
        name,
        known.map(|route| route.name.as_ref()),
    );
    Some(problem.at(Span::default()))
}

fn places(parsed: &Parsed) -> crate::Places {
    let sources = parsed.sources.clone();
    Arc::new(move |span| {
        let position = sources.position(span);
        format!("{}:{}:{}", position.path, position.line, position.column)
    })
}

fn manifests(modules: &[Box<dyn Loaded>]) -> Vec<Manifest> {
    modules.iter().map(|module| module.manifest()).collect()
}

/// The names of the event routes of a script.
pub fn event_routes(script: &script::Script) -> BTreeSet<String> {
    let routes = script.items.iter().filter_map(|item| match item {
        script::ast::Item::Route(route) if route.kind == RouteKind::Event => Some(route),
        _ => None,
    });
    routes.map(|route| route.name.text.clone()).collect()
}

/// The names that the parser cannot know: flags declared with `flags`.
pub(crate) fn names(script: &script::Script) -> Names {
    let mut names = Names::default();
    let mut next = 0;
    for item in &script.items {
        let script::ast::Item::Flags(flags) = item else {
            continue;
        };
        for (name, number) in flags.names.iter().filter(|_| !flags.avp) {
            let number = number
                .and_then(|number| u8::try_from(number).ok())
                .unwrap_or(next);
            next = number.saturating_add(1);
            names.flags.insert(name.text.clone(), number);
        }
    }
    names
}
