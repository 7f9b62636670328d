//! Which way a request goes within its dialog.

use sip::{Message, NameAddr, Params};

/// From the caller to the callee, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the caller: also everything that begins a dialog, or has none.
    Down,
    /// From the callee.
    Up,
}

/// The way of a request, and whether it is within a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Which way.
    pub(crate) way: Way,
    /// Its To has a tag.
    pub(crate) confirmed: bool,
}

impl Heading {
    /// The way of a request, known by the caller's tag in our Record-Route (`ftag`), its first `route`. Without
    /// one, `looks_up` says it: the request names the dialog as only the callee knows it.
    pub(crate) fn of(
        request: &Message,
        route: Option<NameAddr<'_>>,
        looks_up: impl FnOnce() -> bool,
    ) -> Heading {
        let confirmed = request.to().is_ok_and(|to| to.tag().is_some());
        let route = route.filter(|_| confirmed);
        let way = match route.and_then(|route| caller_tag(&route)) {
            _ if !confirmed => Way::Down,
            Some(tag) => match request.from().is_ok_and(|from| from.tag() == Some(tag)) {
                true => Way::Down,
                false => Way::Up,
            },
            None if looks_up() => Way::Up,
            None => Way::Down,
        };
        Heading { way, confirmed }
    }

    /// What Kamailio notes in the Via it hides, `TH=div`, and needs to hide the reply the same way.
    pub(crate) fn cookie(self) -> [u8; 3] {
        let way = match self.way {
            Way::Down => b'd',
            Way::Up => b'u',
        };
        [way, if self.confirmed { b'c' } else { b'i' }, b'v']
    }

    /// Reads such a note.
    pub(crate) fn of_cookie(cookie: &[u8]) -> Option<Heading> {
        let way = match cookie.first()? {
            b'd' => Way::Down,
            b'u' => Way::Up,
            _ => return None,
        };
        Some(Heading {
            way,
            confirmed: cookie.get(1) == Some(&b'c'),
        })
    }
}

/// The `ftag` of a Route.
fn caller_tag<'a>(route: &NameAddr<'a>) -> Option<&'a [u8]> {
    let param = match memchr::memchr3(b'@', b'?', b'"', route.uri) {
        Some(_) => route.parse_uri().ok()?.param(b"ftag"),
        // Ours has no user and no headers, and then the first semicolon begins its parameters.
        None => {
            let params = memchr::memchr(b';', route.uri).and_then(|at| route.uri.get(at..));
            Params::new(params?).find_name(b"ftag")
        }
    };
    param?.value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(to: &str, route: &str, looks_up: bool) -> Heading {
        let text = format!(
            "BYE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n{route}\
             From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>{to}\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n\r\n"
        );
        let message = Message::parse(text.into(), &sip::Limits::default()).unwrap();
        let route = message.routes().next().and_then(Result::ok);
        Heading::of(&message, route, || looks_up)
    }

    #[test]
    fn the_callers_tag_tells_the_way() {
        let ours = |tag: &str| format!("Route: <sip:127.0.0.1;lr;ftag={tag}>\r\n");
        let cookie = |to, route: &str, looks_up| heading(to, route, looks_up).cookie();
        assert_eq!(&cookie("", &ours("b"), true), b"div");
        assert_eq!(&cookie(";tag=b", &ours("a"), true), b"dcv");
        assert_eq!(&cookie(";tag=b", &ours("b"), false), b"ucv");
        assert_eq!(&cookie(";tag=b", "", true), b"ucv");
        assert_eq!(
            &cookie(";tag=b", "Route: <sip:127.0.0.1;lr>\r\n", false),
            b"dcv"
        );
    }

    #[test]
    fn a_cookie_comes_back() {
        for way in [Way::Down, Way::Up] {
            for confirmed in [false, true] {
                let heading = Heading { way, confirmed };
                assert_eq!(Heading::of_cookie(&heading.cookie()), Some(heading));
            }
        }
        assert_eq!(Heading::of_cookie(b"xiv"), None);
    }
}
