//! What operators may write: parameters and functions.

use super::{Params, Tls};
use policy::{Declaration, ParamValue, Routes, TlsTimeout};

/// Every parameter.
pub(super) fn settings(d: &mut Declaration<Tls>) {
    declare_profile(d);
    declare_connections(d);
    declare_accepted(d);
    declare_refused(d);
}

pub(super) fn functions(d: &mut Declaration<Tls>) {
    d.function(
        "is_peer_verified()",
        "1 where the request came over TLS from a peer with a certificate that was checked and is valid, else -1.",
        Routes::REQUEST,
        Tls::is_peer_verified,
    );
    d.function(
        "tls_set_connect_server_id(id)",
        "The client profile (server_id) of the next TLS connection that is opened for this message; empty for none.",
        Routes::ANY,
        Tls::set_connect_server_id,
    );
}

/// Settings of hardware, refused by name, and of other languages.
fn declare_refused(d: &mut Declaration<Tls>) {
    for name in ["engine", "engine_config", "engine_algorithms"] {
        let doc = "Refused unless empty or NONE: keys in devices are not there.";
        d.try_param(name, doc, |_, text: String| match text.as_str() {
            "" | "NONE" => Ok(()),
            _ => Err("keys in devices are not there; put the key into a file".to_owned()),
        });
    }
    d.callback("event_callback", |_, _| {});
}

fn declare_profile(d: &mut Declaration<Tls>) {
    for (name, doc) in [
        (
            "tls_method",
            "TLSv1.2+ (default), TLSv1.2, TLSv1.3 or TLSv1.3+.",
        ),
        (
            "certificate",
            "The file with the certificate chain, leaf first; it may hold the key too. Several with commas.",
        ),
        (
            "private_key",
            "The file with the key. Default: that of the certificate. Several with commas, in the order of `certificate`.",
        ),
        (
            "ca_list",
            "The file with the authorities that certificates of peers must come from.",
        ),
        (
            "ca_path",
            "A directory with further authorities, in files of their own.",
        ),
        (
            "crl",
            "The file with revocation lists; every certificate of a peer's chain must be covered by one.",
        ),
        (
            "verify_certificate",
            "A certificate that a peer shows must be valid. Default off.",
        ),
        (
            "require_certificate",
            "A peer must show a valid certificate. Default off.",
        ),
        (
            "verify_client",
            "off, on, optional or optional_no_ca: instead of the two before.",
        ),
        ("server_name", "The name a peer asks for (SNI)."),
        (
            "cipher_list",
            "The ciphers of TLS 1.2, in OpenSSL's words. Default: all that are offered.",
        ),
        (
            "verify_depth",
            "Certificates that may stand between a peer's and its authority. Default 9; more than 6 are never looked at.",
        ),
    ] {
        d.try_param(name, doc, move |p: &mut Params, value: ParamValue| {
            let text = text_of(&value);
            if name == "cipher_list" {
                p.cipher_list = Some(text.clone());
            }
            p.draft.set(name, &text)
        });
    }
    d.param(
        "config",
        "A file with profiles, which replace the settings above; or a directory, whose files are read in the order of their names as if they were one.",
        |p, text: String| {
            p.config = Some(text).filter(|text| !text.is_empty());
        },
    );
}

fn declare_connections(d: &mut Declaration<Tls>) {
    d.param("connection_timeout", "Seconds until a connection that never carried anything is closed, -1 for never. Default 30, as over TCP.", |p, n: i64| {
        p.connection_timeout = TlsTimeout::from_number(n);
    });
    d.param(
        "xavp_cfg",
        "The XAVP that names server_name and server_id of a connection of ours.",
        |p, text: String| {
            p.xavp_cfg = Some(text).filter(|text| !text.is_empty());
        },
    );
    d.param(
        "session_cache",
        "Sessions are resumed. Default off.",
        |p, yes| p.session_cache = yes,
    );
}

/// Settings of OpenSSL and of Kamailio's processes.
fn declare_accepted(d: &mut Declaration<Tls>) {
    for name in [
        "tls_force_run",
        "init_mode",
        "ssl_release_buffers",
        "ssl_freelist_max_len",
        "ssl_max_send_fragment",
        "ssl_read_ahead",
        "low_mem_threshold1",
        "low_mem_threshold2",
        "ct_wq_blk_size",
        "rand_engine",
        "session_id",
    ] {
        accept(
            d,
            name,
            "Accepted; means nothing here because OpenSSL is not used.",
        );
    }
    for name in ["con_ct_wq_max", "ct_wq_max"] {
        accept(
            d,
            name,
            "Accepted; means nothing here because what waits for a handshake has the bound of its connection.",
        );
    }
    for name in ["tls_log", "tls_debug"] {
        accept(
            d,
            name,
            "Accepted; means nothing here because each line has the level of what it says.",
        );
    }
    accept(
        d,
        "send_close_notify",
        "Accepted; means nothing here because the close is always told.",
    );
    off(
        d,
        "tls_disable_compression",
        1,
        "Accepted as 1: there is no compression.",
    );
    off(
        d,
        "renegotiation",
        0,
        "Accepted as 0: there is no renegotiation.",
    );
}

fn accept(d: &mut Declaration<Tls>, name: &'static str, doc: &'static str) {
    d.param(name, doc, |_, _: ParamValue| {});
}

/// A setting that can have one value only.
fn off(d: &mut Declaration<Tls>, name: &'static str, only: i64, doc: &'static str) {
    d.try_param(name, doc, move |_, value: bool| {
        match i64::from(value) == only {
            true => Ok(()),
            false => Err(format!("only {only} is offered")),
        }
    });
}

fn text_of(value: &ParamValue) -> String {
    match value {
        ParamValue::Int(number) => number.to_string(),
        ParamValue::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}
