//! The Via header, RFC 3261 section 20.42.

use crate::lex::{self, class};
use crate::uri::{HostPort, host_addr, host_port_prefix, split_host_port};
use crate::{HeaderError, Params, Span};
use std::net::{IpAddr, Ipv4Addr};

/// The magic cookie in front of every RFC 3261 branch.
pub(crate) const COOKIE: &[u8] = b"z9hG4bK";

/// One Via value: the hop it names and what its maker and its receiver noted on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `WS` or any other token, as received.
    pub transport: &'a [u8],
    /// The sent-by host; an IPv6 reference with its brackets.
    pub host: &'a [u8],
    /// The sent-by port, where given.
    pub port: Option<u16>,
    /// Host and port as received.
    pub sent_by: &'a [u8],
    /// All parameters.
    pub params: Params<'a>,
    /// The transaction's name.
    pub branch: Option<&'a [u8]>,
    /// The address the request came from, noted by its receiver.
    pub received: Option<&'a [u8]>,
    /// `Some(None)` asks for the port (RFC 3581), `Some(Some(port))` tells it.
    pub rport: Option<Option<u16>>,
    /// Where replies are wanted instead; never followed blindly.
    pub maddr: Option<&'a [u8]>,
    /// Multicast scope.
    pub ttl: Option<u8>,
    /// Whether the connection may be used for requests back (RFC 5923).
    pub alias: bool,
    /// All of the value, trimmed.
    pub raw: &'a [u8],
    /// Where `raw` lies: in the message, or in the text given to [`Via::parse`].
    pub span: Span,
    /// The host, where it was read as an IPv4 address.
    pub(crate) address: Option<Ipv4Addr>,
}

impl<'a> Via<'a> {
    /// Reads one value. A repeated branch, received, rport, maddr or ttl is malformed, since
    /// two readers could disagree on which one counts.
    pub fn parse(value: &'a [u8]) -> Result<Self, HeaderError> {
        Self::parse_in(value, value)
    }

    /// As [`Via::parse`], with the span counted in `whole`, of which `value` is a part.
    pub(crate) fn parse_in(whole: &'a [u8], value: &'a [u8]) -> Result<Self, HeaderError> {
        let raw = lex::trim(value);
        let span = Span::find(whole, raw).ok_or(HeaderError::Malformed)?;
        let (transport, rest) = sent_protocol(raw).ok_or(HeaderError::Malformed)?;
        let (sent_by, place) = sent_by(rest)?;
        let params = Params::new(place.rest);
        let mut via = Self {
            transport,
            host: place.host,
            address: place.address,
            port: place.port,
            sent_by,
            params,
            raw,
            span,
            branch: None,
            received: None,
            rport: None,
            maddr: None,
            ttl: None,
            alias: false,
        };
        via.read_params()?;
        Ok(via)
    }

    /// Whether the branch is an RFC 3261 one: the cookie and something behind it.
    pub fn has_cookie(&self) -> bool {
        self.branch.is_some_and(|b| {
            b.len() > COOKIE.len() && b[..COOKIE.len()].eq_ignore_ascii_case(COOKIE)
        })
    }

    /// The sent-by host as an address, where it is one.
    #[inline]
    pub fn host_addr(&self) -> Option<IpAddr> {
        match self.address {
            Some(address) => Some(address.into()),
            None => host_addr(self.host),
        }
    }

    /// The `received` parameter as an address; an IPv6 address may have brackets (RFC 5118 4.5).
    pub fn received_addr(&self) -> Option<IpAddr> {
        host_addr(self.received?)
    }

    fn read_params(&mut self) -> Result<(), HeaderError> {
        for param in self.params {
            let value = param.value;
            match param.name.len() {
                6 if param.is(b"branch") => once(&mut self.branch, value)?,
                8 if param.is(b"received") => once(&mut self.received, value)?,
                5 if param.is(b"maddr") => once(&mut self.maddr, value)?,
                5 if param.is(b"alias") => self.alias = true,
                5 if param.is(b"rport") => {
                    if self.rport.is_some() {
                        return Err(HeaderError::Malformed);
                    }
                    self.rport = Some(optional_port(value)?);
                }
                3 if param.is(b"ttl") => {
                    let ttl = value
                        .and_then(lex::decimal)
                        .and_then(|n| u8::try_from(n).ok());
                    if self.ttl.is_some() || ttl.is_none() {
                        return Err(HeaderError::Malformed);
                    }
                    self.ttl = ttl;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn once<'a>(slot: &mut Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<(), HeaderError> {
    let value = value
        .filter(|text| !text.is_empty())
        .ok_or(HeaderError::Malformed)?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(HeaderError::Malformed),
    }
}

fn optional_port(value: Option<&[u8]>) -> Result<Option<u16>, HeaderError> {
    match value {
        None | Some(b"") => Ok(None),
        Some(digits) => lex::decimal(digits)
            .and_then(|port| u16::try_from(port).ok())
            .map(Some)
            .ok_or(HeaderError::Malformed),
    }
}

/// Reads host and port, and answers both as received too.
fn sent_by(text: &[u8]) -> Result<(&[u8], HostPort<'_>), HeaderError> {
    if let Some(
        place @ HostPort {
            rest: [] | [b';', ..],
            ..
        },
    ) = host_port_prefix(text)
    {
        let sent_by = text.get(..text.len() - place.rest.len());
        return Ok((sent_by.unwrap_or_default(), place));
    }
    let end = memchr::memchr(b';', text).unwrap_or(text.len());
    let (sent_by, rest) = text.split_at(end);
    let sent_by = lex::trim(sent_by);
    let Ok((host, port)) = split_host_port(sent_by) else {
        return Err(HeaderError::Malformed);
    };
    let place = HostPort {
        host,
        address: None,
        port,
        rest,
    };
    Ok((sent_by, place))
}

/// Reads `SIP / 2.0 / transport` and the white space behind it.
fn sent_protocol(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    if let [b'S', b'I', b'P', b'/', b'2', b'.', b'0', b'/', rest @ ..] = raw {
        return transport(rest);
    }
    let (name, rest) = token(raw)?;
    let rest = lex::trim_start(rest).strip_prefix(b"/")?;
    let (version, rest) = token(lex::trim_start(rest))?;
    let rest = lex::trim_start(rest).strip_prefix(b"/")?;
    if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
        return None;
    }
    transport(rest)
}

fn transport(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (transport, rest) = token(lex::trim_start(text))?;
    let behind = lex::trim_start(rest);
    (behind.len() < rest.len()).then_some((transport, behind))
}

fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = lex::run(text, class::TOKEN);
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::Via;

    fn parse(text: &str) -> Option<Via<'_>> {
        Via::parse(text.as_bytes()).ok()
    }

    #[test]
    fn forms() {
        let via = parse("SIP/2.0/UDP 192.0.2.2:5061;branch=z9hG4bKx;rport;alias").expect("plain");
        assert_eq!(
            (via.transport, via.host, via.port),
            (&b"UDP"[..], &b"192.0.2.2"[..], Some(5061))
        );
        assert_eq!(
            (via.rport, via.alias, via.has_cookie()),
            (Some(None), true, true)
        );
        let via =
            parse("sip  / 2.0\r\n /TCP   [2001:db8::1] : 99 ;\r\n received = [::1];rport=7;ttl=3");
        let via = via.expect("blanks");
        assert_eq!((via.host, via.port), (&b"[2001:db8::1]"[..], Some(99)));
        assert_eq!(via.received_addr(), "::1".parse().ok());
        assert_eq!(
            (via.rport, via.ttl, via.has_cookie()),
            (Some(Some(7)), Some(3), false)
        );
    }

    #[test]
    fn the_bare_cookie_is_no_branch_of_ours() {
        assert!(
            !parse("SIP/2.0/UDP h;branch=z9hG4bK")
                .expect("parses")
                .has_cookie()
        );
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0/UDP ;branch=x",
            "SIP/2.0 UDP h",
            "SIP/3.0/UDP h",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP [fe80::1%eth0]",
            "SIP/2.0/UDP h:",
            "SIP/2.0/UDP h:65536",
            "SIP/2.0/UDP h;branch=a;branch=b",
            "SIP/2.0/UDP h;rport;rport=1",
            "SIP/2.0/UDP h;ttl=256",
            "SIP/2.0/UDP h;rport=-1",
            "SIP/2.0/UDP h i",
            "HTTP/2.0/UDP h",
            "SIP/2.0/UDP h;branch=",
            "SIP/2.0/UDP h:50 60",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
