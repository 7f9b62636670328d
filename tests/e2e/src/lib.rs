//! Real programs against the real server: what the tests in `tests/whole/` are written with.
//!
//! Every test has a [`Scratch`] directory and [`ports`] of its own on the loopback and ends only the
//! programs that it started. What a program printed is shown when a test fails.
#![allow(
    clippy::disallowed_methods,
    reason = "programs, files and clocks are what these tests are about"
)]

mod authority;
mod certificate;
mod control;
mod database;
mod databases;
pub mod encrypted;
mod phone;
pub mod ports;
mod probe;
mod program;
pub mod pulse;
mod scratch;
mod secured;
mod server;
mod sipp;
mod user;
mod wait;

pub use authority::Authority;
pub use certificate::Certificate;
pub use database::Database;
pub use databases::{DatabaseServer, MariaDb, PostgreSql, Redis};
pub use phone::{Account, Phone, Transport};
pub use probe::{Probe, status_of};
pub use program::Program;
pub use scratch::Scratch;
pub use secured::{Secured, field, shown};
pub use server::{Server, Subject, ringwall};
pub use sipp::{CallerPorts, LOOPBACK, Load, Sipp};
pub use user::User;
pub use wait::{PATIENCE, until};
