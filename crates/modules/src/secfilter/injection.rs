//! Text that looks like an attempt to end a string of SQL.

use sip::{ContactValue, HeaderId, Message, NameAddr};

/// True where the text has a quote, `--`, or an escaped `$`, `'` or backquote: what Kamailio looks
/// for.
pub(super) fn looks_like_sql(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| match byte {
        b'\'' | b'"' => true,
        b'-' => text.get(at + 1) == Some(&b'-'),
        b'%' => matches!(text.get(at + 1..at + 3), Some(b"24" | b"27" | b"60")),
        _ => false,
    })
}

/// A part of a message with such text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suspicion<'a> {
    /// Which part, for the log.
    pub(super) part: &'static str,
    /// The text.
    pub(super) text: &'a [u8],
}

/// The first of User-Agent, and of name, user and host of From, To and each Contact.
pub(super) fn suspicious(message: &Message) -> Option<Suspicion<'_>> {
    let agent = message.header(HeaderId::UserAgent);
    let agent = agent
        .map(|header| header.value)
        .filter(|text| looks_like_sql(text));
    if let Some(text) = agent {
        let part = "User-agent";
        return Some(Suspicion { part, text });
    }
    let from = message.from().ok();
    let from = from.and_then(|from| of_address(&from, ["From name", "From user", "From domain"]));
    from.or_else(|| {
        let to = message.to().ok()?;
        of_address(&to, ["To name", "To user", "To domain"])
    })
    .or_else(|| {
        let parts = ["Contact name", "Contact user", "Contact domain"];
        message.contacts().find_map(|contact| match contact {
            Ok(ContactValue::Addr(address)) => of_address(&address, parts),
            _ => None,
        })
    })
}

/// `parts` are the words for name, user and host. A URI that is none is looked at as a user.
fn of_address<'a>(address: &NameAddr<'a>, parts: [&'static str; 3]) -> Option<Suspicion<'a>> {
    let (user, host) = match address.parse_uri() {
        Ok(uri) => (uri.user.unwrap_or_default(), uri.host),
        Err(_) => (address.uri, b"".as_slice()),
    };
    let texts = [address.display_unquoted(), user, host];
    let mut all = parts.into_iter().zip(texts);
    all.find(|(_, text)| looks_like_sql(text))
        .map(|(part, text)| Suspicion { part, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell was seen in Kamailio 5.6.3.
    #[test]
    fn what_looks_like_sql() {
        for text in ["a'b", "a\"b", "a--b", "x%24", "x%27y", "%60"] {
            assert!(looks_like_sql(text.as_bytes()), "{text}");
        }
        for text in [
            "", "a-b", "a#b=c;d", "%23%3d", "%2d%2d", "`$", "a;b/*x*/", "x%22", "%2", "%",
        ] {
            assert!(!looks_like_sql(text.as_bytes()), "{text}");
        }
    }
}
