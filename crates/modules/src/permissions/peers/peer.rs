//! Rows of the table `trusted`.

use super::Columns;
use bytes::Bytes;
use script::{Regex, RegexFlags};
use store::{Cell, Rows};

/// One row: who may send what without a password.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(super) source: Vec<u8>,
    pub(super) proto: Transport,
    pub(super) from: Option<Expression>,
    pub(super) ruri: Option<Expression>,
    pub(super) tag: Option<Bytes>,
    pub(super) priority: i64,
}

/// An expression with its source, for the dump.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) source: Vec<u8>,
    regex: Regex,
}

/// The transports a row can name; the numbers are those of the dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Any,
    Udp,
    Tcp,
    Tls,
    Sctp,
    Ws,
    Wss,
    None,
}

const TRANSPORTS: [(&str, Transport, i64); 8] = [
    ("any", Transport::Any, 0),
    ("udp", Transport::Udp, 1),
    ("tcp", Transport::Tcp, 2),
    ("tls", Transport::Tls, 3),
    ("sctp", Transport::Sctp, 4),
    ("ws", Transport::Ws, 5),
    ("wss", Transport::Wss, 6),
    ("none", Transport::None, 7),
];

impl Transport {
    pub(super) fn parse(text: &[u8]) -> Option<Transport> {
        let named =
            |(name, ..): &&(&str, Transport, i64)| name.as_bytes().eq_ignore_ascii_case(text);
        TRANSPORTS
            .iter()
            .find(named)
            .map(|(_, transport, _)| *transport)
    }

    pub(super) fn number(self) -> i64 {
        let own = |(_, transport, _): &&(&str, Transport, i64)| *transport == self;
        TRANSPORTS
            .iter()
            .find(own)
            .map_or(0, |(.., number)| *number)
    }
}

/// What a request is compared by.
pub(super) struct Request<'a> {
    pub(super) source: &'a [u8],
    pub(super) proto: Transport,
    pub(super) from: &'a [u8],
    pub(super) ruri: &'a [u8],
}

impl Peer {
    /// True where the row trusts the request. A request of any transport fits every row but those
    /// of none.
    pub(super) fn trusts(&self, request: &Request<'_>) -> bool {
        let same_proto = match (self.proto, request.proto) {
            (Transport::None, _) => false,
            (Transport::Any, _) | (_, Transport::Any) => true,
            (own, other) => own == other,
        };
        let fits = |expression: &Option<Expression>, text: &[u8]| {
            expression
                .as_ref()
                .is_none_or(|expression| expression.regex.matches(text) == Ok(true))
        };
        self.source == request.source
            && same_proto
            && fits(&self.from, request.from)
            && fits(&self.ruri, request.ruri)
    }
}

/// The rows as peers.
///
/// # Errors
/// The first row that cannot be used.
pub(super) fn peers(rows: &Rows, columns: &Columns) -> Result<Vec<Peer>, String> {
    (0..rows.len())
        .map(|row| peer(rows, row, columns).map_err(|why| format!("row {}: {why}", row + 1)))
        .collect()
}

fn peer(rows: &Rows, row: usize, columns: &Columns) -> Result<Peer, String> {
    let text = |column| rows.cell(row, column).and_then(Cell::as_bytes);
    let proto = text(&columns.proto).unwrap_or_default();
    Ok(Peer {
        source: text(&columns.source).ok_or("it has no source")?.to_vec(),
        proto: Transport::parse(proto)
            .ok_or_else(|| format!("unknown protocol {}", String::from_utf8_lossy(proto)))?,
        from: text(&columns.from).map(expression).transpose()?,
        ruri: text(&columns.ruri).map(expression).transpose()?,
        tag: text(&columns.tag).map(Bytes::copy_from_slice),
        priority: rows
            .cell(row, &columns.priority)
            .and_then(Cell::as_int)
            .unwrap_or(0),
    })
}

fn expression(source: &[u8]) -> Result<Expression, String> {
    let flags = RegexFlags {
        ignore_case: false,
        newline: false,
    };
    let regex = Regex::with_flags(source, flags)
        .map_err(|error| format!("invalid regular expression: {error}"))?;
    Ok(Expression {
        source: source.to_vec(),
        regex,
    })
}
