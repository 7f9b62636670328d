//! Where contacts are reached whatever they say: at the place their REGISTER came from.

use policy::{Context, Proto};
use sip::NameAddr;

/// The source of the REGISTER, as a URI, for a contact that is to be reached there; empty for one that may be
/// reached as it says: over UDP, at the address it came from. The port is its own there.
pub(super) fn of_contact(context: &Context, contact: &NameAddr<'_>) -> Vec<u8> {
    let peer = context.flow.peer;
    let says_so = contact.parse_uri().is_ok_and(|uri| {
        let host = policy::address_of(uri.host).map(|host| host.to_canonical());
        host == Some(peer.ip().to_canonical()) && uri.param(b"maddr").is_none()
    });
    if says_so && context.flow.proto == Proto::Udp {
        return Vec::new();
    }
    let host = policy::host_text(peer.ip());
    let (port, transport) = (peer.port(), context.flow.proto);
    format!("sip:{host}:{port};transport={transport}").into_bytes()
}
