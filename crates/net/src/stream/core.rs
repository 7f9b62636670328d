//! What the event loop, the connections and the handle share.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::config::Config;
use super::conn::Conn;
use super::event::{CloseReason, ConnId, Event, Kind, Sink};
use super::handshakes::Handshakes;
use super::info::{Tally, count};
use super::slot::{Refusal, Slot};
use super::table::Table;

pub(super) struct Core {
    pub(super) config: Config,
    pub(super) table: Mutex<Table>,
    pub(super) tally: Tally,
    pub(super) handshakes: Mutex<Handshakes>,
    /// Unsent bytes of all connections.
    pub(super) queued_total: AtomicUsize,
    pub(super) stopping: AtomicBool,
    /// Wakes the event loop's main task: a stop was asked for, or the last connection went.
    pub(super) wake: Notify,
    sinks: Vec<Sink>,
    last_id: AtomicU64,
}

impl Core {
    pub(super) fn new(config: Config, sinks: Vec<Sink>) -> Self {
        let handshakes = Mutex::new(Handshakes::new(config.handshakes));
        Self {
            config,
            handshakes,
            table: Mutex::default(),
            tally: Tally::default(),
            queued_total: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            wake: Notify::new(),
            sinks,
            last_id: AtomicU64::new(0),
        }
    }

    pub(super) fn next_id(&self) -> ConnId {
        ConnId::new(self.last_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Takes a place for a connection, if need be another one's. `source` is absent for connections
    /// of our own.
    pub(super) fn admit(
        self: &Arc<Self>,
        kind: Kind,
        source: Option<IpAddr>,
    ) -> Result<Slot, Refusal> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let admitted = self.table.lock().admit(&self.config, kind, source);
        match admitted {
            Ok(victim) => {
                if let Some(victim) = victim {
                    count(&self.tally.evicted);
                    victim.abort(CloseReason::Evicted);
                }
                Ok(Slot::new(Arc::clone(self), kind, source))
            }
            Err(refusal) => {
                count(match refusal {
                    Refusal::Source => &self.tally.refused_source,
                    Refusal::Full | Refusal::Stopping => &self.tally.refused_full,
                });
                Err(refusal)
            }
        }
    }

    /// Passes an event to the worker of its connection. No lock may be held.
    pub(super) fn emit(&self, event: Event) {
        if let Some(sink) = self.sinks.get(event.id().worker(self.sinks.len())) {
            sink(event);
        }
    }

    /// Ends a connection. A worker hears of it when it knows of it: when it was `announced`, or is
    /// one of ours.
    pub(super) fn finish(&self, conn: &Conn, reason: CloseReason, announced: bool, slot: Slot) {
        let (unsent, aliases) = conn.finish(&self.queued_total);
        {
            let mut table = self.table.lock();
            table.remove(conn, &aliases);
            if table.is_empty() {
                self.wake.notify_one();
            }
        }
        tracing::debug!(id = %conn.id, peer = %conn.peer, kind = %conn.kind, %reason, "connection closed");
        if !announced && conn.inbound {
            return;
        }
        for bytes in unsent {
            self.emit(Event::SendFailed { id: conn.id, bytes });
        }
        self.emit(Event::Closed {
            id: conn.id,
            reason,
            slot,
        });
    }
}
