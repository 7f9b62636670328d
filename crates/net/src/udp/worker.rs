//! Worker threads: receive, handle, send, until told to stop.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::crew::{Crew, Place};
use super::lull::{LULL, Lull};
use super::receive::Receiver;
use super::send::Sender;
use super::socket::{Socket, Sockets};
use super::{Datagram, Handler};

/// The running threads of all sockets. Dropping it stops and joins them.
#[derive(Debug)]
pub struct Workers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A thread could not be started; those that were are stopped again.
#[derive(Debug)]
pub struct StartError(pub io::Error);

impl Workers {
    /// Starts `per_socket` threads (at least 1) on each socket, as Kamailio's `children` counts
    /// them. `handler` is called once for each thread with the thread's number, from 0 on.
    pub fn start<H, F>(
        sockets: &Sockets,
        per_socket: usize,
        mut handler: F,
    ) -> Result<Self, StartError>
    where
        H: Handler + Send + 'static,
        F: FnMut(usize) -> H,
    {
        let mut workers = Self {
            stop: Arc::default(),
            threads: Vec::new(),
        };
        for socket in sockets.iter() {
            let crew = Arc::new(Crew::default());
            for place in 0..per_socket.max(1) {
                let crew = crew.clone();
                let number = workers.threads.len();
                let (socket, sockets, stop) =
                    (socket.clone(), sockets.clone(), workers.stop.clone());
                let mut handler = handler(number);
                let thread = thread::Builder::new()
                    .name(format!("udp-{number}"))
                    .spawn(move || {
                        let mut place = Place::new(crew, place == 0, Instant::now());
                        work(&socket, &sockets, &stop, &mut handler, &mut place);
                    })
                    .map_err(StartError)?;
                workers.threads.push(thread);
            }
        }
        Ok(workers)
    }

    /// Tells all threads to stop; they do within one tick.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Some thread has ended. Before [`Workers::stop`] was called that means its handler panicked.
    pub fn any_finished(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops all threads and waits for them.
    pub fn join(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A panicked handler has already been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The loop of a worker thread that is the only one of its socket, until `stop` is set. It receives
/// on `socket` and sends by any of `sockets`.
pub fn run(socket: &Socket, sockets: &Sockets, stop: &AtomicBool, handler: &mut impl Handler) {
    let mut place = Place::new(Arc::default(), true, Instant::now());
    work(socket, sockets, stop, handler, &mut place);
}

fn work(
    socket: &Socket,
    sockets: &Sockets,
    stop: &AtomicBool,
    handler: &mut impl Handler,
    place: &mut Place,
) {
    let mut receiver = Receiver::new(socket.clone());
    let mut sender = Sender::new(sockets.clone());
    let tick = socket.options().tick;
    let mut batch: Vec<Datagram> = Vec::with_capacity(socket.options().batch);
    let mut lull = Lull::new(Instant::now());
    while !stop.load(Ordering::Relaxed) {
        if !place.slept(|| tick.max(handler.rest()))
            && let Err(error) = receiver.receive(&mut batch)
        {
            // Errors of a bound, unconnected UDP socket are momentary (ENOMEM, ENOBUFS).
            tracing::debug!(local = %socket.local(), %error, "receive failed");
            thread::sleep(tick);
        }
        if batch.is_empty() {
            handler.idle(&mut sender);
            deliver(&mut sender, handler);
            continue;
        }
        let lost = receiver.take_lost();
        if lost > 0 {
            handler.overflowed(lost);
        }
        let (size, began, sent) = (batch.len(), Instant::now(), sender.queued());
        handler.datagrams(&mut batch, began, &mut sender);
        batch.clear();
        deliver(&mut sender, handler);
        let done = Instant::now();
        place.handled(size, began, done);
        let sent = sender.queued().wrapping_sub(sent);
        if lull.handled(size, sent, size == socket.options().batch, done) {
            receiver.expect_many();
            thread::sleep(LULL);
        }
    }
}

/// Sends what the handler queued and tells it once what failed, then that all has left. Failures of
/// what it sends in answer wait for the next round, so that this ends.
fn deliver(sender: &mut Sender, handler: &mut impl Handler) {
    sender.flush();
    let failures = sender.take_failures();
    if !failures.is_empty() {
        for failure in failures {
            handler.failed(failure, sender);
        }
        sender.flush();
    }
    while handler.sent(sender) {
        sender.flush();
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start a worker thread: {}", self.0)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
