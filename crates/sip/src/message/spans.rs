//! Places of the parts of values in a message.

use crate::name_addr::Tag;
use crate::span::Piece;
use crate::uri::Scheme;
use crate::{HeaderError, NameAddr, Params, Span, Via, lex};
use std::net::Ipv4Addr;

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
    pub(super) fn moved(&self, shift: u16) -> Self {
        Self {
            display: self.display.moved(shift),
            uri: self.uri.moved(shift),
            params: self.params.moved(shift),
            tag: self.tag.moved(shift),
            whole: self.whole.moved(shift),
            ..*self
        }
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
            tag: Piece::find(bytes, tag.value),
            sound_tag: tag.sound,
            display: Piece::find(bytes, address.display),
            uri: Piece::find(bytes, address.uri),
            params: Piece::find(bytes, address.params.raw()),
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

    /// Its tag; empty without one.
    #[inline]
    pub(super) fn tag<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.tag.of(bytes)
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
    address: Option<Ipv4Addr>,
    port: Option<u16>,
    rport: Option<Option<u16>>,
    ttl: Option<u8>,
    alias: bool,
    /// Whether its line is one value without quotes.
    is_plain_line: bool,
}

impl ViaSpans {
    pub(super) fn moved(&self, shift: u16) -> Self {
        let noted = |piece: Option<Piece>| piece.map(|piece| piece.moved(shift));
        Self {
            transport: self.transport.moved(shift),
            host: self.host.moved(shift),
            sent_by: self.sent_by.moved(shift),
            params: self.params.moved(shift),
            branch: noted(self.branch),
            received: noted(self.received),
            maddr: noted(self.maddr),
            whole: self.whole.moved(shift),
            ..*self
        }
    }

    pub(super) fn new(bytes: &[u8], via: &Via<'_>, is_plain_line: bool) -> Self {
        Self {
            transport: Piece::find(bytes, via.transport),
            host: Piece::find(bytes, via.host),
            sent_by: Piece::find(bytes, via.sent_by),
            params: Piece::find(bytes, via.params.raw()),
            branch: via.branch.map(|part| Piece::find(bytes, part)),
            received: via.received.map(|part| Piece::find(bytes, part)),
            maddr: via.maddr.map(|part| Piece::find(bytes, part)),
            whole: via.span.into(),
            address: via.address,
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
    #[inline]
    pub(super) fn branch<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.branch.map(|branch| branch.of(bytes))
    }

    /// Whoever needs a part of it only has only that part read, since this is inlined.
    #[inline]
    pub(super) fn view<'a>(&self, bytes: &'a [u8]) -> Via<'a> {
        Via {
            transport: self.transport.of(bytes),
            host: self.host.of(bytes),
            address: self.address,
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
