//! Addresses in headers: From, To, Contact, Route, Record-Route, Path and their kin.

use crate::lex::{self, class};
use crate::{HeaderError, Param, Params, Span, Uri, UriError};

/// One `name-addr` or `addr-spec` with its header parameters, RFC 3261 section 20.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as received, with its quotes; empty without one.
    pub display: &'a [u8],
    /// The URI without angle brackets, not yet parsed.
    pub uri: &'a [u8],
    /// Whether the URI stands in angle brackets.
    pub bracketed: bool,
    /// The header's parameters, not the URI's.
    pub params: Params<'a>,
    /// All of the value, trimmed.
    pub raw: &'a [u8],
    /// Where `raw` lies: in the message, or in the text given to [`NameAddr::parse`].
    pub span: Span,
    /// The tag, where it was looked for already.
    pub(crate) known_tag: Option<Tag<'a>>,
}

/// What the parameters of an address say of its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Its octets; empty without one.
    pub(crate) value: &'a [u8],
    /// It stands there once and not empty, or not at all.
    pub(crate) sound: bool,
}

impl<'a> NameAddr<'a> {
    /// Reads one value. A display name may hold what Kamailio lets through (UTF-8, no blank before
    /// `<`), but no open quote and no comma or semicolon outside quotes; an address without
    /// brackets may hold no `?` and no comma, since RFC 3261 section 20 demands brackets then.
    pub fn parse(value: &'a [u8]) -> Result<Self, HeaderError> {
        Self::parse_in(value, value)
    }

    /// As [`NameAddr::parse`], with the span counted in `whole`, of which `value` is a part.
    pub(crate) fn parse_in(whole: &'a [u8], value: &'a [u8]) -> Result<Self, HeaderError> {
        let raw = lex::trim(value);
        let span = Span::find(whole, raw).ok_or(HeaderError::Malformed)?;
        let display_end = display_len(raw)?;
        let (display, rest) = raw.split_at(display_end);
        let (uri, bracketed, tail) = match rest {
            [b'<', inner @ ..] => {
                let (uri, tail) = inner.split_at(lex::long_run(inner, class::BRACKETED));
                let tail = tail.strip_prefix(b">").ok_or(HeaderError::Malformed)?;
                (uri, true, lex::trim(tail))
            }
            _ => bare(rest)?,
        };
        if uri.is_empty() || !matches!(tail, [] | [b';', ..]) {
            return Err(HeaderError::Malformed);
        }
        let (display, params) = (lex::trim(display), Params::new(tail));
        Ok(Self {
            display,
            uri,
            bracketed,
            params,
            raw,
            span,
            known_tag: None,
        })
    }

    /// Reads `Name <sip:user@host:port;params>;tag=value` without quotes and escapes, as most are, with its URI in one
    /// pass; `None` for others.
    #[inline]
    pub(crate) fn parse_plain(whole: &'a [u8], value: &'a [u8]) -> Option<(Self, Uri<'a>)> {
        let (display, rest) = value.split_at(display_len(value).ok()?);
        let (uri, rest) = Uri::plain_prefix(rest.strip_prefix(b"<")?)?;
        let params = rest.strip_prefix(b">")?;
        let tag = match params {
            [] => params,
            [b';', b't', b'a', b'g', b'=', tag @ ..] => tag,
            _ => return None,
        };
        if tag.len() != lex::long_run(tag, class::PARAM) || tag.is_empty() != params.is_empty() {
            return None;
        }
        let address = Self {
            display: lex::trim(display),
            uri: uri.raw,
            bracketed: true,
            params: Params::new(params),
            raw: value,
            span: Span::find(whole, value)?,
            known_tag: Some(Tag {
                value: tag,
                sound: true,
            }),
        };
        Some((address, uri))
    }

    /// The dialog tag; `None` without one or with an empty one.
    pub fn tag(&self) -> Option<&'a [u8]> {
        Some(self.read_tag().value).filter(|tag| !tag.is_empty())
    }

    /// The tag, and whether it is one.
    pub(crate) fn read_tag(&self) -> Tag<'a> {
        self.known_tag.unwrap_or_else(|| {
            let mut tags = self.params.filter(|param| param.is(b"tag"));
            let first = tags.next().map(|param| param.value.unwrap_or_default());
            let sound = first.is_none_or(|tag| !tag.is_empty() && !tag.contains(&b'"'));
            Tag {
                value: first.unwrap_or_default(),
                sound: sound && tags.next().is_none(),
            }
        })
    }

    /// The first header parameter of that name, in any case.
    pub fn param(&self, name: &[u8]) -> Option<Param<'a>> {
        self.params.find_name(name)
    }

    /// The URI, parsed.
    pub fn parse_uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri)
    }

    /// The display name without the quotes around it; escapes stay.
    pub fn display_unquoted(&self) -> &'a [u8] {
        match self.display {
            [b'"', inner @ .., b'"'] => inner,
            display => display,
        }
    }
}

/// One value of a Contact header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactValue<'a> {
    /// `*`: all bindings, RFC 3261 section 10.2.2.
    Star,
    /// An address.
    Addr(NameAddr<'a>),
}

impl<'a> ContactValue<'a> {
    pub(crate) fn parse_in(whole: &'a [u8], value: &'a [u8]) -> Result<Self, HeaderError> {
        match lex::trim(value) {
            b"*" => Ok(Self::Star),
            value => NameAddr::parse_in(whole, value).map(Self::Addr),
        }
    }
}

/// How much of `raw` stands before the `<` of a name-addr; 0 for an addr-spec.
fn display_len(raw: &[u8]) -> Result<usize, HeaderError> {
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        at += lex::run(rest, class::DISPLAY);
        match raw.get(at) {
            Some(b'<') => return Ok(at),
            Some(b'"') => at += lex::quoted_len(&raw[at..]).ok_or(HeaderError::Malformed)?,
            // An addr-spec: its URI ends there, and no bracket may follow.
            _ => return Ok(0),
        }
    }
    Ok(0)
}

/// An addr-spec and its tail of header parameters.
fn bare(rest: &[u8]) -> Result<(&[u8], bool, &[u8]), HeaderError> {
    let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let (uri, tail) = rest.split_at(end);
    let uri = lex::trim(uri);
    let is_refused =
        |byte: u8| lex::is_lws(byte) || matches!(byte, b',' | b'?' | b'"' | b'<' | b'>');
    match uri.iter().any(|&byte| is_refused(byte)) {
        true => Err(HeaderError::Malformed),
        false => Ok((uri, false, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::NameAddr;

    fn show(text: &str) -> String {
        match NameAddr::parse(text.as_bytes()) {
            Ok(a) => format!(
                "{}|{}|{}",
                String::from_utf8_lossy(a.display),
                String::from_utf8_lossy(a.uri),
                String::from_utf8_lossy(a.params.raw())
            ),
            Err(error) => format!("{error}"),
        }
    }

    #[test]
    fn forms() {
        for (text, expect) in [
            ("<sip:a@b>", "|sip:a@b|"),
            (
                "\"A, <B>\" <sip:a@b;x=1> ;tag=9",
                "\"A, <B>\"|sip:a@b;x=1|;tag=9",
            ),
            ("caller<sip:a@b>;tag=1", "caller|sip:a@b|;tag=1"),
            ("sip:a@b ;\r\n tag = 2", "|sip:a@b|;\r\n tag = 2"),
            ("\"A\\\"B\" \r\n <sip:x>", "\"A\\\"B\"|sip:x|"),
        ] {
            assert_eq!(show(text), expect, "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "<>",
            "<sip:a",
            "\"A <sip:a@b>",
            "< sip:a@b >",
            "A, B <sip:a@b>",
            "<sip:a>x",
            "sip:a@b?Route=x",
            "sip:a, sip:b",
            "\"x\"",
            "<<sip:a>>",
            "a b",
        ] {
            assert_eq!(show(text), "header malformed", "{text}");
        }
    }

    /// Addresses that the one pass reads, three of them, and others.
    const PLAIN_OR_NOT: [&str; 19] = [
        "<sip:a@b>",
        "Bob <sip:bob@biloxi.example.com:5060;transport=udp>;tag=1",
        "\"A, <B>\" <sip:192.0.2.1>;tag=a-b.c",
        "<sip:a@b.c.>;tag=x=y",
        "<sip:a@b>;tag=",
        "<sip:a@b>;x;tag=1",
        "<sip:a@b>;tag=\"1\"",
        "<sip:a@b;x=c@d>",
        "<sip:a;x=c@d>",
        "<sip:a@b?c=d>",
        "<sip:a:b@c>",
        "<sip:%41@c>",
        "<sip:@c>",
        "<sip:a@b..c>",
        "<sip:a@1.2.3.256>",
        "<sip:a@b:65536>",
        "<sip:a@[::1]>",
        "<sips:a@b>",
        "sip:a@b",
    ];

    /// The one pass says what the general one says, wherever it says something.
    #[test]
    fn plain_ones_read_the_same_in_one_pass() {
        let mut plain = 0;
        for text in PLAIN_OR_NOT {
            let Some((address, uri)) = NameAddr::parse_plain(text.as_bytes(), text.as_bytes())
            else {
                continue;
            };
            plain += 1;
            let general = NameAddr::parse(text.as_bytes()).expect("well-formed");
            assert_eq!(address.tag(), general.tag(), "{text}");
            assert_eq!(general.parse_uri(), Ok(uri), "{text}");
            let known_tag = general.known_tag;
            let address = NameAddr {
                known_tag,
                ..address
            };
            assert_eq!(address, general, "{text}");
        }
        assert_eq!(plain, 3);
    }

    #[test]
    fn tags() {
        let tag = |text: &'static str| NameAddr::parse(text.as_bytes()).ok().and_then(|a| a.tag());
        assert_eq!(tag("<sip:a;tag=no>;x;TAG = 7"), Some(&b"7"[..]));
        assert_eq!(tag("<sip:a>;tag="), None);
        assert_eq!(tag("sip:a;tag=5"), Some(&b"5"[..]));
    }
}
