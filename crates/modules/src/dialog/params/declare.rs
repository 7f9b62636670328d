//! How a script sets the parameters of module dialog.

use super::{DbMode, Match};
use bytes::Bytes;
use policy::{Declaration, Flag};

type Decl = Declaration<super::super::DialogModule>;

/// Declares every parameter.
pub(in super::super) fn declare(d: &mut Decl) {
    tracking(d);
    matching(d);
    times(d);
    requests(d);
    keepalive(d);
    profiles(d);
    database(d);
    super::super::columns::declare(d);
    without_meaning(d);
}

fn tracking(d: &mut Decl) {
    d.param(
        "enable_stats",
        "0: the counters are not registered; default 1.",
        |p, on| p.enable_stats = on,
    );
    d.number(
        "hash_size",
        "How many entries names of dialogs have; a power of two, the same for all who share a database; default 4096.",
        1..=1 << 20,
        |p, n: u32| p.hash_size = n.next_power_of_two(),
    );
    d.number(
        "max_dialogs",
        "The most dialogs; one more is refused: dlg_manage() returns -1, an error line says so. \
         Default 200000, about 200 MB. Ringwall only.",
        1..=100_000_000,
        |p, n| p.max_dialogs = n as usize,
    );
    d.param(
        "dlg_flag",
        "The message flag that asks for a dialog when the INVITE is relayed; default none.",
        |p, flag: Flag| p.flag_mask = flag.mask(),
    );
    d.number(
        "h_id_step",
        "Numbers of dialogs are h_id_start + N * h_id_step where this is above 1; default 1.",
        1..=1_000_000,
        |p, n| p.h_id_step = n,
    );
    d.try_param(
        "h_id_start",
        "The offset of these numbers; -1 means server_id; default 0.",
        |p, n: i64| {
            p.h_id_start = n;
            match n {
                -1..=0xffff_ffff => Ok(()),
                _ => Err(format!("expected -1 or a number, found {n}")),
            }
        },
    );
}

fn matching(d: &mut Decl) {
    d.param(
        "rr_param",
        "The Record-Route parameter with the dialog's name; default did.",
        |p, name: Bytes| p.rr_param = name,
    );
    d.number(
        "dlg_match_mode",
        "Requests find their dialog by that name (0, default), by it or Call-ID and tags (1), by these only (2).",
        0..=2,
        |p, n| {
            p.matching = match n {
                0 => Match::Did,
                1 => Match::DidOrSip,
                _ => Match::Sip,
            }
        },
    );
    d.param(
        "detect_spirals",
        "0: an INVITE that comes by again makes a dialog of its own; default 1.",
        |p, on| p.detect_spirals = on,
    );
}

fn times(d: &mut Decl) {
    d.param(
        "timeout_avp",
        "A variable with the lifetime in seconds, read when the dialog is made and for each request in it.",
        |p, name: Bytes| p.timeout_avp = Some(name),
    );
    d.number(
        "default_timeout",
        "Seconds a dialog may last; default 43200.",
        1..=MOST_S,
        |p, n| p.default_timeout_s = n,
    );
    d.number(
        "early_timeout",
        "Seconds a dialog may wait for a final reply; default 300.",
        1..=MOST_S,
        |p, n| p.early_timeout_s = n,
    );
    d.number(
        "noack_timeout",
        "Seconds a 2xx may wait for its ACK before the dialog gets 10 seconds more; default 60.",
        1..=MOST_S,
        |p, n| p.noack_timeout_s = n,
    );
    d.number(
        "end_timeout",
        "Seconds a dialog stays in memory after its end at most; 5 are enough for what comes late; default 300.",
        0..=MOST_S,
        |p, n| p.end_timeout_s = n,
    );
    d.param(
        "timeout_noreset",
        "1: requests within dialogs never prolong them; default 0.",
        |p, on| p.timeout_noreset = on,
    );
    d.param(
        "send_bye",
        "1: a BYE goes to both sides of each dialog whose time is over; default 0.",
        |p, on| p.send_bye = on,
    );
}

fn requests(d: &mut Decl) {
    d.param(
        "dlg_extra_hdrs",
        "Header lines, with line ends, for each request this module sends; default none.",
        |p, lines: Bytes| p.extra_lines = lines,
    );
    d.param(
        "lreq_callee_headers",
        "Header lines, with line ends, for each request this module sends to a callee; default none.",
        |p, lines: Bytes| p.callee_lines = lines,
    );
    d.param(
        "track_cseq_updates",
        "1: where an INVITE leaves with another CSeq number than it came with, later requests of the caller do too; default 0.",
        |p, on| p.track_cseq_updates = on,
    );
    d.number(
        "keep_proxy_rr",
        "Requests of this module go through this server again: towards the callee (1), the caller (2), both (3); default 0.",
        0..=3,
        |p, n| p.keep_proxy_rr = n,
    );
    d.param(
        "bridge_controller",
        "The From of calls that dlg_bridge() makes; default sip:controller@kamailio.org.",
        |p, uri: Bytes| p.bridge_controller = uri,
    );
    d.param(
        "bridge_contact",
        "The Contact of these; default sip:controller@kamailio.org:5060.",
        |p, uri: Bytes| p.bridge_contact = uri,
    );
}

fn keepalive(d: &mut Decl) {
    d.number(
        "ka_timer",
        "Seconds between two looks for keep-alive requests that are due; 0, the default: none is sent.",
        0..=MOST_S,
        |p, n| p.ka_timer_s = n,
    );
    d.try_param(
        "ka_interval",
        "Seconds between two keep-alive requests of a dialog, 30 at least; 0, the default: none is sent.",
        |p, n: i64| {
            let seconds = u32::try_from(n).ok().filter(|s| *s == 0 || (30..=MOST_S).contains(s));
            p.ka_interval_s = seconds.ok_or_else(|| format!("expected 0 or at least 30, found {n}"))?;
            Ok(())
        },
    );
    d.number(
        "ka_failed_limit",
        "Keep-alive requests of one side that may fail in a row before the dialog times out; default 1.",
        1..=255,
        |p, n| p.ka_failed_limit = n,
    );
    d.number(
        "dlg_filter_mode",
        "1: a dialog whose caller talks to a socket that is none of ours gets no keep-alive request, and no timeout but that it leaves memory; default 0.",
        0..=1,
        |p, n: u32| p.only_local = n == 1,
    );
}

fn profiles(d: &mut Decl) {
    d.param(
        "profiles_with_value",
        "Names of profiles whose members have values, with semicolons between them.",
        |p, names: String| p.profiles_with_value = listed(&names),
    );
    d.param(
        "profiles_no_value",
        "Names of profiles without values, with semicolons between them.",
        |p, names: String| p.profiles_no_value = listed(&names),
    );
    d.param(
        "redis",
        "The name of a server of module ndb_redis, through which servers count profiles together; default none.",
        |p, name| p.redis = Some(name),
    );
}

fn listed(names: &str) -> Vec<String> {
    let names = names.split(';').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn database(d: &mut Decl) {
    d.param(
        "db_url",
        "The database; default mysql://kamailio:kamailiorw@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    d.number(
        "db_mode",
        "0 memory only (default), 1 written at once, 2 every db_update_period, 3 when the server stops.",
        0..=3,
        |p, n| {
            p.db_mode = match n {
                0 => DbMode::None,
                1 => DbMode::Realtime,
                2 => DbMode::Delayed,
                _ => DbMode::Shutdown,
            }
        },
    );
    d.number(
        "db_update_period",
        "Seconds between two writings with db_mode 2; default 60.",
        1..=MOST_S,
        |p, n| p.db_update_period_s = n,
    );
    d.number(
        "db_fetch_rows",
        "Rows read at once at start; 0 reads 10000 at once; default 200.",
        0..=1_000_000,
        |p, n| p.db_fetch_rows = n,
    );
    d.param(
        "db_skip_load",
        "1: nothing is read at start; default 0.",
        |p, on| p.db_skip_load = on,
    );
}

fn without_meaning(d: &mut Decl) {
    d.number(
        "initial_cbs_inscript",
        "Accepted; means nothing here because no other module hangs call-backs into dialogs.",
        0..=1,
        |_, _| {},
    );
    d.number(
        "wait_ack",
        "Accepted; means nothing here because a dialog stays 5 seconds after its end in any case.",
        0..=1,
        |_, _| {},
    );
    d.number(
        "timer_procs",
        "Accepted; means nothing here because there are no processes.",
        0..=64,
        |_, _| {},
    );
    d.try_param(
        "enable_dmq",
        "Only 0: nodes do not share dialogs.",
        |_, n: i64| match n {
            0 => Ok(()),
            _ => Err(format!(
                "only 0 is possible, found {n}: nodes do not share dialogs"
            )),
        },
    );
    d.callback("event_callback", |p, is_set| p.silences_events = is_set);
}

/// The longest time a parameter may say: ten years.
const MOST_S: u32 = 315_360_000;
