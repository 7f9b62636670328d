//! What changes about a connection under its lock, and the credit that opens its window again.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use tokio::net::tcp::OwnedWriteHalf;

use super::conn::Conn;
use super::event::CloseReason;

/// What an event of few bytes costs, so that a peer that sends single bytes gains nothing by it.
const MIN_CHARGE: usize = 256;

/// What threads change under the connection's lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) queue: VecDeque<Queued>,
    /// The writing side of a plain TCP connection, so that any thread can write at once.
    pub(super) plain: Option<OwnedWriteHalf>,
    /// Since when the peer has not taken what waits for it.
    pub(super) stalled: Option<Instant>,
    pub(super) queued: usize,
    pub(super) unread: usize,
    /// Reading waits for credit.
    pub(super) window_full: bool,
    pub(super) aliases: Vec<SocketAddr>,
    pub(super) waker: Option<Waker>,
}

/// A message that waits, and how much of it has left.
pub(super) struct Queued {
    pub(super) bytes: Bytes,
    pub(super) sent: usize,
}

#[derive(Clone, Default)]
pub(super) enum Phase {
    /// Messages are taken, also while it is being established.
    #[default]
    Open,
    /// What is queued is sent, then it closes; since when.
    Draining(Instant),
    /// It closes now.
    Closing(CloseReason),
}

impl State {
    /// Writes without waiting; 0 when the connection is not plain, not yet established or busy.
    pub(super) fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.plain {
            Some(plain) if self.queue.is_empty() => match plain.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                other => other,
            },
            _ => Ok(0),
        }
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// Received bytes that count against their connection's window until this is dropped.
pub struct Credit(Option<(Arc<Conn>, usize)>);

impl Credit {
    /// Charges bytes to the connection's window.
    pub(super) fn charge(conn: &Arc<Conn>, bytes: usize) -> Self {
        let charge = bytes.max(MIN_CHARGE);
        conn.state.lock().unread += charge;
        Self(Some((Arc::clone(conn), charge)))
    }

    /// A credit of nothing, for events made by tests.
    pub fn none() -> Self {
        Self(None)
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        if let Some((conn, charge)) = self.0.take() {
            let mut state = conn.state.lock();
            state.unread = state.unread.saturating_sub(charge);
            if std::mem::take(&mut state.window_full) {
                state.wake();
            }
        }
    }
}

impl fmt::Debug for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credit")
            .field(&self.0.as_ref().map(|(_, charge)| charge))
            .finish()
    }
}
