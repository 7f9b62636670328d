//! Core parameters that are yes or no.

use policy::CoreParams;

/// Name, doc line, where the value goes.
type Switch = (&'static str, &'static str, fn(&mut CoreParams, bool));

pub(super) const SWITCHES: &[Switch] = &[
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
        "tls_connection_match_domain",
        "A TLS connection of ours serves only the server name it was opened for; default no, but yes where peers are verified.",
        |c, on| c.tcp.tls_match_domain = on,
    ),
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
        "Ask the system which socket reaches a destination; where it names none of ours, as without. Default no.",
        |c, on| c.mhomed = on,
    ),
    (
        "onsend_route_reply",
        "Run onsend_route for replies too; default no.",
        |c, on| c.onsend_route_reply = on,
    ),
    (
        "received_route_mode",
        "Run event_route[core:msg-received] for everything that comes, unread; default no.",
        |c, on| c.received_route_mode = on,
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
        "dns_srv_lb",
        "Spread load over SRV records of one priority by their weights (RFC 2782); no: the heaviest first; default yes.",
        |c, on| c.dns.srv_lb = on,
    ),
    (
        "dns_srv_loadbalancing",
        "The same as dns_srv_lb.",
        |c, on| c.dns.srv_lb = on,
    ),
    (
        "use_dns_failover",
        "Try the next address of a name where one fails: nothing left, nothing came back, or a 503; pass over those that use_dst_blocklist lists; default no.",
        |c, on| c.dns.failover = on,
    ),
];
