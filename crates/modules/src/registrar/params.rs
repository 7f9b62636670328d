//! The parameters of module registrar.

mod declare;

pub(super) use declare::declare;

use bytes::Bytes;
use policy::{AvpName, Flag, Q};

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
    pub(super) flow_timer_s: u32,
    pub(super) contact_max_size: usize,
    pub(super) filters_flags: bool,
    pub(super) use_expired_contacts: bool,
    pub(super) contacts_at_source: bool,
    pub(super) reject_self_contacts: bool,
    pub(super) displace_contacts: bool,
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
            flow_timer_s: 0,
            contact_max_size: 512,
            filters_flags: false,
            use_expired_contacts: false,
            contacts_at_source: false,
            reject_self_contacts: false,
            displace_contacts: false,
        }
    }
}
