//! What a peer may make us hold while a message is read.

/// Bounds of one message. A message beyond one of them is a [`ParseError`](crate::ParseError)
/// naming the bound; at most it is
/// answered, and nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a whole message, body included. A full one costs one receive buffer of this size.
    pub message_bytes: usize,
    /// Octets of start line and headers, at most 65,535 since the index holds 16-bit offsets. A
    /// full one costs its linear scan, about 30 µs.
    pub header_bytes: u16,
    /// Header lines, at most 254 since the index counts them in an octet. A full one costs 8 octets of index each, 2 kB
    /// in all; beyond 24 lines the index moves to the heap.
    pub headers: u8,
    /// Via values, commas in Via lines counted. A full one costs one loop check over as many
    /// values; there is one per hop and Max-Forwards starts at 70.
    pub vias: u8,
    /// Octets of one header line including folds. A full one costs one linear scan of that size
    /// per value parser that looks at it.
    pub header_line_bytes: u16,
    /// Octets of the start line. A full one costs one URI parse of that size.
    pub start_line_bytes: u16,
    /// Whether lines may end in a bare LF, as Kamailio takes them. Such a message is copied once
    /// with CRLF line ends, so that nothing else is ever sent on. When false it is refused, as it
    /// must be on a stream, where the line end decides where a message ends.
    pub bare_lf: bool,
}

impl Limits {
    /// The bounds of what is made out of messages within these: a line longer, a header more. As wide as
    /// an index can hold.
    pub fn of_ours(&self) -> Limits {
        Limits {
            message_bytes: usize::MAX,
            header_bytes: u16::MAX,
            headers: 254,
            vias: u8::MAX,
            header_line_bytes: u16::MAX,
            start_line_bytes: u16::MAX,
            bare_lf: self.bare_lf,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 65_535,
            header_bytes: u16::MAX,
            headers: 200,
            vias: 70,
            header_line_bytes: 16_384,
            start_line_bytes: 8_192,
            bare_lf: true,
        }
    }
}
