//! Everything a peer can make grow in the edge, with its bound and the price of a full one.

/// The bounds of the edge.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bounds of a parsed message.
    pub sip: sip::Limits,
    /// Bounds of transactions, branches and streams.
    pub stack: stack::Limits,
    /// Bounds of a script run.
    pub script: script::Limits,
    /// Routes waiting for the world outside at one time. Each holds its request and context, about
    /// 4 kB. Beyond it a function that would wait fails as if the answer had not come.
    pub max_waiting: usize,
    /// Milliseconds a route waits for one answer. After it the function gets
    /// [`policy::Answer::TimedOut`].
    pub wait_ms: u64,
    /// Bytes of a datagram that are looked at. A larger one is dropped and counted.
    pub max_datagram: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sip: sip::Limits::default(),
            stack: stack::Limits::default(),
            script: script::Limits::default(),
            max_waiting: 10_000,
            wait_ms: 10_000,
            max_datagram: 65_535,
        }
    }
}
