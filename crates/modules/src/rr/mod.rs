//! Record-Route and Route: RFC 3261 sections 16.4, 16.6 and 16.12.

mod direction;
mod keyring;
mod record;
mod route;
mod sign;
#[cfg(test)]
mod tests;

use policy::routing::Double;
use policy::{AvpName, Counter, Declaration, Entry, Init, Module, Problem, Routes};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Rr>();

struct Rr {
    params: Params,
    keyring: Arc<keyring::Keyring>,
    refused: Counter,
}

struct Params {
    full_lr: bool,
    append_fromtag: bool,
    double: Double,
    add_username: bool,
    custom_user: Option<AvpName>,
    ignore_sips: bool,
    force_send_socket: bool,
    socket_names: bool,
    warn_of_strange_socket: bool,
    /// Taken by the keyring at the start.
    keys: sign::Keys,
    key_file: Option<String>,
    sign_expire_s: u32,
    sign_rotate_s: u32,
}

/// A day: longer than calls last, and a subscription that is refused starts again.
const SIGN_EXPIRE_S: u32 = 86_400;

/// Ten years: an expiry must lie less than 68 years ahead.
const MOST_EXPIRE_S: u32 = 315_360_000;

impl Default for Params {
    fn default() -> Params {
        Params {
            full_lr: false,
            append_fromtag: true,
            double: Double::WhenDifferent,
            add_username: false,
            custom_user: None,
            ignore_sips: false,
            force_send_socket: false,
            socket_names: false,
            warn_of_strange_socket: true,
            keys: sign::Keys::default(),
            key_file: None,
            sign_rotate_s: 0,
            sign_expire_s: SIGN_EXPIRE_S,
        }
    }
}

/// Where a request comes in.
const INCOMING: Routes = Routes::REQUEST.or(Routes::BRANCH_FAILURE).or(Routes::EVENT);
/// Where a Record-Route can be asked for.
const RECORDING: Routes = INCOMING.or(Routes::FAILURE).or(Routes::BRANCH);

impl Module for Rr {
    const NAME: &'static str = "rr";
    type Params = Params;

    fn declare(d: &mut Declaration<Rr>) {
        d.doc("Keeps this server in the path of a dialog, and follows the path that a request carries.");
        params(d);
        sign_params(d);
        record_functions(d);
        route_functions(d);
        direction_functions(d);
        d.deviation("After remove_record_route() a Record-Route can be asked for again; Kamailio 5.6.3 refuses it.");
    }

    fn init(mut params: Params, init: &mut Init<'_>) -> Result<Rr, Problem> {
        let mut keys = std::mem::take(&mut params.keys);
        keys.draw(&init.secret);
        keys.rotate(params.sign_rotate_s);
        let keyring = keyring::Keyring::new(keys, params.key_file.take(), init);
        let doc = "Requests in dialogs without a Route that we signed for them (sign_key).";
        let refused = init.counter("refused_routes", doc);
        Ok(Rr {
            params,
            keyring,
            refused,
        })
    }
}

fn params(d: &mut Declaration<Rr>) {
    d.param(
        "enable_full_lr",
        "lr=on instead of lr; default no.",
        |p, on| p.full_lr = on,
    );
    d.param(
        "append_fromtag",
        "Record-Routes carry the tag of the dialog's caller as ftag; default yes.",
        |p, on| {
            p.append_fromtag = on;
        },
    );
    d.param::<i64>(
        "enable_double_rr",
        "Two Record-Routes where the request leaves by another socket than it came in by: 0 never, 1 then, 2 always; default 1.",
        |p, mode| {
            p.double = match mode {
                0 => Double::Never,
                2 => Double::Always,
                _ => Double::WhenDifferent,
            }
        },
    );
    d.param(
        "add_username",
        "Record-Routes carry the user part of the Request-URI; default no.",
        |p, on| {
            p.add_username = on;
        },
    );
    d.param(
        "custom_user_avp",
        "The AVP that has the user part for Record-Routes instead; default none.",
        |p, avp| {
            p.custom_user = Some(avp);
        },
    );
    d.param(
        "ignore_sips",
        "Record-Routes are sip: also for a sips: Request-URI; default no.",
        |p, on| {
            p.ignore_sips = on;
        },
    );
    d.param(
        "force_send_socket",
        "loose_route() chooses the socket of our own Route also where there is only one; default no.",
        |p, on| p.force_send_socket = on,
    );
    d.param(
        "enable_socket_mismatch_warning",
        "loose_route() warns where the second of two Routes of ours names no socket; default yes.",
        |p, on| p.warn_of_strange_socket = on,
    );
    d.param(
        "sockname_mode",
        "Record-Routes carry the name of their socket as sn, and loose_route() finds it by that; default no.",
        |p, on| p.socket_names = on,
    );
}

fn sign_params(d: &mut Declaration<Rr>) {
    d.try_param(
        "sign_key",
        "Ours, not Kamailio's: Record-Routes carry a signature, and loose_route() follows no Route of ours within a dialog without it. Keys of 16 characters or more, with blanks or commas between them, the first one signs and all verify; may be set several times; random is one that is drawn at start, file:PATH a file with a key a line, which come first and are read again each minute. Default none.",
        |p, keys: String| match keys.strip_prefix(keyring::FILE) {
            Some(path) => {
                p.key_file = Some(path.to_owned());
                Ok(())
            }
            None => p.keys.add(&keys),
        },
    );
    d.number(
        "sign_rotate",
        "Ours: seconds after which another key is made of each; older signatures stay good until their expiry. Servers that share keys need the same number. 0 is never; default 0.",
        0..,
        |p, seconds| p.sign_rotate_s = seconds,
    );
    d.try_param(
        "sign_expire",
        "Ours: seconds that a signature is good for, from the request that was recorded; default 86400.",
        |p, seconds: i64| {
            p.sign_expire_s = u32::try_from(seconds)
                .ok()
                .filter(|seconds| (1..=MOST_EXPIRE_S).contains(seconds))
                .ok_or_else(|| format!("expected seconds from 1 to {MOST_EXPIRE_S}, found {seconds}"))?;
            Ok(())
        },
    );
}

fn record_functions(d: &mut Declaration<Rr>) {
    d.function(
        "record_route([params])",
        "Adds our Record-Route, with params (;name=value) behind its own: 1 done, -1 there is one already.",
        RECORDING,
        Rr::record_route,
    );
    d.function(
        "record_route_preset(address, [inner])",
        "Adds a Record-Route with this address (host:port;params); with two, the first is that of the outgoing side.",
        RECORDING,
        Rr::record_route_preset,
    );
    d.function(
        "record_route_advertised_address(address)",
        "Adds a Record-Route with this host:port, two where the transport changes.",
        RECORDING,
        Rr::record_route_advertised,
    );
    d.function(
        "remove_record_route()",
        "Takes back the Record-Route that was asked for; 1.",
        INCOMING.or(Routes::FAILURE),
        Rr::remove_record_route,
    );
    d.function(
        "add_rr_param(param)",
        "Adds a parameter (;name=value) to the Record-Route of this request, before or after it is asked for; 1.",
        RECORDING,
        Rr::add_param,
    );
}

fn route_functions(d: &mut Declaration<Rr>) {
    d.function(
        "loose_route()",
        "Follows the Route headers: 1 done, -1 there is none or it is malformed, -2 with sign_key: within a dialog, and no Route of ours that was made for it; -3 outside a dialog only our own was there.",
        INCOMING,
        Rr::loose_route,
    );
    d.function(
        "loose_route_mode(mode)",
        "The same; with mode 1 a Request-URI that is ours is not taken for the work of a strict router.",
        INCOMING,
        Rr::loose_route_mode,
    );
    d.function(
        "loose_route_preloaded()",
        "The same for a request outside a dialog: 1 the Route headers were followed, -1 there is none, or it is inside a dialog.",
        INCOMING,
        Rr::loose_route_preloaded,
    );
    d.function(
        "rr_next_hop_route()",
        "After loose_route(): 1 where a Route behind our own tells the next hop, else -1.",
        Routes::ANY,
        Rr::has_next_hop,
    );
    d.read(
        "route_uri",
        "The URI of the topmost Route as received; empty where there is none.",
        Rr::route_uri,
    );
}

fn direction_functions(d: &mut Declaration<Rr>) {
    d.function(
        "check_route_param(re)",
        "1 where the parameters of our own Route match the regular expression, else -1.",
        INCOMING,
        Rr::check_param,
    );
    d.function(
        "is_direction(direction)",
        "1 where the request goes that way, else -1: downstream is from the dialog's caller, upstream towards it.",
        INCOMING,
        Rr::is_direction,
    );
    d.read("fti", "The tag of the dialog's caller.", Rr::caller_tag);
    d.read(
        "tti",
        "The tag of the dialog's callee; null outside a dialog.",
        Rr::callee_tag,
    );
    d.variable(
        "rdir(key)",
        "The direction: id is 1 downstream and 2 upstream, name is the word.",
        false,
        direction::prepare,
    );
}
