//! `$tls_…`: the TLS side of the connection that the message in hand came over.

use super::Tls;
use super::field::{self, Field, PARTS, optional};
use policy::{Declaration, TlsCertificate, Var};

/// Declares the variables; null where the message did not come over TLS.
pub(super) fn declare(d: &mut Declaration<Tls>) {
    for (name, doc, field) in FIELDS {
        d.variable(name, doc, false, move |_, _, _| {
            Ok(Var::read_only(move |context| field.of(context)))
        });
    }
    for (name, doc) in NAMES {
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

type Read = fn(&TlsCertificate) -> script::Value;

const fn peer(read: Read) -> Field {
    Field::Peer(read)
}

const fn own(read: Read) -> Field {
    Field::Own(read)
}

const FIELDS: [(&str, &str, Field); 27] = [
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
        "tls_peer_version",
        "The version field of the peer's certificate, 2 for X.509 version 3.",
        peer(field::certificate_version),
    ),
    (
        "tls_my_version",
        "The version field of our certificate.",
        own(field::certificate_version),
    ),
    (
        "tls_peer_serial",
        "The serial number of the peer's certificate.",
        peer(field::serial),
    ),
    (
        "tls_my_serial",
        "The serial number of our certificate.",
        own(field::serial),
    ),
    (
        "tls_peer_notBefore",
        "When the peer's certificate begins, `Nov 21 10:07:29 2026 GMT`.",
        peer(field::not_before),
    ),
    (
        "tls_peer_notAfter",
        "When the peer's certificate ends.",
        peer(field::not_after),
    ),
    (
        "tls_peer_san_email",
        "The first mail address among the peer's alternative names.",
        peer(field::alternative::email),
    ),
    (
        "tls_my_san_email",
        "The first mail address among our alternative names.",
        own(field::alternative::email),
    ),
    (
        "tls_peer_san_hostname",
        "The first host name among the peer's alternative names.",
        peer(field::alternative::host),
    ),
    (
        "tls_my_san_hostname",
        "The first host name among our alternative names.",
        own(field::alternative::host),
    ),
    (
        "tls_peer_san_uri",
        "The first URI among the peer's alternative names.",
        peer(field::alternative::uri),
    ),
    (
        "tls_my_san_uri",
        "The first URI among our alternative names.",
        own(field::alternative::uri),
    ),
    (
        "tls_peer_san_ip",
        "The first address among the peer's alternative names.",
        peer(field::alternative::ip),
    ),
    (
        "tls_my_san_ip",
        "The first address among our alternative names.",
        own(field::alternative::ip),
    ),
    (
        "tls_peer_raw_cert",
        "The peer's certificate in PEM.",
        peer(field::pem),
    ),
    (
        "tls_my_raw_cert",
        "Our certificate in PEM.",
        own(field::pem),
    ),
    (
        "tls_peer_urlencoded_cert",
        "The same as tls_peer_raw_cert, encoded for URLs.",
        peer(field::pem_for_urls),
    ),
    (
        "tls_my_urlencoded_cert",
        "The same as tls_my_raw_cert, encoded for URLs.",
        own(field::pem_for_urls),
    ),
];

const NAMES: [(&str, &str); 26] = [
    (
        "tls_peer_subject_cn",
        "The common name (CN) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_locality",
        "The locality (L) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_country",
        "The country (C) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_state",
        "The state (ST) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_organization",
        "The organisation (O) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_unit",
        "The unit (OU) of the peer's certificate.",
    ),
    (
        "tls_peer_subject_uid",
        "The unique identifier of the peer's certificate.",
    ),
    (
        "tls_peer_issuer_cn",
        "The common name of who issued the peer's certificate.",
    ),
    (
        "tls_peer_issuer_locality",
        "The locality of who issued the peer's certificate.",
    ),
    (
        "tls_peer_issuer_country",
        "The country of who issued the peer's certificate.",
    ),
    (
        "tls_peer_issuer_state",
        "The state of who issued the peer's certificate.",
    ),
    (
        "tls_peer_issuer_organization",
        "The organisation of who issued the peer's certificate.",
    ),
    (
        "tls_peer_issuer_unit",
        "The unit of who issued the peer's certificate.",
    ),
    ("tls_my_subject_cn", "The common name of our certificate."),
    (
        "tls_my_subject_locality",
        "The locality of our certificate.",
    ),
    ("tls_my_subject_country", "The country of our certificate."),
    ("tls_my_subject_state", "The state of our certificate."),
    (
        "tls_my_subject_organization",
        "The organisation of our certificate.",
    ),
    ("tls_my_subject_unit", "The unit of our certificate."),
    (
        "tls_my_subject_uid",
        "The unique identifier of our certificate.",
    ),
    (
        "tls_my_issuer_cn",
        "The common name of who issued our certificate.",
    ),
    (
        "tls_my_issuer_locality",
        "The locality of who issued our certificate.",
    ),
    (
        "tls_my_issuer_country",
        "The country of who issued our certificate.",
    ),
    (
        "tls_my_issuer_state",
        "The state of who issued our certificate.",
    ),
    (
        "tls_my_issuer_organization",
        "The organisation of who issued our certificate.",
    ),
    (
        "tls_my_issuer_unit",
        "The unit of who issued our certificate.",
    ),
];
