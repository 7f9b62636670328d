//! What the built-in policy says when it has started.

use crate::builtin::BuiltIn;
use policy::{Identity, Proto, Socket};
use std::fmt::Write as _;

/// Sockets, domain, data, defences, and what to type next.
pub(crate) fn lines(built_in: &BuiltIn, identity: &Identity, has_users: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "ringwall serves {}", built_in.domain);
    for proto in [Proto::Udp, Proto::Tcp, Proto::Tls] {
        let sockets = identity
            .sockets
            .iter()
            .filter(|socket| socket.proto == proto);
        let addresses: Vec<String> = sockets
            .map(|socket: &Socket| socket.addr.to_string())
            .collect();
        if !addresses.is_empty() {
            let _ = writeln!(text, "  {:9}{}", proto.name(), addresses.join(" "));
        }
    }
    let _ = writeln!(text, "  data     {}", built_in.state.display());
    let _ = writeln!(
        text,
        "  defences digest for every request of strangers, one answer for all of them, own From only,\n           \
         scanners and guessers banned, messages checked, 10 contacts a user, no product name told"
    );
    let next = if has_users {
        "ctl ul show"
    } else {
        "ctl user add alice"
    };
    let _ = writeln!(text, "  next     {} {next}{}", program(), built_in.option());
    text
}

/// This program as it was called, so that the line can be typed as it stands.
fn program() -> String {
    let called = std::env::args_os().next();
    called.map_or_else(
        || "ringwall".to_owned(),
        |called| called.to_string_lossy().into_owned(),
    )
}
