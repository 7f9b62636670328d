//! Everything here that a peer can make grow, with its bound and the price of a full one.

/// Bounds of the `stack` crate. `Default` suits a server with a few hundred megabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a stream message up to and with the empty line. A connection with a started message
    /// holds at most this and its body. A longer head is a [`Fault`](crate::framing::Fault): the
    /// connection is closed.
    pub max_head_bytes: usize,
    /// Bytes of a whole stream message, head and body. Memory follows what has arrived, not what
    /// `Content-Length` claims. A larger claim is a fault (413): the connection is closed.
    pub max_message_bytes: usize,
    /// Milliseconds from the first byte of a stream message to its last. A slower peer is a fault:
    /// the connection is closed.
    pub max_message_ms: u64,
    /// Transactions in one table. An INVITE of 886 octets that was relayed to one branch holds 5.7 kB
    /// until it is answered, with its buffers and the context of its request, and 1.4 kB until it is forgotten, or
    /// 4.4 kB where an `onreply_route` or a module follows it (measured by `cargo test -p ringwall-sim --test
    /// memory`), so that a full table takes 1.4 GB.
    /// A full table refuses new ones: the request gets a stateless 503.
    pub max_transactions: usize,
    /// Transactions that share Call-ID and CSeq number (a spiral, or a peer that repeats itself
    /// with new branches). A lookup walks the chain, so its length is the cost of a message. A full
    /// chain refuses new ones: the request gets a stateless 482.
    pub max_chain: usize,
    /// Messages and timers waiting for one transaction whose script waits. Each holds its
    /// message. A full mailbox drops the newcomer; the peer retransmits it.
    pub max_mail: usize,
    /// To tags of 2xx replies that one INVITE remembers, one for each callee that accepts; 8 bytes
    /// each. The ACK for a further one is a request without a transaction.
    pub max_to_tags: usize,
    /// Branches of one transaction over its whole life, serial groups counted. Each holds a
    /// rendered request. A full set refuses further branches; the script sees a failed `t_relay`.
    pub max_branches: usize,
    /// Addresses tried for one next hop. Each costs 32 bytes and, if it is dead, one timer F of
    /// waiting. Further addresses of a DNS answer are ignored.
    pub max_targets: usize,
    /// DNS questions for one next hop. A next hop that needs more is unreachable (503).
    pub max_queries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_head_bytes: 64 * 1024,
            max_message_bytes: 64 * 1024,
            max_message_ms: 10_000,
            max_transactions: 250_000,
            max_chain: 16,
            max_mail: 32,
            max_to_tags: 8,
            max_branches: 32,
            max_targets: 8,
            max_queries: 16,
        }
    }
}
