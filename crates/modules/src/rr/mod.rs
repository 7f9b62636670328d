//! Record-Route and Route: RFC 3261 sections 16.4, 16.6 and 16.12.

mod direction;
mod record;
mod route;
#[cfg(test)]
mod tests;

use policy::routing::Double;
use policy::{AvpName, Declaration, Entry, Init, Module, Problem, Routes};

pub(crate) const ENTRY: Entry = Entry::of::<Rr>();

struct Rr {
    params: Params,
}

struct Params {
    full_lr: bool,
    append_fromtag: bool,
    double: Double,
    add_username: bool,
    custom_user: Option<AvpName>,
    ignore_sips: bool,
    force_send_socket: bool,
}

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
        record_functions(d);
        route_functions(d);
        direction_functions(d);
        d.deviation("After remove_record_route() a Record-Route can be asked for again; Kamailio 5.6.3 refuses it.");
    }

    fn init(params: Params, _: &mut Init<'_>) -> Result<Rr, Problem> {
        Ok(Rr { params })
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
    d.param::<bool>(
        "enable_socket_mismatch_warning",
        "Accepted; means nothing here because record_route_preset() never compares its address with sockets.",
        |_, _| {},
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
        "Follows the Route headers: 1 done, -1 there is none or it is malformed, -3 outside a dialog only our own was there.",
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
