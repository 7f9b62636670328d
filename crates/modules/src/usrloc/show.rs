//! Contacts as `ul.dump` and `ul.lookup` show them.

use policy::{Binding, BindingState, Bindings, Q};
use serde_json::{Value as Json, json};

/// The contacts of one record.
pub(super) fn contacts(bindings: &Bindings, now_s: u64) -> Vec<Json> {
    bindings
        .iter()
        .map(|binding| json!({ "Contact": contact(binding, now_s) }))
        .collect()
}

fn contact(binding: &Binding, now_s: u64) -> Json {
    let set = |value: Option<&[u8]>| value.map_or("[not set]".to_owned(), text);
    let expires = match binding.expires_s() {
        0 => json!("permanent"),
        _ if !binding.is_alive(now_s) => json!("expired"),
        end => json!(end - now_s),
    };
    let state = match binding.state() {
        BindingState::New => "CS_NEW",
        BindingState::Synced => "CS_SYNC",
        BindingState::Dirty => "CS_DIRTY",
    };
    json!({
        "Address": text(binding.contact()),
        "Expires": expires,
        "Q": if binding.q() == Q::UNSET { json!(-1) } else { json!(f64::from(binding.q().0) / 1000.0) },
        "Call-ID": text(binding.call_id()),
        "CSeq": binding.cseq(),
        "User-Agent": text(binding.user_agent()),
        "Received": set(binding.received()),
        "Path": set(binding.path()),
        "State": state,
        "Flags": binding.flags(),
        "CFlags": binding.branch_flags(),
        "Socket": set(Some(binding.socket()).filter(|socket| !socket.is_empty())),
        "Methods": binding.methods(),
        "Ruid": text(binding.ruid()),
        "Instance": set(binding.instance()),
        "Reg-Id": binding.reg_id(),
        "Server-Id": binding.server_id(),
        "Tcpconn-Id": binding.connection().and_then(|id| i64::try_from(id.0).ok()).unwrap_or(-1),
        "Keepalive": 0,
        "Last-Keepalive": binding.last_keepalive_s(),
        "KA-Roundtrip": binding.roundtrip_us(),
        "Last-Modified": binding.modified_s(),
    })
}

/// Text for people; what is no UTF-8 is shown as such.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
