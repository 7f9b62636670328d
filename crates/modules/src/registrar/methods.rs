//! Sets of methods as a word, with Kamailio's bits (column `methods`, `$ulc(x=>methods)`).

use sip::{HeaderId, Message, Method};

/// Every method, also unknown ones: nothing is known of what the contact allows.
pub(super) const ALL: u32 = u32::MAX;

/// The set of a list such as `INVITE, ACK, BYE`.
pub(super) fn listed(list: &[u8]) -> u32 {
    sip::split_values(list)
        .map(|name| Method::parse(name).bit())
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
