//! Doors for operators and databases that stand open to the world.

use super::Settings;
use script::ast::{Endpoint, HostName, Item};
use script::{Diagnostic, Script};
use std::net::IpAddr;

/// Parameters that bind a socket on which commands are obeyed.
const COMMANDS: [(&str, &str); 8] = [
    ("ctl", "binrpc"),
    ("ctl", "fifo"),
    ("jsonrpcs", "tcp_socket"),
    ("jsonrpcs", "dgram_socket"),
    ("xhttp_rpc", "listen"),
    ("evapi", "bind_addr"),
    ("xmlrpc", "listen"),
    ("mi_datagram", "socket_name"),
];

pub(super) fn find(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    for (module, name) in COMMANDS {
        let values = settings.of_module(Some(module));
        for setting in values.filter(|setting| setting.name == name) {
            if is_public(&setting.text()) {
                findings.push(
                    Diagnostic::new("E0618", setting.span, "a stranger can command this server")
                        .label("commands are obeyed on this address, which others reach")
                        .help(format!(
                            "write an address of this machine alone: \
                             `modparam(\"{module}\", \"{name}\", \"unix:/run/kamailio/{module}.sock\")` or 127.0.0.1"
                        )),
                );
            }
        }
    }
    for setting in settings.of_module(None) {
        let text = setting.text();
        if let Some(host) = database_host(&text).filter(|host| is_public_host(host)) {
            findings.push(
                Diagnostic::new(
                    "W0619",
                    setting.span,
                    "the database is reached over a public network",
                )
                .label(format!("{host} is a public address"))
                .help(
                    "bind the database to 127.0.0.1 or a private network, and write its address \
                         there; over other networks use a tunnel",
                ),
            );
        }
    }
}

/// Whether HTTP reaches the server from elsewhere: over every socket of a stream that is not for this
/// machine or a private network alone.
pub(crate) fn is_http_public(script: &Script) -> bool {
    if Settings::of(script)
        .core("disable_tcp")
        .and_then(|setting| setting.is_on())
        == Some(true)
    {
        return false;
    }
    let listens = script.items.iter().filter_map(|item| match item {
        Item::Listen(listen) => Some(&listen.endpoints),
        _ => None,
    });
    let mut endpoints = listens.flatten().peekable();
    // Without a line it listens everywhere.
    endpoints.peek().is_none() || endpoints.any(is_open_stream)
}

fn is_open_stream(endpoint: &Endpoint) -> bool {
    let is_stream = !matches!(endpoint.protocol.as_deref(), Some("udp" | "sctp"));
    is_stream
        && match &endpoint.host {
            HostName::Address(address) => is_public_host(&address.to_string()),
            HostName::Name(name) => name != "localhost" && name != "lo",
            HostName::Any => true,
        }
}

/// Whether a socket such as `tcp:0.0.0.0:2046` is reached from elsewhere.
fn is_public(socket: &str) -> bool {
    let mut rest = socket.trim();
    for scheme in ["unixs:", "unixd:", "unix:", "fifo:"] {
        if rest.starts_with(scheme) {
            return false;
        }
    }
    if rest.starts_with('/') {
        return false;
    }
    for scheme in ["tcp:", "udp:"] {
        rest = rest.strip_prefix(scheme).unwrap_or(rest);
    }
    let host = host_of(rest);
    host == "*" || is_public_host(host)
}

/// The host of a database URL `driver://user:password@host:port/name`.
fn database_host(url: &str) -> Option<&str> {
    let (driver, rest) = url.split_once("://")?;
    const SERVERS: [&str; 7] = [
        "mysql",
        "postgres",
        "pgsql",
        "redis",
        "mongodb",
        "unixodbc",
        "cassandra",
    ];
    if !SERVERS.contains(&driver) {
        return None;
    }
    let authority = rest.split('/').next()?;
    Some(host_of(authority.rsplit('@').next()?))
}

/// The host before a port, without brackets.
fn host_of(text: &str) -> &str {
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => text.split(':').next().unwrap_or_default(),
    }
}

/// An address that the world reaches; names are not judged, for nobody is asked what they mean.
fn is_public_host(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            !address.is_loopback() && !address.is_private() && !address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => {
            let first = address.segments()[0];
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            !address.is_loopback() && !is_local
        }
        Err(_) => false,
    }
}
