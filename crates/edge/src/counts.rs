//! What the core counts.

mod received;

use policy::{Counter, Counters};
use received::{Replies, Requests};

/// What the core counts, in group `core` as Kamailio names it.
#[derive(Clone)]
pub struct Counts {
    /// `rcv_requests` and `rcv_requests_METHOD`.
    pub requests: Requests,
    /// `rcv_replies` and `rcv_replies_STATUS`.
    pub replies: Replies,
    /// `fwd_requests`.
    pub forwarded_requests: Counter,
    /// `fwd_replies`.
    pub forwarded_replies: Counter,
    /// `drop_requests`.
    pub dropped_requests: Counter,
    /// `drop_replies`.
    pub dropped_replies: Counter,
    /// `err_requests`.
    pub failed_requests: Counter,
    /// `err_replies`.
    pub failed_replies: Counter,
    /// `bad_URIs_rcvd`.
    pub bad_uris: Counter,
    /// `bad_msg_hdr`.
    pub bad_headers: Counter,
    /// Replies that belong to nothing of ours.
    pub stray_replies: Counter,
    /// Requests absorbed as retransmissions.
    pub absorbed: Counter,
    /// Datagrams passed over unread, for hundreds before them came to nothing.
    pub shed: Counter,
    /// Datagrams that the system lost, for a receive buffer was full.
    pub lost_datagrams: Counter,
    /// Requests refused beyond capacity.
    pub overload_refused: Counter,
    /// How often overload began.
    pub overloads: Counter,
    /// Workers that are beyond their capacity now.
    pub overloaded: Counter,
    /// Transactions made (`tmx:UAS_transactions`).
    pub transactions: Counter,
    /// Transactions of requests of our own (`tmx:UAC_transactions`).
    pub local_transactions: Counter,
    /// Replies that found their transaction (`tmx:rpl_received`).
    pub received_replies: Counter,
    /// Replies of ours sent through transactions (`tmx:rpl_generated`).
    pub generated_replies: Counter,
    /// Replies of targets passed on through transactions (`tmx:rpl_relayed`).
    pub relayed_replies: Counter,
}

impl Counts {
    /// Registers them.
    pub fn new(counters: &Counters) -> Counts {
        let core = |name: &str, doc: &str| counters.register("core", name, doc);
        let tmx = |name, doc| counters.register("tmx", name, doc);
        Counts {
            requests: Requests::new(&core),
            replies: Replies::new(&core),
            forwarded_requests: core("fwd_requests", "Requests forwarded, a branch each."),
            forwarded_replies: core("fwd_replies", "Replies forwarded."),
            dropped_requests: core("drop_requests", "Requests dropped."),
            dropped_replies: core("drop_replies", "Replies dropped."),
            failed_requests: core("err_requests", "Requests that ended in an error of ours."),
            failed_replies: core("err_replies", "Replies of ours that could not be made."),
            bad_uris: core(
                "bad_URIs_rcvd",
                "Messages with a URI that cannot be parsed.",
            ),
            bad_headers: core(
                "bad_msg_hdr",
                "Messages with a header that cannot be parsed.",
            ),
            stray_replies: core("stray_replies", "Replies that match nothing we sent."),
            absorbed: core("absorbed_requests", "Retransmissions absorbed."),
            shed: core(
                "shed_datagrams",
                "Datagrams passed over unread, of sources that flood in vain (shed_rate).",
            ),
            lost_datagrams: core(
                "lost_datagrams",
                "Datagrams that the system lost, for a receive buffer was full.",
            ),
            overload_refused: core(
                "overload_refused",
                "Requests refused with 503 beyond capacity (overload_target).",
            ),
            overloads: core("overloads", "How often overload began."),
            overloaded: core(
                "overloaded_workers",
                "Workers that are beyond their capacity now.",
            ),
            transactions: tmx(
                "UAS_transactions",
                "Transactions made for received requests.",
            ),
            local_transactions: tmx("UAC_transactions", "Transactions of requests of our own."),
            received_replies: tmx("rpl_received", "Replies that found their transaction."),
            generated_replies: tmx(
                "rpl_generated",
                "Replies of ours sent through transactions.",
            ),
            relayed_replies: tmx("rpl_relayed", "Replies of targets passed on to callers."),
        }
    }
}
