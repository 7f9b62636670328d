//! Why a message or a value was not understood.

use crate::Violation;
use std::fmt;

/// Why octets were not read as a message. They are dropped, or refused where a reply can be built:
/// [`Message::salvage`](crate::Message::salvage).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParseError {
    /// No octet that is not a line end.
    Empty,
    /// The first line is neither a request line nor a status line of any SIP version.
    NotSip,
    /// A status line whose code is not three digits between 100 and 699.
    StatusCode,
    /// More than [`Limits::message_bytes`](crate::Limits::message_bytes).
    MessageTooLong,
    /// More than [`Limits::header_bytes`](crate::Limits::header_bytes) before the empty line.
    HeadersTooLong,
    /// More than [`Limits::start_line_bytes`](crate::Limits::start_line_bytes).
    StartLineTooLong,
    /// A header line above [`Limits::header_line_bytes`](crate::Limits::header_line_bytes), or a
    /// name above 255 octets.
    HeaderTooLong,
    /// More than [`Limits::headers`](crate::Limits::headers) lines.
    TooManyHeaders,
    /// More than [`Limits::vias`](crate::Limits::vias) Via values.
    TooManyVias,
    /// A header line without a colon, without a name, or with a name that is no token.
    HeaderName,
    /// A line that ends in a bare LF where [`Limits::bare_lf`](crate::Limits::bare_lf) is off.
    BareLf,
}

impl ParseError {
    /// Status and reason of the reply, where the octets were a request.
    pub fn violation(self) -> Violation {
        let (status, reason) = match self {
            Self::StartLineTooLong => (414, "Request-URI Too Long"),
            Self::MessageTooLong | Self::HeadersTooLong => (513, "Message Too Large"),
            Self::HeaderTooLong => (400, "Header Too Long"),
            Self::TooManyHeaders => (400, "Too Many Headers"),
            Self::TooManyVias => (400, "Too Many Via Headers"),
            Self::HeaderName => (400, "Bad Header Name"),
            Self::BareLf => (400, "Bare LF in Header"),
            Self::Empty | Self::NotSip | Self::StatusCode => (400, "Bad Request Line"),
        };
        Violation { status, reason }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty message",
            Self::NotSip => "first line is not SIP",
            Self::StatusCode => "status code outside 100 to 699",
            Self::MessageTooLong => "message too long",
            Self::HeadersTooLong => "header section too long",
            Self::StartLineTooLong => "start line too long",
            Self::HeaderTooLong => "header line too long",
            Self::TooManyHeaders => "too many headers",
            Self::TooManyVias => "too many Via values",
            Self::HeaderName => "header line without a valid name",
            Self::BareLf => "line ends in a bare LF",
        })
    }
}

impl std::error::Error for ParseError {}

/// Why a header value could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderError {
    /// The message has no such header.
    Missing,
    /// The value breaks the header's grammar.
    Malformed,
    /// A header that may stand once stands several times.
    Duplicate,
    /// A number beyond the range RFC 3261 gives it.
    Range,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "header missing",
            Self::Malformed => "header malformed",
            Self::Duplicate => "header repeated",
            Self::Range => "number out of range",
        })
    }
}

impl std::error::Error for HeaderError {}

/// Text for a message of ours holds a CR, a LF or a NUL (or, in a name, no token), and would
/// become another header. It was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Injection;

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text would break out of its header")
    }
}

impl std::error::Error for Injection {}
