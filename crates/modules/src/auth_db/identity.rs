//! Whether a request says it is from the user who proved to be there (`auth_check()`).

use sip::{HeaderError, Message, Method, NameAddr, Uri};

/// Of the flags: the identity is compared.
const CHECK: i64 = 1;
/// Of the flags: but not where a caller may be anonymous.
const ALLOW_ANONYMOUS: i64 = 2;

/// True where From, for a REGISTER also To, for a PUBLISH also To and Request-URI, name `user`. With
/// a `domain` they name that too for REGISTER and PUBLISH, the only methods for which Kamailio
/// compares it.
pub(super) fn fits(message: &Message, flags: i64, user: &[u8], domain: Option<&[u8]>) -> bool {
    if flags & CHECK == 0 || (flags & ALLOW_ANONYMOUS != 0 && may_be_anonymous(message.method())) {
        return true;
    }
    let same_user = |uri: &Uri<'_>| uri.user.unwrap_or_default() == user;
    let same = |uri: Uri<'_>| {
        same_user(&uri) && domain.is_none_or(|domain| uri.host.eq_ignore_ascii_case(domain))
    };
    let address = |address| uri_of(address).is_some_and(same);
    match message.method() {
        Method::Register => address(message.from()) && address(message.to()),
        Method::Publish => {
            let target = Uri::parse(message.request_uri());
            address(message.from()) && address(message.to()) && target.is_ok_and(same)
        }
        _ => uri_of(message.from()).is_some_and(|uri| same_user(&uri)),
    }
}

fn uri_of(address: Result<NameAddr<'_>, HeaderError>) -> Option<Uri<'_>> {
    address.ok()?.parse_uri().ok()
}

const fn may_be_anonymous(method: Method) -> bool {
    matches!(
        method,
        Method::Invite | Method::Bye | Method::Prack | Method::Update | Method::Message
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(method: &str, target: &str, from: &str, to: &str) -> Message {
        let text = format!(
            "{method} sip:{target} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:{from}>;tag=1\r\nTo: <sip:{to}>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
        );
        Message::parse(text.into(), &sip::Limits::default()).unwrap()
    }

    /// Every cell of this table was seen in Kamailio 5.6.3.
    #[test]
    fn which_names_must_be_the_users() {
        let (own, other) = ("alice@r", "bob@r");
        for (method, flags, from, to, target) in [
            ("INVITE", 1, false, true, true),
            ("OPTIONS", 1, false, true, true),
            ("BYE", 1, false, true, true),
            ("REGISTER", 1, false, false, true),
            ("PUBLISH", 1, false, false, false),
            ("INVITE", 3, true, true, true),
            ("MESSAGE", 3, true, true, true),
            ("OPTIONS", 3, false, true, true),
            ("REGISTER", 3, false, false, true),
            ("PUBLISH", 3, false, false, false),
            ("PUBLISH", 2, true, true, true),
            ("PUBLISH", 0, true, true, true),
        ] {
            let fits = |message: Message| fits(&message, flags, b"alice", None);
            assert!(fits(message(method, own, own, own)), "{method} {flags}");
            assert_eq!(
                fits(message(method, own, other, own)),
                from,
                "{method} {flags} from"
            );
            assert_eq!(
                fits(message(method, own, own, other)),
                to,
                "{method} {flags} to"
            );
            assert_eq!(
                fits(message(method, other, own, own)),
                target,
                "{method} {flags} target"
            );
        }
    }

    #[test]
    fn the_domain_counts_where_it_is_asked_for() {
        let stranger = message("REGISTER", "r", "alice@x", "alice@x");
        assert!(fits(&stranger, 1, b"alice", None));
        assert!(!fits(&stranger, 1, b"alice", Some(b"r")));
        assert!(fits(&stranger, 1, b"alice", Some(b"X")));
        let caller = message("INVITE", "bob@r", "alice@x", "bob@r");
        assert!(fits(&caller, 1, b"alice", Some(b"r")));
    }
}
