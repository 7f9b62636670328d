//! Core parameters that are numbers from 0.

use policy::CoreParams;

/// Name, doc line, where the value goes.
type Number = (&'static str, &'static str, fn(&mut CoreParams, usize));

pub(super) const NUMBERS: &[Number] = &[
    ("children", "Worker threads; 0 is one per core.", |c, n| {
        c.children = n
    }),
    (
        "port",
        "Port of listen entries without one; default 5060.",
        |c, n| c.port = port(n),
    ),
    (
        "tls_port_no",
        "Port of TLS entries without one; default 5061.",
        |c, n| c.tls_port = port(n),
    ),
    (
        "max_while_loops",
        "How often the body of a while may run; default 100.",
        |c, n| c.max_while_loops = narrow(n),
    ),
    (
        "shed_rate",
        "Datagrams a second of one address and port from which on, while nothing comes of them, one in 16 is read; default 1000, 0 never.",
        |c, n| c.shed_rate = narrow(n),
    ),
    (
        "overload_target",
        "Milliseconds that messages may go on waiting to be read before new requests are refused with 503; default 20, 0 never refuses.",
        |c, n| c.overload.target_ms = narrow(n),
    ),
    (
        "overload_interval",
        "Milliseconds for which they must have waited longer than that; default 200.",
        |c, n| c.overload.interval_ms = narrow(n),
    ),
    (
        "overload_retry_after",
        "Seconds after which who was refused may come back, at least; at most twice as many; default 5.",
        |c, n| c.overload.retry_after_s = narrow(n),
    ),
    (
        "max_branches",
        "How many branches a request may have; default 12.",
        |c, n| c.max_branches = n.clamp(1, 31),
    ),
    (
        "udp_mtu",
        "Larger requests leave over udp_mtu_try_proto, octets; 0 never.",
        |c, n| c.udp_mtu = n,
    ),
    (
        "tcp_connection_lifetime",
        "Seconds a stream may be silent; default 120.",
        |c, n| c.tcp.connection_lifetime_s = narrow(n),
    ),
    (
        "tcp_max_connections",
        "Streams at most, TLS among them; default 2048.",
        |c, n| c.tcp.max_connections = n,
    ),
    (
        "tls_max_connections",
        "TLS streams at most; default 2048.",
        |c, n| c.tcp.tls_max_connections = n,
    ),
    (
        "tcp_accept_iplimit",
        "Streams that one IPv4 address or IPv6 /64 may open; default 512, 0 for no bound.",
        |c, n| c.tcp.accept_iplimit = n,
    ),
    (
        "tcp_connect_timeout",
        "Seconds to open a connection; default 10.",
        |c, n| c.tcp.connect_timeout_s = narrow(n),
    ),
    (
        "tcp_send_timeout",
        "Seconds a write may wait; default 10.",
        |c, n| c.tcp.send_timeout_s = narrow(n),
    ),
    (
        "tcp_rd_buf_size",
        "Octets of a message over a stream at most; default, and most, 65535. A larger one is answered 513, and its connection closed.",
        |c, n| c.tcp.rd_buf_size = n,
    ),
    (
        "tcp_conn_wq_max",
        "Octets that may wait to be sent on a stream; default 65536.",
        |c, n| c.tcp.conn_wq_max = n,
    ),
    (
        "tcp_keepidle",
        "Seconds before the first keep-alive; 0 is the system's.",
        |c, n| c.tcp.keepidle_s = narrow(n),
    ),
    (
        "tcp_keepintvl",
        "Seconds between keep-alives; 0 is the system's.",
        |c, n| c.tcp.keepintvl_s = narrow(n),
    ),
    (
        "tcp_keepcnt",
        "Keep-alives without an answer before a stream is closed; 0 is the system's.",
        |c, n| c.tcp.keepcnt = narrow(n),
    ),
    (
        "advertised_port",
        "What Via and Record-Route say instead of the port.",
        |c, n| c.advertised_port = port(n),
    ),
];

/// A port; what is none is 0, which leaves the choice to others.
fn port(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
