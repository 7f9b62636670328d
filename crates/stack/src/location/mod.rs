//! Where a URI leads: RFC 3263 with A, AAAA and SRV, as a machine that asks and is answered.
//!
//! `maddr` is not followed, as in Kamailio's packages: it lets a peer send our requests where it
//! likes.

mod destination;
mod naptr;
mod resolver;
mod srv;

pub use destination::{Destination, DestinationError};
pub use naptr::NaptrRecord;
pub use resolver::{Answer, Families, Query, QueryKind, Resolver, Step, Target, Targets};
pub use srv::SrvRecord;
