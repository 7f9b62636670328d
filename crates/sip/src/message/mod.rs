//! A message: one buffer and an index over it.

mod check;
mod header;
mod index;
mod normalise;
mod rewritten;
mod salvage;
mod scan;
mod spans;
mod start_line;
mod typed;

pub use check::{Checked, Violation};
pub use header::Header;
pub use normalise::Defects;
pub use rewritten::Rewritten;
pub(crate) use rewritten::{Kept, Run};

use crate::{HeaderError, HeaderId, Limits, Method, ParseError, Span};
use bytes::Bytes;
use index::Index;
use start_line::StartLine;
use typed::Typed;

/// A received request or reply.
///
/// The buffer is never altered. It holds exactly the message: line ends before the start line and
/// octets behind the body that Content-Length announces are cut off (RFC 3261 sections 7.5 and
/// 18.3).
#[derive(Clone, Debug)]
pub struct Message {
    bytes: Bytes,
    start: StartLine,
    index: Index,
    defects: Defects,
    typed: Typed,
    /// What [`Message::declared_content_length`] says.
    length: Result<Option<u32>, HeaderError>,
}

impl Message {
    /// Reads start line and header index in one pass.
    ///
    /// Most messages stay in the buffer they came in. A message with bare LF line ends, white
    /// space before a header's colon, continuation lines of white space only, a bare CR or NUL
    /// in a header, several blanks in the start line, or no empty line at its end is copied once
    /// into canonical form, so that one text serves matching and forwarding; what was no mere
    /// spelling is noted in [`Message::defects`] and refused by [`Message::check`].
    ///
    /// # Errors
    /// [`ParseError`] where no reply can be built or a bound of `limits` is passed: drop it.
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<Self, ParseError> {
        if bytes.len() > limits.message_bytes {
            return Err(ParseError::MessageTooLong);
        }
        let lead = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let lead = lead.ok_or(ParseError::Empty)?;
        // It is filled where it will lie: some hundred octets of index are not moved about.
        let mut message = Self {
            bytes: if lead > 0 { bytes.slice(lead..) } else { bytes },
            start: StartLine::default(),
            index: Index::new(),
            defects: Defects::default(),
            typed: Typed::default(),
            length: Ok(None),
        };
        match scan::scan(&message.bytes, false, limits, &mut message.index) {
            Ok(start) => message.start = start,
            Err(scan::Fault::Refuse(error)) => return Err(error),
            Err(scan::Fault::Rewrite) => message.rewrite(limits)?,
        }
        message.cut_behind_body();
        Ok(message)
    }

    /// Takes on the canonical form of its octets.
    #[cold]
    fn rewrite(&mut self, limits: &Limits) -> Result<(), ParseError> {
        (self.bytes, self.defects) = normalise::normalise(&self.bytes, limits)?;
        self.index = Index::new();
        let start = scan::scan(&self.bytes, true, limits, &mut self.index);
        self.start = start.map_err(scan::Fault::refused)?;
        Ok(())
    }

    /// The whole message.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it is a request; else it is a reply.
    pub fn is_request(&self) -> bool {
        self.start.status.is_none()
    }

    /// The method: of the request line, or of the CSeq in a reply.
    pub fn method(&self) -> Method {
        match self.start.status {
            None => self.start.method,
            Some(_) => self.cseq().map_or(Method::Other, |cseq| cseq.method),
        }
    }

    /// The octets of [`Message::method`].
    pub fn method_bytes(&self) -> &[u8] {
        match self.start.status {
            None => self.start.method_span.of(&self.bytes),
            Some(_) => self.cseq().map_or(b"", |cseq| cseq.method_bytes),
        }
    }

    /// The Request-URI as received; empty in a reply.
    pub fn request_uri(&self) -> &[u8] {
        self.request_uri_span().of(&self.bytes)
    }

    /// Where the Request-URI lies; empty in a reply.
    pub fn request_uri_span(&self) -> Span {
        self.start.uri.into()
    }

    /// The status code of a reply, 100 to 699.
    pub fn status(&self) -> Option<u16> {
        self.start.status
    }

    /// The reason phrase of a reply, possibly empty.
    pub fn reason(&self) -> &[u8] {
        self.start.reason.of(&self.bytes)
    }

    /// Whether the version is SIP/2.0.
    pub fn is_version_2(&self) -> bool {
        let version = self.version();
        version == b"SIP/2.0" || version.eq_ignore_ascii_case(b"SIP/2.0")
    }

    /// The version as received.
    pub fn version(&self) -> &[u8] {
        self.start.version.of(&self.bytes)
    }

    /// The start line without its line end.
    pub fn start_line(&self) -> &[u8] {
        self.start_line_span().of(&self.bytes)
    }

    /// Where the start line lies, its line end not included.
    pub fn start_line_span(&self) -> Span {
        Span::new(0, u32::from(self.start.end))
    }

    /// All headers in order.
    pub fn headers(&self) -> impl DoubleEndedIterator<Item = Header<'_>> + ExactSizeIterator {
        (0..self.index.len()).map(|at| self.index.header(&self.bytes, at))
    }

    /// The first header of that name, in O(1).
    pub fn header(&self, id: HeaderId) -> Option<Header<'_>> {
        self.index
            .first(id)
            .map(|at| self.index.header(&self.bytes, at))
    }

    /// Whether there is a header of that name.
    pub fn has(&self, id: HeaderId) -> bool {
        self.index.first(id).is_some()
    }

    /// Every header of that name, in order.
    pub fn all(&self, id: HeaderId) -> impl Iterator<Item = Header<'_>> {
        self.index
            .all(id)
            .map(|at| self.index.header(&self.bytes, at))
    }

    /// The header in whose lines this offset lies.
    pub(crate) fn header_at(&self, offset: u32) -> Option<Header<'_>> {
        let is_there = |header: &Header<'_>| header.span.range().contains(&(offset as usize));
        let at = self.index.line_from(0, offset + 1).checked_sub(1)?;
        Some(self.index.header(&self.bytes, at)).filter(is_there)
    }

    /// Every header of that name, in any case, compact and long forms alike.
    pub fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = Header<'a>> {
        let other = HeaderId::lookup(name) == HeaderId::Other;
        self.all(HeaderId::lookup(name))
            .filter(move |header| !other || header.name.eq_ignore_ascii_case(name))
    }

    /// Whether more than one line has that (known) name.
    pub fn is_repeated(&self, id: HeaderId) -> bool {
        self.index.is_repeated(id)
    }

    /// Where the first header begins.
    pub fn headers_start(&self) -> usize {
        usize::from(self.start.end) + 2
    }

    /// Where the headers end: the offset of the empty line.
    pub fn headers_end(&self) -> usize {
        self.index.end()
    }

    /// The body: as long as Content-Length says, or all the rest without a usable one.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body_offset()..).unwrap_or_default()
    }

    /// Where the body begins.
    pub fn body_offset(&self) -> usize {
        self.index.end() + 2
    }

    /// `part`, which must be a sub-slice of this message, sharing its buffer. Text from elsewhere
    /// is copied.
    pub fn slice_of(&self, part: &[u8]) -> Bytes {
        match Span::find(&self.bytes, part) {
            Some(span) => self.bytes.slice(span.range()),
            None => Bytes::copy_from_slice(part),
        }
    }

    /// What had to be repaired to make the message canonical.
    pub fn defects(&self) -> Defects {
        self.defects
    }

    /// The value of Content-Length.
    ///
    /// # Errors
    /// Several lines, anything but digits, or a number above 2^32-1: the end of the message is
    /// then in doubt.
    pub fn declared_content_length(&self) -> Result<Option<u32>, HeaderError> {
        self.length
    }

    fn cut_behind_body(&mut self) {
        self.length = match self.is_repeated(HeaderId::ContentLength) {
            true => Err(HeaderError::Duplicate),
            false => self.number_of(HeaderId::ContentLength),
        };
        if let Ok(Some(length)) = self.length {
            self.bytes
                .truncate(self.body_offset().saturating_add(length as usize));
        }
    }

    fn value(&self, id: HeaderId) -> Result<&[u8], HeaderError> {
        self.header(id)
            .map(|header| header.value)
            .ok_or(HeaderError::Missing)
    }

    fn list(&self, id: HeaderId) -> impl Iterator<Item = &[u8]> {
        self.all(id)
            .flat_map(|header| crate::split_values(header.value))
    }
}

#[cfg(test)]
mod tests;
