//! `tls.…` commands for operators.

use super::Tls;
use super::field::describe;
use policy::{Declaration, RpcError, RpcRequest, RpcResult, TlsListed, TlsProfile, TlsVersions};
use serde_json::{Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Tls>) {
    d.rpc(
        "tls.info",
        "How many TLS connections there are and may be, and what waits on them.",
        info,
    );
    d.rpc("tls.list", "All TLS connections.", list);
    d.rpc("tls.options", "The settings of the parameters.", options);
    d.rpc(
        "tls.reload",
        "Reads profiles, certificates, authorities and revocation lists again. Connections stay.",
        reload,
    );
}

fn info(tls: &Tls, _: &RpcRequest) -> RpcResult {
    let totals = tls.known()?.totals();
    Ok(json!({
        "max_connections": totals.max_connections,
        "opened_connections": totals.connections,
        "clear_text_write_queued_bytes": totals.queued_bytes,
        "handshakes_failed": totals.handshakes_failed,
        "handshakes_refused": totals.handshakes_refused,
    }))
}

fn list(tls: &Tls, _: &RpcRequest) -> RpcResult {
    let all = tls.known()?.list();
    Ok(all.iter().map(listed).collect::<Vec<_>>().into())
}

/// As in Kamailio the source of a connection is who opened it.
fn listed(one: &TlsListed) -> Json {
    let unknown = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let local = one.local.unwrap_or(unknown);
    let (source, destination) = match one.inbound {
        true => (one.peer, local),
        false => (local, one.peer),
    };
    let state = match (&one.tls, one.inbound) {
        (Some(_), _) => "established",
        (None, true) => "accept",
        (None, false) => "connect",
    };
    json!({
        "id": one.connection.0,
        "timeout": one.timeout_s,
        "src_ip": source.ip().to_string(),
        "src_port": source.port(),
        "dst_ip": destination.ip().to_string(),
        "dst_port": destination.port(),
        "cipher": one.tls.as_ref().map_or("unknown".to_owned(), |tls| describe(tls).trim_end().to_owned()),
        "ct_wq_size": one.queued_bytes,
        "enc_rd_buf": 0,
        "flags": if one.tls.is_some() { 2 } else { 0 },
        "state": state,
    })
}

fn options(tls: &Tls, _: &RpcRequest) -> RpcResult {
    let settings = &tls.settings;
    let profile = &settings.profile;
    let (verify, require) = (
        tls.demands.verify_certificate,
        tls.demands.require_certificate,
    );
    Ok(json!({
        "method": method(profile),
        "verify_certificate": u8::from(verify),
        "verify_depth": profile.verify_depth.unwrap_or(9),
        "require_certificate": u8::from(require),
        "verify_client": tls.verify_client(),
        "private_key": joined(&profile.private_keys),
        "ca_list": profile.ca_list,
        "ca_path": profile.ca_path,
        "crl": profile.crl,
        "certificate": joined(&profile.certificates),
        "cipher_list": tls.cipher_list,
        "session_cache": u8::from(settings.session_cache),
        "config": tls.config(),
        "connection_timeout": settings.timeout(&tls.globals).as_number(),
        "disable_compression": 1,
        "send_close_notify": 1,
    }))
}

fn reload(tls: &Tls, _: &RpcRequest) -> RpcResult {
    tls.known()?
        .reload(tls.config())
        .map_err(RpcError::internal)?;
    Ok("Ok. TLS configuration reloaded.".into())
}

fn joined(files: &[String]) -> Option<String> {
    (!files.is_empty()).then(|| files.join(","))
}

fn method(profile: &TlsProfile) -> &'static str {
    match profile.versions {
        TlsVersions::Tls12AndNewer => "TLSv1.2+",
        TlsVersions::Tls12 => "TLSv1.2",
        TlsVersions::Tls13 => "TLSv1.3",
        TlsVersions::None => "none",
    }
}
