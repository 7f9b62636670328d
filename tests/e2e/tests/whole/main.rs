//! The server as a whole, with the programs that people use against it. Tests run at the same time,
//! each on ports of its own; the package's library says how.
#![allow(
    clippy::disallowed_methods,
    reason = "programs, files and clocks are what these tests are about"
)]

mod attacks;
mod away;
mod command_line;
mod crash;
mod fail2ban;
mod flood;
mod hidden;
mod late;
mod phones;
mod quoting;
mod rate;
mod scanners;
mod secured;
mod sharing;
mod start;
mod stock;
mod streams;
mod tables;
mod takeover;
mod tools;
