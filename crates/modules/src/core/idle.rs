//! Core parameters that are taken so that a file loads, and mean nothing here.

use super::{Core, Params};
use policy::{Declaration, ParamValue};

/// A parameter that does nothing, and why.
pub(super) struct Idle {
    /// Its name.
    pub(super) name: &'static str,
    doc: &'static str,
    /// The reason, after "because".
    pub(super) because: &'static str,
}

pub(super) fn declare(declaration: &mut Declaration<Core>) {
    for idle in IDLE {
        declaration.param(
            idle.name,
            idle.doc,
            move |params: &mut Params, _: ParamValue| {
                note(params, idle);
            },
        );
    }
}

/// Remembers to say that the parameter was given.
pub(super) fn note(params: &mut Params, idle: &'static Idle) {
    if !params.idle.iter().any(|known| known.name == idle.name) {
        params.idle.push(idle);
    }
}

/// The parameter of this name.
#[cfg(test)]
pub(super) fn find(name: &str) -> Option<&'static Idle> {
    IDLE.iter().find(|idle| idle.name == name)
}

macro_rules! idle {
    ($($because:literal: $($name:literal)+;)+) => {
        &[$($(Idle {
            name: $name,
            doc: concat!("Accepted; means nothing here, because ", $because, "."),
            because: $because,
        },)+)+]
    };
}

const IDLE: &[Idle] = idle! {
    "memory is the system's": "memlog" "memdbg" "mem_join" "mem_safety" "mem_status_mode" "mem_summary" "mem_add_size"
        "shm_force_alloc" "shm_mem_size" "mlock_pages" "pkg" "shm" "sql_buffer_size";
    "threads share the work and no process serves a socket alone": "tcp_children" "socket_workers" "async_workers"
        "async_workers_group" "async_nonblock" "async_usleep" "fork_delay" "modinit_delay" "kemi.onsend_route_callback"
        "wait_worker1_mode" "wait_worker1_time" "wait_worker1_usleep" "route_locks_size" "real_time" "rt_prio"
        "rt_policy" "rt_timer1_prio" "rt_timer1_policy" "rt_timer2_prio" "rt_timer2_policy" "timer_thread"
        "tls_threads_mode" "sip_parser_log_oneline" "exit_timeout" "ser_kill_timeout" "rpc_exec_delta";
    "sockets are opened and read in one way for every system": "tcp_reuse_port" "tcp_async" "tcp_fd_cache" "tcp_conn_wq_block"
        "tcp_wq_max" "tcp_wq_blk_size" "tcp_wq_timeout" "tcp_buf_write" "tcp_defer_accept" "tcp_delayed_ack" "tcp_linger2"
        "tcp_syncnt" "tcp_source_ipv4" "tcp_source_ipv6" "tcp_poll_method" "poll_method" "tcp_option_fd_cache"
        "tcp_opt_fd_cache" "tcp_opt_buf_write" "tcp_opt_conn_wq_max" "tcp_opt_wq_max" "tcp_opt_wq_timeout"
        "tcp_opt_crlf_ping" "tcp_opt_accept_aliases" "tcp_opt_defer_accept" "tcp_opt_delayed_ack" "tcp_opt_syncnt"
        "tcp_opt_linger2" "tcp_opt_keepalive" "tcp_opt_keepidle" "tcp_opt_keepintvl" "tcp_opt_keepcnt"
        "tcp_connection_match" "tcp_connection_match_domain" "tcp_script_mode"
        "tcp_accept_haproxy" "tcp_accept_hep3" "tcp_accept_unique" "tcp_check_timer" "tcp_clone_rcvbuf"
        "tcp_close_rst" "tcp_msg_read_timeout" "tcp_msg_data_timeout" "ksr_tcp_msg_read_timeout"
        "maxbuffer" "maxsndbuffer" "sendbuf" "pmtu_discovery" "udp4_raw" "udp4_raw_mtu" "udp4_raw_ttl" "mcast"
        "mcast_loopback" "mcast_ttl" "bind_ipv6_link_local" "ipv6_hex_style" "auto_bind" "uri_host_extra_chars"
        "hdr_name_extra_chars" "local_rport" "rundir" "runtime_dir" "udp_receiver_mode" "udp_receiver_workers";
    "SCTP is not spoken": "enable_sctp" "disable_sctp" "sctp_children" "sctp_socket_rcvbuf" "sctp_socket_receive_buffer"
        "sctp_socket_sndbuf" "sctp_socket_send_buffer" "sctp_autoclose" "sctp_send_ttl" "sctp_send_retries" "sctp_assoc_tracking"
        "sctp_assoc_reuse" "sctp_max_assocs" "sctp_srto_initial" "sctp_srto_max" "sctp_srto_min" "sctp_asocmaxrxt"
        "sctp_init_max_attempts" "sctp_init_max_timeo" "sctp_hbinterval" "sctp_pathmaxrxt" "sctp_sack_delay"
        "sctp_sack_freq" "sctp_max_burst" "dns_sctp_pref"
        "dst_blocklist_sctp_imask" "dst_blacklist_sctp_imask";
    "the resolver keeps its own cache and chooses transports by itself": "dns_udp_pref" "dns_tcp_pref" "dns_tls_pref"
        "dns_naptr_ignore_rfc" "dns_servers_no" "dns_servers_number" "dns_search_full_match" "dns_search_fmatch"
        "dns_cache_flags" "dns_cache_mem" "dns_cache_gc_interval" "dns_cache_negative_ttl" "dns_cache_min_ttl"
        "dns_cache_max_ttl" "dns_cache_del_nonexp" "dns_cache_delete_nonexpired" "dns_cache_rec_pref" "dns_reinit"
        "dns" "rev_dns" "use_dns_cache" "dns_cache_init";
    "name servers are asked as /etc/resolv.conf says": "dns_retr_time" "dns_retr_no" "dns_use_search_list";
    "addresses of the families that the server has sockets for are looked for, and no NAPTR": "dns_try_ipv6" "dns_try_naptr";
    "variables need no buffers": "pv_buffer_size" "pv_buffer_slots" "pv_cache_limit" "pv_cache_action";
    "nothing of the script is measured": "latency_cfg_log" "latency_log" "latency_limit_action" "latency_limit_db"
        "statistics" "stats_name_separator";
    "log lines go where log_stderror and log_facility say, one record each": "log_color" "log_engine_type"
        "log_engine_data" "corelog" "log_level" "malloc_debug" "stun_refresh_interval" "stun_allow_stun" "stun_allow_fp"
        "debugger";
    "the routing script is the only engine": "onsend_route_callback" "request_route_callback"
        "reply_route_callback" "event_route_callback" "mod_init_callback" "version_table_check" "xavp_via_params"
        "xavp_via_fields" "xavp_via_reply_params" "xavp_rcd" "received_route_callback"
        "pre_routing_callback" "return_mode" "send_sock_mode" "sip_parser_mode" "sip_parser_log"
        "random_engine" "lock_set_size" "advertise_set" "class" "avpflags_no" "max_recursive_level"
        "msg_recv_max_size" "tcp_max_msg_size" "force_socket" "async_tkv_evname" "async_tkv_gname";
    "loops are always looked for": "check_via" "loop_checks";
    "the process needs no such privilege": "chroot" "disable_core_dump" "dump_core" "open_files_limit" "open_fd_limit" "nofiles";
    "another module has it": "enable_blacklist" "enable_whitelist" "fr_timer" "fr_inv_timer" "wt_timer" "delete_timer" "topoh_hiding" "fifo" "fifo_mode"
        "unixsock" "snmp" "tls_log" "tls_method" "tls_verify" "tls_require_certificate" "tls_certificate" "tls_private_key"
        "tls_ca_list" "tls_ciphers_list" "tls_handshake_timeout" "tls_send_timeout" "Alisten";
};

#[cfg(test)]
mod tests {
    use super::IDLE;

    #[test]
    fn a_name_stands_once() {
        for (at, idle) in IDLE.iter().enumerate() {
            assert!(
                !IDLE[..at].iter().any(|other| other.name == idle.name),
                "{}",
                idle.name
            );
        }
    }
}
