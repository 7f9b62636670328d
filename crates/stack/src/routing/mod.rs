//! Route and Record-Route: RFC 3261 16.4, 16.6 steps 4 and 6, 16.12, as Kamailio's rr module does
//! it.

mod loose;
mod record;
mod removal;

pub use loose::{Loose, Mode, Outcome, loose_route};
pub use record::{Double, Hop, RecordRoute, RecordRoutes};
