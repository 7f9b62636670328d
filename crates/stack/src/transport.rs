//! The transports that SIP runs over.

/// A transport of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// UDP (RFC 3261).
    Udp,
    /// TCP (RFC 3261).
    Tcp,
    /// TLS over TCP (RFC 3261).
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS (RFC 7118).
    Wss,
}

impl Transport {
    /// Whether nothing has to be retransmitted over it.
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// Whether it is encrypted, as a `sips:` URI wants.
    pub const fn is_secure(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// The port without a written one (RFC 3261 19.1.2; RFC 7118 takes those of HTTP).
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }

    /// The word of a Via (RFC 3261 20.42).
    pub const fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The lower-case name, as in `listen=udp:…`.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Wss => "wss",
            other => other.param(),
        }
    }

    /// Kamailio's number for it, which scripts see in `$snd(proto)`.
    pub const fn number(self) -> i64 {
        match self {
            Transport::Udp => 1,
            Transport::Tcp => 2,
            Transport::Tls => 3,
            Transport::Ws => 5,
            Transport::Wss => 6,
        }
    }

    /// The value of a `transport` URI parameter. There is none for WebSocket over TLS but `ws` (RFC
    /// 7118 5.2).
    pub const fn param(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws | Transport::Wss => "ws",
        }
    }

    /// The transport of a `transport` parameter or a Via, in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        [
            Transport::Udp,
            Transport::Tcp,
            Transport::Tls,
            Transport::Ws,
            Transport::Wss,
        ]
        .into_iter()
        .find(|t| t.via_name().as_bytes().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
