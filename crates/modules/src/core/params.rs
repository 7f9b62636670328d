//! The core parameters that mean something.

use super::{Core, Params};
use bytes::Bytes;
use policy::{CoreParams, Declaration, ParamValue};

pub(super) fn declare(d: &mut Declaration<Core>) {
    for (name, doc, set) in SWITCHES {
        d.param(name, doc, move |params: &mut Params, on: bool| {
            set(&mut params.core, on)
        });
    }
    for (name, doc, set) in NUMBERS {
        d.try_param(name, doc, move |params: &mut Params, number: i64| {
            set(
                &mut params.core,
                usize::try_from(number)
                    .map_err(|_| format!("expected a number from 0, found {number}"))?,
            );
            Ok(())
        });
    }
    for (name, doc, set) in TEXTS {
        d.param(name, doc, move |params: &mut Params, text: Text| {
            set(&mut params.core, text.0)
        });
    }
    d.param(
        "debug",
        "Log level, -5 to 3; default 0.",
        |params: &mut Params, level: i64| params.core.debug = level,
    );
    d.param(
        "log_prefix_mode",
        "0 renders log_prefix once a message, 1 for each line; default 0.",
        |params: &mut Params, mode: i64| {
            params.core.log_prefix_mode = mode;
        },
    );
    d.param(
        "server_id",
        "Number of this server, shown by $sel(sys.server_id) and in record ids.",
        |params: &mut Params, id: i64| {
            params.core.server_id = id;
        },
    );
    for (name, doc) in [
        (
            "tos",
            "Type of service of sent packets, a number or IPTOS_*; default 0.",
        ),
        ("tcp_tos", "The same as tos."),
    ] {
        d.try_param(name, doc, |params: &mut Params, value: ParamValue| {
            params.core.tos = type_of_service(&value)?;
            Ok(())
        });
    }
}

/// A text that may stand without quotes or be a number.
struct Text(Bytes);

impl policy::FromParam for Text {
    const KIND: &'static str = "str";

    fn from_param(value: &ParamValue) -> Result<Text, String> {
        Ok(match value {
            ParamValue::Text(text) => Text(text.clone()),
            ParamValue::Int(number) => Text(number.to_string().into()),
        })
    }
}

type Switch = (&'static str, &'static str, fn(&mut CoreParams, bool));
type Number = (&'static str, &'static str, fn(&mut CoreParams, usize));
type Word = (&'static str, &'static str, fn(&mut CoreParams, Bytes));

const SWITCHES: &[Switch] = &[
    (
        "log_stderror",
        "Log lines go to standard error instead of syslog; default no.",
        |c, on| c.log_stderror = on,
    ),
    (
        "fork",
        "Kamailio's switch for a single process; threads are always used.",
        |c, on| c.fork = on,
    ),
    (
        "auto_aliases",
        "Names found for own addresses are ours too; default yes.",
        |c, on| c.auto_aliases = on,
    ),
    (
        "auto_bind_ipv6",
        "Listen on IPv6 too where no listen is given; default no.",
        |c, on| c.auto_bind_ipv6 = on,
    ),
    ("disable_tcp", "No TCP sockets; default no.", |c, on| {
        c.disable_tcp = on
    }),
    ("enable_tls", "TLS sockets; default no.", |c, on| {
        c.enable_tls = on
    }),
    ("tls_enable", "The same as enable_tls.", |c, on| {
        c.enable_tls = on
    }),
    ("disable_tls", "The opposite of enable_tls.", |c, on| {
        c.enable_tls = !on
    }),
    (
        "server_signature",
        "Replies of ours carry server_header; default yes.",
        |c, on| c.server_signature = on,
    ),
    (
        "sip_warning",
        "Replies of ours carry a Warning header; default no.",
        |c, on| c.sip_warning = on,
    ),
    (
        "reply_to_via",
        "Replies go to the address in Via; default no.",
        |c, on| c.reply_to_via = on,
    ),
    (
        "force_rport",
        "As if force_rport() were called for each request; default no.",
        |c, on| c.force_rport = on,
    ),
    (
        "mhomed",
        "Ask the system which socket reaches a destination; default no.",
        |c, on| c.mhomed = on,
    ),
    (
        "onsend_route_reply",
        "Run onsend_route for replies too; default no.",
        |c, on| c.onsend_route_reply = on,
    ),
    (
        "phone2tel",
        "A user part with user=phone is a telephone number; default yes.",
        |c, on| c.phone2tel = on,
    ),
    (
        "http_reply_parse",
        "Replies of HTTP are taken for replies; default no.",
        |c, on| c.http_reply_parse = on,
    ),
    (
        "tcp_accept_no_cl",
        "A message over a stream may lack Content-Length and then has no body; default no.",
        |c, on| c.tcp.accept_no_cl = on,
    ),
    (
        "tcp_accept_aliases",
        "Take the alias parameter of a Via (RFC 5923); default no.",
        |c, on| c.tcp.accept_aliases = on,
    ),
    (
        "tcp_crlf_ping",
        "Answer an empty line pair on a stream; default yes.",
        |c, on| c.tcp.crlf_ping = on,
    ),
    (
        "tcp_keepalive",
        "Keep-alives of the system on streams; default yes.",
        |c, on| c.tcp.keepalive = on,
    ),
    (
        "tcp_no_connect",
        "Never open a connection; default no.",
        |c, on| c.tcp.no_connect = on,
    ),
    (
        "dns_try_ipv6",
        "Look for IPv6 addresses too; default no.",
        |c, on| c.dns.try_ipv6 = on,
    ),
    (
        "dns_try_naptr",
        "Look for NAPTR records; default no.",
        |c, on| c.dns.try_naptr = on,
    ),
    (
        "dns_use_search_list",
        "Use the search list of resolv.conf; default yes.",
        |c, on| c.dns.use_search_list = on,
    ),
    (
        "dns_srv_lb",
        "Honour the weights of SRV records; default no.",
        |c, on| c.dns.srv_lb = on,
    ),
    (
        "dns_srv_loadbalancing",
        "The same as dns_srv_lb.",
        |c, on| c.dns.srv_lb = on,
    ),
    (
        "use_dns_failover",
        "Try further addresses where one fails; default no.",
        |c, on| c.dns.failover = on,
    ),
    (
        "use_dns_cache",
        "Keep answers of name servers; default yes.",
        |c, on| c.dns.cache = on,
    ),
    (
        "dns_cache_init",
        "0 is as use_dns_cache=no; default 1.",
        |c, on| c.dns.cache &= on,
    ),
];

const NUMBERS: &[Number] = &[
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
        "Octets of a message over a stream at most; default 65535.",
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
        "dns_retr_time",
        "Seconds before a name server is asked again; default 5.",
        |c, n| c.dns.retr_time_s = narrow(n),
    ),
    (
        "dns_retr_no",
        "How often a name server is asked; default 4.",
        |c, n| c.dns.retr_no = narrow(n),
    ),
    (
        "advertised_port",
        "What Via and Record-Route say instead of the port.",
        |c, n| c.advertised_port = port(n),
    ),
];

const TEXTS: &[Word] = &[
    (
        "log_facility",
        "Syslog facility; default LOG_DAEMON.",
        |c, text| c.log_facility = plain(&text),
    ),
    ("log_name", "Name in syslog lines.", |c, text| {
        c.log_name = plain(&text)
    }),
    (
        "log_prefix",
        "Stands before each log line of a message; may have variables in it.",
        |c, text| c.log_prefix = text,
    ),
    (
        "server_header",
        "The whole Server line of replies of ours.",
        |c, text| c.server_header = text,
    ),
    (
        "user_agent_header",
        "The whole User-Agent line of requests of ours.",
        |c, text| c.user_agent_header = text,
    ),
    (
        "advertised_address",
        "What Via and Record-Route say instead of the address.",
        |c, text| c.advertised_address = text,
    ),
    (
        "udp_mtu_try_proto",
        "TCP, TLS or UDP: what udp_mtu changes to.",
        |c, text| c.udp_mtu_try_proto = plain(&text),
    ),
    (
        "user",
        "Who to become once the sockets are open.",
        |c, text| c.user = plain(&text),
    ),
    ("uid", "The same as user.", |c, text| c.user = plain(&text)),
    ("group", "Which group to become.", |c, text| {
        c.group = plain(&text)
    }),
    ("gid", "The same as group.", |c, text| {
        c.group = plain(&text)
    }),
    ("workdir", "The working directory.", |c, text| {
        c.workdir = plain(&text)
    }),
    ("wdir", "The same as workdir.", |c, text| {
        c.workdir = plain(&text)
    }),
    (
        "version_table",
        "The table with the versions of tables; default version.",
        |c, text| c.version_table = plain(&text),
    ),
    (
        "default_forward_uri",
        "Where a script forwards by default.",
        |c, text| c.default_forward_uri = text,
    ),
];

/// A port; what is none is 0, which leaves the choice to others.
fn port(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn plain(text: &Bytes) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn type_of_service(value: &ParamValue) -> Result<u8, String> {
    let wrong = || {
        "expected 0 to 255, IPTOS_LOWDELAY, IPTOS_THROUGHPUT, IPTOS_RELIABILITY or IPTOS_MINCOST"
            .to_owned()
    };
    match value {
        ParamValue::Int(number) => u8::try_from(*number).map_err(|_| wrong()),
        ParamValue::Text(text) => match text.as_ref() {
            b"IPTOS_LOWDELAY" => Ok(0x10),
            b"IPTOS_THROUGHPUT" => Ok(0x08),
            b"IPTOS_RELIABILITY" => Ok(0x04),
            b"IPTOS_MINCOST" => Ok(0x02),
            _ => Err(wrong()),
        },
    }
}
