//! The parameters.

use super::Tm;
use policy::{AvpName, Context, Declaration, RichRedirect, TransactionHook, TransactionParams};

#[derive(Default)]
pub(super) struct Params {
    /// What the edge obeys.
    pub(super) edge: TransactionParams,
    pub(super) rich_redirect: RichRedirect,
    pub(super) timer_avps: TimerAvps,
}

/// `fr_timer_avp` and `fr_inv_timer_avp`: AVPs with the seconds of a request's timers.
#[derive(Default)]
pub(super) struct TimerAvps {
    fr: Option<AvpName>,
    fr_inv: Option<AvpName>,
}

impl TransactionHook for TimerAvps {
    fn relayed(&self, context: &mut Context) {
        let ms = |name: &Option<AvpName>| {
            let value = context.vars.avps.value(name.as_ref()?, 0)?;
            let seconds = u32::try_from(value.to_int()).ok()?;
            seconds.checked_mul(1000).filter(|ms| *ms > 0)
        };
        let (fr, fr_inv) = (ms(&self.fr), ms(&self.fr_inv));
        if fr.is_none() && fr_inv.is_none() {
            return;
        }
        let own = context.config.transactions.timers;
        let timers = context.armed_mut().timers.get_or_insert(own);
        timers.fr_timer_ms = fr.unwrap_or(timers.fr_timer_ms);
        timers.fr_inv_timer_ms = fr_inv.unwrap_or(timers.fr_inv_timer_ms);
    }
}

pub(super) fn declare(d: &mut Declaration<Tm>) {
    for name in ["event_callback", "event_callback_lres_sent"] {
        d.callback(name, |_, _| {});
    }
    timers(d);
    replies(d);
    cancels(d);
    routes(d);
    blocklist(d);
    without_meaning(d);
}

fn timers(d: &mut Declaration<Tm>) {
    d.number(
        "fr_timer",
        "Wait for the first reply, in ms; default 30000.",
        0..,
        |p, ms| p.edge.timers.fr_timer_ms = ms,
    );
    d.number(
        "fr_inv_timer",
        "Wait for the final reply of an INVITE after a provisional one, in ms; default 120000.",
        0..,
        |p, ms| p.edge.timers.fr_inv_timer_ms = ms,
    );
    d.number(
        "wt_timer",
        "How long a finished transaction absorbs retransmissions, in ms; default 5000.",
        0..,
        |p, ms| p.edge.timers.wt_timer_ms = ms,
    );
    d.number(
        "retr_timer1",
        "First retransmission after, in ms; default 500.",
        0..,
        |p, ms| p.edge.timers.retr_timer1_ms = ms,
    );
    d.number(
        "retr_timer2",
        "Longest time between retransmissions, in ms; default 4000.",
        0..,
        |p, ms| p.edge.timers.retr_timer2_ms = ms,
    );
    d.number(
        "max_inv_lifetime",
        "Longest life of an INVITE transaction before its final reply, in ms; default 180000.",
        0..,
        |p, ms| p.edge.timers.max_inv_lifetime_ms = ms,
    );
    d.number(
        "max_noninv_lifetime",
        "Longest life of another transaction before its final reply, in ms; default 32000.",
        0..,
        |p, ms| p.edge.timers.max_noninv_lifetime_ms = ms,
    );
    d.param("restart_fr_on_each_reply", "Each provisional reply restarts fr_inv_timer, else only new ones from 180 on; default yes.", |p, on| {
        p.edge.timers.restart_fr_on_each_reply = on;
    });
    d.param(
        "noisy_ctimer",
        "Tells the caller of a time-out also where the only branch never answered; default yes.",
        |p, on| {
            p.edge.noisy_ctimer = on;
        },
    );
    d.try_param(
        "fr_timer_avp",
        "The AVP that has fr_timer of a request, in seconds; default none.",
        |p, name| avp(&mut p.timer_avps.fr, name),
    );
    d.try_param(
        "fr_inv_timer_avp",
        "The AVP that has fr_inv_timer of a request, in seconds; default none.",
        |p, name| avp(&mut p.timer_avps.fr_inv, name),
    );
}

fn replies(d: &mut Declaration<Tm>) {
    d.param(
        "auto_inv_100",
        "100 for an INVITE as soon as it has its transaction; default yes.",
        |p, on| {
            p.edge.auto_inv_100 = on;
        },
    );
    d.param(
        "auto_inv_100_reason",
        "Its reason phrase; default trying -- your call is important to us.",
        |p, text| {
            p.edge.auto_inv_100_reason = text;
        },
    );
    d.number(
        "default_code",
        "Status of a t_reply() whose code is no number, 400 to 699; default 500.",
        400..=699,
        |p, code| p.edge.default_code = code,
    );
    d.param(
        "default_reason",
        "Reason phrase of a t_reply() whose reason has no value; default Server Internal Error.",
        |p, text| {
            p.edge.default_reason = text;
        },
    );
    d.param(
        "aggregate_challenges",
        "A 401 or 407 carries the challenges of all branches; default yes.",
        |p, on| {
            p.edge.aggregate_challenges = on;
        },
    );
    d.param(
        "remap_503_500",
        "A 503 of a target reaches the caller as 500; default yes.",
        |p, on| p.edge.remap_503_500 = on,
    );
    d.param(
        "faked_reply_prio",
        "Added to the rank of a reply made up here, 0 is the best; default 0.",
        |p, prio| {
            p.edge.faked_reply_prio = prio;
        },
    );
    d.param(
        "relay_100",
        "100 of a target goes on to the caller; default no.",
        |p, on| p.edge.relay_100 = on,
    );
    d.param(
        "disable_6xx_block",
        "A 6xx does not end forking; default no.",
        |p, on| p.edge.disable_6xx_block = on,
    );
    d.param("rich_redirect", "What the Contact of a 3xx says beside the URI: a sum of 1 (branch flags) and 2 (Path); default 0.", |p, bits| {
        p.rich_redirect = RichRedirect::from_bits(bits);
    });
}

fn cancels(d: &mut Declaration<Tm>) {
    d.number("cancel_b_method", "CANCEL of a silent branch: 0 as if it had said 487, 1 once it speaks, 2 at once; default 1.", 0..=2, |p, mode| p.edge.cancel_b_method = mode);
    d.number(
        "unmatched_cancel",
        "A CANCEL without INVITE: 0 goes on with state, 1 without, 2 is dropped; default 0.",
        0..=2,
        |p, mode| p.edge.unmatched_cancel = mode,
    );
    d.param(
        "check_source",
        "A CANCEL counts only from the address of its INVITE, a reply only from where its request went; default no.",
        |p, on| p.edge.check_source = on,
    );
    d.param(
        "ac_extra_hdrs",
        "Headers with this prefix are copied into our CANCEL and ACK; default none.",
        |p, prefix| {
            p.edge.ac_extra_hdrs = prefix;
        },
    );
    d.param(
        "local_cancel_reason",
        "CANCELs of ours carry a Reason with the status that caused them; default yes.",
        |p, on| {
            p.edge.local_cancel_reason = on;
        },
    );
    d.param(
        "e2e_cancel_reason",
        "The Reason of a received CANCEL goes on; default yes.",
        |p, on| p.edge.e2e_cancel_reason = on,
    );
}

fn routes(d: &mut Declaration<Tm>) {
    d.number("failure_reply_mode", "Replies forgotten when a failure route starts new branches: 0 none, 1 and 3 all, 2 those of the last branches; default 3.", 0..=3, |p, mode| p.edge.failure_reply_mode = mode);
    d.param(
        "on_sl_reply",
        "The onreply_route for replies that belong to no transaction; default none.",
        |p, route: String| {
            p.edge.on_sl_reply = Some(route).filter(|route| !route.is_empty());
        },
    );
    d.param(
        "failure_exec_mode",
        "A branch that cannot be sent counts as one that timed out (408), else as 477; default no.",
        |p, on| p.edge.failure_exec_mode = on,
    );
    d.param(
        "enable_uac_fr",
        "Failure routes run for requests of our own; default no.",
        |p, on| p.edge.enable_uac_fr = on,
    );
    d.number("local_ack_mode", "Where the ACK of a 2xx for an INVITE of our own goes: 0 by route set and Contact, 1 where the INVITE went, 2 where the 2xx came from; default 0.", 0..=2, |p, mode| p.edge.local_ack_mode = mode);
    d.param(
        "contacts_avp",
        "The XAVP in which t_load_contacts() keeps contacts; default none, which turns it off.",
        |p, name| {
            p.edge.contacts_avp = name;
        },
    );
    d.param(
        "contact_flows_avp",
        "The XAVP for further flows of the same device; default none.",
        |p, name| {
            p.edge.contact_flows_avp = name;
        },
    );
}

/// What makes a destination one that failed, where `use_dst_blocklist` is on.
fn blocklist(d: &mut Declaration<Tm>) {
    d.param(
        "blst_503",
        "Who says 503 is listed as failed, for the seconds of its Retry-After; default no.",
        |p, on| p.edge.blocklist.on_503 = on,
    );
    d.number(
        "blst_503_def_timeout",
        "For how many seconds, where the 503 has no Retry-After; 0 is not at all. Default 0.",
        0..,
        |p, seconds| p.edge.blocklist.without_retry_after_s = seconds,
    );
    d.number(
        "blst_503_min_timeout",
        "Seconds at least; default 0.",
        0..,
        |p, seconds| p.edge.blocklist.least_s = seconds,
    );
    d.number(
        "blst_503_max_timeout",
        "Seconds at most; default 3600.",
        0..,
        |p, seconds| p.edge.blocklist.most_s = seconds,
    );
    d.param(
        "blst_methods_add",
        "Methods whose silence lists a destination, the sum of their numbers ($rmid); default 1, INVITE.",
        |p, methods: i64| p.edge.blocklist.methods_add = methods as u32,
    );
    d.param(
        "blst_methods_lookup",
        "Methods that do not go to a listed destination; default all but BYE.",
        |p, methods: i64| p.edge.blocklist.methods_lookup = methods as u32,
    );
}

/// Reads `$avp(name)`, or the bare name as SER wrote it.
fn avp(slot: &mut Option<AvpName>, text: String) -> Result<(), String> {
    let bare = text
        .trim()
        .strip_prefix("$avp(")
        .and_then(|rest| rest.strip_suffix(')'));
    let name = AvpName::parse(bare.unwrap_or(text.trim()));
    *slot = Some(name.ok_or_else(|| format!("expected an AVP such as $avp(name), found {text}"))?);
    Ok(())
}

/// Parameters that choose between ways of doing something that is done in one way here.
fn without_meaning(d: &mut Declaration<Tm>) {
    for (name, doc) in [
        (
            "reparse_invite",
            "Accepted; means nothing here because CANCEL and ACK are always made from what was sent.",
        ),
        (
            "reparse_on_dns_failover",
            "Accepted; means nothing here because every branch is rendered with its own changes.",
        ),
        (
            "ruri_matching",
            "Accepted; means nothing here because the Request-URI is always compared for peers before RFC 3261.",
        ),
        (
            "via1_matching",
            "Accepted; means nothing here because the Via is always compared for peers before RFC 3261.",
        ),
        (
            "callid_matching",
            "Accepted; means nothing here because the Call-ID is always compared.",
        ),
        (
            "unix_tx_timeout",
            "Accepted; means nothing here because nothing is sent over Unix sockets.",
        ),
        (
            "dns_reuse_rcv_socket",
            "Accepted; means nothing here because the socket that received is taken wherever it fits.",
        ),
        (
            "exec_time_check",
            "Accepted; means nothing here because a transaction cannot end while its failure route runs.",
        ),
        (
            "reply_relay_mode",
            "Accepted; means nothing here because the first 2xx goes on whatever was suspended.",
        ),
        (
            "pass_provisional_replies",
            "Accepted; means nothing here because no module watches provisional replies of ours.",
        ),
    ] {
        d.param::<i64>(name, doc, |_, _| {});
    }
}
