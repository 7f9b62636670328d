//! What goes first where not everything can be done (the control function of RFC 6357 section 3).

use bytes::Bytes;
use sip::{HeaderId, Message, Method, Scheme, Uri};

/// The service of emergency calls, and the beginning of its kinds (RFC 5031 section 4.2).
const SOS: &[u8] = b"service:sos";

/// How long a request may have waited before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// It is never refused: what belongs to something that was accepted, and emergency calls.
    Kept,
    /// Twice the target: work that was done for its sender already would be lost.
    Known,
    /// The target.
    New,
}

impl Rank {
    /// The rank of a request whose sender proved himself lately, or did not.
    pub(crate) fn of(
        request: &Message,
        is_known: impl FnOnce() -> bool,
        numbers: &[Bytes],
    ) -> Rank {
        let goes_on = matches!(request.method(), Method::Ack | Method::Cancel);
        if goes_on || request.has_to_tag() || is_emergency(request, numbers) {
            Rank::Kept
        } else if has_credentials(request) || is_known() {
            Rank::Known
        } else {
            Rank::New
        }
    }

    /// How many times the target such a request may wait; none where it is never refused.
    pub(crate) fn patience(self) -> Option<u32> {
        match self {
            Rank::Kept => None,
            Rank::Known => Some(2),
            Rank::New => Some(1),
        }
    }
}

/// Who answers a challenge has been challenged: refusing him would waste that.
fn has_credentials(request: &Message) -> bool {
    request.has(HeaderId::Authorization) || request.has(HeaderId::ProxyAuthorization)
}

fn is_emergency(request: &Message, numbers: &[Bytes]) -> bool {
    let Ok(uri) = Uri::parse(request.request_uri()) else {
        return false;
    };
    if uri.scheme == Scheme::Urn {
        return is_sos(uri.opaque);
    }
    // A number may have parameters of its own (RFC 3261 section 19.1.6).
    let user = uri.user.unwrap_or_default().split(|octet| *octet == b';');
    let user = user.into_iter().next().unwrap_or_default();
    numbers.iter().any(|number| number == user)
}

fn is_sos(service: &[u8]) -> bool {
    let Some((own, kind)) = service.split_at_checked(SOS.len()) else {
        return false;
    };
    own.eq_ignore_ascii_case(SOS) && matches!(kind.first(), None | Some(b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(line: &str, to: &str, more: &str, known: bool) -> Rank {
        let text = format!("{line} SIP/2.0\r\nTo: {to}\r\n{more}\r\n");
        let message = Message::parse(text.into(), &sip::Limits::default()).unwrap();
        let numbers = [Bytes::from_static(b"112"), Bytes::from_static(b"911")];
        Rank::of(&message, || known, &numbers)
    }

    #[test]
    fn what_belongs_to_something_accepted_is_kept() {
        for line in [
            "BYE sip:a@b.test",
            "INVITE sip:a@b.test",
            "REFER sip:a@b.test",
        ] {
            assert_eq!(rank(line, "<sip:b@b.test>;tag=1", "", false), Rank::Kept);
        }
        for line in ["ACK sip:a@b.test", "CANCEL sip:a@b.test"] {
            assert_eq!(rank(line, "<sip:b@b.test>", "", false), Rank::Kept);
        }
    }

    #[test]
    fn emergency_calls_are_kept() {
        for (uri, wanted) in [
            ("urn:service:sos", Rank::Kept),
            ("urn:service:SOS.fire", Rank::Kept),
            ("urn:service:sosx", Rank::New),
            ("urn:service:counseling", Rank::New),
            ("sip:112@example.test", Rank::Kept),
            (
                "sip:112;phone-context=+49@example.test;user=phone",
                Rank::Kept,
            ),
            ("tel:911", Rank::Kept),
            ("sip:1120@example.test", Rank::New),
            ("sip:112", Rank::New),
        ] {
            let line = format!("INVITE {uri}");
            assert_eq!(rank(&line, "<sip:b@b.test>", "", false), wanted, "{uri}");
        }
    }

    #[test]
    fn who_was_challenged_or_proved_himself_goes_before_strangers() {
        let (line, to) = ("REGISTER sip:b.test", "<sip:b@b.test>");
        assert_eq!(rank(line, to, "", false), Rank::New);
        assert_eq!(rank(line, to, "", true), Rank::Known);
        let answer = "Authorization: Digest username=\"b\"\r\n";
        assert_eq!(rank(line, to, answer, false), Rank::Known);
        let answer = "Proxy-Authorization: Digest username=\"b\"\r\n";
        assert_eq!(rank("INVITE sip:a@b.test", to, answer, false), Rank::Known);
    }
}
