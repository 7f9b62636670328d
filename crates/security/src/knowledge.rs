//! What the functions of the language mean for security.
//!
//! The table goes by name, for a script is judged as it is written: also where it uses a module
//! that is not loaded or does not exist here.

use crate::flow::{Facts, Target};

/// What a function means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// True: this was found out.
    Proves(Facts),
    /// The request is found to be without fault in this respect, unless it answers a code of the list.
    Passes(Facts, &'static [i64]),
    /// Takes the credentials out.
    Consumes,
    /// Removes the headers that its first argument names.
    RemovesHeader,
    /// Removes all other headers.
    KeepsHeader,
    /// Sends the request on; the number is that of the argument that may name where to.
    Relays(Option<usize>),
    /// Stores a registration.
    Saves,
    /// True: the request now goes there.
    Finds(Target),
    /// The request now goes where its first argument says.
    Rewrites,
    /// True: what its argument names is a domain of ours; without an argument it is this.
    OwnDomain(Part),
    /// Follows the Route headers.
    FollowsRoutes,
    /// True: Route has a parameter of this form.
    TestsRoute,
    /// True: To has a tag.
    TestsToTag,
    /// True: the method is in the list.
    TestsMethod,
    /// True: the transaction of an ACK or CANCEL is there.
    FindsTransaction,
    /// Sets a flag, or resets it.
    Flags(bool),
    /// True: the flag is set.
    TestsFlag,
    /// Runs a route now.
    Runs,
    /// Runs a route later, for the same request; the number is that of the argument with its name.
    RunsLater(usize),
    /// The route runs where the request fails.
    OnFailure,
    /// Obeys commands of operators.
    Commands,
    /// True: a text is in the message.
    Searches,
    /// Bans the source.
    Bans,
}

/// A part of the request that names a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The Request-URI.
    Destination,
    /// From.
    Sender,
}

/// What a function means; none where it decides nothing.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    FAMILIES
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(meaning, _)| *meaning)
}

const AUTHENTICATED: Meaning = Meaning::Proves(Facts::AUTHENTICATED.and(Facts::CREDENTIALS));
const TRUSTED: Meaning = Meaning::Proves(Facts::TRUSTED);

const FAMILIES: &[(Meaning, &[&str])] = &[
    (
        AUTHENTICATED,
        &[
            "www_authenticate",
            "www_authorize",
            "proxy_authenticate",
            "proxy_authorize",
            "auth_check",
            "pv_www_authenticate",
            "pv_www_authorize",
            "pv_proxy_authenticate",
            "pv_proxy_authorize",
            "pv_auth_check",
            "radius_www_authorize",
            "radius_proxy_authorize",
            "aaa_www_authorize",
            "aaa_proxy_authorize",
            "diameter_www_authorize",
            "diameter_proxy_authorize",
            "autheph_check",
            "autheph_www",
            "autheph_proxy",
            "autheph_authenticate",
            "ims_www_authenticate",
            "ims_proxy_authenticate",
        ],
    ),
    // Who came with a token or a signed identity leaves no password behind.
    (
        Meaning::Proves(Facts::AUTHENTICATED),
        &[
            "jwt_verify",
            "jwt_verify_key",
            "secsipid_check_identity",
            "secsipid_check",
        ],
    ),
    (
        TRUSTED,
        &[
            "allow_source_address",
            "allow_source_address_group",
            "allow_address",
            "allow_address_group",
            "allow_trusted",
            "ds_is_from_list",
            "ds_is_from_lists",
            "is_from_gw",
            "from_gw",
            "from_any_gw",
            "is_in_subnet",
            "is_ip_rfc1918",
            "is_peer_verified",
            "tls_connection_match_domain",
        ],
    ),
    (Meaning::Consumes, &["consume_credentials"]),
    (
        Meaning::RemovesHeader,
        &[
            "remove_hf",
            "remove_hf_re",
            "remove_hf_exp",
            "remove_hf_pv",
            "remove_hf_re_pv",
        ],
    ),
    (Meaning::KeepsHeader, &["keep_hf"]),
    (
        Meaning::Relays(None),
        &[
            "t_forward_nonack",
            "t_relay",
            "forward",
            "forward_udp",
            "forward_tcp",
            "forward_tls",
            "send_udp",
            "send_tcp",
        ],
    ),
    (
        Meaning::Relays(Some(0)),
        &[
            "t_relay_to",
            "t_relay_to_udp",
            "t_relay_to_tcp",
            "t_relay_to_tls",
            "t_relay_to_sctp",
            "t_forward_nonack_udp",
            "t_forward_nonack_tcp",
            "t_forward_nonack_tls",
            "t_forward_nonack_sctp",
        ],
    ),
    (Meaning::Saves, &["save"]),
    (
        Meaning::Finds(Target::Registered),
        &[
            "lookup",
            "lookup_to_dset",
            "lookup_branches",
            "reg_fetch_contacts",
            "alias_db_lookup",
            "alias_db_find",
            "sd_lookup",
            "avp_pushto",
            "ims_lookup",
            "term_impu_registered",
        ],
    ),
    (
        Meaning::Finds(Target::Dispatched),
        &[
            "ds_select",
            "ds_select_dst",
            "ds_select_domain",
            "ds_next_dst",
            "ds_next_domain",
            "ds_select_routes",
            "lb_select",
        ],
    ),
    (
        Meaning::Finds(Target::Named),
        &[
            "next_gw",
            "do_routing",
            "use_next_gw",
            "next_routing",
            "route_to_carrier",
            "route_to_gw",
            "cr_route",
            "cr_nofallback_route",
            "cr_next_domain",
            "carrier_route",
            "pdt",
            "prefix_route",
            "mt_match",
            "enum_query",
            "dp_translate",
            "rtjson_init_routes",
        ],
    ),
    (
        Meaning::Rewrites,
        &[
            "rewritehost",
            "sethost",
            "rewritehostport",
            "sethostport",
            "rewritehostporttrans",
            "sethostporttrans",
            "rewriteuri",
            "seturi",
            "setdsturi",
        ],
    ),
    (
        Meaning::OwnDomain(Part::Destination),
        &[
            "is_uri_host_local",
            "is_domain_local",
            "lookup_domain",
            "is_myself",
        ],
    ),
    (Meaning::OwnDomain(Part::Sender), &["is_from_local"]),
    (
        Meaning::FollowsRoutes,
        &["loose_route", "loose_route_mode", "loose_route_preloaded"],
    ),
    (Meaning::TestsRoute, &["check_route_param"]),
    (
        Meaning::Proves(Facts::IN_DIALOG),
        &["is_known_dlg", "dlg_get"],
    ),
    (Meaning::TestsToTag, &["has_totag"]),
    (Meaning::TestsMethod, &["is_method"]),
    (
        Meaning::FindsTransaction,
        &["t_check_trans", "t_lookup_request", "t_lookup_cancel"],
    ),
    (Meaning::Flags(true), &["setflag", "setbflag", "setsflag"]),
    (
        Meaning::Flags(false),
        &["resetflag", "resetbflag", "resetsflag"],
    ),
    (
        Meaning::TestsFlag,
        &["isflagset", "isbflagset", "issflagset"],
    ),
    (Meaning::Runs, &["route_if_exists"]),
    (
        Meaning::RunsLater(0),
        &["async_route", "async_ms_route", "async_task_route"],
    ),
    (Meaning::RunsLater(1), &["http_async_query"]),
    (Meaning::OnFailure, &["t_on_failure"]),
    (
        Meaning::Commands,
        &[
            "jsonrpc_dispatch",
            "dispatch_rpc",
            "dispatch_xhttp_rpc",
            "dispatch_xhttp_pi",
        ],
    ),
    (Meaning::Searches, &["search", "search_hf", "search_hf_m"]),
    (Meaning::Bans, &["ban_add"]),
    // Sources that proved themselves before are spared from counting.
    (
        Meaning::Proves(Facts::COUNTED),
        &[
            "is_known_source",
            "pike_check_req",
            "pike_check_ip",
            "rl_check",
            "rl_check_pipe",
            "pl_check",
            "fraud_check",
        ],
    ),
    (Meaning::Proves(Facts::SANE), &["sanity_check"]),
    (
        Meaning::Proves(Facts::HOPS),
        &[
            "mf_process_maxfwd_header",
            "process_maxfwd",
            "maxfwd_process",
            "maxfwd_at_least",
        ],
    ),
    (
        Meaning::Passes(Facts::HOPS, &[]),
        &["is_maxfwd_lt", "mf_lowlimit"],
    ),
    (
        Meaning::Passes(Facts::NO_SCANNER, &[-2]),
        &["secf_check_ua"],
    ),
    (
        Meaning::Passes(Facts::NOT_BANNED, &[-2]),
        &["secf_check_ip"],
    ),
    (Meaning::Passes(Facts::NOT_BANNED, &[]), &["is_banned"]),
];
