//! The server as one machine: guards, script, stack, effects, in order.
//!
//! [`Edge`] is what all workers share, [`Worker`] is one of them. A worker takes the time and an
//! [`Input`] and leaves [`Output`]s; it opens no socket and asks no clock. It knows no module by
//! name. The way of a request is in [`inbound`](Worker::handle_input) and reads from the top.

mod answered;
mod blocklist;
mod cancel;
mod counts;
mod edge;
mod events;
mod failover;
mod failure;
mod hooked;
mod inbound;
mod io;
mod launch;
mod limits;
mod local;
mod mail;
mod next_hop;
mod outbound;
mod outside;
mod overload;
mod own_message;
mod perform;
mod relay;
mod render;
mod reply;
mod response;
mod run;
mod shed;
mod stateless;
mod streams;
mod suspend;
mod timers;
mod tx;
mod watch;
mod worker;

pub use counts::Counts;
pub use edge::{Edge, Keys};
pub use io::{Input, Output, Ticket, Transmit};
pub use limits::Limits;
pub use worker::Worker;
