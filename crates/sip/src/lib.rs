//! SIP as bytes: messages, URIs, header values, digest arithmetic, edits, and messages of our own.
//!
//! A received [`Message`] is one buffer and an index over it. Nothing is copied and nothing is
//! understood before it is asked for; what is not understood is forwarded byte for byte. Changes
//! are [`Edits`], rendered once per branch. The crate knows no clock, no socket and no state.

pub mod build;
pub mod digest;
mod edits;
mod error;
mod header_id;
mod lex;
mod limits;
mod message;
mod method;
mod name_addr;
mod params;
mod span;
pub mod uri;
mod values;
mod via;

pub use edits::{BeforeHop, Edits};
pub use error::{HeaderError, Injection, ParseError};
pub use header_id::HeaderId;
pub use limits::Limits;
pub use message::{Checked, Defects, Header, Message, Rewritten, Violation};
pub use method::Method;
pub use name_addr::{ContactValue, NameAddr};
pub use params::{Param, Params};
pub use span::Span;
pub use uri::{Scheme, Uri, UriError, unescape};
pub use values::{CSeq, Values, split_values};
pub use via::Via;
