//! What can be asked of a TLS connection, the same for variables and selects.

use bytes::Bytes;
use policy::{Context, TlsCertificate, TlsConnection, TlsName, TlsVerdict};
use script::Value;
use std::sync::Arc;

/// Something that is known of a TLS connection.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// Of the connection itself.
    Connection(fn(&TlsConnection) -> Value),
    /// Of the peer's certificate; null where it showed none.
    Peer(fn(&TlsCertificate) -> Value),
    /// Of our certificate.
    Own(fn(&TlsCertificate) -> Value),
}

impl Field {
    /// Its value for the connection that the message in hand came over; null where that has no TLS.
    pub(super) fn of(self, context: &Context) -> Value {
        let Some(tls) = connection(context) else {
            return Value::Null;
        };
        match self {
            Field::Connection(read) => read(&tls),
            Field::Peer(read) => tls.peer.as_ref().map(read).unwrap_or_default(),
            Field::Own(read) => tls.own.as_ref().map(read).unwrap_or_default(),
        }
    }
}

/// The TLS side of the connection that the message in hand came over.
pub(super) fn connection(context: &Context) -> Option<Arc<TlsConnection>> {
    let known = context.config.installed.tls_connections.as_ref()?;
    known.tls(context.flow.connection?)
}

pub(super) fn version(tls: &TlsConnection) -> Value {
    Value::Str(tls.version.clone())
}

pub(super) fn cipher(tls: &TlsConnection) -> Value {
    Value::Str(tls.cipher.clone())
}

pub(super) fn cipher_bits(tls: &TlsConnection) -> Value {
    Value::Int(tls.cipher_bits.into())
}

pub(super) fn server_name(tls: &TlsConnection) -> Value {
    optional(tls.server_name.as_ref())
}

/// The line that OpenSSL describes a cipher with.
pub(super) fn description(tls: &TlsConnection) -> Value {
    Value::Str(describe(tls).into())
}

/// The same for a list of connections.
pub(super) fn describe(tls: &TlsConnection) -> String {
    let (cipher, version) = (
        String::from_utf8_lossy(&tls.cipher),
        String::from_utf8_lossy(&tls.version),
    );
    let (exchange, authentication) = match () {
        () if cipher.contains("ECDSA") => ("ECDH", "ECDSA"),
        () if cipher.contains("RSA") => ("ECDH", "RSA"),
        () => ("any", "any"),
    };
    let bits = tls.cipher_bits;
    let encryption = match cipher.contains("CHACHA20") {
        true => format!("CHACHA20/POLY1305({bits})"),
        false => format!("AESGCM({bits})"),
    };
    format!(
        "{cipher:<30} {version:<7} Kx={exchange:<8} Au={authentication:<5} Enc={encryption:<22} Mac=AEAD\n"
    )
}

pub(super) fn is_verified(tls: &TlsConnection) -> Value {
    is(tls, TlsVerdict::Verified)
}

pub(super) fn is_revoked(tls: &TlsConnection) -> Value {
    is(tls, TlsVerdict::Revoked)
}

pub(super) fn is_expired(tls: &TlsConnection) -> Value {
    is(tls, TlsVerdict::Expired)
}

pub(super) fn is_self_signed(tls: &TlsConnection) -> Value {
    is(tls, TlsVerdict::SelfSigned)
}

fn is(tls: &TlsConnection, verdict: TlsVerdict) -> Value {
    Value::Int((tls.peer.is_some() && tls.verdict == verdict).into())
}

pub(super) fn certificate_version(of: &TlsCertificate) -> Value {
    Value::Int(of.version.into())
}

pub(super) fn serial(of: &TlsCertificate) -> Value {
    Value::Str(of.serial.clone())
}

pub(super) fn not_before(of: &TlsCertificate) -> Value {
    Value::Str(of.not_before.clone())
}

pub(super) fn not_after(of: &TlsCertificate) -> Value {
    Value::Str(of.not_after.clone())
}

pub(super) fn pem(of: &TlsCertificate) -> Value {
    Value::Str(of.pem.clone())
}

/// The certificate in PEM, as it can stand in a URL.
pub(super) fn pem_for_urls(of: &TlsCertificate) -> Value {
    let mut out = String::with_capacity(of.pem.len().saturating_mul(5) / 4);
    for &byte in of.pem.iter() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    Value::Str(out.into())
}

/// The first alternative name of a kind.
pub(super) mod alternative {
    use super::{TlsCertificate, Value, optional};

    pub(in super::super) fn email(of: &TlsCertificate) -> Value {
        optional(of.alternatives.email.as_ref())
    }

    pub(in super::super) fn host(of: &TlsCertificate) -> Value {
        optional(of.alternatives.host.as_ref())
    }

    pub(in super::super) fn uri(of: &TlsCertificate) -> Value {
        optional(of.alternatives.uri.as_ref())
    }

    pub(in super::super) fn ip(of: &TlsCertificate) -> Value {
        optional(of.alternatives.ip.as_ref())
    }
}

/// Reads a part of a distinguished name.
type Part = fn(&TlsName) -> Option<&Bytes>;

/// Parts of a distinguished name, by the word that variables end with.
pub(super) const PARTS: [(&str, Part); 7] = [
    ("cn", |name| name.common_name.as_ref()),
    ("locality", |name| name.locality.as_ref()),
    ("country", |name| name.country.as_ref()),
    ("state", |name| name.state.as_ref()),
    ("organization", |name| name.organization.as_ref()),
    ("unit", |name| name.unit.as_ref()),
    ("uid", |name| name.unique_id.as_ref()),
];

pub(super) fn optional(value: Option<&Bytes>) -> Value {
    value.cloned().map(Value::Str).unwrap_or_default()
}
