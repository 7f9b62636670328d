//! The commands of the destination blocklist, with the answers of Kamailio.

use super::{Core, Params};
use policy::blocklist::{Entry, Place};
use policy::{
    Blocklist, BlocklistParams, Declaration, Init, Now, Proto, RpcError, RpcRequest, RpcResult,
};
use serde_json::{Value as Json, json};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The list and its settings.
pub(super) struct Listing {
    list: Arc<Blocklist>,
    params: BlocklistParams,
}

impl Listing {
    pub(super) fn new(params: &Params, init: &Init<'_>) -> Listing {
        Listing {
            list: init.blocklist(),
            params: params.core.blocklist.clone(),
        }
    }

    fn on(&self) -> Result<&Blocklist, RpcError> {
        match self.params.is_on() {
            true => Ok(&self.list),
            false => Err(RpcError::internal("dst blocklist support disabled")),
        }
    }
}

pub(super) fn declare(d: &mut Declaration<Core>) {
    d.rpc(
        "dst_blocklist.mem_info",
        "How many octets the destination blocklist takes, and may take.",
        |core, _| {
            let used = core.listing.on()?.len() * Blocklist::ENTRY_OCTETS;
            Ok(json!([used, core.listing.params.most_octets()]))
        },
    );
    d.rpc(
        "dst_blocklist.view",
        "Lists the destinations that failed.",
        |core, request| entries(core, request, shown),
    );
    d.rpc(
        "dst_blocklist.debug",
        "The same as bare values: protocol, address, port, seconds left, reasons.",
        |core, request| entries(core, request, bare),
    );
    d.rpc(
        "dst_blocklist.add ip port proto reasons",
        "Lists a destination; proto is 0 for any, 1 UDP, 2 TCP, 3 TLS; reasons 128 keep it until the server stops.",
        add,
    );
    d.rpc(
        "dst_blocklist.delete_all",
        "Takes off everything that is not permanent.",
        |core, _| {
            core.listing.on()?.clear();
            Ok(json!({}))
        },
    );
    d.deviation("dst_blocklist.view and its kin answer lists; jsonrpcs of 5.6.3 shows the last value alone. mem_info counts what an entry takes here.");
    d.deviation("An ACK goes to a listed destination too: without it the call that was just answered would end. Of a listed destination 5.6.3 drops the ACK.");
}

fn entries(core: &Core, request: &RpcRequest, show: fn(&Entry, u64) -> Json) -> RpcResult {
    let now_ms = request.now_s.saturating_mul(1000);
    let listed = core.listing.on()?.entries(now_ms);
    Ok(listed.iter().map(|entry| show(entry, now_ms)).collect())
}

fn shown(entry: &Entry, now_ms: u64) -> Json {
    json!({
        "protocol": proto_of(entry),
        "ip": entry.place.address.ip().to_string(),
        "port": entry.place.address.port(),
        "expires in (s)": seconds_left(entry, now_ms),
        "flags": flags_of(entry),
    })
}

fn bare(entry: &Entry, now_ms: u64) -> Json {
    json!([
        proto_of(entry),
        entry.place.address.ip().to_string(),
        entry.place.address.port(),
        seconds_left(entry, now_ms),
        flags_of(entry),
    ])
}

fn proto_of(entry: &Entry) -> &'static str {
    entry.place.transport.map_or("*", Proto::name)
}

fn seconds_left(entry: &Entry, now_ms: u64) -> u64 {
    entry.until_ms.saturating_sub(now_ms) / 1000
}

/// The reasons, and Kamailio's bit for IPv6.
fn flags_of(entry: &Entry) -> u8 {
    entry.reasons | u8::from(entry.place.address.is_ipv6())
}

fn add(core: &Core, request: &RpcRequest) -> RpcResult {
    core.listing.on()?;
    let text = request.text(0)?;
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = bare
        .parse()
        .map_err(|_| RpcError::invalid("Malformed ip address"))?;
    let port = u16::try_from(request.int(1)?).map_err(|_| RpcError::invalid("Malformed port"))?;
    let transport = match request.int(2)? {
        0 => None,
        1 => Some(Proto::Udp),
        2 => Some(Proto::Tcp),
        3 => Some(Proto::Tls),
        _ => return Err(RpcError::invalid("Unknown protocol")),
    };
    let reasons =
        u8::try_from(request.int(3)? & !IPV6).map_err(|_| RpcError::invalid("Unknown reasons"))?;
    let place = Place {
        address: SocketAddr::new(ip, port),
        transport,
    };
    let now = Now {
        unix_ms: request.now_s.saturating_mul(1000),
        ..Now::default()
    };
    let Listing { list, params } = &core.listing;
    match params.put(list, place, reasons, None, now) {
        true => Ok(json!({})),
        false => Err(RpcError::internal(
            "Failed to add the entry to the blocklist",
        )),
    }
}

/// Kamailio's bit for IPv6, which the address tells.
const IPV6: i64 = 1;
