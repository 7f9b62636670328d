//! The core parameters (`debug=3`, `tcp_max_connections=2048`, …), converted.
//!
//! They are declared by module `core` like the parameters of any module; this is where the values
//! end up. Names and defaults are those of Kamailio's core cookbook.

use crate::{BlocklistParams, Proto};
use bytes::Bytes;

/// The core parameters that mean something here.
#[derive(Clone, Debug)]
pub struct CoreParams {
    /// `debug`: the log level.
    pub debug: i64,
    /// `log_stderror`: standard error instead of syslog.
    pub log_stderror: bool,
    /// `log_facility`, a syslog facility name.
    pub log_facility: String,
    /// `log_name`: the name in syslog lines.
    pub log_name: String,
    /// `log_prefix`: a format string put before each line that belongs to a message.
    pub log_prefix: Bytes,
    /// `log_prefix_mode`: 0 renders the prefix when a message arrives, 1 for each line anew.
    pub log_prefix_mode: i64,
    /// `children`: worker threads per UDP socket; 0 takes one per core.
    pub children: usize,
    /// `fork`: Kamailio's switch for one process; accepted, threads are always used.
    pub fork: bool,
    /// `port`: the port of `listen` entries without one.
    pub port: u16,
    /// `auto_aliases`: names found by asking the resolver about own addresses.
    pub auto_aliases: bool,
    /// `auto_bind_ipv6`: listen on IPv6 too where no `listen` is given.
    pub auto_bind_ipv6: bool,
    /// `disable_tcp`.
    pub disable_tcp: bool,
    /// `enable_tls` (`disable_tls=0`).
    pub enable_tls: bool,
    /// `tls_port_no`: the port of TLS sockets without one.
    pub tls_port: u16,
    /// TCP and TLS.
    pub tcp: TcpParams,
    /// Name server lookups.
    pub dns: DnsParams,
    /// What is refused beyond capacity.
    pub overload: OverloadParams,
    /// Destinations that failed.
    pub blocklist: BlocklistParams,
    /// `server_header`: the whole line for our replies, with its line end.
    pub server_header: Bytes,
    /// `server_signature`: whether our replies carry `server_header`.
    pub server_signature: bool,
    /// `user_agent_header`: the whole line for our requests, with its line end.
    pub user_agent_header: Bytes,
    /// `sip_warning`: whether our replies carry a Warning header.
    pub sip_warning: bool,
    /// `reply_to_via`: replies go to the Via address instead of the source address.
    pub reply_to_via: bool,
    /// `force_rport`: as if `force_rport()` were called for each request.
    pub force_rport: bool,
    /// `mhomed`: ask the system which socket reaches a destination.
    pub mhomed: bool,
    /// `advertised_address`, for sockets without one of their own.
    pub advertised_address: Bytes,
    /// `advertised_port`.
    pub advertised_port: u16,
    /// `max_while_loops`: how often the body of one `while` may run.
    pub max_while_loops: u32,
    /// `shed_rate`: datagrams a second of one address and port from which on, while nothing comes of them, only
    /// a sample is read; 0 never.
    pub shed_rate: u32,
    /// `max_branches`: how many branches a request may have.
    pub max_branches: usize,
    /// `onsend_route_reply`: run `onsend_route` for replies too.
    pub onsend_route_reply: bool,
    /// `received_route_mode`: run `event_route[core:msg-received]` for everything that comes.
    pub received_route_mode: bool,
    /// `udp_mtu`: larger requests go over another transport; 0 never.
    pub udp_mtu: usize,
    /// `udp_mtu_try_proto`: which one; none changes nothing.
    pub udp_mtu_try_proto: Option<Proto>,
    /// `phone2tel`: `$rU` of a `user=phone` URI is its telephone number.
    pub phone2tel: bool,
    /// `tos`: type of service of sent packets.
    pub tos: u8,
    /// `user`: who to become after the sockets are open.
    pub user: String,
    /// `group`.
    pub group: String,
    /// `workdir`.
    pub workdir: String,
    /// `version_table`: the table with table versions.
    pub version_table: String,
    /// `server_id`.
    pub server_id: i64,
    /// `http_reply_parse`: replies of HTTP are taken for replies.
    pub http_reply_parse: bool,
    /// `default_forward_uri`-like fixed next hops are not used by the edge; kept for scripts.
    pub default_forward_uri: Bytes,
}

/// Parameters of stream transports.
#[derive(Clone, Debug)]
pub struct TcpParams {
    /// `tcp_connection_lifetime`, seconds without traffic.
    pub connection_lifetime_s: u32,
    /// `tcp_max_connections`, TLS among them.
    pub max_connections: usize,
    /// `tls_max_connections`.
    pub tls_max_connections: usize,
    /// `tcp_accept_iplimit`: inbound connections from one source, an IPv4 address or an IPv6 /64; 0 for no bound.
    pub accept_iplimit: usize,
    /// `tls_connection_match_domain`: a TLS connection of ours serves only the server name it was opened for.
    pub tls_match_domain: bool,
    /// `tcp_connect_timeout`, seconds.
    pub connect_timeout_s: u32,
    /// `tcp_send_timeout`, seconds.
    pub send_timeout_s: u32,
    /// `tcp_accept_no_cl`: a message without Content-Length has no body.
    pub accept_no_cl: bool,
    /// `tcp_accept_aliases`: RFC 5923 `;alias`.
    pub accept_aliases: bool,
    /// `tcp_crlf_ping`: answer a double CRLF with one.
    pub crlf_ping: bool,
    /// `tcp_rd_buf_size`: the largest message.
    pub rd_buf_size: usize,
    /// `tcp_conn_wq_max`: bytes that may wait to be sent on one connection.
    pub conn_wq_max: usize,
    /// `tcp_keepalive`.
    pub keepalive: bool,
    /// `tcp_keepidle`, seconds; 0 leaves the system's value.
    pub keepidle_s: u32,
    /// `tcp_keepintvl`, seconds.
    pub keepintvl_s: u32,
    /// `tcp_keepcnt`.
    pub keepcnt: u32,
    /// `tcp_no_connect`: never open a connection.
    pub no_connect: bool,
}

/// Parameters of local overload control (RFC 6357 section 5.1).
#[derive(Clone, Debug)]
pub struct OverloadParams {
    /// `overload_target`: milliseconds that messages may go on waiting to be read; 0 refuses nothing.
    pub target_ms: u32,
    /// `overload_interval`: milliseconds for which they must have waited longer before new requests are
    /// refused.
    pub interval_ms: u32,
    /// `overload_retry_after`: seconds after which who was refused may come back, drawn from once to
    /// twice as many.
    pub retry_after_s: u32,
    /// `overload_emergency`: the user parts that are emergency calls, beside `urn:service:sos`.
    pub emergency: Vec<Bytes>,
}

/// Parameters of name server lookups.
#[derive(Clone, Debug)]
pub struct DnsParams {
    /// `dns_srv_lb`: load is spread over SRV records by their weights (RFC 2782).
    pub srv_lb: bool,
    /// `use_dns_failover`.
    pub failover: bool,
}

impl Default for CoreParams {
    fn default() -> CoreParams {
        CoreParams {
            debug: 0,
            log_stderror: false,
            log_facility: "LOG_DAEMON".to_owned(),
            log_name: String::new(),
            log_prefix: Bytes::new(),
            log_prefix_mode: 0,
            children: 0,
            fork: true,
            port: 5060,
            auto_aliases: true,
            auto_bind_ipv6: false,
            disable_tcp: false,
            enable_tls: false,
            tls_port: 5061,
            tcp: TcpParams::default(),
            dns: DnsParams::default(),
            overload: OverloadParams::default(),
            blocklist: BlocklistParams::default(),
            server_header: Bytes::new(),
            server_signature: true,
            user_agent_header: Bytes::new(),
            sip_warning: false,
            reply_to_via: false,
            force_rport: false,
            mhomed: false,
            advertised_address: Bytes::new(),
            advertised_port: 0,
            max_while_loops: 100,
            shed_rate: 1000,
            max_branches: 12,
            onsend_route_reply: false,
            received_route_mode: false,
            udp_mtu: 0,
            udp_mtu_try_proto: None,
            phone2tel: true,
            tos: 0,
            user: String::new(),
            group: String::new(),
            workdir: String::new(),
            version_table: "version".to_owned(),
            server_id: 0,
            http_reply_parse: false,
            default_forward_uri: Bytes::new(),
        }
    }
}

impl Default for OverloadParams {
    fn default() -> OverloadParams {
        OverloadParams {
            target_ms: 20,
            interval_ms: 200,
            retry_after_s: 5,
            emergency: vec![Bytes::from_static(b"112"), Bytes::from_static(b"911")],
        }
    }
}

impl Default for TcpParams {
    fn default() -> TcpParams {
        TcpParams {
            connection_lifetime_s: 120,
            max_connections: 2048,
            tls_max_connections: 2048,
            accept_iplimit: 512,
            tls_match_domain: false,
            connect_timeout_s: 10,
            send_timeout_s: 10,
            accept_no_cl: false,
            accept_aliases: false,
            crlf_ping: true,
            rd_buf_size: 65_535,
            conn_wq_max: 65_536,
            keepalive: true,
            keepidle_s: 0,
            keepintvl_s: 0,
            keepcnt: 0,
            no_connect: false,
        }
    }
}

impl Default for DnsParams {
    fn default() -> DnsParams {
        DnsParams {
            srv_lb: true,
            failover: false,
        }
    }
}
