//! Why a stream cannot be read on.

use std::fmt;

use bytes::Bytes;

/// The end of a stream, by the peer's own doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the peer did.
    pub kind: FaultKind,
    /// The head of the disputed message, as much as is allowed of one that is too large; empty where there is
    /// none. No byte behind it belongs to anything.
    pub head: Bytes,
}

/// What the peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// A message began with a byte that no SIP message begins with.
    NotSip,
    /// A line feed without carriage return before it.
    BareLineFeed,
    /// A carriage return without line feed behind it.
    BareCarriageReturn,
    /// A NUL in the head.
    Nul,
    /// The first header begins with a blank, so it would continue the start line.
    FoldedStartLine,
    /// A line of blanks only, which ends the head for some readers.
    BlankLine,
    /// The head is longer than [`Limits::max_head_bytes`](crate::Limits::max_head_bytes).
    HeadTooLarge,
    /// The message is longer than [`Limits::max_message_bytes`](crate::Limits::max_message_bytes).
    MessageTooLarge,
    /// No Content-Length.
    NoLength,
    /// Content-Length twice, in one form or both.
    LengthTwice,
    /// A header name that another reader could take for Content-Length, as with a blank before the
    /// colon.
    LengthNameInDoubt,
    /// A Content-Length that is not plain decimal digits on one line, or too long for a number.
    LengthNotANumber,
    /// The message was not whole in time.
    Slow,
}

impl Fault {
    /// Status and reason phrase of the reply, if there is a head so that there can be one.
    pub fn status(&self) -> Option<(u16, &'static str)> {
        if self.head.is_empty() {
            return None;
        }
        Some(match self.kind {
            FaultKind::MessageTooLarge | FaultKind::HeadTooLarge => (513, "Message Too Large"),
            FaultKind::BareLineFeed | FaultKind::BareCarriageReturn | FaultKind::Nul => {
                (400, "NUL or Bare CR or LF in Header")
            }
            FaultKind::NoLength => (400, "Missing Content-Length"),
            FaultKind::FoldedStartLine | FaultKind::BlankLine => (400, "Bad Header Folding"),
            _ => (400, "Bad Content-Length"),
        })
    }
}

impl FaultKind {
    /// Every kind, for counters.
    pub const ALL: [FaultKind; 13] = [
        FaultKind::NotSip,
        FaultKind::BareLineFeed,
        FaultKind::BareCarriageReturn,
        FaultKind::Nul,
        FaultKind::FoldedStartLine,
        FaultKind::BlankLine,
        FaultKind::HeadTooLarge,
        FaultKind::MessageTooLarge,
        FaultKind::NoLength,
        FaultKind::LengthTwice,
        FaultKind::LengthNameInDoubt,
        FaultKind::LengthNotANumber,
        FaultKind::Slow,
    ];

    /// What the peer did, for a log line.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::NotSip => "not SIP",
            FaultKind::BareLineFeed => "bare line feed in the head",
            FaultKind::BareCarriageReturn => "bare carriage return in the head",
            FaultKind::Nul => "NUL in the head",
            FaultKind::FoldedStartLine => "start line continued on the next line",
            FaultKind::BlankLine => "line of blanks in the head",
            FaultKind::HeadTooLarge => "head too large",
            FaultKind::MessageTooLarge => "message too large",
            FaultKind::NoLength => "no Content-Length",
            FaultKind::LengthTwice => "Content-Length twice",
            FaultKind::LengthNameInDoubt => "header name close to Content-Length",
            FaultKind::LengthNotANumber => "Content-Length is not a number",
            FaultKind::Slow => "message not whole in time",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
