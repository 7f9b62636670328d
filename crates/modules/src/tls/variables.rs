//! `$tls_…`: the TLS side of the connection that the message in hand came over.

use super::Tls;
use super::field::{self, Field, PARTS, optional};
use policy::{Declaration, Var};

/// Declares the variables; null where the message did not come over TLS.
pub(super) fn declare(d: &mut Declaration<Tls>) {
    for (name, doc, field) in FIELDS.into_iter().chain(OF_BOTH.into_iter().flatten()) {
        d.variable(name, doc, false, move |_, _, _| {
            Ok(Var::read_only(move |context| field.of(context)))
        });
    }
    for (name, doc) in NAMES.into_iter().flatten().chain(UNIQUE_IDS) {
        d.variable(name, doc, false, move |_, _, _| Ok(name_part(name)));
    }
    for name in [
        "tls_peer_subject",
        "tls_peer_issuer",
        "tls_my_subject",
        "tls_my_issuer",
    ] {
        let doc = "Always null, as in Kamailio 5.6.3; the parts have variables of their own.";
        d.variable(name, doc, false, |_, _, _| Ok(Var::null()));
    }
}

/// `tls_SIDE_OWNER_PART`, looked up once.
fn name_part(variable: &'static str) -> Var {
    let mut words = variable.splitn(4, '_').skip(1);
    let (side, owner, part) = (words.next(), words.next(), words.next());
    let found = PARTS.iter().find(|(name, _)| Some(*name) == part);
    let (Some((_, part)), is_peer) = (found, side == Some("peer")) else {
        return Var::null();
    };
    let of_subject = owner == Some("subject");
    Var::read_only(move |context| {
        let tls = field::connection(context);
        let certificate = tls.as_ref().and_then(|tls| match is_peer {
            true => tls.peer.as_ref(),
            false => tls.own.as_ref(),
        });
        optional(certificate.and_then(|of| {
            part(match of_subject {
                true => &of.subject,
                false => &of.issuer,
            })
        }))
    })
}

type Named = (&'static str, &'static str, Field);

const FIELDS: [Named; 11] = [
    (
        "tls_version",
        "The protocol version, TLSv1.3.",
        Field::Connection(field::version),
    ),
    (
        "tls_description",
        "The cipher suite as OpenSSL describes it, with a line end.",
        Field::Connection(field::description),
    ),
    (
        "tls_cipher_info",
        "The cipher suite.",
        Field::Connection(field::cipher),
    ),
    (
        "tls_cipher_bits",
        "The bits of the cipher's key.",
        Field::Connection(field::cipher_bits),
    ),
    (
        "tls_peer_server_name",
        "The server name the peer asked for.",
        Field::Connection(field::server_name),
    ),
    (
        "tls_peer_verified",
        "1 where the peer's certificate was checked and is valid, else 0.",
        Field::Connection(field::is_verified),
    ),
    (
        "tls_peer_revoked",
        "1 where the peer's certificate was revoked, else 0.",
        Field::Connection(field::is_revoked),
    ),
    (
        "tls_peer_expired",
        "1 where the peer's certificate is past its end, else 0.",
        Field::Connection(field::is_expired),
    ),
    (
        "tls_peer_selfsigned",
        "1 where the peer's certificate signed itself and is not trusted, else 0.",
        Field::Connection(field::is_self_signed),
    ),
    (
        "tls_peer_notBefore",
        "When the peer's certificate begins, `Nov 21 10:07:29 2026 GMT`.",
        Field::Peer(field::not_before),
    ),
    (
        "tls_peer_notAfter",
        "When the peer's certificate ends.",
        Field::Peer(field::not_after),
    ),
];

/// The same of the peer's certificate and of ours.
macro_rules! both {
    ($name:literal, $doc:literal, $read:path) => {
        [
            (
                concat!("tls_peer_", $name),
                concat!($doc, " of the peer's certificate."),
                Field::Peer($read),
            ),
            (
                concat!("tls_my_", $name),
                concat!($doc, " of our certificate."),
                Field::Own($read),
            ),
        ]
    };
}

const OF_BOTH: [[Named; 2]; 8] = [
    both!(
        "version",
        "The version field, 2 for X.509 version 3,",
        field::certificate_version
    ),
    both!("serial", "The serial number", field::serial),
    both!(
        "san_email",
        "The first mail address among the alternative names",
        field::alternative::email
    ),
    both!(
        "san_hostname",
        "The first host name among the alternative names",
        field::alternative::host
    ),
    both!(
        "san_uri",
        "The first URI among the alternative names",
        field::alternative::uri
    ),
    both!(
        "san_ip",
        "The first address among the alternative names",
        field::alternative::ip
    ),
    both!("raw_cert", "The PEM", field::pem),
    both!(
        "urlencoded_cert",
        "The PEM, encoded for URLs,",
        field::pem_for_urls
    ),
];

/// A part of the names of the subject and of who issued the certificate, the peer's and ours.
macro_rules! names {
    ($part:literal, $doc:literal) => {
        [
            (
                concat!("tls_peer_subject_", $part),
                concat!($doc, " of the peer's certificate."),
            ),
            (
                concat!("tls_peer_issuer_", $part),
                concat!($doc, " of who issued the peer's certificate."),
            ),
            (
                concat!("tls_my_subject_", $part),
                concat!($doc, " of our certificate."),
            ),
            (
                concat!("tls_my_issuer_", $part),
                concat!($doc, " of who issued our certificate."),
            ),
        ]
    };
}

const NAMES: [[(&str, &str); 4]; 6] = [
    names!("cn", "The common name (CN)"),
    names!("locality", "The locality (L)"),
    names!("country", "The country (C)"),
    names!("state", "The state (ST)"),
    names!("organization", "The organisation (O)"),
    names!("unit", "The unit (OU)"),
];

/// Of subjects alone.
const UNIQUE_IDS: [(&str, &str); 2] = [
    (
        "tls_peer_subject_uid",
        "The unique identifier of the peer's certificate.",
    ),
    (
        "tls_my_subject_uid",
        "The unique identifier of our certificate.",
    ),
];
