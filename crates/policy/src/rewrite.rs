//! Rewriting single parts of a URI, as `$rU = …`, `rewritehost()` and `prefix()` do.

use bytes::Bytes;
use sip::{Scheme, Uri};

/// One change of a URI. All text is put in as it is; what comes out is parsed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriEdit<'a> {
    /// Another user part; empty takes user and password away.
    User(&'a [u8]),
    /// `user:password` in place of both.
    UserPassword(&'a [u8]),
    /// Another host; the port stays.
    Host(&'a [u8]),
    /// `host:port` in place of both.
    HostPort(&'a [u8]),
    /// `host:port;transport=x`: the transport parameter of the URI is replaced too.
    HostPortTransport(&'a [u8]),
    /// Another port; empty takes it away.
    Port(&'a [u8]),
    /// Text in front of the user part, which is made where there is none.
    Prefix(&'a [u8]),
    /// Takes so many octets from the front of the user part; more than there are take it away.
    Strip(usize),
    /// The same from its end.
    StripTail(usize),
}

/// The changed URI; none where the old one or the new one is no URI, or has no such part.
pub fn rewrite_uri(uri: &[u8], edit: UriEdit<'_>) -> Option<Bytes> {
    let old = Uri::parse(uri).ok()?;
    let changed = match old.scheme {
        Scheme::Tel => rewrite_tel(&old, edit)?,
        Scheme::Sip | Scheme::Sips => rewrite_sip(&old, edit),
        _ => return None,
    };
    Uri::parse(&changed).ok()?;
    Some(Bytes::from(changed))
}

fn rewrite_tel(old: &Uri<'_>, edit: UriEdit<'_>) -> Option<Vec<u8>> {
    let number = old.user.unwrap_or_default();
    let front = [scheme_of(old)].concat();
    let tail = old.params.raw();
    Some(match edit {
        UriEdit::User(user) => [&front, user, tail].concat(),
        UriEdit::Prefix(prefix) => [&front, prefix, number, tail].concat(),
        UriEdit::Strip(count) => [&front, number.get(count..)?, tail].concat(),
        UriEdit::StripTail(count) => [
            &front,
            number.get(..number.len().checked_sub(count)?)?,
            tail,
        ]
        .concat(),
        _ => return None,
    })
}

fn rewrite_sip(old: &Uri<'_>, edit: UriEdit<'_>) -> Vec<u8> {
    let user = old.user.unwrap_or_default();
    let mut parts = Parts::of(old);
    match edit {
        UriEdit::User(text) => parts.set_user(text),
        UriEdit::UserPassword(text) => parts.user = text.to_vec(),
        UriEdit::Host(text) => parts.host = text.to_vec(),
        UriEdit::HostPort(text) => (parts.host, parts.port) = (text.to_vec(), Vec::new()),
        UriEdit::HostPortTransport(text) => parts.set_host_port_transport(text),
        UriEdit::Port(text) => parts.port = text.to_vec(),
        UriEdit::Prefix(text) => parts.set_user(&[text, user].concat()),
        UriEdit::Strip(count) => parts.set_user(user.get(count..).unwrap_or_default()),
        UriEdit::StripTail(count) => parts.set_user(&user[..user.len().saturating_sub(count)]),
    }
    parts.join()
}

/// A sip URI in pieces.
struct Parts<'a> {
    scheme: &'a [u8],
    /// User and password with the colon between them.
    user: Vec<u8>,
    password: Option<&'a [u8]>,
    host: Vec<u8>,
    port: Vec<u8>,
    /// With the semicolon in front.
    params: Vec<u8>,
    headers: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(uri: &Uri<'a>) -> Parts<'a> {
        let mut parts = Parts {
            scheme: scheme_of(uri),
            user: Vec::new(),
            password: uri.password,
            host: uri.host.to_vec(),
            port: uri
                .port
                .map(|port| port.to_string().into_bytes())
                .unwrap_or_default(),
            params: uri.params.raw().to_vec(),
            headers: uri.headers,
        };
        parts.set_user(uri.user.unwrap_or_default());
        parts
    }

    fn set_user(&mut self, user: &[u8]) {
        self.user = user.to_vec();
        if let Some(password) = self.password.filter(|_| !user.is_empty()) {
            self.user.push(b':');
            self.user.extend_from_slice(password);
        }
    }

    fn set_host_port_transport(&mut self, text: &[u8]) {
        let end = text
            .iter()
            .position(|byte| *byte == b';')
            .unwrap_or(text.len());
        let (host_port, transport) = text.split_at(end);
        (self.host, self.port) = (host_port.to_vec(), Vec::new());
        if transport.is_empty() {
            return;
        }
        let mut params = transport.to_vec();
        for param in sip::Params::new(&self.params).filter(|param| !param.is(b"transport")) {
            params.push(b';');
            params.extend_from_slice(param.raw);
        }
        self.params = params;
    }

    fn join(self) -> Vec<u8> {
        let mut out = self.scheme.to_vec();
        if !self.user.is_empty() {
            out.extend_from_slice(&self.user);
            out.push(b'@');
        }
        out.extend_from_slice(&self.host);
        if !self.port.is_empty() {
            out.push(b':');
            out.extend_from_slice(&self.port);
        }
        out.extend_from_slice(&self.params);
        if let Some(headers) = self.headers {
            out.push(b'?');
            out.extend_from_slice(headers);
        }
        out
    }
}

/// The scheme with its colon, as written.
fn scheme_of<'a>(uri: &Uri<'a>) -> &'a [u8] {
    &uri.raw[..uri.raw.len() - uri.opaque.len()]
}

#[cfg(test)]
mod tests {
    use super::UriEdit::*;
    use super::*;

    #[test]
    fn each_part_changes_alone() {
        for (uri, edit, expected) in [
            (
                "sip:u:pw@a.example:5080;p=1?h=1",
                User(b"n"),
                "sip:n:pw@a.example:5080;p=1?h=1",
            ),
            (
                "sip:u:pw@a.example:5080;p=1?h=1",
                Host(b"b.example"),
                "sip:u:pw@b.example:5080;p=1?h=1",
            ),
            (
                "sip:bob@a.example:5070;lr",
                User(b""),
                "sip:a.example:5070;lr",
            ),
            ("sip:a.example", User(b"u"), "sip:u@a.example"),
            ("sip:bob@a.example:5070", Port(b""), "sip:bob@a.example"),
            ("sip:bob@a.example", Port(b"99"), "sip:bob@a.example:99"),
            ("sip:bob@a.example;lr", HostPort(b"h:9"), "sip:bob@h:9;lr"),
            (
                "sip:b@a.example:1;transport=tcp;lr",
                HostPortTransport(b"h:9;transport=udp"),
                "sip:b@h:9;transport=udp;lr",
            ),
            (
                "sip:bob@a.example",
                UserPassword(b"zed:pw"),
                "sip:zed:pw@a.example",
            ),
            ("sip:bob@a.example", Prefix(b"00"), "sip:00bob@a.example"),
            ("sip:a.example", Prefix(b"1"), "sip:1@a.example"),
            ("sip:bob@a.example", Strip(1), "sip:ob@a.example"),
            ("sip:bob@a.example", Strip(9), "sip:a.example"),
            ("sip:bob@a.example", StripTail(2), "sip:b@a.example"),
            ("tel:+12345;x=y", Strip(1), "tel:12345;x=y"),
            ("tel:+12345", Prefix(b"1"), "tel:1+12345"),
        ] {
            let changed = rewrite_uri(uri.as_bytes(), edit);
            assert_eq!(
                changed.as_deref(),
                Some(expected.as_bytes()),
                "{uri} {edit:?}"
            );
        }
    }

    #[test]
    fn what_would_be_no_uri_is_refused() {
        for (uri, edit) in [
            ("sip:bob@a.example", Host(b"")),
            ("sip:bob@a.example", Host(b"a b")),
            ("sip:bob@a.example", Port(b"x")),
            ("sip:bob@a.example", User(b"a\r\nVia: x")),
            ("tel:+1", Host(b"h")),
            ("urn:x:y", User(b"u")),
            ("", User(b"u")),
        ] {
            assert_eq!(rewrite_uri(uri.as_bytes(), edit), None, "{uri} {edit:?}");
        }
    }
}
