//! Wiring: sockets to workers, wishes to databases and name servers, answers back.

mod ask;
mod dns;
mod guard;
mod hands;
mod stream;
mod timers;
mod tls;
mod udp;

pub(crate) use ask::Asker;
pub(crate) use dns::Names;
pub(crate) use guard::Guarded;
pub(crate) use hands::Hands;
pub(crate) use stream::{Letter, Post, StreamWorker, stream_config};
pub(crate) use timers::ModuleTimers;
pub(crate) use tls::{Tls, Wanted};
pub(crate) use udp::UdpWorker;
