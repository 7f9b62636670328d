//! Wiring: sockets to workers, wishes to databases and name servers, answers back.

mod ask;
mod dns;
mod hands;
mod stream;
mod timers;
mod udp;

pub(crate) use ask::Asker;
pub(crate) use dns::Names;
pub(crate) use hands::Hands;
pub(crate) use stream::{Post, StreamWorker, stream_config};
pub(crate) use timers::ModuleTimers;
pub(crate) use udp::UdpWorker;
