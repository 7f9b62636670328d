//! Addresses that are of no business to a stranger: everything but the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for an address that anybody on the internet may have, as the registries of IANA for special
/// addresses tell (RFC 6890). An IPv4 address in IPv6 clothes is what it is without them.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !is_in_any(&V4, u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// What is assigned lies in `2000::/3` (RFC 4291). Outside of it are translators (`64:ff9b::/96`) too, behind
/// which any IPv4 address may lie.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    bits >> 125 == 1 && !is_in_any(&V6, bits, 128)
}

/// A number whose first bits are those of one of the networks.
fn is_in_any(networks: &[(u128, u32)], bits: u128, width: u32) -> bool {
    networks
        .iter()
        .any(|(network, length)| (bits ^ network) >> (width - length) == 0)
}

const fn v4(a: u8, b: u8, c: u8) -> u128 {
    Ipv4Addr::new(a, b, c, 0).to_bits() as u128
}

const fn v6(a: u16, b: u16) -> u128 {
    Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0).to_bits()
}

const V4: [(u128, u32); 15] = [
    (v4(0, 0, 0), 8),
    (v4(10, 0, 0), 8),
    (v4(100, 64, 0), 10),
    (v4(127, 0, 0), 8),
    (v4(169, 254, 0), 16),
    (v4(172, 16, 0), 12),
    (v4(192, 0, 0), 24),
    (v4(192, 0, 2), 24),
    (v4(192, 88, 99), 24),
    (v4(192, 168, 0), 16),
    (v4(198, 18, 0), 15),
    (v4(198, 51, 100), 24),
    (v4(203, 0, 113), 24),
    (v4(224, 0, 0), 4),
    (v4(240, 0, 0), 4),
];

/// Tunnels, which have IPv4 addresses in them, and what stands in books.
const V6: [(u128, u32); 4] = [
    (v6(0x2001, 0), 23),
    (v6(0x2001, 0xdb8), 32),
    (v6(0x2002, 0), 16),
    (v6(0x3fff, 0), 20),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_anybody_may_have_is_public() {
        for (address, public) in [
            ("0.0.0.0", false),
            ("8.8.8.8", true),
            ("10.255.255.255", false),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("172.15.255.255", true),
            ("172.31.0.1", false),
            ("192.0.0.170", false),
            ("192.168.1.1", false),
            ("192.169.0.1", true),
            ("198.19.255.255", false),
            ("223.255.255.255", true),
            ("224.0.1.75", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("2606:4700::1111", true),
            ("fc00::1", false),
            ("fd12::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            let read = address.parse().expect(address);
            assert_eq!(is_public(read), public, "{address}");
        }
    }
}
