//! Settings of the transaction layer, filled from the parameters of module `tm`.

use crate::BlocklistRules;
use bytes::Bytes;
use stack::transaction::Timers;

/// What module `tm` sets and the edge obeys. Defaults and meanings are those of tm's README.
#[derive(Clone, Debug)]
pub struct TransactionParams {
    /// `fr_timer`, `fr_inv_timer`, `wt_timer`, `retr_timer1`, `retr_timer2` and the lifetimes.
    pub timers: Timers,
    /// `auto_inv_100`: 100 as soon as an INVITE has its transaction.
    pub auto_inv_100: bool,
    /// `auto_inv_100_reason`.
    pub auto_inv_100_reason: Bytes,
    /// `failure_reply_mode`: which replies a failure route that starts new branches leaves behind.
    pub failure_reply_mode: u8,
    /// `aggregate_challenges`: a 401 or 407 carries the challenges of all branches.
    pub aggregate_challenges: bool,
    /// `cancel_b_method`: 0 fakes a 487 where no reply came, 1 waits for one, 2 cancels at once.
    pub cancel_b_method: u8,
    /// `unmatched_cancel`: 0 statefully on, 1 statelessly on, 2 dropped.
    pub unmatched_cancel: u8,
    /// `check_source`: a CANCEL counts only from the address its INVITE came from, a reply only from the
    /// one its request went to; ports may differ.
    pub check_source: bool,
    /// `ac_extra_hdrs`: prefix of headers that a CANCEL or ACK of ours copies.
    pub ac_extra_hdrs: Bytes,
    /// `pass_provisional_replies`: reply routes see 100 too.
    pub pass_provisional_replies: bool,
    /// `default_code` for replies without one.
    pub default_code: u16,
    /// `default_reason`.
    pub default_reason: Bytes,
    /// `disable_6xx_block`: a 6xx is a reply like others.
    pub disable_6xx_block: bool,
    /// `local_cancel_reason`: our CANCELs carry a Reason.
    pub local_cancel_reason: bool,
    /// `e2e_cancel_reason`: Reason headers of a received CANCEL go on.
    pub e2e_cancel_reason: bool,
    /// `remap_503_500`: a 503 of a target reaches the caller as 500.
    pub remap_503_500: bool,
    /// `faked_reply_prio`: how much worse a made-up reply counts.
    pub faked_reply_prio: i64,
    /// `relay_100`: 100 of a target goes on to the caller.
    pub relay_100: bool,
    /// `noisy_ctimer`: a caller is always told of a time-out, also where the only branch was silent.
    pub noisy_ctimer: bool,
    /// `on_sl_reply`: the `onreply_route` for replies that belong to no transaction.
    pub on_sl_reply: Option<String>,
    /// `failure_exec_mode`: a branch that cannot be sent is one that timed out.
    pub failure_exec_mode: bool,
    /// `local_ack_mode`: where the ACK of a 2xx for an INVITE of our own goes. 0 by route set and
    /// contact, 1 where its INVITE went, 2 where the 2xx came from.
    pub local_ack_mode: u8,
    /// `enable_uac_fr`: failure routes run for requests of our own.
    pub enable_uac_fr: bool,
    /// `blst_503` and its kin: destinations that failed.
    pub blocklist: BlocklistRules,
    /// `contacts_avp` or `xavp_contact` where `t_load_contacts()` keeps the groups.
    pub contacts_avp: Bytes,
    /// `contact_flows_avp`.
    pub contact_flows_avp: Bytes,
}

impl Default for TransactionParams {
    fn default() -> TransactionParams {
        TransactionParams {
            timers: Timers::default(),
            auto_inv_100: true,
            auto_inv_100_reason: Bytes::from_static(b"trying -- your call is important to us"),
            failure_reply_mode: 3,
            aggregate_challenges: true,
            cancel_b_method: 1,
            unmatched_cancel: 0,
            check_source: false,
            ac_extra_hdrs: Bytes::new(),
            pass_provisional_replies: false,
            default_code: 500,
            default_reason: Bytes::from_static(b"Server Internal Error"),
            disable_6xx_block: false,
            local_cancel_reason: true,
            e2e_cancel_reason: true,
            remap_503_500: true,
            faked_reply_prio: 0,
            relay_100: false,
            noisy_ctimer: true,
            on_sl_reply: None,
            failure_exec_mode: false,
            local_ack_mode: 0,
            enable_uac_fr: false,
            blocklist: BlocklistRules::default(),
            contacts_avp: Bytes::new(),
            contact_flows_avp: Bytes::new(),
        }
    }
}
