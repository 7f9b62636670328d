//! TLS: certificates and profiles, as parameters or in a file of their own. The server reads the
//! files and opens the listeners.

mod cipher;
mod commands;
mod declare;
mod field;
mod file;
mod profile;
mod select;
mod variables;

use policy::{
    Context, Declaration, Entry, Globals, Init, Module, Problem, RpcError, Text, TlsConnections,
    TlsServerId, TlsSettings, TlsTimeout, TlsVerdict, problem,
};
use profile::{Demands, Draft};
use script::Value;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Tls>();

/// Module `tls`.
struct Tls {
    /// Who knows the connections.
    connections: Option<Arc<dyn TlsConnections>>,
    settings: TlsSettings,
    demands: Demands,
    /// `cipher_list` as written.
    cipher_list: Option<String>,
    /// Where `config` and `connection_timeout` can be changed while the server runs.
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
        declare::settings(d);
        declare::functions(d);
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
            TlsSettings::GROUP,
            "config",
            config,
            "The file of profiles that tls.reload reads.",
        );
        globals.declare(
            TlsSettings::GROUP,
            TlsSettings::TIMEOUT,
            Value::Int(params.connection_timeout.as_number()),
            "Seconds until a connection that never carried anything is closed, -1 for never.",
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
        let value = self.globals.value(TlsSettings::GROUP, "config")?;
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

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, problems};
    use policy::{TlsDomain, TlsTimeout};
    use script::Value;

    const OPTIONS: &str = "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n";

    fn script(params: &str) -> String {
        format!("loadmodule \"tls.so\"\n{params}\nrequest_route {{ exit; }}")
    }

    #[test]
    fn parameters_become_settings() {
        let text = script(
            "modparam(\"tls\", \"certificate\", \"cert.pem\")\nmodparam(\"tls\", \"verify_certificate\", 1)\nmodparam(\"tls\", \"connection_timeout\", -1)",
        );
        let bench = Bench::new(&text);
        let context = bench.context(OPTIONS);
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
    fn the_timeout_can_change() {
        for (written, number, timeout) in [
            ("", 30, TlsTimeout::AsOthers),
            (
                "modparam(\"tls\", \"connection_timeout\", 180)",
                180,
                TlsTimeout::Seconds(180),
            ),
            (
                "modparam(\"tls\", \"connection_timeout\", -1)",
                -1,
                TlsTimeout::Never,
            ),
        ] {
            let bench = Bench::new(&script(written));
            let installed = &bench.context(OPTIONS).config.installed;
            let settings = installed.tls.clone().expect("settings");
            let globals = installed.globals.clone();
            assert_eq!(settings.timeout(&globals), timeout);
            assert_eq!(timeout.as_number(), number);
            assert!(globals.set("tls", "connection_timeout", Value::Int(5)));
            assert_eq!(settings.timeout(&globals), TlsTimeout::Seconds(5));
            globals.set("tls", "connection_timeout", Value::Int(-1));
            assert_eq!(settings.timeout(&globals), TlsTimeout::Never);
        }
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
