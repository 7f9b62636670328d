//! Sockets, and nothing but sockets: the only crate of Ringwall that opens one.
//!
//! Bytes and the flows they came on (transport, local address, peer address) go in and out.
//! What the bytes say is nobody's business here: framing, parsing and answering live elsewhere.
//!
//! * [`udp`]: threads that block on a shared socket and hand batches of datagrams to a [`udp::Handler`].
//! * [`stream`]: TCP and TLS connections on one event loop, reached through the handle [`stream::Streams`].
//! * [`tls`]: certificates, keys and the settings of both TLS roles.
//! * [`interfaces`]: the addresses of this host.
//!
//! No `unsafe`: the system calls are made by `nix`, `rustix`, `socket2`, std and tokio.
#![allow(
    clippy::disallowed_methods,
    reason = "sockets, their clocks and certificate files are the world"
)]

mod bind;
mod interfaces;
pub mod stream;
pub mod tls;
pub mod udp;

pub use bind::BindError;
pub use interfaces::{Interface, interfaces, source_to};
