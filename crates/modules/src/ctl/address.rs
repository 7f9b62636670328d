//! Addresses of `binrpc`.

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A Unix stream socket.
    Stream(String),
    /// A Unix datagram socket.
    Datagram(String),
    /// A network address.
    Network(String),
}

/// Reads `[protocol:]path|address`; without a protocol, what looks like a path is a stream socket.
pub(super) fn parse(text: &str) -> Address {
    match text.split_once(':') {
        Some(("unix" | "unixs", path)) => Address::Stream(path.to_owned()),
        Some(("unixd", path)) => Address::Datagram(path.to_owned()),
        _ if text.contains('/') => Address::Stream(text.to_owned()),
        _ => Address::Network(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_readme() {
        for (text, address) in [
            ("unix:/run/x", Address::Stream("/run/x".to_owned())),
            ("unixs:/run/x", Address::Stream("/run/x".to_owned())),
            ("/tmp/x", Address::Stream("/tmp/x".to_owned())),
            ("unixd:/run/x", Address::Datagram("/run/x".to_owned())),
            (
                "udp:localhost:2046",
                Address::Network("udp:localhost:2046".to_owned()),
            ),
            (
                "localhost:3000",
                Address::Network("localhost:3000".to_owned()),
            ),
            ("tcp:3012", Address::Network("tcp:3012".to_owned())),
        ] {
            assert_eq!(parse(text), address, "{text}");
        }
    }
}
