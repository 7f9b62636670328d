//! A message as a phone hears it.
//!
//! This is not the parser under test: what the server sends is read with as little of its own code as
//! possible, and nothing is refused.

use sip::HeaderId;

/// A message, split into lines and no further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The first line.
    pub line: String,
    /// The headers in order: long name, value with folds taken out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Everything, as text.
    pub message: String,
}

impl Heard {
    /// Splits a message.
    pub fn new(octets: &[u8]) -> Heard {
        let message = String::from_utf8_lossy(octets).into_owned();
        let (head, body) = message.split_once("\r\n\r\n").unwrap_or((&message, ""));
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                _ => {
                    let (name, value) = line.split_once(':').unwrap_or((line, ""));
                    headers.push((long_name(name.trim()), value.trim().to_owned()));
                }
            }
        }
        Heard {
            line,
            headers,
            body: body.to_owned(),
            message,
        }
    }

    /// The status code of a reply.
    pub fn status(&self) -> Option<u16> {
        let rest = self.line.strip_prefix("SIP/2.0 ")?;
        rest.split(' ').next()?.parse().ok()
    }

    /// The reason phrase of a reply.
    pub fn phrase(&self) -> &str {
        match self.status() {
            Some(_) => self.line.splitn(3, ' ').nth(2).unwrap_or_default(),
            None => "",
        }
    }

    /// The method of a request, or the one that a reply answers.
    pub fn method(&self) -> &str {
        match self.status() {
            Some(_) => self
                .value("CSeq")
                .and_then(|value| value.split_whitespace().nth(1))
                .unwrap_or_default(),
            None => self.line.split(' ').next().unwrap_or_default(),
        }
    }

    /// The Request-URI of a request.
    pub fn uri(&self) -> &str {
        match self.status() {
            Some(_) => "",
            None => self.line.split(' ').nth(1).unwrap_or_default(),
        }
    }

    /// The first header of a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.lines(name).next()
    }

    /// All headers of a name.
    pub fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = long_name(name);
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.as_str())
    }

    /// All values of a name; those of lists one by one.
    pub fn values(&self, name: &str) -> Vec<String> {
        let lines = self.lines(name);
        if !LISTS
            .iter()
            .any(|list| list.eq_ignore_ascii_case(&long_name(name)))
        {
            return lines.map(str::to_owned).collect();
        }
        lines
            .flat_map(|line| sip::split_values(line.as_bytes()))
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The value of a parameter of the first header of a name: `tag` of `From`.
    pub fn param(&self, name: &str, param: &str) -> Option<&str> {
        let value = self.value(name)?;
        let after_uri = value.find('>').map_or(value, |end| &value[end..]);
        after_uri.split([';', ',']).find_map(|part| {
            let (known, value) = part.split_once('=')?;
            known
                .trim()
                .eq_ignore_ascii_case(param)
                .then(|| value.trim())
        })
    }

    /// The branch of the topmost Via.
    pub fn branch(&self) -> &str {
        self.param("Via", "branch").unwrap_or_default()
    }

    /// What tells a copy from a new message: a copy has the same first line, branch, CSeq and tags.
    pub fn identity(&self) -> String {
        let tag = |name| self.param(name, "tag").unwrap_or_default();
        format!(
            "{}|{}|{}|{}|{}",
            self.line,
            self.branch(),
            self.value("CSeq").unwrap_or_default(),
            self.value("Call-ID").unwrap_or_default(),
            tag("To")
        )
    }
}

/// The long form of a header name.
fn long_name(name: &str) -> String {
    match HeaderId::lookup(name.as_bytes()) {
        HeaderId::Other => name.to_owned(),
        known => known.canonical_name().to_owned(),
    }
}

/// Headers whose values stand in lists.
const LISTS: [&str; 16] = [
    "Via",
    "Route",
    "Record-Route",
    "Path",
    "Contact",
    "Service-Route",
    "Supported",
    "Unsupported",
    "Require",
    "Proxy-Require",
    "Allow",
    "Accept",
    "Allow-Events",
    "Diversion",
    "P-Asserted-Identity",
    "History-Info",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_split() {
        let heard = Heard::new(
            b"SIP/2.0 486 Busy Here\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1,\r\n SIP/2.0/UDP b\r\n\
              To: \"x;tag=0\" <sip:b;tag=1>;tag=2\r\nCSeq: 1 INVITE\r\nX:y\r\n\r\nbody",
        );
        assert_eq!(heard.status(), Some(486));
        assert_eq!(heard.phrase(), "Busy Here");
        assert_eq!(heard.method(), "INVITE");
        assert_eq!(heard.values("Via").len(), 2);
        assert_eq!(heard.branch(), "z9hG4bK1");
        assert_eq!(heard.param("To", "tag"), Some("2"));
        assert_eq!(heard.value("x"), Some("y"));
        assert_eq!(heard.body, "body");
    }
}
