//! URIs: sip, sips, tel, and others kept opaque. RFC 3261 section 19.1, RFC 3966.

mod equal;
mod host;

pub use equal::equivalent;
pub(crate) use host::{HostPort, host_port_prefix};
pub use host::{host_addr, split_host_port};

use crate::lex::{self, class};
use crate::{Param, Params};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// What a URI begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// `urn:`; opaque.
    Urn,
    /// Any other scheme; opaque.
    Other,
}

/// One URI, read but not changed: escapes stay escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The scheme.
    pub scheme: Scheme,
    /// The user part, or the number of a `tel:` URI.
    pub user: Option<&'a [u8]>,
    /// The password; nobody should send one.
    pub password: Option<&'a [u8]>,
    /// The host, an IPv6 reference with its brackets; empty without one (`tel:`, opaque).
    pub host: &'a [u8],
    /// The port, where given.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params<'a>,
    /// What follows the `?`; never becomes headers by itself.
    pub headers: Option<&'a [u8]>,
    /// What follows the scheme's colon.
    pub opaque: &'a [u8],
    /// All of it.
    pub raw: &'a [u8],
}

/// Why text is no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriError {
    /// No scheme, or none that is a scheme name.
    Scheme,
    /// White space, a control octet, a quote or an angle bracket.
    Octet,
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// An empty user part before `@`, or an empty number.
    User,
    /// No host, or one that is neither a name nor an address in its one canonical form.
    Host,
    /// A port that is no number below 65,536.
    Port,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "no URI scheme",
            Self::Octet => "octet that no URI may hold",
            Self::Escape => "broken escape",
            Self::User => "empty user",
            Self::Host => "bad host",
            Self::Port => "bad port",
        })
    }
}

impl std::error::Error for UriError {}

impl<'a> Uri<'a> {
    /// Reads a URI without brackets around it.
    ///
    /// Strict where a lenient reader and a lenient next hop could disagree: escapes must be whole,
    /// a host must be a name or a canonical address (`127.1`, `0177.0.0.1`, `2130706433`, zone
    /// identifiers are refused), a port must fit. Lenient where nothing can go wrong: UTF-8 and
    /// RFC 2396's unwise characters in the user part, three colons in an IPv6 reference.
    pub fn parse(raw: &'a [u8]) -> Result<Self, UriError> {
        match Self::plain_prefix(raw) {
            Some((uri, [])) => Ok(uri),
            _ => Self::parse_any(raw),
        }
    }

    fn parse_any(raw: &'a [u8]) -> Result<Self, UriError> {
        let (scheme, opaque) = split_scheme(raw)?;
        let marks = Marks::of(opaque)?;
        let mut uri = Self {
            scheme,
            opaque,
            raw,
            user: None,
            password: None,
            host: b"",
            port: None,
            params: Params::default(),
            headers: None,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => uri.read_sip(marks)?,
            Scheme::Tel => uri.read_tel()?,
            Scheme::Urn | Scheme::Other if opaque.is_empty() => return Err(UriError::Host),
            Scheme::Urn | Scheme::Other => {}
        }
        Ok(uri)
    }

    /// Reads `sip:user@host:port;params` without password, headers and escapes, as nearly all are, off the start of
    /// `text` in one pass. What follows is no octet of such a URI; `None` for others.
    pub(crate) fn plain_prefix(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let opaque = text.strip_prefix(b"sip:")?;
        let (user, rest) = opaque.split_at(lex::run(opaque, class::URI));
        let (user, host) = match rest {
            [b'@', rest @ ..] if !user.is_empty() => (Some(user), rest),
            _ => (None, opaque),
        };
        let HostPort {
            host, port, rest, ..
        } = host_port_prefix(host)?;
        let (params, rest) = match rest {
            [b';', ..] => rest.split_at(lex::run(rest, class::URI_PARAMS)),
            _ => rest.split_at(0),
        };
        let uri = Self {
            scheme: Scheme::Sip,
            user,
            password: None,
            host,
            port,
            params: Params::new(params),
            headers: None,
            opaque: opaque.get(..opaque.len() - rest.len())?,
            raw: text.get(..text.len() - rest.len())?,
        };
        Some((uri, rest))
    }

    /// The first parameter of that name, in any case.
    pub fn param(&self, name: &[u8]) -> Option<Param<'a>> {
        self.params.find_name(name)
    }

    /// The user part with its escapes resolved once; empty without one.
    pub fn user_unescaped(&self) -> Cow<'a, [u8]> {
        unescape(self.user.unwrap_or_default())
    }

    /// The host as an address, where it is one.
    pub fn host_addr(&self) -> Option<IpAddr> {
        host_addr(self.host)
    }

    /// Whether the scheme is `sip:` or `sips:`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    fn read_sip(&mut self, marks: Marks) -> Result<(), UriError> {
        let mut start = 0;
        // The user part may hold `;` and `?` unescaped, so the first `@` decides before them.
        if let Some(at) = marks.at {
            let end = marks.colon.unwrap_or(at);
            let user = self.part(0, end);
            if user.is_empty() {
                return Err(UriError::User);
            }
            self.user = Some(user);
            self.password = marks.colon.map(|colon| self.part(colon + 1, at));
            start = at + 1;
        }
        let end = marks.tail.unwrap_or(self.opaque.len());
        (self.host, self.port) = split_host_port(self.part(start, end))?;
        let (params, headers) = split_once(self.part(end, self.opaque.len()), b'?');
        (self.params, self.headers) = (Params::new(params), headers);
        Ok(())
    }

    fn part(&self, start: usize, end: usize) -> &'a [u8] {
        self.opaque.get(start..end).unwrap_or_default()
    }

    fn read_tel(&mut self) -> Result<(), UriError> {
        let end = memchr::memchr(b';', self.opaque).unwrap_or(self.opaque.len());
        let (number, params) = self.opaque.split_at(end);
        if number.is_empty() || number == b"+" {
            return Err(UriError::User);
        }
        (self.user, self.params) = (Some(number), Params::new(params));
        Ok(())
    }
}

/// Resolves `%xx` escapes once; what is no whole escape stays as it is.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        match escape_value(rest) {
            Some(value) => {
                out.push(value);
                rest = &rest[3..];
            }
            None => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(out)
}

/// The octet that the escape at the front of `text` stands for.
fn escape_value(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |hex: u8| {
        char::from(hex)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(*high)? << 4 | digit(*low)?)
}

fn split_scheme(raw: &[u8]) -> Result<(Scheme, &[u8]), UriError> {
    if let [b's', b'i', b'p', b':', rest @ ..] = raw {
        return Ok((Scheme::Sip, rest));
    }
    let end = memchr::memchr(b':', raw).ok_or(UriError::Scheme)?;
    let (name, rest) = (&raw[..end], &raw[end + 1..]);
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !name.first().is_some_and(u8::is_ascii_alphabetic) || !name.iter().all(word) {
        return Err(UriError::Scheme);
    }
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    let scheme = match name.len() {
        3 if is(b"sip") => Scheme::Sip,
        4 if is(b"sips") => Scheme::Sips,
        3 if is(b"tel") => Scheme::Tel,
        3 if is(b"urn") => Scheme::Urn,
        _ => Scheme::Other,
    };
    Ok((scheme, rest))
}

/// Where the parts of a `sip:` URI meet, found in one pass over what follows the scheme.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    /// The first `@`.
    at: Option<usize>,
    /// The first colon before it.
    colon: Option<usize>,
    /// The first `;` or `?` behind it.
    tail: Option<usize>,
}

impl Marks {
    /// Finds them, and refuses what no URI of any scheme may hold.
    fn of(text: &[u8]) -> Result<Marks, UriError> {
        let (mut marks, mut first_colon, mut escaped) = (Marks::default(), None, false);
        let mut next = 0;
        while let Some(rest) = text.get(next..) {
            let place = next + lex::run(rest, class::URI);
            next = place + 1;
            match text.get(place) {
                None => break,
                Some(b'%') => escaped = true,
                Some(b':') => first_colon = first_colon.or(Some(place)),
                Some(b';' | b'?') => marks.tail = marks.tail.or(Some(place)),
                Some(b'@') if marks.at.is_some() => {}
                Some(b'@') => {
                    (marks.at, marks.colon, marks.tail) = (Some(place), first_colon, None)
                }
                Some(_) => return Err(UriError::Octet),
            }
        }
        let broken = |at: usize| escape_value(text.get(at..).unwrap_or_default()).is_none();
        match escaped && memchr::memchr_iter(b'%', text).any(broken) {
            true => Err(UriError::Escape),
            false => Ok(marks),
        }
    }
}

fn split_once(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests;
