//! What the tests of connections share. Waits are for events, each with a deadline.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use bytes::Bytes;
use net::stream::{CloseReason, Config, ConnId, Connect, Event, Streams, channels};

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Streams with one worker.
pub(crate) struct World {
    pub(crate) streams: Streams,
    pub(crate) events: Receiver<Event>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let (sinks, mut receivers) = channels(1);
        Self {
            streams: Streams::start(config, sinks).unwrap(),
            events: receivers.remove(0),
        }
    }

    pub(crate) fn listen(&self) -> SocketAddr {
        self.streams.listen_tcp(localhost()).unwrap()
    }

    pub(crate) fn connect(&self, peer: SocketAddr) -> ConnId {
        self.streams
            .connect(Connect {
                local: None,
                peer,
                tls: None,
                tls_key: None,
            })
            .unwrap()
    }

    pub(crate) fn next(&self) -> Event {
        self.events
            .recv_timeout(DEADLINE)
            .expect("an event in time")
    }

    /// The next event, which must be an opening.
    pub(crate) fn opened(&self) -> ConnId {
        match self.next() {
            Event::Opened { id, .. } => id,
            other => panic!("opened expected: {other:?}"),
        }
    }

    /// The next event, which must be an end.
    pub(crate) fn closed(&self) -> (ConnId, CloseReason) {
        match self.next() {
            Event::Closed { id, reason, .. } => (id, reason),
            other => panic!("closed expected: {other:?}"),
        }
    }

    /// The next event, which must be bytes.
    pub(crate) fn received(&self) -> (ConnId, Bytes) {
        match self.next() {
            Event::Received { id, bytes, .. } => (id, bytes),
            other => panic!("received expected: {other:?}"),
        }
    }

    /// Exactly this many bytes of one connection, in however many events.
    pub(crate) fn received_all(&self, id: ConnId, length: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < length {
            let (from, bytes) = self.received();
            assert_eq!(from, id);
            all.extend_from_slice(&bytes);
        }
        assert_eq!(all.len(), length);
        all
    }

    /// Nothing more happens for a moment. Used only where a bound has been reached before.
    pub(crate) fn quiet(&self) {
        match self.events.recv_timeout(Duration::from_millis(50)) {
            Err(RecvTimeoutError::Timeout) => {}
            other => panic!("nothing expected: {other:?}"),
        }
    }

    /// A client's connection and its id here.
    pub(crate) fn client(&self, address: SocketAddr) -> (TcpStream, ConnId) {
        let client = dial(address);
        (client, self.opened())
    }
}

pub(crate) fn localhost() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A blocking client that gives up in time.
pub(crate) fn dial(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client.set_write_timeout(Some(DEADLINE)).unwrap();
    client
}

/// Waits until the server ended the connection, in order or not.
pub(crate) fn ended(client: &mut TcpStream) -> bool {
    match client.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}
