//! SIP as behaviour, without a clock, a socket or randomness of its own: time and bytes come in as
//! arguments, what is to be done comes out as values.
//!
//! | module | what it is |
//! |---|---|
//! | [`framing`] | a byte stream becomes whole messages |
//! | [`transaction`] | the four machines of RFC 3261 section 17 |
//! | [`table`] | where transactions are found, by any worker |
//! | [`branch`] | the `branch` parameter of our own Via |
//! | [`timer`] | a wheel of hints |
//! | [`reply`] | where replies go |
//! | [`fork`] | the response context of RFC 3261 section 16.7 |
//! | [`routing`] | Route and Record-Route |
//! | [`location`] | where a URI leads (RFC 3263) |
//! | [`blocklist`] | destinations that failed |
//! | [`memory`] | hash tables that stay as small as they can |
//!
//! It knows no script, no module and no database.

pub mod blocklist;
pub mod branch;
pub mod fork;
pub mod framing;
mod instant;
mod limits;
pub mod location;
pub mod memory;
pub mod reply;
pub mod routing;
pub mod table;
pub mod timer;
pub mod transaction;
mod transport;

pub use instant::Instant;
pub use limits::Limits;
pub use transport::Transport;
