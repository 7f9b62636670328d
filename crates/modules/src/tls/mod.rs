//! TLS: certificates and profiles, as parameters or in a file of their own. The server reads the
//! files and opens the listeners.

mod cipher;
mod commands;
mod field;
mod file;
mod profile;
mod select;
mod variables;

use policy::{
    Context, Declaration, Entry, Globals, Init, Module, ParamValue, Problem, Routes, RpcError,
    Text, TlsConnections, TlsServerId, TlsSettings, TlsTimeout, TlsVerdict, problem,
};
use profile::{Demands, Draft};
use script::Value;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Tls>();

/// Kamailio's `connection_timeout`: 10 minutes.
const DEFAULT_TIMEOUT_S: u32 = 600;

/// Module `tls`.
struct Tls {
    /// Who knows the connections.
    connections: Option<Arc<dyn TlsConnections>>,
    settings: TlsSettings,
    demands: Demands,
    /// `cipher_list` as written.
    cipher_list: Option<String>,
    /// Where `tls.config` can be changed while the server runs.
    globals: Arc<Globals>,
}

/// `modparam("tls", …)`.
struct Params {
    draft: Draft,
    config: Option<String>,
    cipher_list: Option<String>,
    connection_timeout: TlsTimeout,
    xavp_cfg: Option<String>,
    session_cache: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            draft: Draft::default(),
            config: None,
            cipher_list: None,
            connection_timeout: TlsTimeout::AsOthers,
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
        declare_refused(d);
        declare_functions(d);
        variables::declare(d);
        d.select(
            "tls.part",
            "The TLS side of the connection: version, cipher, cipher.bits, desc, server_name; of peer and my: verified, version, sn, not_before, subject.cn, issuer.o, dns, uri, ip, raw_cert, …",
            select::prepare,
        );
        commands::declare(d);
        d.event_route(
            "tls:connection-out",
            "Before a TLS connection of ours is opened; $sndto(ip) is where to. `drop` and it is not opened, and nothing is sent.",
        );
        d.deviation("Without tls_method it is TLSv1.2+; Kamailio 5.6.3 offers TLS 1.0 alone.");
        d.deviation("tls_method TLSv1 and TLSv1.1 load with an error line and let nobody in; TLSv1+, TLSv1.1+ and SSLv23 mean TLSv1.2+.");
        d.deviation("cipher_list chooses among six ciphers without known weaknesses; what it names besides is said in a warning, and a list that leaves none is an error.");
        d.deviation("certificate and private_key may name several files with commas, such as one with an ECDSA key and one with an RSA key.");
        d.deviation("Where the next hop or server_name is a host name, verify_certificate demands the name too (RFC 5922); Kamailio looks at the chain alone.");
        d.deviation("The next hop's host name is asked for (SNI) where server_name is not set.");
        d.deviation("A verified TLS connection is used again only for the server name it was opened for, as if tls_connection_match_domain were set.");
        d.deviation("tls.reload also reads the files of the parameters again; Kamailio needs the parameter config.");
        d.deviation("Without connection_timeout a connection that never carried anything is closed after 30 seconds, and a handshake after 10.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Tls, Problem> {
        let draft = params.draft.finish();
        for remark in &draft.remarks {
            init.logger.log(remark.level, "tls", || remark.text.clone());
        }
        let profile = &draft.profile;
        if params.config.is_none()
            && profile.certificates.is_empty()
            && !profile.private_keys.is_empty()
        {
            return Err(problem("tls.private_key is given without tls.certificate"));
        }
        let globals = init.globals();
        let config = Value::Str(params.config.clone().unwrap_or_default().into());
        globals.declare(
            "tls",
            "config",
            config,
            "The file of profiles that tls.reload reads.",
        );
        let settings = TlsSettings {
            config: params.config,
            profile: draft.profile,
            parse: Some(file::parse),
            connection_timeout: params.connection_timeout,
            xavp_cfg: params.xavp_cfg,
            session_cache: params.session_cache,
        };
        init.set_tls(settings.clone());
        Ok(Tls {
            connections: init.tls_connections(),
            settings,
            demands: draft.demands,
            cipher_list: params.cipher_list,
            globals,
        })
    }
}

impl Tls {
    /// `is_peer_verified()`.
    fn is_peer_verified(&self, context: &mut Context) -> bool {
        field::connection(context).is_some_and(|tls| tls.verdict == TlsVerdict::Verified)
    }

    /// `tls_set_connect_server_id()`.
    fn set_connect_server_id(&self, context: &mut Context, id: &Text) -> bool {
        let id = id.get(context);
        let id = Some(id).filter(|id| !id.is_empty());
        *context.extension_mut::<TlsServerId>() = TlsServerId(id);
        true
    }

    /// Who knows the connections; a server without streams has nobody who does.
    fn known(&self) -> Result<&dyn TlsConnections, RpcError> {
        let none = || RpcError::internal("this server has no TLS connections");
        self.connections.as_deref().ok_or_else(none)
    }

    /// The file of profiles, as it is now.
    fn config(&self) -> Option<String> {
        let value = self.globals.value("tls", "config")?;
        let text = String::from_utf8_lossy(&value.to_text()).into_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    fn verify_client(&self) -> &'static str {
        match self.demands.verify_client {
            None | Some(policy::TlsVerify::Off) => "off",
            Some(policy::TlsVerify::Required) => "on",
            Some(policy::TlsVerify::Optional) => "optional",
            Some(policy::TlsVerify::OptionalNoCa) => "optional_no_ca",
        }
    }
}

fn declare_functions(d: &mut Declaration<Tls>) {
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

/// Settings of hardware and of other languages, refused by name.
fn declare_refused(d: &mut Declaration<Tls>) {
    for name in ["engine", "engine_config", "engine_algorithms"] {
        let doc = "Refused unless empty or NONE: keys in devices are not there.";
        d.try_param(name, doc, |_, text: String| match text.as_str() {
            "" | "NONE" => Ok(()),
            _ => Err("keys in devices are not there; put the key into a file".to_owned()),
        });
    }
    let doc = "Refused unless empty: event_route[tls:connection-out] is the only way.";
    d.try_param("event_callback", doc, |_, text: String| {
        match text.as_str() {
            "" => Ok(()),
            _ => Err(
                "the routing script is the only engine; write event_route[tls:connection-out]"
                    .to_owned(),
            ),
        }
    });
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
        "A file with profiles, which replace the settings above.",
        |p, text: String| {
            p.config = Some(text).filter(|text| !text.is_empty());
        },
    );
}

fn declare_connections(d: &mut Declaration<Tls>) {
    d.param("connection_timeout", "Seconds until a connection that never carried anything is closed, -1 for never. Default 30, as over TCP.", |p, n: i64| {
        p.connection_timeout = u32::try_from(n).map_or(TlsTimeout::Never, TlsTimeout::Seconds);
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

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, problems};
    use policy::{TlsDomain, TlsTimeout};

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
        assert_eq!(settings.connection_timeout, TlsTimeout::Never);
        let profiles = settings.profiles_of(None).expect("profiles");
        let (domain, server) = &profiles.server[0];
        assert_eq!(
            (domain, server.certificates.as_slice()),
            (&TlsDomain::Default, &["cert.pem".to_owned()][..])
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
