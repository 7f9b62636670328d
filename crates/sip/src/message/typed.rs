//! Header values with meaning, read when asked for, the common ones once.

use super::index::Index;
use super::spans::{AddrSpans, ViaSpans};
use super::{Message, Run};
use crate::digest::Credentials;
use crate::span::Piece;
use crate::uri::Scheme;
use crate::{CSeq, ContactValue, HeaderError, HeaderId, Method, NameAddr, Via, lex};
use std::sync::OnceLock;

/// What was read so far, as places in the message.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// What every message must have and every check reads: all at once, for one lock instead of four.
    mandatory: OnceLock<Mandatory>,
    pub(super) checked: OnceLock<super::check::Checked>,
}

#[derive(Clone, Debug)]
struct Mandatory {
    from: Result<AddrSpans, HeaderError>,
    to: Result<AddrSpans, HeaderError>,
    cseq: Result<(u32, Method, Piece), HeaderError>,
    top_via: Result<ViaSpans, HeaderError>,
}

impl Typed {
    /// Whether the mandatory headers were read.
    #[cfg(test)]
    pub(super) fn is_known(&self) -> bool {
        self.mandatory.get().is_some()
    }

    /// Takes over what was read of `former` and stands in a message made of it; all or nothing.
    pub(super) fn carry(&mut self, former: &Message, index: &Index, kept: &[Run]) {
        let known = former.typed.mandatory.get();
        if let Some(moved) = known.and_then(|known| known.moved(former, index, kept)) {
            self.mandatory = OnceLock::from(moved);
        }
    }
}

impl Mandatory {
    fn moved(&self, former: &Message, index: &Index, kept: &[Run]) -> Option<Mandatory> {
        // By how much the first line of that name was moved, where it was kept from its start up to there and is
        // the first still.
        let shift = |id, end: Option<u32>| {
            let old = former.index.span(former.index.first(id)?);
            let end = end.unwrap_or(old.end);
            let mut runs = kept.iter();
            let run = runs.find(|run| run.old.start <= old.start && end <= run.old.end)?;
            let new = index.span(index.first(id)?);
            (run.place(old.start) == Some(new.start)).then_some(run.shift())
        };
        let via = self.top_via.as_ref().ok()?;
        // A comma tells that the value ends there, whatever follows.
        let via_end = via.end();
        let has_comma = former.bytes.get(via_end as usize) == Some(&b',');
        let via_shift = shift(HeaderId::Via, has_comma.then_some(via_end + 1))?;
        let cseq = self.cseq.ok()?;
        Some(Mandatory {
            from: Ok(self.from.as_ref().ok()?.moved(shift(HeaderId::From, None)?)),
            to: Ok(self.to.as_ref().ok()?.moved(shift(HeaderId::To, None)?)),
            cseq: Ok((cseq.0, cseq.1, cseq.2.moved(shift(HeaderId::CSeq, None)?))),
            top_via: Ok(via.moved(via_shift)),
        })
    }
}

impl Message {
    /// The From address.
    pub fn from(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.mandatory().from.map(|spans| spans.view(&self.bytes))
    }

    /// The To address.
    pub fn to(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.mandatory().to.map(|spans| spans.view(&self.bytes))
    }

    /// The tag of the From address, without the rest of it; empty without one.
    #[inline]
    pub fn from_tag(&self) -> Result<&[u8], HeaderError> {
        tag_of(&self.mandatory().from, &self.bytes)
    }

    /// The tag of the To address, without the rest of it; empty without one.
    #[inline]
    pub fn to_tag(&self) -> Result<&[u8], HeaderError> {
        tag_of(&self.mandatory().to, &self.bytes)
    }

    /// Whether the To address has a tag: a request that has one belongs to a dialog.
    #[inline]
    pub fn has_to_tag(&self) -> bool {
        self.to_tag().is_ok_and(|tag| !tag.is_empty())
    }

    /// The scheme of the From address, which has a URI, and a tag that stands there once and not empty or not at all.
    pub(super) fn scheme_of_from(&self) -> Result<Scheme, HeaderError> {
        self.mandatory().from.and_then(AddrSpans::sound_scheme)
    }

    /// The same of the To address.
    pub(super) fn scheme_of_to(&self) -> Result<Scheme, HeaderError> {
        self.mandatory().to.and_then(AddrSpans::sound_scheme)
    }

    /// The URI of the To address.
    pub(super) fn to_uri(&self) -> Result<&[u8], HeaderError> {
        self.mandatory().to.map(|spans| spans.uri(&self.bytes))
    }

    /// The CSeq.
    #[inline]
    pub fn cseq(&self) -> Result<CSeq<'_>, HeaderError> {
        let (number, method, span) = self.mandatory().cseq?;
        Ok(CSeq {
            number,
            method,
            method_bytes: span.of(&self.bytes),
        })
    }

    /// The first value of the first Via header: of a request the previous hop, of a reply us.
    #[inline]
    pub fn top_via(&self) -> Result<Via<'_>, HeaderError> {
        match &self.mandatory().top_via {
            Ok(spans) => Ok(spans.view(&self.bytes)),
            Err(error) => Err(*error),
        }
    }

    /// The branch of [`Message::top_via`], without the rest of it.
    #[inline]
    pub fn top_branch(&self) -> Result<Option<&[u8]>, HeaderError> {
        let via = self.mandatory().top_via.as_ref();
        let via = via.map_err(|error| *error)?;
        Ok(via.branch(&self.bytes))
    }

    /// Whether the first Via line is one value without quotes.
    pub(crate) fn has_plain_via(&self) -> bool {
        self.mandatory()
            .top_via
            .is_ok_and(|via| via.is_plain_line())
    }

    /// The Call-ID: not empty, without white space.
    pub fn call_id(&self) -> Result<&[u8], HeaderError> {
        let value = self.value(HeaderId::CallId)?;
        match value.is_empty() || lex::has_lws(value) {
            true => Err(HeaderError::Malformed),
            false => Ok(value),
        }
    }

    /// All Via values in order, across header lines.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, HeaderError>> {
        // The first one is read already.
        let values = self.list(HeaderId::Via).enumerate();
        values.map(|(at, value)| match at {
            0 => self.top_via(),
            _ => Via::parse_in(&self.bytes, value),
        })
    }

    /// All Contact values in order.
    pub fn contacts(&self) -> impl Iterator<Item = Result<ContactValue<'_>, HeaderError>> {
        self.list(HeaderId::Contact)
            .map(|value| ContactValue::parse_in(&self.bytes, value))
    }

    /// All Route values in order.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderId::Route)
    }

    /// All Record-Route values in order.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderId::RecordRoute)
    }

    /// All Path values in order (RFC 3327).
    pub fn paths(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderId::Path)
    }

    /// All values of any header that lists addresses, in order.
    pub fn addresses(
        &self,
        id: HeaderId,
    ) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.list(id)
            .map(|value| NameAddr::parse_in(&self.bytes, value))
    }

    /// Value number `at`, from 0, of a header that lists addresses; those before it are not read.
    pub fn nth_address(
        &self,
        id: HeaderId,
        at: usize,
    ) -> Option<Result<NameAddr<'_>, HeaderError>> {
        let value = self.list(id).nth(at)?;
        Some(NameAddr::parse_in(&self.bytes, value))
    }

    /// Max-Forwards, 0 to 255; `None` without one.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        let narrow = |value: u32| u8::try_from(value).map_err(|_| HeaderError::Range);
        self.number_of(HeaderId::MaxForwards)?
            .map(narrow)
            .transpose()
    }

    /// Expires in seconds; `None` without one.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.number_of(HeaderId::Expires)
    }

    /// A header that is one number of up to 2^32-1; `None` without one.
    pub fn number_of(&self, id: HeaderId) -> Result<Option<u32>, HeaderError> {
        self.header(id)
            .map(|header| number(header.value))
            .transpose()
    }

    /// The media type with its parameters; `None` without one or with an empty one.
    pub fn content_type(&self) -> Option<&[u8]> {
        let value = self.header(HeaderId::ContentType)?.value;
        (!value.is_empty()).then_some(value)
    }

    /// The credentials of all Authorization or Proxy-Authorization headers, in order. A scheme
    /// other than Digest is passed over (RFC 4475 section 3.3.7).
    pub fn credentials(
        &self,
        id: HeaderId,
    ) -> impl Iterator<Item = Result<Credentials<'_>, HeaderError>> {
        self.all(id)
            .filter_map(|header| Credentials::parse(header.value).transpose())
    }

    #[inline]
    fn mandatory(&self) -> &Mandatory {
        match self.typed.mandatory.get() {
            Some(mandatory) => mandatory,
            None => self.read_mandatory(),
        }
    }

    #[inline(never)]
    fn read_mandatory(&self) -> &Mandatory {
        self.typed.mandatory.get_or_init(|| Mandatory {
            from: self.read_address(HeaderId::From),
            to: self.read_address(HeaderId::To),
            cseq: self.read_cseq(),
            top_via: self.read_top_via(),
        })
    }

    fn read_cseq(&self) -> Result<(u32, Method, Piece), HeaderError> {
        let cseq = CSeq::parse_beside(
            self.value(HeaderId::CSeq)?,
            self.start.method_of(&self.bytes),
        )?;
        let span = Piece::find(&self.bytes, cseq.method_bytes);
        Ok((cseq.number, cseq.method, span))
    }

    fn read_top_via(&self) -> Result<ViaSpans, HeaderError> {
        let line = self.value(HeaderId::Via)?;
        let is_plain = !line.is_empty() && memchr::memchr2(b',', b'"', line).is_none();
        let first = match is_plain {
            true => line,
            false => self
                .list(HeaderId::Via)
                .next()
                .ok_or(HeaderError::Missing)?,
        };
        let via = Via::parse_in(&self.bytes, first)?;
        Ok(ViaSpans::new(&self.bytes, &via, is_plain))
    }

    fn read_address(&self, id: HeaderId) -> Result<AddrSpans, HeaderError> {
        AddrSpans::read(&self.bytes, self.value(id)?)
    }
}

#[inline]
fn tag_of<'a>(
    address: &Result<AddrSpans, HeaderError>,
    bytes: &'a [u8],
) -> Result<&'a [u8], HeaderError> {
    match address {
        Ok(spans) => Ok(spans.tag(bytes)),
        Err(error) => Err(*error),
    }
}

/// A number of digits only; beyond 2^32-1 it is out of range.
pub(super) fn number(value: &[u8]) -> Result<u32, HeaderError> {
    let is_number = || !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    lex::decimal(value).ok_or_else(|| match is_number() {
        true => HeaderError::Range,
        false => HeaderError::Malformed,
    })
}
