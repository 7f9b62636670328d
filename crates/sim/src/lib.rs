//! A simulated world: clock, network, phones. For tests only.
//!
//! A [`Scenario`] is a Markdown file with a script and a play; `docs/testing.md` describes both. The
//! [`Player`] acts the phones of a play in a [`World`]: the [`Simulated`] one, where the edge runs on a
//! virtual clock and everything random is drawn from a seed, or on [`Loopback`], where a real server
//! is asked over real sockets. [`Subject`] says which, and [`Expected`] knows the disagreements.

pub mod attack;
mod disk;
mod expected;
mod heard;
mod loopback;
mod phone;
mod player;
mod scenario;
mod simulated;
mod subject;
mod text;
mod torture;
mod world;

pub use expected::{Disagreement, Expected};
pub use heard::Heard;
pub use loopback::{Loopback, Server};
pub use player::Player;
pub use scenario::{Scenario, Script};
pub use simulated::{Direct, Simulated};
pub use subject::{Subject, Verdict, play};
pub use torture::{Row, Seen, rows, torture};
pub use world::{Arrival, Place, Way, What, World};
