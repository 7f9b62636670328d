//! Places, and the parts of messages that checks are about.

use super::step::{Check, Subject, Test};
use policy::Proto;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Reads `udp:127.0.0.1:5071`.
pub(super) fn place(text: &str) -> Result<(Proto, SocketAddr), String> {
    let (proto, at) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` is no place: write `udp:127.0.0.1:5071`"))?;
    let proto =
        Proto::parse(proto.as_bytes()).ok_or_else(|| format!("`{proto}` is no transport"))?;
    Ok((proto, address(at)?))
}

/// Reads `127.0.0.1:5060`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no address with a port"))
}

/// Where the server is for an agent at `own`: at the first address of the same network.
pub(super) fn server(own: SocketAddr, port: u16) -> SocketAddr {
    let ip = match own.ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 1))
        }
        six => six,
    };
    SocketAddr::new(ip, port)
}

/// A text without the quotes around it, if there are any.
pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// Reads a check.
pub(super) fn check(text: &str) -> Result<Check, String> {
    if let Some((name, number)) = text
        .strip_prefix("count ")
        .and_then(|rest| rest.split_once('='))
    {
        let count = number.trim().parse();
        let count = count.map_err(|_| format!("`{number}` is no number"))?;
        return Ok(plain(
            Subject::Header(name.trim().to_owned()),
            Test::Count(count),
        ));
    }
    let (text, capture) = match text.rsplit_once(" => ") {
        Some((text, name)) => (
            text.trim(),
            Some(name.trim().trim_start_matches('$').to_owned()),
        ),
        None => (text, None),
    };
    let (not, text) = match text.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut check = compared(text, not)?;
    check.capture = capture;
    Ok(check)
}

fn compared(text: &str, not: bool) -> Result<Check, String> {
    let name_end = text
        .find(|c: char| c == ':' || c.is_whitespace())
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let rest = rest.trim_start();
    let test = if let Some(pattern) = rest.strip_prefix('~') {
        let pattern = unquoted(pattern.trim()).to_owned();
        if not {
            Test::NoneMatches(pattern)
        } else {
            Test::Matches(pattern)
        }
    } else if let Some(value) = rest.strip_prefix(':') {
        if not {
            return Err("write `!Name` or `!Name ~ EXPRESSION`".to_owned());
        }
        Test::Is(value.trim().to_owned())
    } else if !rest.is_empty() {
        return Err(format!("`{text}` is no check"));
    } else if not {
        Test::Absent
    } else {
        Test::Present
    };
    Ok(plain(subject(name)?, test))
}

fn subject(name: &str) -> Result<Subject, String> {
    Ok(match name {
        "line" => Subject::FirstLine,
        "uri" => Subject::Uri,
        "phrase" => Subject::Phrase,
        "body" => Subject::Body,
        "message" => Subject::Message,
        "source" => Subject::Source,
        _ => match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, index)) => {
                let index = index.parse();
                Subject::Value(
                    name.to_owned(),
                    index.map_err(|_| format!("`{name}[…]` has no number"))?,
                )
            }
            None => Subject::Header(name.to_owned()),
        },
    })
}

fn plain(subject: Subject, test: Test) -> Check {
    Check {
        subject,
        test,
        capture: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read() {
        for (text, read) in [
            ("To: <sip:b>", "Header(\"To\") Is(\"<sip:b>\") None"),
            (
                "To ~ tag=(.*) => t",
                "Header(\"To\") Matches(\"tag=(.*)\") Some(\"t\")",
            ),
            ("!Route", "Header(\"Route\") Absent None"),
            ("!Via ~ x", "Header(\"Via\") NoneMatches(\"x\") None"),
            ("count Via = 2", "Header(\"Via\") Count(2) None"),
            ("Via[-1] ~ x", "Value(\"Via\", -1) Matches(\"x\") None"),
            (
                "Record-Route => $rr",
                "Header(\"Record-Route\") Present Some(\"rr\")",
            ),
            ("uri: sip:a", "Uri Is(\"sip:a\") None"),
        ] {
            let check = check(text).expect("a check");
            let shown = format!("{:?} {:?} {:?}", check.subject, check.test, check.capture);
            assert_eq!(shown, read, "{text}");
        }
        for text in ["To x", "!To: x", "count Via = x", "Via[x]: y"] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
