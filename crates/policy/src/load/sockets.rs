//! `listen` and `alias`: names to sockets.

use super::Extra;
use crate::{Alias, CoreParams, Identity, Problem, Proto, Socket, SocketId, SourceOf};
use bytes::Bytes;
use script::ast::{Endpoint, HostName, Item, Listen};
use script::{Diagnostic, Script, Span};
use std::net::{IpAddr, SocketAddr};

/// What the system knows of addresses; handed in, for loading opens nothing.
pub trait Addresses {
    /// The addresses of an interface or host name; empty where there are none.
    fn of_name(&self, name: &str) -> Vec<IpAddr>;

    /// The addresses of all interfaces, loopback among them.
    fn all(&self) -> Vec<IpAddr>;

    /// The names of this host, for `auto_aliases`.
    fn host_names(&self) -> Vec<String>;

    /// What tells from where a peer is reached, for `mhomed`; none where nobody knows.
    fn source(&self) -> Option<SourceOf> {
        None
    }
}

/// The sockets and names of a file.
pub(super) fn identity(
    script: &Script,
    extra: &Extra,
    core: &CoreParams,
    addresses: &dyn Addresses,
    findings: &mut Vec<Diagnostic>,
) -> Identity {
    // As Kamailio does: `-l` adds to what the file says.
    let of_file = script.items.iter().filter_map(as_listen);
    let listens: Vec<&Listen> = of_file.chain(&extra.listen).collect();
    let mut identity = Identity::default();
    for listen in &listens {
        add_listen(&mut identity, listen, core, addresses, findings);
    }
    if listens.is_empty() {
        add_everywhere(&mut identity, core, addresses);
    }
    add_aliases(&mut identity, script, extra);
    if core.auto_aliases {
        let names = addresses.host_names().into_iter();
        identity
            .aliases
            .extend(names.map(|name| alias(None, &name, 0)));
    }
    identity.source = addresses.source().filter(|_| core.mhomed);
    identity
}

fn as_listen(item: &Item) -> Option<&Listen> {
    match item {
        Item::Listen(listen) => Some(listen),
        _ => None,
    }
}

fn add_listen(
    identity: &mut Identity,
    listen: &Listen,
    core: &CoreParams,
    addresses: &dyn Addresses,
    findings: &mut Vec<Diagnostic>,
) {
    let advertise = listen
        .advertise
        .as_ref()
        .map(|end| (host_of(end), end.port.unwrap_or(0)));
    for endpoint in &listen.endpoints {
        let found = addresses_of(&endpoint.host, addresses);
        if found.is_empty() {
            findings.push(no_address(endpoint));
        }
        let protos = match protos_of(endpoint, core) {
            Ok(protos) => protos,
            Err(problem) => return findings.push(problem.at(endpoint.span)),
        };
        for (proto, ip) in protos
            .iter()
            .flat_map(|proto| found.iter().map(move |ip| (*proto, *ip)))
        {
            let port = endpoint.port.unwrap_or(default_port(proto, core));
            let name = listen.name.clone();
            add(
                identity,
                proto,
                SocketAddr::new(ip, port),
                advertise.clone(),
                name,
            );
        }
    }
}

/// Without `listen` every address of this machine is served, over all transports that are on.
fn add_everywhere(identity: &mut Identity, core: &CoreParams, addresses: &dyn Addresses) {
    let wanted = |ip: &IpAddr| ip.is_ipv4() || core.auto_bind_ipv6;
    for ip in addresses.all().into_iter().filter(wanted) {
        for proto in protos_on(core) {
            add(
                identity,
                proto,
                SocketAddr::new(ip, default_port(proto, core)),
                None,
                None,
            );
        }
    }
}

fn add(
    identity: &mut Identity,
    proto: Proto,
    addr: SocketAddr,
    advertise: Option<(Bytes, u16)>,
    name: Option<Bytes>,
) {
    if identity.find(proto, addr).is_some() {
        return;
    }
    if let Ok(id) = u16::try_from(identity.sockets.len()) {
        let mut socket = Socket::new(SocketId(id), proto, addr, advertise);
        socket.name = name;
        identity.sockets.push(socket);
    }
}

fn protos_of(endpoint: &Endpoint, core: &CoreParams) -> Result<Vec<Proto>, Problem> {
    let Some(name) = &endpoint.protocol else {
        return Ok(protos_on(core)
            .into_iter()
            .filter(|proto| !proto.is_secure())
            .collect());
    };
    match Proto::parse(name.as_bytes()) {
        Some(proto) if protos_on(core).contains(&proto) => Ok(vec![proto]),
        // Kamailio too leaves such a socket out where its transport is off.
        Some(Proto::Tcp | Proto::Tls) => Ok(Vec::new()),
        _ => {
            let message = format!("the transport `{name}` is not served");
            Err(Problem::new(NO_SOCKET, message).help("write `udp`, `tcp` or `tls`"))
        }
    }
}

fn protos_on(core: &CoreParams) -> Vec<Proto> {
    let mut protos = vec![Proto::Udp];
    if !core.disable_tcp {
        protos.push(Proto::Tcp);
    }
    if !core.disable_tcp && core.enable_tls {
        protos.push(Proto::Tls);
    }
    protos
}

fn default_port(proto: Proto, core: &CoreParams) -> u16 {
    if proto.is_secure() {
        core.tls_port
    } else {
        core.port
    }
}

fn addresses_of(host: &HostName, addresses: &dyn Addresses) -> Vec<IpAddr> {
    match host {
        HostName::Address(ip) if ip.is_unspecified() => addresses
            .all()
            .into_iter()
            .filter(|own| own.is_ipv4() == ip.is_ipv4())
            .collect(),
        HostName::Address(ip) => vec![*ip],
        HostName::Name(name) => addresses.of_name(name),
        HostName::Any => addresses.all(),
    }
}

fn add_aliases(identity: &mut Identity, script: &Script, extra: &Extra) {
    let of_file = script.items.iter().flat_map(|item| match item {
        Item::Alias(endpoints) => endpoints.as_slice(),
        _ => &[],
    });
    for endpoint in of_file.chain(&extra.aliases) {
        let proto = endpoint
            .protocol
            .as_ref()
            .and_then(|name| Proto::parse(name.as_bytes()));
        let host = String::from_utf8_lossy(&host_of(endpoint)).into_owned();
        identity
            .aliases
            .push(alias(proto, &host, endpoint.port.unwrap_or(0)));
    }
}

fn alias(proto: Option<Proto>, host: &str, port: u16) -> Alias {
    Alias {
        proto,
        host: Bytes::from(host.to_ascii_lowercase()),
        port,
        subdomains: false,
    }
}

fn host_of(endpoint: &Endpoint) -> Bytes {
    match &endpoint.host {
        HostName::Address(ip) => Bytes::from(crate::host_text(*ip)),
        HostName::Name(name) => Bytes::from(name.clone()),
        HostName::Any => Bytes::from_static(b"*"),
    }
}

fn no_address(endpoint: &Endpoint) -> Diagnostic {
    let message = format!(
        "`{}` has no address here",
        String::from_utf8_lossy(&host_of(endpoint))
    );
    let help = "write an address, the name of an interface, or a host name that resolves";
    let span: Span = endpoint.span;
    Problem::new(NO_SOCKET, message).help(help).at(span)
}

const NO_SOCKET: &str = "E0503";
