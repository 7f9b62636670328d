//! The parameters of module dialog, converted.

mod declare;

pub(super) use declare::declare;

use super::columns::Columns;
use bytes::Bytes;

/// How requests within a dialog find it (`dlg_match_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Match {
    /// 0: by the name in our Route, checked against Call-ID and tags.
    #[default]
    Did,
    /// 1: the same, and by Call-ID and tags where there is no name.
    DidOrSip,
    /// 2: by Call-ID and tags; Record-Route tells no name.
    Sip,
}

/// How memory and database belong together (`db_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DbMode {
    /// 0: memory only.
    #[default]
    None,
    /// 1: each change is written at once.
    Realtime,
    /// 2: changes are written every `db_update_period` seconds.
    Delayed,
    /// 3: everything is written when the server stops.
    Shutdown,
}

/// The parameters as the script sets them.
pub(crate) struct Params {
    pub(super) enable_stats: bool,
    pub(super) hash_size: u32,
    pub(super) max_dialogs: usize,
    pub(super) rr_param: Bytes,
    pub(super) flag_mask: u32,
    pub(super) timeout_avp: Option<Bytes>,
    pub(super) default_timeout_s: u32,
    pub(super) early_timeout_s: u32,
    pub(super) noack_timeout_s: u32,
    pub(super) end_timeout_s: u32,
    pub(super) extra_lines: Bytes,
    pub(super) callee_lines: Bytes,
    pub(super) matching: Match,
    pub(super) detect_spirals: bool,
    pub(super) db_url: String,
    pub(super) db_mode: DbMode,
    pub(super) db_update_period_s: u32,
    pub(super) db_fetch_rows: u32,
    pub(super) db_skip_load: bool,
    pub(super) columns: Columns,
    pub(super) profiles_with_value: Vec<String>,
    pub(super) profiles_no_value: Vec<String>,
    /// The server, as module `ndb_redis` names it, through which profiles are shared.
    pub(super) redis: Option<String>,
    pub(super) bridge_controller: Bytes,
    pub(super) bridge_contact: Bytes,
    pub(super) send_bye: bool,
    pub(super) ka_timer_s: u32,
    pub(super) ka_interval_s: u32,
    pub(super) ka_failed_limit: u32,
    pub(super) timeout_noreset: bool,
    pub(super) only_local: bool,
    /// Somebody else is named to hear of events, so that event routes do not.
    pub(super) silences_events: bool,
    pub(super) track_cseq_updates: bool,
    pub(super) h_id_start: i64,
    pub(super) h_id_step: u32,
    pub(super) keep_proxy_rr: u32,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            enable_stats: true,
            hash_size: 4096,
            max_dialogs: 200_000,
            rr_param: Bytes::from_static(b"did"),
            flag_mask: 0,
            timeout_avp: None,
            default_timeout_s: 43_200,
            early_timeout_s: 300,
            noack_timeout_s: 60,
            end_timeout_s: 300,
            extra_lines: Bytes::new(),
            callee_lines: Bytes::new(),
            matching: Match::Did,
            detect_spirals: true,
            db_url: "mysql://kamailio:kamailiorw@localhost/kamailio".to_owned(),
            db_mode: DbMode::None,
            db_update_period_s: 60,
            db_fetch_rows: 200,
            db_skip_load: false,
            columns: Columns::default(),
            profiles_with_value: Vec::new(),
            profiles_no_value: Vec::new(),
            redis: None,
            bridge_controller: Bytes::from_static(b"sip:controller@kamailio.org"),
            bridge_contact: Bytes::from_static(b"sip:controller@kamailio.org:5060"),
            send_bye: false,
            ka_timer_s: 0,
            ka_interval_s: 0,
            ka_failed_limit: 1,
            timeout_noreset: false,
            only_local: false,
            silences_events: false,
            track_cseq_updates: false,
            h_id_start: 0,
            h_id_step: 1,
            keep_proxy_rr: 0,
        }
    }
}
