//! Sending what a handler queued, in as few system calls as there are sockets.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use bytes::Bytes;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

use super::SendFailure;
use super::socket::{Socket, Sockets};

/// Queued datagrams are sent when this many wait, at the latest when the handler returns.
const BATCH: usize = 32;

/// What a handler sends with. Datagrams leave in the order they were queued.
pub struct Sender {
    sockets: Sockets,
    queue: Vec<Outgoing>,
    headers: MultiHeaders<SockaddrStorage>,
    failures: Vec<SendFailure>,
    queued: usize,
}

struct Outgoing {
    socket: usize,
    peer: SocketAddr,
    bytes: Bytes,
}

impl Sender {
    /// A sender over all sockets of the server.
    pub fn new(sockets: Sockets) -> Self {
        Self {
            sockets,
            queue: Vec::new(),
            headers: MultiHeaders::preallocate(BATCH, None),
            failures: Vec::new(),
            queued: 0,
        }
    }

    /// Queues a datagram that leaves by the socket bound to `local`. What fails comes back through
    /// [`Handler::failed`](super::Handler::failed).
    pub fn send(&mut self, local: SocketAddr, peer: SocketAddr, bytes: Bytes) {
        let Some(socket) = self.sockets.position(local) else {
            let error = io::ErrorKind::NotFound.into();
            self.failures.push(SendFailure {
                local,
                peer,
                bytes,
                error,
            });
            return;
        };
        self.queued = self.queued.wrapping_add(1);
        self.queue.push(Outgoing {
            socket,
            peer,
            bytes,
        });
        if self.queue.len() >= BATCH {
            self.flush();
        }
    }

    /// Sends everything that waits.
    pub fn flush(&mut self) {
        let mut queue = std::mem::take(&mut self.queue);
        let mut rest = queue.as_slice();
        while let Some(first) = rest.first() {
            let run = rest
                .iter()
                .take_while(|next| next.socket == first.socket)
                .count();
            let (now, later) = rest.split_at(run);
            self.send_run(now);
            rest = later;
        }
        queue.clear();
        self.queue = queue;
    }

    /// How many datagrams were queued so far; wraps around.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    pub(super) fn take_failures(&mut self) -> Vec<SendFailure> {
        std::mem::take(&mut self.failures)
    }

    /// Sends datagrams that share a socket. One that fails is reported and the next is tried.
    fn send_run(&mut self, mut run: &[Outgoing]) {
        while let Some((first, others)) = run.split_first() {
            let Some(socket) = self.sockets.at(first.socket).cloned() else {
                return;
            };
            let sent = if others.is_empty() {
                socket.std().send_to(&first.bytes, first.peer).map(|_| 1)
            } else {
                send_many(&socket, &mut self.headers, run)
            };
            match sent {
                Ok(count) => run = run.get(count.max(1)..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let (local, peer, bytes) = (socket.local(), first.peer, first.bytes.clone());
                    self.failures.push(SendFailure {
                        local,
                        peer,
                        bytes,
                        error,
                    });
                    run = others;
                }
            }
        }
    }
}

/// Returns how many left; an error concerns the first.
fn send_many(
    socket: &Socket,
    headers: &mut MultiHeaders<SockaddrStorage>,
    run: &[Outgoing],
) -> io::Result<usize> {
    let mut slices = [[IoSlice::new(&[])]; BATCH];
    let mut peers = [None; BATCH];
    let count = run.len().min(BATCH);
    for ((slice, peer), outgoing) in slices.iter_mut().zip(&mut peers).zip(run) {
        *slice = [IoSlice::new(&outgoing.bytes)];
        *peer = Some(SockaddrStorage::from(outgoing.peer));
    }
    let no_control: [ControlMessage<'_>; 0] = [];
    let sent = sendmmsg(
        socket.std().as_raw_fd(),
        headers,
        slices.iter().take(count),
        peers,
        no_control,
        MsgFlags::empty(),
    )?;
    Ok(sent.count())
}
