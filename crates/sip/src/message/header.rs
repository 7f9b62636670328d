//! One header line.

use crate::{HeaderId, Span};

/// One header line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as received: a token, nothing between it and the colon.
    pub name: &'a [u8],
    /// Which header it is.
    pub id: HeaderId,
    /// The value without white space around it; folds inside stay as received.
    pub value: &'a [u8],
    /// The whole line with its folds and its CRLF.
    pub span: Span,
    /// Where `value` lies.
    pub value_span: Span,
}
