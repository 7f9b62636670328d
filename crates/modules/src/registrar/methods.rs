//! Sets of methods as a word, with Kamailio's bits (column `methods`, `$ulc(x=>methods)`).

use sip::{HeaderId, Message, Method};

/// Every method, also unknown ones: nothing is known of what the contact allows.
pub(super) const ALL: u32 = u32::MAX;

/// The bit of methods that have none of their own.
const OTHER: u32 = 1 << 19;

const BITS: [Method; 14] = [
    Method::Invite,
    Method::Cancel,
    Method::Ack,
    Method::Bye,
    Method::Info,
    Method::Register,
    Method::Subscribe,
    Method::Notify,
    Method::Message,
    Method::Options,
    Method::Prack,
    Method::Update,
    Method::Refer,
    Method::Publish,
];

/// The bit of a method.
pub(super) fn bit(method: Method) -> u32 {
    BITS.iter()
        .position(|known| *known == method)
        .map_or(OTHER, |bit| 1 << bit)
}

/// The set of a list such as `INVITE, ACK, BYE`.
pub(super) fn listed(list: &[u8]) -> u32 {
    sip::split_values(list)
        .map(|name| bit(Method::parse(name)))
        .fold(0, |set, bit| set | bit)
}

/// The set of a message's Allow headers; [`ALL`] without one.
pub(super) fn allowed(message: &Message) -> u32 {
    let lists = message
        .all(HeaderId::Allow)
        .map(|header| listed(header.value));
    lists.reduce(|all, list| all | list).unwrap_or(ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words were read from Kamailio 5.6.3's database.
    #[test]
    fn the_bits_are_kamailios() {
        assert_eq!(listed(b"INVITE, ACK, BYE"), 13);
        assert_eq!(listed(b"INVITE, BYE"), 9);
        let all = b"INVITE,ACK,BYE,CANCEL,OPTIONS,REFER,NOTIFY,INFO,UPDATE,PRACK,MESSAGE,SUBSCRIBE,PUBLISH,REGISTER,FOO";
        assert_eq!(listed(all), 540_671);
    }
}
