//! For people: commands to a running server, and the accounts in its database.
//!
//! A server opens [`Controls`], the places where documents of JSON-RPC 2.0 are taken; a command line
//! asks through a [`Client`]. [`accounts`], [`groups`], [`bans`] and [`trunks`] change the database behind either.
#![allow(
    clippy::disallowed_methods,
    reason = "sockets, pipes and files of this host are what it serves"
)]

pub mod accounts;
pub mod bans;
mod client;
mod datagram;
mod fifo;
pub mod groups;
mod place;
mod serve;
mod stream;
pub mod trunks;

pub use client::{CallError, Client};
pub use serve::{Answering, Controls};
