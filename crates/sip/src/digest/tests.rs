use super::{Algorithm, Challenge, Credentials, Hash, Qop, ha1, ha1_session, ha2, response, same};
use crate::HeaderError;

const SAMPLE: &[u8] = b"Digest username=\"bob@biloxi.com\", realm=\"biloxi, com\",\r\n nonce=\"abc\" ,\
 uri=\"sip:bob@biloxi.com\", qop=auth, nc=0000001f, cnonce=\"0a4f\", response=\"66\", opaque=\"\", x=1";

fn credentials(value: &[u8]) -> Result<Option<Credentials<'_>>, HeaderError> {
    Credentials::parse(value)
}

#[test]
fn credentials_are_read() {
    let c = credentials(SAMPLE).expect("valid").expect("digest");
    assert_eq!(
        (c.user(), c.domain(), c.realm),
        (&b"bob"[..], &b"biloxi.com"[..], &b"biloxi, com"[..])
    );
    assert_eq!((c.nonce_count(), c.qop), (Some(31), Some(Qop::Auth)));
    assert_eq!(
        (c.algorithm, c.has_algorithm, c.opaque),
        (Algorithm::MD5, false, Some(&b""[..]))
    );
    assert_eq!(
        credentials(b"NoOneKnowsThisScheme opaque-data=here"),
        Ok(None)
    );
}

#[test]
fn doubtful_credentials_are_refused() {
    let base = "username=u,realm=r,nonce=n,uri=sip:x,response=1";
    assert!(credentials(format!("Digest {base}").as_bytes()).is_ok());
    for (tail, expect) in [
        (",username=v", HeaderError::Duplicate),
        (",cnonce=\"x", HeaderError::Malformed),
        (",cnonce", HeaderError::Malformed),
        (",cnonce=a b", HeaderError::Malformed),
        (",cnonce=\"a\"b", HeaderError::Malformed),
        (",cnonce=\"a\0b\"", HeaderError::Malformed),
    ] {
        let text = format!("Digest {base}{tail}");
        assert_eq!(
            credentials(text.as_bytes()).map(|_| ()),
            Err(expect),
            "{text:?}"
        );
    }
    let many = format!("Digest {base}{}", ",p=1".repeat(3000));
    assert_eq!(
        credentials(many.as_bytes()).map(|_| ()),
        Err(HeaderError::Malformed)
    );
    for text in ["", "Digest", "Digest u", "\"Digest\" x"] {
        assert_eq!(
            credentials(text.as_bytes()).map(|_| ()),
            Err(HeaderError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn challenges_are_read() {
    let value =
        b"Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=TRUE";
    let c = Challenge::parse(value).expect("valid").expect("digest");
    assert_eq!(c.qops().collect::<Vec<_>>(), [Qop::Auth, Qop::AuthInt]);
    assert_eq!((c.algorithm, c.stale), (Algorithm::SHA256, true));
}

/// The example of RFC 7616 section 3.9.1, both hashes.
#[test]
fn rfc_7616_example() {
    for (hash, nonce, cnonce, expect) in [
        (
            Hash::Md5,
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            Hash::Sha256,
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let ha1 = ha1(hash, b"Mufasa", b"http-auth@example.org", b"Circle of Life");
        let ha2 = ha2(hash, b"GET", b"/dir/index.html", Some(Qop::Auth), b"");
        let protection = Some((&b"00000001"[..], cnonce.as_bytes(), Qop::Auth));
        let got = response(
            hash,
            ha1.as_bytes(),
            nonce.as_bytes(),
            protection,
            ha2.as_bytes(),
        );
        assert_eq!(got.as_str(), expect);
        assert_eq!(got.as_bytes().len(), hash.hex_len());
    }
}

#[test]
fn variants_differ() {
    let plain = ha1(Hash::Md5, b"u", b"r", b"p");
    assert_ne!(ha1_session(Hash::Md5, plain.as_bytes(), b"n", b"c"), plain);
    let auth = ha2(Hash::Md5, b"INVITE", b"sip:x", Some(Qop::Auth), b"body");
    let int = ha2(Hash::Md5, b"INVITE", b"sip:x", Some(Qop::AuthInt), b"body");
    assert_eq!(auth, ha2(Hash::Md5, b"INVITE", b"sip:x", None, b""));
    assert_eq!(
        int.as_str(),
        Hash::Md5
            .of(&[b"INVITE:sip:x", Hash::Md5.of(&[b"body"]).as_bytes()])
            .as_str()
    );
    assert_eq!(format!("{plain:?}"), "Ha(..)");
}

#[test]
fn comparison_takes_either_case_and_nothing_else() {
    assert!(same(b"00ffAB", b"00FFab"));
    assert!(!same(b"00ff", b"00fe"));
    assert!(!same(b"00ff", b"00ff0"));
    assert!(!same(b"", b"0"));
}
