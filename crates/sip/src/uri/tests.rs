use super::{Scheme, Uri, UriError, equivalent};

fn parse(text: &str) -> Result<Uri<'_>, UriError> {
    Uri::parse(text.as_bytes())
}

fn show(text: &str) -> String {
    let text_of =
        |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
    match parse(text) {
        Ok(u) => format!(
            "{:?} {} {} {} {:?} {} {}",
            u.scheme,
            text_of(u.user),
            text_of(u.password),
            text_of(Some(u.host)),
            u.port,
            text_of(Some(u.params.raw())),
            text_of(u.headers)
        ),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn parts() {
    for (text, expect) in [
        ("sip:a@b", "Sip a - b None  -"),
        (
            "SIPS:a:p@b.example:5061;lr;x=1?h=1&i=2",
            "Sips a p b.example Some(5061) ;lr;x=1 h=1&i=2",
        ),
        (
            "sip:[2001:db8::10]:5070",
            "Sip - - [2001:db8::10] Some(5070)  -",
        ),
        (
            "sip:[2001:db8::10:5070]",
            "Sip - - [2001:db8::10:5070] None  -",
        ),
        (
            "sip:user;par=u%40example.net@example.com",
            "Sip user;par=u%40example.net - example.com None  -",
        ),
        (
            "sip:1?x,/;;*:&w=1@example.com;p",
            "Sip 1?x,/;;* &w=1 example.com None ;p -",
        ),
        ("sip:h?a=b", "Sip - - h None  a=b"),
        (
            "tel:+1-201-555;phone-context=x",
            "Tel +1-201-555 -  None ;phone-context=x -",
        ),
        ("urn:service:sos", "Urn - -  None  -"),
        ("soap.beep://192.0.2.103:3002", "Other - -  None  -"),
    ] {
        assert_eq!(show(text), expect, "{text}");
    }
}

#[test]
fn refused() {
    for (text, expect) in [
        ("", UriError::Scheme),
        ("sip", UriError::Scheme),
        ("<sip:a@b>", UriError::Scheme),
        ("1sip:a", UriError::Scheme),
        ("sip:", UriError::Host),
        ("sip:@h", UriError::User),
        ("sip:a@", UriError::Host),
        ("sip:a@b@c", UriError::Host),
        ("sip:a b@c", UriError::Octet),
        ("sip:a\"@c", UriError::Octet),
        ("sip:a%2", UriError::Escape),
        ("sip:a%zz@b", UriError::Escape),
        ("sip:[::1", UriError::Host),
        ("sip:[fe80::1%25eth0]", UriError::Host),
        ("sip:2001:db8::10", UriError::Host),
        ("sip:h:", UriError::Port),
        ("sip:h:65536", UriError::Port),
        ("sip:h:-1", UriError::Port),
        ("sip:2130706433", UriError::Host),
        ("sip:0177.0.0.1", UriError::Host),
        ("sip:127.1", UriError::Host),
        ("sip:0x7f000001", UriError::Host),
        ("sip:.1", UriError::Host),
        ("sip:a..b", UriError::Host),
        ("tel:", UriError::User),
        ("urn:", UriError::Host),
    ] {
        assert_eq!(parse(text).map(|_| ()), Err(expect), "{text}");
    }
}

#[test]
fn escapes_resolve_once_and_keep_nul() {
    let user = |text: &'static str| parse(text).map(|u| u.user_unescaped().into_owned());
    assert_eq!(user("sip:null-%00-null@h"), Ok(b"null-\0-null".to_vec()));
    assert_eq!(user("sip:%2541@h"), Ok(b"%41".to_vec()));
}

#[test]
fn ipv6_hosts_are_addresses() {
    let addr = |text: &'static str| parse(text).ok().and_then(|u| u.host_addr());
    assert_eq!(addr("sip:[2001:db8::1]"), "2001:db8::1".parse().ok());
    assert_eq!(
        addr("sip:[2001:db8:::192.0.2.1]"),
        "2001:db8::192.0.2.1".parse().ok()
    );
    assert_eq!(addr("sip:192.0.2.1"), "192.0.2.1".parse().ok());
    assert_eq!(addr("sip:example.com"), None);
}

/// The pairs of RFC 3261 section 19.1.4.
#[test]
fn equality() {
    for (a, b, expect) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtlanTa.CoM;Transport=tcp",
            true,
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com;newparam=5",
            true,
        ),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;newparam=5",
            true,
        ),
        (
            "sip:b.com;transport=tcp;method=REGISTER?to=s%3ab&p=1",
            "sip:b.com;method=REGISTER;transport=tcp?p=1&to=s%3ab",
            true,
        ),
        (
            "sip:alice@a.com?subject=x&priority=urgent",
            "sip:alice@a.com?priority=urgent&subject=x",
            true,
        ),
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
            false,
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com;transport=udp",
            false,
        ),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com", false),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
            false,
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next",
            false,
        ),
        ("tel:+1-201-555", "tel:+1201555", true),
        ("tel:911;phone-context=a", "tel:911", false),
    ] {
        let (a, b) = (parse(a).expect(a), parse(b).expect(b));
        assert_eq!(equivalent(&a, &b), expect, "{:?} {:?}", a.raw, b.raw);
        assert_eq!(equivalent(&b, &a), expect);
    }
    assert_eq!(parse("SiP:h").map(|u| u.scheme), Ok(Scheme::Sip));
}

/// The one pass says what the general one says, wherever it says something.
#[test]
fn plain_ones_read_the_same_in_one_pass() {
    let (users, hosts) = (
        ["", "a@", "a;b@", "a:b@", "%41@", "@"],
        [
            "b",
            "b.c.",
            "b..c",
            ".b",
            "b.9",
            "192.0.2.1",
            "192.0.2.256",
            "192.0.2.01",
            "1.2.3",
            "1.2.3.4x",
            "[::1]",
            "b_c",
            "b c",
        ],
    );
    let (ports, tails) = (
        ["", ":", ":1", ":65535", ":65536", ":000001", ":1x"],
        ["", ";", ";x=y;lr", ";x=a@b", "?a=b", ";x%", ";x<"],
    );
    let mut plain = 0;
    for user in users {
        for host in hosts {
            for (port, tail) in ports.iter().flat_map(|port| tails.map(|tail| (port, tail))) {
                let text = format!("sip:{user}{host}{port}{tail}");
                if let Some((uri, [])) = Uri::plain_prefix(text.as_bytes()) {
                    plain += 1;
                    assert_eq!(Uri::parse_any(text.as_bytes()), Ok(uri), "{text}");
                }
            }
        }
    }
    assert_eq!(plain, 2 * 5 * 3 * 3);
}
