//! A loaded configuration: the program and everything it refers to, immutable while it runs.

use crate::hooks::Tracer;
use crate::{Context, CoreParams, Identity, Installed, LogPrefix, Logger, Manifest, Routes};
use script::{Program, RouteId, Span};
use std::sync::Arc;

/// What a running request holds on to. A reload makes a new one; requests under way keep theirs.
pub struct Config {
    /// The routes, compiled.
    pub program: Program<Context>,
    /// The core parameters.
    pub core: CoreParams,
    /// Our sockets and names.
    pub identity: Identity,
    /// Where log lines go.
    pub logger: Logger,
    /// `log_prefix`, prepared.
    pub log_prefix: Option<LogPrefix>,
    /// The routes the core itself runs.
    pub entry: EntryRoutes,
    /// What the modules hung in.
    pub installed: Installed,
    /// Settings of the transaction layer, which module `tm` provides.
    pub transactions: Arc<crate::TransactionParams>,
    /// Watches each statement, where `debugger` asks for it.
    pub tracer: Option<Arc<dyn Tracer>>,
    /// Says which line a place in the source is, for log lines.
    pub places: Places,
    /// What each loaded module offers, for listings.
    pub manifests: Vec<Manifest>,
}

/// The routes the core runs by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntryRoutes {
    /// `request_route`.
    pub request: Option<RouteId>,
    /// `onreply_route` / `reply_route` without a name.
    pub reply: Option<RouteId>,
    /// `onsend_route`.
    pub onsend: Option<RouteId>,
    /// `event_route[tm:local-request]`.
    pub local_request: Option<RouteId>,
    /// `event_route[tm:local-response]`.
    pub local_response: Option<RouteId>,
    /// `event_route[sl:local-response]`.
    pub stateless_response: Option<RouteId>,
    /// `event_route[sl:filtered-ack]`.
    pub filtered_ack: Option<RouteId>,
}

/// Finds file, line and column of a place in the source.
pub type Places = Arc<dyn Fn(Span) -> String + Send + Sync>;

impl Config {
    /// File, line and column of a place in the source.
    pub fn place(&self, at: Span) -> String {
        (self.places)(at)
    }

    /// File and line of a place in the source.
    pub fn file_and_line(&self, at: Span) -> (String, u32) {
        let place = self.place(at);
        let mut parts = place.rsplitn(3, ':');
        let (_column, line) = (parts.next(), parts.next());
        let line = line.and_then(|line| line.parse().ok()).unwrap_or(0);
        (parts.next().unwrap_or_default().to_owned(), line)
    }

    /// The route a place in the source stands in.
    pub fn route_at(&self, at: Span) -> Option<&script::RouteInfo> {
        let before = self
            .program
            .routes()
            .iter()
            .filter(|route| route.span.file == at.file);
        before
            .filter(|route| route.span.start <= at.start)
            .max_by_key(|route| route.span.start)
    }

    /// The event route of this name, if the script has it.
    pub fn event_route(&self, name: &str) -> Option<RouteId> {
        self.program.route(script::RouteKind::Event, name)
    }
}

/// Where a function stands that is called in a route of this kind. A plain `route[NAME]` may be
/// called from anywhere.
pub fn routes_of(kind: script::RouteKind, name: &str) -> Routes {
    match kind {
        script::RouteKind::Request => Routes::REQUEST,
        script::RouteKind::Sub => Routes::ANY,
        script::RouteKind::Failure => Routes::FAILURE,
        script::RouteKind::Branch => Routes::BRANCH,
        script::RouteKind::Onsend => Routes::ONSEND,
        script::RouteKind::CoreReply => Routes::CORE_REPLY,
        script::RouteKind::Reply => Routes::REPLY,
        script::RouteKind::Event if name.starts_with("tm:branch-failure:") => {
            Routes::BRANCH_FAILURE
        }
        script::RouteKind::Event => Routes::EVENT,
    }
}
