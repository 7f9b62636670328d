//! Requests that need no password: `allow_trusted()` and the table `trusted`.

mod peer;
mod rpc;

use super::{Permissions, bad_column};
use parking_lot::RwLock;
use peer::{Peer, Request, Transport};
use policy::{Context, Level, Outcome, Problem, StartDone, Text};
use script::Value;
use std::sync::Arc;
use store::{Cell, Direction, Filter, Name, Select, Store, StoreError};

/// Where trusted peers stand.
pub(super) struct Peers {
    pub(super) store: Arc<dyn Store>,
    columns: Columns,
    /// The rows, where they are kept in memory: the highest priority first.
    kept: Option<RwLock<Arc<Vec<Peer>>>>,
}

/// Table and columns by name.
pub(super) struct TrustedColumns {
    pub(super) table: String,
    pub(super) source: String,
    pub(super) proto: String,
    pub(super) from: String,
    pub(super) ruri: String,
    pub(super) tag: String,
    pub(super) priority: String,
}

/// The same as names of a database.
#[derive(Clone)]
struct Columns {
    table: Name,
    source: Name,
    proto: Name,
    from: Name,
    ruri: Name,
    tag: Name,
    priority: Name,
}

impl Default for TrustedColumns {
    fn default() -> TrustedColumns {
        TrustedColumns {
            table: "trusted".to_owned(),
            source: "src_ip".to_owned(),
            proto: "proto".to_owned(),
            from: "from_pattern".to_owned(),
            ruri: "ruri_pattern".to_owned(),
            tag: "tag".to_owned(),
            priority: "priority".to_owned(),
        }
    }
}

impl TrustedColumns {
    fn checked(&self) -> Result<Columns, Problem> {
        let name = |text: &String| Name::parse(text).map_err(|_| bad_column(text));
        Ok(Columns {
            table: name(&self.table)?,
            source: name(&self.source)?,
            proto: name(&self.proto)?,
            from: name(&self.from)?,
            ruri: name(&self.ruri)?,
            tag: name(&self.tag)?,
            priority: name(&self.priority)?,
        })
    }
}

impl Peers {
    pub(super) fn table(&self) -> &Name {
        &self.columns.table
    }

    pub(super) fn new(
        store: Arc<dyn Store>,
        columns: &TrustedColumns,
        keeps: bool,
    ) -> Result<Peers, Problem> {
        Ok(Peers {
            store,
            columns: columns.checked()?,
            kept: keeps.then(RwLock::default),
        })
    }

    /// Reads the table, where it is kept in memory.
    pub(super) fn start(self: Arc<Peers>, done: StartDone) {
        if self.kept.is_none() {
            return done(Ok(()));
        }
        let operation = self.all().into();
        let store = self.store.clone();
        store.submit(operation, Box::new(move |read| done(self.keep(read))));
    }

    /// Puts what was read in the place of the former rows; where it cannot be used they stay.
    fn keep(&self, read: Result<store::Outcome, StoreError>) -> Result<(), String> {
        let rows = read.map_err(|error| format!("permissions: {error}"))?;
        let mut peers = peer::peers(&rows.into_rows(), &self.columns)
            .map_err(|why| format!("permissions: {}: {why}", self.columns.table))?;
        peers.sort_by_key(|peer| std::cmp::Reverse(peer.priority));
        if let Some(kept) = &self.kept {
            *kept.write() = Arc::new(peers);
        }
        Ok(())
    }

    fn all(&self) -> Select {
        let columns = self.columns.clone();
        Select::from(columns.table).columns([
            columns.source,
            columns.proto,
            columns.from,
            columns.ruri,
            columns.tag,
            columns.priority,
        ])
    }

    fn of_source(&self, source: &[u8]) -> Select {
        let filter = Filter::all().eq(self.columns.source.clone(), Cell::text(source));
        self.all()
            .filter(filter)
            .order_by(self.columns.priority.clone(), Direction::Ascending)
    }
}

/// A request as it is compared with rows.
struct Asked {
    source: Vec<u8>,
    proto: Transport,
    from: Vec<u8>,
    ruri: Vec<u8>,
}

impl Permissions {
    pub(super) fn allow_trusted(
        &self,
        context: &mut Context,
        source: &Option<Text>,
        proto: &Option<Text>,
        from: &Option<Text>,
    ) -> Outcome {
        let Some(trusted) = self.trusted.clone() else {
            context.log(Level::Err, "permissions", || {
                "db_url is not set, or load_backends has no 2".to_owned()
            });
            return Outcome::FALSE;
        };
        let Some(asked) = asked(context, source, proto, from) else {
            return Outcome::FALSE;
        };
        if let Some(kept) = &trusted.kept {
            let peers = kept.read().clone();
            return Outcome::Code(self.tags.give(context, &peers, &asked));
        }
        let select = trusted.of_source(&asked.source);
        let (tags, columns) = (self.tags.clone(), trusted.columns.clone());
        let then = move |context: &mut Context, outcome: store::Outcome| match peer::peers(
            &outcome.into_rows(),
            &columns,
        ) {
            Ok(peers) => Outcome::Code(tags.give(context, &peers, &asked)),
            Err(why) => {
                context.log(Level::Err, "permissions", || why);
                Outcome::FALSE
            }
        };
        Outcome::query("permissions", trusted.store.clone(), select, -1, then)
    }
}

impl super::Tags {
    /// Adds the tag of the first row that trusts the request (of all, by `peer_tag_mode`) and
    /// answers how many rows counted, -1 for none.
    fn give(&self, context: &mut Context, peers: &[Peer], asked: &Asked) -> i32 {
        let request = Request {
            source: &asked.source,
            proto: asked.proto,
            from: &asked.from,
            ruri: &asked.ruri,
        };
        let most = if self.all { usize::MAX } else { 1 };
        let found = peers.iter().filter(|peer| peer.trusts(&request)).take(most);
        let mut count = 0;
        for peer in found {
            count += 1;
            if let (Some(avp), Some(tag)) = (&self.avp, &peer.tag) {
                context.vars.avps.add(avp.clone(), Value::Str(tag.clone()));
            }
        }
        if count == 0 { -1 } else { count }
    }
}

/// What the request is compared by; none where something of it cannot be read.
fn asked(
    context: &mut Context,
    source: &Option<Text>,
    proto: &Option<Text>,
    from: &Option<Text>,
) -> Option<Asked> {
    let source = match source {
        Some(text) => text.get(context).to_vec(),
        None => context.flow.peer.ip().to_string().into_bytes(),
    };
    let name = match proto {
        Some(text) => text.get(context).to_vec(),
        None => context.flow.proto.name().as_bytes().to_vec(),
    };
    let Some(proto) = Transport::parse(&name) else {
        let name = String::from_utf8_lossy(&name).into_owned();
        context.log(Level::Err, "permissions", || {
            format!("unknown protocol {name}")
        });
        return None;
    };
    let from = match from {
        Some(text) => text.get(context).to_vec(),
        None => context.message.from().ok()?.uri.to_vec(),
    };
    Some(Asked {
        source,
        proto,
        from,
        ruri: context.target.uri.to_vec(),
    })
}
