//! The inputs of `tests/attacks`: what is sent, and what may come of it. The simulator and the real server
//! are asked the same.

mod attacker;
mod input;
mod octets;
mod seen;

pub use attacker::{Attacker, Credentials};
pub use input::{Input, Who, inputs};
pub use policy::Proto;
pub use seen::Seen;
