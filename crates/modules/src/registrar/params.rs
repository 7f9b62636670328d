//! The parameters of module registrar.

use bytes::Bytes;
use policy::{AvpName, Declaration, Flag, Q};

/// The parameters, with Kamailio's defaults.
#[derive(Clone)]
pub(crate) struct Params {
    pub(super) default_expires_s: u32,
    pub(super) default_expires_range: u8,
    pub(super) expires_range: u8,
    pub(super) min_expires_s: u32,
    /// 423 instead of the minimum.
    pub(super) min_expires_mode: bool,
    pub(super) max_expires_s: u32,
    pub(super) default_q: Q,
    pub(super) realm_prefix: Bytes,
    pub(super) append_branches: bool,
    pub(super) case_sensitive: bool,
    pub(super) received_avp: Option<AvpName>,
    pub(super) received_param: Bytes,
    pub(super) max_contacts: u32,
    pub(super) retry_after_s: u32,
    pub(super) sock_flag: Option<Flag>,
    pub(super) sock_hdr_name: Option<Bytes>,
    pub(super) sock_advertised: bool,
    pub(super) method_filtering: bool,
    pub(super) use_path: bool,
    pub(super) path_mode: PathMode,
    pub(super) path_use_received: bool,
    pub(super) path_check_local: bool,
    pub(super) xavp_cfg: Option<Bytes>,
    pub(super) xavp_rcd: Option<Bytes>,
    pub(super) xavp_rcd_mask: i64,
    pub(super) gruu_enabled: bool,
    pub(super) outbound: Outbound,
    pub(super) regid_mode: bool,
    pub(super) flow_timer_s: u32,
    pub(super) contact_max_size: usize,
    pub(super) filters_flags: bool,
    pub(super) use_expired_contacts: bool,
    pub(super) reject_self_contacts: bool,
}

/// What the reply says of a Path (`path_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathMode {
    /// 0: nothing.
    Off,
    /// 1: the Path, to those who support it.
    Lazy,
    /// 2: the Path, and 420 to those who do not support it.
    Strict,
}

/// RFC 5626 (`outbound_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outbound {
    /// 0.
    Off,
    /// 1.
    Supported,
    /// 2.
    Required,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            default_expires_s: 3600,
            default_expires_range: 0,
            expires_range: 0,
            min_expires_s: 60,
            min_expires_mode: false,
            max_expires_s: 0,
            default_q: Q::UNSET,
            realm_prefix: Bytes::new(),
            append_branches: true,
            case_sensitive: false,
            received_avp: None,
            received_param: Bytes::from_static(b"received"),
            max_contacts: 0,
            retry_after_s: 0,
            sock_flag: None,
            sock_hdr_name: None,
            sock_advertised: false,
            method_filtering: false,
            use_path: false,
            path_mode: PathMode::Strict,
            path_use_received: false,
            path_check_local: false,
            xavp_cfg: None,
            xavp_rcd: None,
            xavp_rcd_mask: 0,
            gruu_enabled: true,
            outbound: Outbound::Off,
            regid_mode: false,
            flow_timer_s: 0,
            contact_max_size: 512,
            filters_flags: false,
            use_expired_contacts: false,
            reject_self_contacts: false,
        }
    }
}

type Decl = Declaration<super::Registrar>;

/// Declares every parameter.
pub(super) fn declare(d: &mut Decl) {
    expires(d);
    contacts(d);
    sockets(d);
    paths(d);
    extensions(d);
}

fn expires(d: &mut Decl) {
    d.number(
        "default_expires",
        "Seconds where the REGISTER names none; default 3600.",
        0..,
        |p, n| p.default_expires_s = n,
    );
    d.number(
        "default_expires_range",
        "Percent that may be taken off default_expires at random; default 0.",
        0..=100,
        |p, n| p.default_expires_range = n,
    );
    d.number(
        "expires_range",
        "Percent that may be taken off the REGISTER's expires at random; default 0.",
        0..=100,
        |p, n| p.expires_range = n,
    );
    d.number(
        "min_expires",
        "Least seconds; 0 for no bound, default 60.",
        0..,
        |p, n| p.min_expires_s = n,
    );
    d.param(
        "min_expires_mode",
        "Below min_expires: 0 raises it (default), 1 answers 423.",
        |p, on| p.min_expires_mode = on,
    );
    d.number(
        "max_expires",
        "Most seconds; 0 for no bound (default).",
        0..,
        |p, n| p.max_expires_s = n,
    );
}

fn contacts(d: &mut Decl) {
    d.number(
        "default_q",
        "q of contacts without one, in thousandths; -1 for none (default).",
        -1..=1000,
        |p, q| p.default_q = Q(q),
    );
    d.param(
        "realm_prefix",
        "Taken off the front of the domain; default empty.",
        |p, text| p.realm_prefix = text,
    );
    d.param(
        "append_branches",
        "1 (default): lookup() makes a branch for each further contact.",
        |p, on| p.append_branches = on,
    );
    d.param(
        "case_sensitive",
        "1: case matters in user names; default 0.",
        |p, on| p.case_sensitive = on,
    );
    d.number(
        "max_contacts",
        "Most contacts of an address-of-record; 0 for no bound (default).",
        0..,
        |p, n| p.max_contacts = n,
    );
    d.number(
        "retry_after",
        "Seconds in the Retry-After of 5xx replies; 0 for none (default).",
        0..,
        |p, n| p.retry_after_s = n,
    );
    d.number(
        "contact_max_size",
        "Longest contact URI in bytes; default 512.",
        0..,
        |p, n| p.contact_max_size = n,
    );
    d.param(
        "method_filtering",
        "1: lookup() gives only contacts that allow the method; default 0.",
        |p, on| p.method_filtering = on,
    );
    d.param(
        "use_expired_contacts",
        "1: lookup() gives contacts that have expired too; default 0.",
        |p, on| p.use_expired_contacts = on,
    );
    d.param(
        "received_avp",
        "AVP with the URI the REGISTER really came from; default none.",
        |p, avp| p.received_avp = Some(avp),
    );
    d.param(
        "received_param",
        "Contact parameter of the 200 for it; empty for none, default received.",
        |p, name| p.received_param = name,
    );
    d.param(
        "reject_self_contacts",
        "Ringwall only. 1: a contact that points at this server is refused with 403; default 0.",
        |p, on| p.reject_self_contacts = on,
    );
}

fn sockets(d: &mut Decl) {
    d.param(
        "sock_flag",
        "Message flag that makes save() look for sock_hdr_name; default none.",
        |p, flag| p.sock_flag = Some(flag),
    );
    d.param(
        "sock_hdr_name",
        "Header with the socket the REGISTER came in on elsewhere.",
        |p, name| p.sock_hdr_name = Some(name),
    );
    d.param(
        "sock_mode",
        "1: the advertised address is kept as the socket; default 0.",
        |p, on| p.sock_advertised = on,
    );
}

fn paths(d: &mut Decl) {
    d.param(
        "use_path",
        "1: the Path is kept (RFC 3327); default 0.",
        |p, on| p.use_path = on,
    );
    d.try_param(
        "path_mode",
        "Reply to a Path: 0 silent, 1 to those who support it, 2 (default) 420 to the others.",
        |p, n: i64| {
            p.path_mode = match n {
                0 => PathMode::Off,
                1 => PathMode::Lazy,
                2 => PathMode::Strict,
                _ => return Err(format!("expected 0 to 2, found {n}")),
            };
            Ok(())
        },
    );
    d.param(
        "path_use_received",
        "1: received of the first Path URI becomes the contact's; default 0.",
        |p, on| p.path_use_received = on,
    );
    d.param(
        "path_check_local",
        "1: lookup() leaves out a first hop that is this server; default 0.",
        |p, on| p.path_check_local = on,
    );
}

fn extensions(d: &mut Decl) {
    d.param(
        "xavp_cfg",
        "XAVP with settings for one call; default none.",
        |p, name| p.xavp_cfg = Some(name),
    );
    d.param(
        "xavp_rcd",
        "XAVP that gets the record found; default none.",
        |p, name| p.xavp_rcd = Some(name),
    );
    d.param(
        "xavp_rcd_mask",
        "What xavp_rcd leaves out: 1 ruid, 2 contact, 4 expires, 8 received, 16 path; default 0.",
        |p, n| p.xavp_rcd_mask = n,
    );
    d.param(
        "gruu_enabled",
        "1 (default): GRUUs for contacts with +sip.instance (RFC 5627).",
        |p, on| p.gruu_enabled = on,
    );
    d.try_param(
        "outbound_mode",
        "RFC 5626: 0 no (default), 1 supported, 2 required.",
        |p, n: i64| {
            p.outbound = match n {
                0 => Outbound::Off,
                1 => Outbound::Supported,
                2 => Outbound::Required,
                _ => return Err(format!("expected 0 to 2, found {n}")),
            };
            Ok(())
        },
    );
    d.param(
        "regid_mode",
        "1: reg-id tells contacts apart without outbound support too; default 0.",
        |p, on| p.regid_mode = on,
    );
    d.number(
        "flow_timer",
        "Seconds in the Flow-Timer of the 200, with outbound_mode 1 or 2; 0 for none (default).",
        0..,
        |p, n| p.flow_timer_s = n,
    );
    d.param(
        "event_callback",
        "Accepted; means nothing here because there is no second scripting language.",
        |_, _: Bytes| {},
    );
    d.try_param("lookup_filter_mode", "1: only contacts with a branch flag of rlf_bflags in xavp_cfg; default 0.", |p, n: i64| {
        p.filters_flags = n == 1;
        if (0..=1).contains(&n) { Ok(()) } else { Err(format!("expected 0 or 1, found {n}; contacts of lost connections go with usrloc's handle_lost_tcp")) }
    });
}
