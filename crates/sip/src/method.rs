//! SIP methods.

/// A request method, RFC 3261 section 7.1 and its extensions; names are case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// RFC 3261 section 13.
    Invite,
    /// RFC 3261 section 13.
    Ack,
    /// RFC 3261 section 9.
    Cancel,
    /// RFC 3261 section 15.
    Bye,
    /// RFC 3261 section 11.
    Options,
    /// RFC 3261 section 10.
    Register,
    /// RFC 6665.
    Subscribe,
    /// RFC 6665.
    Notify,
    /// RFC 3903.
    Publish,
    /// RFC 6086.
    Info,
    /// RFC 3311.
    Update,
    /// RFC 3262.
    Prack,
    /// RFC 3428.
    Message,
    /// RFC 3515.
    Refer,
    /// Kamailio's dmq module.
    Kdmq,
    /// Any other token; its octets are [`Message::method_bytes`](crate::Message::method_bytes).
    Other,
}

impl Method {
    /// The method of that exact name.
    pub fn parse(name: &[u8]) -> Self {
        match name {
            b"INVITE" => Self::Invite,
            b"ACK" => Self::Ack,
            b"CANCEL" => Self::Cancel,
            b"BYE" => Self::Bye,
            b"OPTIONS" => Self::Options,
            b"REGISTER" => Self::Register,
            b"SUBSCRIBE" => Self::Subscribe,
            b"NOTIFY" => Self::Notify,
            b"PUBLISH" => Self::Publish,
            b"INFO" => Self::Info,
            b"UPDATE" => Self::Update,
            b"PRACK" => Self::Prack,
            b"MESSAGE" => Self::Message,
            b"REFER" => Self::Refer,
            b"KDMQ" => Self::Kdmq,
            _ => Self::Other,
        }
    }

    /// Its bit in sets of methods, as Kamailio numbers them: column `methods` of table `location`,
    /// `blst_methods_add`.
    pub const fn bit(self) -> u32 {
        match self {
            Self::Invite => 1,
            Self::Cancel => 1 << 1,
            Self::Ack => 1 << 2,
            Self::Bye => 1 << 3,
            Self::Info => 1 << 4,
            Self::Register => 1 << 5,
            Self::Subscribe => 1 << 6,
            Self::Notify => 1 << 7,
            Self::Message => 1 << 8,
            Self::Options => 1 << 9,
            Self::Prack => 1 << 10,
            Self::Update => 1 << 11,
            Self::Refer => 1 << 12,
            Self::Publish => 1 << 13,
            Self::Kdmq => 1 << 14,
            Self::Other => 1 << 19,
        }
    }

    /// Its name on the wire; empty for [`Method::Other`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Cancel => "CANCEL",
            Self::Bye => "BYE",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Publish => "PUBLISH",
            Self::Info => "INFO",
            Self::Update => "UPDATE",
            Self::Prack => "PRACK",
            Self::Message => "MESSAGE",
            Self::Refer => "REFER",
            Self::Kdmq => "KDMQ",
            Self::Other => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Method;

    #[test]
    fn names_are_case_sensitive_and_round_trip() {
        for name in [
            "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "KDMQ",
        ] {
            assert_eq!(Method::parse(name.as_bytes()).name(), name);
        }
        assert_eq!(Method::parse(b"invite"), Method::Other);
        assert_eq!(Method::parse(b"RE%47IST%45R"), Method::Other);
    }
}
