//! TLS: certificates and profiles, as parameters or in a file of their own. The server reads the
//! files and opens the listeners.

mod file;
mod profile;
mod variables;

use policy::{
    Declaration, Entry, Init, Level, Module, ParamValue, Problem, TlsConnections, TlsSettings,
    problem,
};
use profile::Draft;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Tls>();

/// Kamailio's `connection_timeout`: 10 minutes.
const DEFAULT_TIMEOUT_S: u32 = 600;

/// Module `tls`.
struct Tls {
    /// Who knows the connections, for `$tls_…`.
    connections: Option<Arc<dyn TlsConnections>>,
}

/// `modparam("tls", …)`.
struct Params {
    draft: Draft,
    config: Option<String>,
    connection_timeout_s: Option<u32>,
    xavp_cfg: Option<String>,
    session_cache: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            draft: Draft::default(),
            config: None,
            connection_timeout_s: Some(DEFAULT_TIMEOUT_S),
            xavp_cfg: None,
            session_cache: false,
        }
    }
}

impl Module for Tls {
    const NAME: &'static str = "tls";
    type Params = Params;

    fn declare(d: &mut Declaration<Tls>) {
        d.doc("Certificates and profiles for listen=tls: and for TLS connections of ours.");
        declare_profile(d);
        declare_connections(d);
        declare_accepted(d);
        variables::declare(d);
        d.deviation("Without tls_method it is TLSv1.2+; Kamailio 5.6.3 offers TLS 1.0 alone.");
        d.deviation("tls_method TLSv1 and TLSv1.1 load with an error line and let nobody in; TLSv1+, TLSv1.1+ and SSLv23 mean TLSv1.2+.");
        d.deviation(
            "cipher_list is not honoured: only ciphers without known weaknesses are offered.",
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Tls, Problem> {
        let draft = params.draft.finish();
        for line in &draft.errors {
            init.logger.log(Level::Err, "tls", || line.clone());
        }
        for line in &draft.warnings {
            init.logger.log(Level::Warn, "tls", || line.clone());
        }
        if params.config.is_none()
            && draft.profile.certificate.is_none()
            && draft.profile.private_key.is_some()
        {
            return Err(problem("tls.private_key is given without tls.certificate"));
        }
        init.set_tls(TlsSettings {
            config: params.config,
            profile: draft.profile,
            parse: Some(file::parse),
            connection_timeout_s: params.connection_timeout_s,
            xavp_cfg: params.xavp_cfg,
            session_cache: params.session_cache,
        });
        Ok(Tls {
            connections: init.tls_connections(),
        })
    }
}

fn declare_profile(d: &mut Declaration<Tls>) {
    for (name, doc) in [
        (
            "tls_method",
            "TLSv1.2+ (default), TLSv1.2, TLSv1.3 or TLSv1.3+.",
        ),
        (
            "certificate",
            "The file with the certificate chain, leaf first; it may hold the key too.",
        ),
        (
            "private_key",
            "The file with the key. Default: that of the certificate.",
        ),
        (
            "ca_list",
            "The file with the authorities that certificates of peers must come from.",
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
            "Accepted with a warning; means nothing here because only ciphers without known weaknesses are offered.",
        ),
        (
            "verify_depth",
            "Accepted; means nothing here because the length of a chain is bounded already.",
        ),
    ] {
        d.try_param(name, doc, move |p: &mut Params, value: ParamValue| {
            p.draft.set(name, &text_of(&value))
        });
    }
    d.param(
        "config",
        "A file with profiles, which replace the settings above.",
        |p, text: String| {
            p.config = Some(text).filter(|text| !text.is_empty());
        },
    );
}

fn declare_connections(d: &mut Declaration<Tls>) {
    d.param("connection_timeout", "Seconds until a connection that never carried anything is closed, -1 for never. Default 600.", |p, n: i64| {
        p.connection_timeout_s = u32::try_from(n).ok();
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

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, problems};
    use policy::TlsDomain;

    fn script(params: &str) -> String {
        format!("loadmodule \"tls.so\"\n{params}\nrequest_route {{ exit; }}")
    }

    #[test]
    fn parameters_become_settings() {
        let text = script(
            "modparam(\"tls\", \"certificate\", \"cert.pem\")\nmodparam(\"tls\", \"verify_certificate\", 1)\nmodparam(\"tls\", \"connection_timeout\", -1)",
        );
        let bench = Bench::new(&text);
        let context = bench.context("OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n");
        let settings = context.config.installed.tls.clone().expect("settings");
        assert_eq!(settings.connection_timeout_s, None);
        let profiles = settings.profiles_of(None).expect("profiles");
        let (domain, server) = &profiles.server[0];
        assert_eq!(
            (domain, server.certificate.as_deref()),
            (&TlsDomain::Default, Some("cert.pem"))
        );
        let profiles = settings
            .profiles_of(Some("[server:any]\n"))
            .expect("profiles");
        assert_eq!(profiles.server[0].0, TlsDomain::Any);
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        for (name, value) in [
            ("tls_method", "\"SSLv3\""),
            ("renegotiation", "1"),
            ("tls_disable_compression", "0"),
            ("engine", "\"gem\""),
        ] {
            let found = problems(&script(&format!("modparam(\"tls\", \"{name}\", {value})")));
            assert!(
                found.contains(name) || found.contains("SSLv3"),
                "{name}: {found}"
            );
        }
        assert_eq!(
            problems(&script(
                "modparam(\"tls\", \"tls_method\", \"TLSv1\")\nmodparam(\"tls\", \"tls_force_run\", 1)"
            )),
            ""
        );
    }
}
