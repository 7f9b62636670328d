//! A server as a process, and phones that talk to it.

mod phone;
mod server;

pub(crate) use phone::Phone;
pub(crate) use server::{Ended, Server, free_port, ringwall};
