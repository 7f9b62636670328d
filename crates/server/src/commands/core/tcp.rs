//! The commands that tell of connections.

use super::{command, constant};
use crate::crew::STREAM_WORKERS;
use net::stream::{Info, Kind, Streams};
use policy::{CoreParams, Rpc, TcpParams};
use serde_json::{Value as Json, json};

pub(super) fn commands(core: &CoreParams, streams: Option<&Streams>) -> [Rpc; 3] {
    let (max, max_tls) = (core.tcp.max_connections, core.tcp.tls_max_connections);
    let lifetime_s = u64::from(core.tcp.connection_lifetime_s);
    let (counted, listed) = (streams.cloned(), streams.cloned());
    [
        command(
            "core.tcp_info",
            "Tells how many connections there are.",
            move |_| Ok(numbers(counted.as_ref(), max, max_tls)),
        ),
        command("core.tcp_list", "Lists the connections.", move |_| {
            let connections = listed.iter().flat_map(Streams::list);
            Ok(connections.map(|info| shown(&info, lifetime_s)).collect())
        }),
        constant(
            "core.tcp_options",
            "Returns the parameters of connections.",
            options(&core.tcp),
        ),
    ]
}

fn numbers(streams: Option<&Streams>, max: usize, max_tls: usize) -> Json {
    let counters = streams.map(Streams::counters).unwrap_or_default();
    let connections = streams.iter().flat_map(|streams| streams.list());
    let queued: usize = connections.map(|info| info.queued_bytes).sum();
    json!({
        "readers": STREAM_WORKERS,
        "max_connections": max,
        "max_tls_connections": max_tls,
        "opened_connections": counters.connections,
        "opened_tls_connections": counters.tls_connections,
        "write_queued_bytes": queued,
    })
}

fn shown(info: &Info, lifetime_s: u64) -> Json {
    let (kind, begun) = match info.kind {
        Kind::Tcp => ("TCP", info.local.is_some()),
        Kind::Tls => ("TLS", info.tls.is_some()),
    };
    let state = match (begun, info.inbound) {
        (true, _) => "CONN_OK",
        (false, true) => "CONN_ACCEPT",
        (false, false) => "CONN_CONNECT",
    };
    json!({
        "id": info.id.number(),
        "type": kind,
        "state": state,
        "timeout": lifetime_s.saturating_sub(info.idle.as_secs()),
        "lifetime": lifetime_s,
        "ref_count": 1,
        "src_ip": info.peer.ip().to_string(),
        "src_port": info.peer.port(),
        "dst_ip": info.local.map(|local| local.ip().to_string()).unwrap_or_default(),
        "dst_port": info.local.map_or(0, |local| local.port()),
    })
}

/// Kamailio's names. Its options that nothing is like here have the value that is true here.
fn options(tcp: &TcpParams) -> Json {
    json!({
        "connect_timeout": tcp.connect_timeout_s,
        "send_timeout": tcp.send_timeout_s,
        "connection_lifetime": tcp.connection_lifetime_s,
        "max_connections(soft)": tcp.max_connections,
        "max_tls_connections(soft)": tcp.tls_max_connections,
        "no_connect": i32::from(tcp.no_connect),
        "fd_cache": 0,
        "async": 1,
        "connect_wait": 1,
        "conn_wq_max": tcp.conn_wq_max,
        "wq_max": tcp.conn_wq_max.saturating_mul(tcp.max_connections),
        "defer_accept": 0,
        "delayed_ack": 0,
        "syncnt": 0,
        "linger2": 0,
        "keepalive": i32::from(tcp.keepalive),
        "keepidle": tcp.keepidle_s,
        "keepintvl": tcp.keepintvl_s,
        "keepcnt": tcp.keepcnt,
        "crlf_ping": i32::from(tcp.crlf_ping),
        "accept_aliases": i32::from(tcp.accept_aliases),
        "alias_flags": 0,
        "new_conn_alias_flags": 0,
    })
}
