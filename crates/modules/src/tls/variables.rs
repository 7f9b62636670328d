//! `$tls_…`: the TLS side of the connection that the message in hand came over.

use super::Tls;
use bytes::Bytes;
use policy::{Context, Declaration, TlsCertificate, TlsConnection};
use script::Value;
use std::sync::Arc;

/// Declares the variables; null where the message did not come over TLS.
pub(super) fn declare(d: &mut Declaration<Tls>) {
    d.read("tls_version", "The protocol version, TLSv1.3.", |m, c| {
        m.value(c, |tls| text(&tls.version))
    });
    d.read(
        "tls_description",
        "Protocol version and cipher suite.",
        |m, c| m.value(c, description),
    );
    d.read("tls_cipher_info", "The cipher suite.", |m, c| {
        m.value(c, |tls| text(&tls.cipher))
    });
    d.read(
        "tls_cipher_bits",
        "The bits of the cipher's key.",
        |m, c| m.value(c, |tls| Value::Int(tls.cipher_bits.into())),
    );
    d.read(
        "tls_peer_server_name",
        "The server name the peer asked for.",
        |m, c| m.value(c, |tls| optional(&tls.server_name)),
    );
    d.read(
        "tls_peer_verified",
        "1 where the peer's certificate was checked and is valid, else 0.",
        |m, c| m.value(c, |tls| Value::Int(tls.is_verified.into())),
    );
    d.read(
        "tls_peer_version",
        "The version field of the peer's certificate.",
        |m, c| m.peer(c, version),
    );
    d.read(
        "tls_my_version",
        "The version field of our certificate.",
        |m, c| m.own(c, version),
    );
    d.read(
        "tls_peer_serial",
        "The serial number of the peer's certificate.",
        |m, c| m.peer(c, |of| text(&of.serial)),
    );
    d.read(
        "tls_my_serial",
        "The serial number of our certificate.",
        |m, c| m.own(c, |of| text(&of.serial)),
    );
    d.read(
        "tls_peer_subject_cn",
        "The common name of the peer's certificate.",
        |m, c| m.peer(c, |of| optional(&of.subject_cn)),
    );
    d.read(
        "tls_my_subject_cn",
        "The common name of our certificate.",
        |m, c| m.own(c, |of| optional(&of.subject_cn)),
    );
    d.read(
        "tls_peer_issuer_cn",
        "The common name of who issued the peer's certificate.",
        |m, c| m.peer(c, |of| optional(&of.issuer_cn)),
    );
    d.read(
        "tls_my_issuer_cn",
        "The common name of who issued our certificate.",
        |m, c| m.own(c, |of| optional(&of.issuer_cn)),
    );
    for name in [
        "tls_peer_subject",
        "tls_peer_issuer",
        "tls_my_subject",
        "tls_my_issuer",
    ] {
        d.read(
            name,
            "Always null, as in Kamailio 5.6.3; the common names are in the variables with _cn.",
            |_, _| Value::Null,
        );
    }
}

impl Tls {
    fn connection(&self, context: &Context) -> Option<Arc<TlsConnection>> {
        self.connections.as_ref()?.tls(context.flow.connection?)
    }

    fn value(&self, context: &Context, of: impl Fn(&TlsConnection) -> Value) -> Value {
        self.connection(context)
            .map(|tls| of(&tls))
            .unwrap_or_default()
    }

    fn peer(&self, context: &Context, of: impl Fn(&TlsCertificate) -> Value) -> Value {
        self.value(context, |tls| {
            tls.peer.as_ref().map(&of).unwrap_or_default()
        })
    }

    fn own(&self, context: &Context, of: impl Fn(&TlsCertificate) -> Value) -> Value {
        self.value(context, |tls| tls.own.as_ref().map(&of).unwrap_or_default())
    }
}

fn description(tls: &TlsConnection) -> Value {
    let joined: [&[u8]; 3] = [&tls.version, b" ", &tls.cipher];
    Value::Str(joined.concat().into())
}

fn version(of: &TlsCertificate) -> Value {
    Value::Int(of.version.into())
}

fn text(text: &Bytes) -> Value {
    Value::Str(text.clone())
}

fn optional(value: &Option<Bytes>) -> Value {
    value.as_ref().map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{ConnectionId, TlsConnections};

    struct One;

    impl TlsConnections for One {
        fn tls(&self, connection: ConnectionId) -> Option<Arc<TlsConnection>> {
            let own = TlsCertificate {
                version: 2,
                serial: "7".into(),
                ..TlsCertificate::default()
            };
            let tls = TlsConnection {
                version: "TLSv1.3".into(),
                cipher: "X".into(),
                own: Some(own),
                ..TlsConnection::default()
            };
            (connection.0 == 5).then(|| Arc::new(tls))
        }
    }

    #[test]
    fn they_tell_of_the_connection_in_hand() {
        let bench = crate::testing::Bench::new(
            "loadmodule \"tls.so\"\nrequest_route { note(\"$tls_version $tls_peer_serial\"); }",
        );
        let message = "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n";
        assert_eq!(bench.run(message).notes, ["<null> <null>"]);
        let tls = Tls {
            connections: Some(Arc::new(One)),
        };
        let mut context = bench.context(message);
        let describe = |context: &Context| tls.value(context, description);
        assert_eq!(describe(&context), Value::Null);
        context.flow.connection = Some(ConnectionId(5));
        assert_eq!(describe(&context), Value::Str("TLSv1.3 X".into()));
        assert_eq!(tls.own(&context, version), Value::Int(2));
        assert_eq!(
            tls.own(&context, |of| optional(&of.subject_cn)),
            Value::Null
        );
        assert_eq!(tls.peer(&context, version), Value::Null);
    }
}
