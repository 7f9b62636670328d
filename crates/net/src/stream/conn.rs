//! One connection, as seen by every thread: its identity, its unsent messages, its read window.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;

use super::config::Config;
use super::event::{CloseReason, ConnId, Kind};
use super::info::Info;
use super::state::{Credit, Phase, Queued, State};
use crate::tls::TlsInfo;

/// Kamailio's bound on aliases of one connection.
const MAX_ALIASES: usize = 12;

pub(super) struct Conn {
    pub(super) id: ConnId,
    pub(super) kind: Kind,
    pub(super) inbound: bool,
    pub(super) peer: SocketAddr,
    /// The name the peer had to prove, on TLS connections of ours.
    pub(super) tls_name: Option<Box<str>>,
    /// The address one of ours was asked to leave from.
    pub(super) from: Option<IpAddr>,
    pub(super) opened: Instant,
    pub(super) local: OnceLock<SocketAddr>,
    pub(super) tls: OnceLock<TlsInfo>,
    /// [`Streams::tls_note`](super::Streams::tls_note).
    pub(super) note: OnceLock<Arc<dyn Any + Send + Sync>>,
    pub(super) received: AtomicU64,
    pub(super) trusted: AtomicBool,
    since: SystemTime,
    sent: AtomicU64,
    /// Milliseconds from the opening to the last movement.
    active_ms: AtomicU64,
    closing: AtomicBool,
    pub(super) state: Mutex<State>,
}

/// Why [`Conn::push`] did not take a message.
pub(super) enum Rejected {
    Gone,
    Full,
}

impl Conn {
    pub(super) fn new(id: ConnId, kind: Kind, inbound: bool, peer: SocketAddr) -> Self {
        Self {
            id,
            kind,
            inbound,
            peer,
            tls_name: None,
            from: None,
            opened: Instant::now(),
            local: OnceLock::new(),
            tls: OnceLock::new(),
            note: OnceLock::new(),
            received: AtomicU64::new(0),
            trusted: AtomicBool::new(false),
            since: SystemTime::now(),
            sent: AtomicU64::new(0),
            active_ms: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Sends a message at once if the connection is plain and nothing waits before it, else queues
    /// it. Exceeding a limit closes the connection.
    pub(super) fn push(
        &self,
        bytes: Bytes,
        config: &Config,
        total: &AtomicUsize,
    ) -> Result<(), Rejected> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err(Rejected::Gone);
        }
        let sent = match state.write_now(&bytes) {
            Ok(sent) => sent,
            Err(error) => {
                self.close(&mut state, CloseReason::Broken(error.kind()));
                return Err(Rejected::Gone);
            }
        };
        if sent > 0 {
            self.moved(&self.sent, sent);
        }
        if sent == bytes.len() {
            return Ok(());
        }
        let more = bytes.len();
        let first = state.queue.is_empty();
        let full = state.queue.len() >= config.max_queued_messages
            || (!first && state.queued.saturating_add(more) > config.max_queued_bytes)
            || total.load(Ordering::Relaxed).saturating_add(more) > config.max_queued_bytes_total;
        if full {
            self.close(&mut state, CloseReason::QueueFull);
            return Err(Rejected::Full);
        }
        state.queued += more;
        total.fetch_add(more, Ordering::Relaxed);
        state.queue.push_back(Queued { bytes, sent });
        state.wake();
        Ok(())
    }

    /// Closes without sending what waits.
    pub(super) fn abort(&self, reason: CloseReason) {
        self.close(&mut self.state.lock(), reason);
    }

    /// Closes after what waits has been sent.
    pub(super) fn drain(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Draining(Instant::now());
            self.closing.store(true, Ordering::Relaxed);
            state.wake();
        }
    }

    fn close(&self, state: &mut State, reason: CloseReason) {
        if !matches!(state.phase, Phase::Closing(_)) {
            state.phase = Phase::Closing(reason);
            self.closing.store(true, Ordering::Relaxed);
            state.wake();
        }
    }

    /// Whether messages are still taken.
    pub(super) fn is_open(&self) -> bool {
        !self.closing.load(Ordering::Relaxed)
    }

    /// The phase; `cx` is woken when it changes, a message is queued or the window opens.
    pub(super) fn watch(&self, cx: &Context<'_>) -> Phase {
        let mut state = self.state.lock();
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        state.phase.clone()
    }

    /// Ready with the reason when the connection shall close, for use while it is being established.
    pub(super) fn poll_closing(&self, cx: &Context<'_>) -> Poll<CloseReason> {
        match self.watch(cx) {
            Phase::Open => Poll::Pending,
            Phase::Draining(_) => Poll::Ready(CloseReason::Requested),
            Phase::Closing(reason) => Poll::Ready(reason),
        }
    }

    /// Bytes that may be read now. At 0 the watcher is woken when credit returns.
    pub(super) fn room(&self, window: usize) -> usize {
        let mut state = self.state.lock();
        let room = window.saturating_sub(state.unread);
        state.window_full = room == 0;
        room
    }

    /// Charges received bytes to the window.
    pub(super) fn charge(self: &Arc<Self>, bytes: usize) -> Credit {
        self.moved(&self.received, bytes);
        Credit::charge(self, bytes)
    }

    /// Notes that bytes of the first waiting message left.
    pub(super) fn advance(&self, state: &mut State, bytes: usize, total: &AtomicUsize) {
        self.moved(&self.sent, bytes);
        state.stalled = None;
        let Some(front) = state.queue.front_mut() else {
            return;
        };
        front.sent += bytes;
        if front.sent >= front.bytes.len() {
            let length = front.bytes.len();
            state.queue.pop_front();
            state.queued = state.queued.saturating_sub(length);
            total.fetch_sub(length, Ordering::Relaxed);
        }
    }

    /// Ends it: returns the messages that did not leave, and the aliases.
    pub(super) fn finish(&self, total: &AtomicUsize) -> (Vec<Bytes>, Vec<SocketAddr>) {
        let mut state = self.state.lock();
        self.close(&mut state, CloseReason::Requested);
        state.plain = None;
        state.waker = None;
        total.fetch_sub(std::mem::take(&mut state.queued), Ordering::Relaxed);
        let unsent = std::mem::take(&mut state.queue)
            .into_iter()
            .map(|queued| queued.bytes)
            .collect();
        (unsent, std::mem::take(&mut state.aliases))
    }

    /// Remembers an alias; false when there are too many.
    pub(super) fn add_alias(&self, address: SocketAddr) -> bool {
        let mut state = self.state.lock();
        if state.aliases.contains(&address) {
            return true;
        }
        let room = state.aliases.len() < MAX_ALIASES;
        if room {
            state.aliases.push(address);
        }
        room
    }

    fn moved(&self, counter: &AtomicU64, bytes: usize) {
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
        let now_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active_ms.store(now_ms, Ordering::Relaxed);
    }

    /// When something last moved on it.
    pub(super) fn active(&self) -> Instant {
        self.opened + Duration::from_millis(self.active_ms.load(Ordering::Relaxed))
    }

    /// The lowest is evicted first: who never sent anything, then who is longest idle. None is
    /// never evicted.
    pub(super) fn eviction_rank(&self) -> Option<(bool, Instant)> {
        let evictable = self.is_open() && !self.trusted.load(Ordering::Relaxed);
        evictable.then(|| (self.received.load(Ordering::Relaxed) > 0, self.active()))
    }

    pub(super) fn info(&self) -> Info {
        let state = self.state.lock();
        Info {
            id: self.id,
            kind: self.kind,
            inbound: self.inbound,
            local: self.local.get().copied(),
            peer: self.peer,
            aliases: state.aliases.clone(),
            tls: self.tls.get().cloned(),
            since: self.since,
            idle: self.active().elapsed(),
            received_bytes: self.received.load(Ordering::Relaxed),
            sent_bytes: self.sent.load(Ordering::Relaxed),
            queued_bytes: state.queued,
            trusted: self.trusted.load(Ordering::Relaxed),
        }
    }
}
