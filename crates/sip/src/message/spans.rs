//! Places of the parts of values in a message.

use super::Run;
use crate::name_addr::Tag;
use crate::span::Piece;
use crate::uri::Scheme;
use crate::{HeaderError, NameAddr, Params, Span, Via, lex};

impl Piece {
    /// Where a piece of a run stands in the new text; an empty one has no place.
    pub(super) fn moved(self, run: Run) -> Option<Piece> {
        let Span { start, end } = self.into();
        match start < end {
            true => Some(Span::new(run.place(start)?, run.place(end)?).into()),
            false => Some(Piece::default()),
        }
    }
}

/// An address.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddrSpans {
    display: Piece,
    uri: Piece,
    params: Piece,
    tag: Piece,
    whole: Piece,
    bracketed: bool,
    sound_tag: bool,
    /// Of the URI; none where that is no URI.
    scheme: Option<Scheme>,
}

impl AddrSpans {
    pub(super) fn moved(self, run: Run) -> Option<Self> {
        Some(Self {
            display: self.display.moved(run)?,
            uri: self.uri.moved(run)?,
            params: self.params.moved(run)?,
            tag: self.tag.moved(run)?,
            whole: self.whole.moved(run)?,
            ..self
        })
    }

    /// Reads `value`, a part of `bytes`.
    pub(super) fn read(bytes: &[u8], value: &[u8]) -> Result<Self, HeaderError> {
        match NameAddr::parse_plain(bytes, lex::trim(value)) {
            Some((address, uri)) => Ok(Self::new(bytes, &address, Some(uri.scheme))),
            None => {
                let address = NameAddr::parse_in(bytes, value)?;
                let scheme = address.parse_uri().ok().map(|uri| uri.scheme);
                Ok(Self::new(bytes, &address, scheme))
            }
        }
    }

    #[inline]
    fn new(bytes: &[u8], address: &NameAddr<'_>, scheme: Option<Scheme>) -> Self {
        let tag = address.read_tag();
        Self {
            tag: place(bytes, tag.value),
            sound_tag: tag.sound,
            display: place(bytes, address.display),
            uri: place(bytes, address.uri),
            params: place(bytes, address.params.raw()),
            whole: address.span.into(),
            bracketed: address.bracketed,
            scheme,
        }
    }

    /// The scheme of the URI.
    ///
    /// # Errors
    /// It is no URI, or the tag is none.
    pub(super) fn sound_scheme(self) -> Result<Scheme, HeaderError> {
        let scheme = self.scheme.filter(|_| self.sound_tag);
        scheme.ok_or(HeaderError::Malformed)
    }

    /// Its URI.
    pub(super) fn uri(self, bytes: &[u8]) -> &[u8] {
        self.uri.of(bytes)
    }

    pub(super) fn view(self, bytes: &[u8]) -> NameAddr<'_> {
        NameAddr {
            display: self.display.of(bytes),
            uri: self.uri.of(bytes),
            bracketed: self.bracketed,
            params: Params::new(self.params.of(bytes)),
            raw: self.whole.of(bytes),
            span: self.whole.into(),
            known_tag: Some(Tag {
                value: self.tag.of(bytes),
                sound: self.sound_tag,
            }),
        }
    }
}

/// The first Via value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ViaSpans {
    transport: Piece,
    host: Piece,
    sent_by: Piece,
    params: Piece,
    branch: Option<Piece>,
    received: Option<Piece>,
    maddr: Option<Piece>,
    whole: Piece,
    port: Option<u16>,
    rport: Option<Option<u16>>,
    ttl: Option<u8>,
    alias: bool,
    /// Whether its line is one value without quotes.
    is_plain_line: bool,
}

impl ViaSpans {
    pub(super) fn moved(self, run: Run) -> Option<Self> {
        let noted = |piece: Option<Piece>| match piece {
            Some(piece) => piece.moved(run).map(Some),
            None => Some(None),
        };
        Some(Self {
            transport: self.transport.moved(run)?,
            host: self.host.moved(run)?,
            sent_by: self.sent_by.moved(run)?,
            params: self.params.moved(run)?,
            branch: noted(self.branch)?,
            received: noted(self.received)?,
            maddr: noted(self.maddr)?,
            whole: self.whole.moved(run)?,
            ..self
        })
    }

    pub(super) fn new(bytes: &[u8], via: &Via<'_>, is_plain_line: bool) -> Self {
        Self {
            transport: place(bytes, via.transport),
            host: place(bytes, via.host),
            sent_by: place(bytes, via.sent_by),
            params: place(bytes, via.params.raw()),
            branch: via.branch.map(|part| place(bytes, part)),
            received: via.received.map(|part| place(bytes, part)),
            maddr: via.maddr.map(|part| place(bytes, part)),
            whole: via.span.into(),
            port: via.port,
            rport: via.rport,
            ttl: via.ttl,
            alias: via.alias,
            is_plain_line,
        }
    }

    /// Whether its line is one value without quotes.
    pub(super) fn is_plain_line(&self) -> bool {
        self.is_plain_line
    }

    /// Where the value ends.
    pub(super) fn end(&self) -> u32 {
        Span::from(self.whole).end
    }

    /// The branch, without the rest.
    pub(super) fn branch(self, bytes: &[u8]) -> Option<&[u8]> {
        self.branch.map(|branch| branch.of(bytes))
    }

    pub(super) fn view(self, bytes: &[u8]) -> Via<'_> {
        Via {
            transport: self.transport.of(bytes),
            host: self.host.of(bytes),
            port: self.port,
            sent_by: self.sent_by.of(bytes),
            params: Params::new(self.params.of(bytes)),
            branch: self.branch.map(|part| part.of(bytes)),
            received: self.received.map(|part| part.of(bytes)),
            rport: self.rport,
            maddr: self.maddr.map(|part| part.of(bytes)),
            ttl: self.ttl,
            alias: self.alias,
            raw: self.whole.of(bytes),
            span: self.whole.into(),
        }
    }
}

/// Where `part` of the message lies; an empty part has no place.
pub(super) fn place(bytes: &[u8], part: &[u8]) -> Piece {
    Span::find(bytes, part).unwrap_or_default().into()
}
