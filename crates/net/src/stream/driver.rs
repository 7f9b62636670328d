//! The task of an established connection: one future without inner tasks or channels.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::Sleep;

use super::conn::Conn;
use super::core::Core;
use super::event::{CloseReason, Event};
use super::state::Phase;
use super::transport::Transport;

/// One read takes this much at most; also the size of a TLS record.
const READ: usize = 16 << 10;

/// When a connection without any deadline is looked at again.
const FAR: Duration = Duration::from_secs(86_400);

/// How long the peer may take to end its side after we ended ours.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    /// Connections share one read buffer, as only one is polled at a time. What arrived is copied
    /// out, so that an idle connection keeps no buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// Moves bytes until the connection ends; its output says why it did.
pub(super) struct Driver {
    core: Arc<Core>,
    conn: Arc<Conn>,
    transport: Transport,
    timer: Pin<Box<Sleep>>,
    /// Our side has ended in order; since when.
    ended: Option<Instant>,
    /// Since when there has been something to be read; none where all of it is read.
    behind: Option<Instant>,
}

impl Driver {
    pub(super) fn new(core: Arc<Core>, conn: Arc<Conn>, transport: Transport) -> Self {
        let first = core.config.silence_of(conn.kind).unwrap_or(FAR);
        let deadline = Instant::now() + first.min(core.config.connection_lifetime);
        let timer = Box::pin(tokio::time::sleep_until(deadline.into()));
        Self {
            core,
            conn,
            transport,
            timer,
            ended: None,
            behind: None,
        }
    }
}

impl Future for Driver {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let this = &mut *self;
        match this.step(cx) {
            Poll::Ready(Err(reason)) => Poll::Ready(reason),
            Poll::Ready(Ok(())) => Poll::Ready(CloseReason::Requested),
            Poll::Pending => this.poll_deadlines(cx),
        }
    }
}

impl Driver {
    /// Sends and receives what is possible; ready when the connection is over.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        let phase = self.conn.watch(cx);
        if let Phase::Closing(reason) = phase {
            return Poll::Ready(Err(reason));
        }
        let sent = self.poll_send(cx)?;
        if matches!(phase, Phase::Draining(_)) {
            ready!(sent);
            return self.poll_end(cx);
        }
        self.poll_receive(cx)
    }

    /// Ready when nothing waits to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        let mut state = self.conn.state.lock();
        while !state.queue.is_empty() {
            match self.transport.poll_write(&mut state, cx).map_err(broken)? {
                Poll::Ready(written) => {
                    self.conn
                        .advance(&mut state, written, &self.core.queued_total)
                }
                Poll::Pending => {
                    state.stalled.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            }
        }
        match self.transport.poll_flush(cx).map_err(broken)? {
            Poll::Ready(()) => state.stalled = None,
            Poll::Pending => {
                state.stalled.get_or_insert_with(Instant::now);
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ends our side and waits for the peer's end, throwing away what still comes: closing a socket
    /// with unread bytes resets it, and the peer could lose our last message.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        if self.ended.is_none() {
            ready!(self.transport.poll_shutdown(cx)).map_err(broken)?;
            self.conn.state.lock().plain = None;
            self.ended = Some(Instant::now());
        }
        loop {
            let transport = &mut self.transport;
            let read = BUFFER.with_borrow_mut(|buffer| transport.poll_read(cx, buffer));
            if !ready!(read).is_ok_and(|length| length > 0) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads until nothing is there or the window is full; ready only with an error or the end.
    /// The runtime's budget makes it pause for other connections.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        loop {
            let room = self.conn.room(self.core.config.receive_window.max(1024));
            if room == 0 {
                return Poll::Pending;
            }
            let transport = &mut self.transport;
            let read = BUFFER.with_borrow_mut(|buffer| {
                let part = buffer.get_mut(..room.min(READ)).unwrap_or_default();
                let length = ready!(transport.poll_read(cx, part))?;
                Poll::Ready(std::io::Result::Ok(Bytes::copy_from_slice(
                    part.get(..length).unwrap_or_default(),
                )))
            });
            let Poll::Ready(bytes) = read.map_err(broken)? else {
                self.behind = None;
                return Poll::Pending;
            };
            if bytes.is_empty() {
                return Poll::Ready(Err(CloseReason::PeerClosed));
            }
            let since = *self.behind.get_or_insert_with(Instant::now);
            let credit = self.conn.charge(bytes.len());
            self.core.emit(Event::Received {
                id: self.conn.id,
                bytes,
                since,
                credit,
            });
        }
    }

    /// Ready when time is up. The timer is only ever moved forward by firing: a deadline that moves
    /// with every message costs nothing.
    fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        loop {
            let (deadline, reason) = self.deadline();
            if deadline <= Instant::now() {
                return Poll::Ready(reason);
            }
            if self.timer.is_elapsed()
                || tokio::time::Instant::from_std(deadline) < self.timer.deadline()
            {
                self.timer.as_mut().reset(deadline.into());
            }
            ready!(self.timer.as_mut().poll(cx));
        }
    }

    fn deadline(&self) -> (Instant, CloseReason) {
        let config = &self.core.config;
        let (stalled, draining) = {
            let state = self.conn.state.lock();
            let draining = match state.phase {
                Phase::Draining(since) => Some(since),
                Phase::Open | Phase::Closing(_) => None,
            };
            (state.stalled, draining)
        };
        [
            self.idle_deadline(),
            stalled.map(|since| (since + config.send_timeout, CloseReason::SendTimeout)),
            draining.map(|since| (since + config.send_timeout, CloseReason::Requested)),
            self.ended
                .map(|since| (since + LINGER, CloseReason::Requested)),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
        .unwrap_or_else(|| (Instant::now() + FAR, CloseReason::Idle))
    }

    /// When the peer must have moved something at the latest.
    fn idle_deadline(&self) -> Option<(Instant, CloseReason)> {
        let (config, conn) = (&self.core.config, &self.conn);
        if conn.inbound && conn.received.load(Ordering::Relaxed) == 0 {
            let silence = config.silence_of(conn.kind)?;
            return Some((conn.opened + silence, CloseReason::Silent));
        }
        Some((
            conn.active() + config.connection_lifetime,
            CloseReason::Idle,
        ))
    }
}

fn broken(error: std::io::Error) -> CloseReason {
    CloseReason::Broken(error.kind())
}
