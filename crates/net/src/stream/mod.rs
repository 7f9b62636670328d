//! TCP and TLS connections on one event loop of their own thread.
//!
//! Workers reach it through [`Streams`], a handle that any thread may use. What happens on a
//! connection goes, in order, to the one [`Sink`] that its id chooses ([`ConnId::worker`]).
//!
//! Nothing here grows without bound. A connection's unread bytes are limited by a window: bytes
//! count until the [`Credit`] of their event is dropped, and a full window stops reading, so that
//! TCP slows the peer down. A connection counts towards [`Config::max_connections`] until its
//! [`Event::Closed`] is dropped, so that unread events are bounded too. Unsent bytes have limits for
//! each connection and for all of them; exceeding one closes the connection.

mod accept;
mod config;
mod conn;
mod core;
mod dial;
mod driver;
mod event;
mod handle;
mod handshakes;
mod info;
mod request;
mod slot;
mod socket;
mod state;
mod table;
mod transport;

pub use config::{Config, Filter, HandshakeRate, Keepalive, Silence};
pub use event::{CloseReason, ConnId, Event, Kind, Sink, channels};
pub use handle::Streams;
pub use info::{Counters, Info};
pub use request::{AliasError, Connect, Find, SendError};
pub use slot::{Refusal, Slot};
pub use state::Credit;
