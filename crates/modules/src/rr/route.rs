//! Following Route headers.

use super::Rr;
use bytes::Bytes;
use policy::routing::{self, Loose, Mode};
use policy::{Context, Identity, Int, Level, Proto, SocketId, address_of};
use script::Value;
use sip::{Scheme, Uri};

/// Within a dialog nothing shows that the Route is ours and of this dialog.
const FORGED: i32 = -2;

/// What `loose_route()` found, for the functions called after it.
#[derive(Default)]
pub(super) struct Followed {
    /// The parameters of our own Route: `;lr;ftag=…`, without the first semicolon where they are
    /// those of a Request-URI that a strict router had put there.
    pub(super) own: Option<Bytes>,
    /// A Route behind our own tells the next hop.
    next_hop: bool,
}

impl Rr {
    pub(super) fn loose_route(&self, context: &mut Context) -> i32 {
        self.follow(context, Mode::Both).0
    }

    pub(super) fn loose_route_mode(&self, context: &mut Context, mode: &Int) -> i32 {
        let mode = if mode.get_or_0(context) == 1 {
            Mode::LooseOnly
        } else {
            Mode::Both
        };
        self.follow(context, mode).0
    }

    pub(super) fn loose_route_preloaded(&self, context: &mut Context) -> bool {
        let (code, preloaded) = self.follow(context, Mode::Both);
        preloaded && matches!(code, 1 | -3)
    }

    pub(super) fn has_next_hop(&self, context: &mut Context) -> bool {
        context
            .extension::<Followed>()
            .is_some_and(|followed| followed.next_hop)
    }

    pub(super) fn route_uri(&self, context: &mut Context) -> Value {
        let first = context.message.routes().next();
        let uri = first
            .and_then(Result::ok)
            .map(|route| context.message.slice_of(route.uri));
        Value::Str(uri.unwrap_or_default())
    }

    /// The return code, and whether the request came outside a dialog.
    fn follow(&self, context: &mut Context, mode: Mode) -> (i32, bool) {
        let (message, config) = (context.message.clone(), context.config.clone());
        let request_uri = context.target.uri.clone();
        let identity = &config.identity;
        let loose =
            routing::loose_route(&message, &request_uri, mode, |uri| is_myself(identity, uri));
        let code = loose.outcome.code();
        if code == 1 && !self.is_trusted(context, &loose) {
            self.refused.inc();
            *context.extension_mut::<Followed>() = Followed::default();
            return (FORGED, loose.preloaded);
        }
        let from_request_uri = loose
            .own
            .is_some_and(|own| own.raw.as_ptr() == request_uri.as_ptr());
        let own = loose
            .own
            .as_ref()
            .map(|own| own_params(own, from_request_uri));
        *context.extension_mut::<Followed>() = Followed {
            own: own.map(|own| message.slice_of(own)),
            next_hop: loose.own.is_some() && !from_request_uri && loose.next_hop.is_some(),
        };
        if code != -1 {
            self.take(context, identity, &loose);
            loose.apply(&message, &request_uri, &mut context.edits);
            if let Some(own) = loose.own {
                let params = own.params.raw();
                config
                    .installed
                    .own_route
                    .iter()
                    .for_each(|see| see(context, params));
            }
        }
        (code, loose.preloaded)
    }

    /// Without keys everything is; with keys, within a dialog, the Route that we signed for it. Outside
    /// of one there was no Record-Route to sign.
    fn is_trusted(&self, context: &Context, loose: &Loose<'_>) -> bool {
        if !self.keyring.is_set() || loose.preloaded {
            return true;
        }
        let now_s = context.now.unix_s();
        let own = loose.own.as_ref();
        own.is_some_and(|own| self.keyring.keys().verify(own, &context.message, now_s))
    }

    fn take(&self, context: &mut Context, identity: &Identity, loose: &Loose<'_>) {
        if let Some(uri) = loose.request_uri {
            context.target.uri = context.message.slice_of(uri);
        }
        if let Some(hop) = loose.next_hop {
            context.target.dst_uri = Some(context.message.slice_of(hop));
        }
        let single = loose.own.filter(|_| self.params.force_send_socket);
        let Some(uri) = loose.send_from.or(single) else {
            return;
        };
        match self.socket_of(identity, &uri) {
            Some(socket) => context.target.socket = Some(socket),
            None if loose.send_from.is_some() => self.warn(context, identity, &uri),
            None => {}
        }
    }

    /// The socket that a Route of ours means: with `sockname_mode` by its name, else by its address.
    fn socket_of(&self, identity: &Identity, uri: &Uri<'_>) -> Option<SocketId> {
        let name = uri.param(b"sn").and_then(|param| param.value);
        let name = name.filter(|_| self.params.socket_names);
        let is_named = |socket: &&policy::Socket| name.is_some() && socket.name.as_deref() == name;
        let named = identity.sockets.iter().find(is_named);
        named
            .map(|socket| socket.id)
            .or_else(|| socket_of(identity, uri))
    }

    /// `enable_socket_mismatch_warning`.
    fn warn(&self, context: &mut Context, identity: &Identity, uri: &Uri<'_>) {
        if !self.params.warn_of_strange_socket {
            return;
        }
        let text = |what: &str| format!("{what} ({})", String::from_utf8_lossy(uri.raw));
        context.log(Level::Warn, "rr", || {
            text("no socket found to match second RR")
        });
        if !is_myself(identity, uri) {
            context.log(Level::Warn, "rr", || text("second RR uri is not myself"));
        }
    }
}

/// True where host, port and transport of the URI are ours.
pub(super) fn is_myself(identity: &Identity, uri: &Uri<'_>) -> bool {
    let proto = transport(uri);
    uri.is_sip()
        && identity.is_myself(
            uri.host,
            port(uri, proto),
            proto.filter(|proto| *proto != Proto::Ws),
        )
}

/// The parameters as `check_route_param()` sees them.
pub(super) fn own_params<'a>(own: &Uri<'a>, from_request_uri: bool) -> &'a [u8] {
    let raw = own.params.raw();
    match from_request_uri {
        true => raw.strip_prefix(b";").unwrap_or(raw),
        false => raw,
    }
}

fn socket_of(identity: &Identity, uri: &Uri<'_>) -> Option<SocketId> {
    let proto = transport(uri).unwrap_or(Proto::Udp);
    let (address, port) = (address_of(uri.host), port(uri, Some(proto)));
    let is_it = |socket: &&policy::Socket| {
        let same_host =
            address == Some(socket.addr.ip()) || socket.host.eq_ignore_ascii_case(uri.host);
        socket.proto == proto && same_host && (port == socket.addr.port() || port == socket.port)
    };
    identity.sockets.iter().find(is_it).map(|socket| socket.id)
}

/// The transport the URI names.
fn transport(uri: &Uri<'_>) -> Option<Proto> {
    let named = uri
        .param(b"transport")
        .and_then(|param| param.value)
        .and_then(Proto::parse);
    named.or((uri.scheme == Scheme::Sips).then_some(Proto::Tls))
}

fn port(uri: &Uri<'_>, proto: Option<Proto>) -> u16 {
    uri.port
        .unwrap_or(proto.unwrap_or(Proto::Udp).default_port())
}
