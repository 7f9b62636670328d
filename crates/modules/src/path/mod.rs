//! Path headers (RFC 3327): this proxy keeps itself between a registrar and its users.

mod header;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use header::{Received, Uri};
use policy::{Context, Declaration, Entry, Init, Level, Module, Problem, Routes, Text, address_of};
use sip::{HeaderId, Params as UriParams};

pub(crate) const ENTRY: Entry = Entry::of::<Path>();

/// The module.
struct Path {
    params: Params,
}

struct Params {
    use_received: bool,
    received: Received,
    received_name: Bytes,
    enable_r2: bool,
}

impl Default for Params {
    fn default() -> Params {
        let received_name = Bytes::from_static(b"received");
        Params {
            use_received: false,
            received: Received::Uri,
            received_name,
            enable_r2: false,
        }
    }
}

impl Module for Path {
    const NAME: &'static str = "path";
    type Params = Params;

    fn declare(d: &mut Declaration<Path>) {
        d.doc("Adds Path headers, so that a registrar sends requests for its users through this proxy (RFC 3327).");
        d.param(
            "use_received",
            "1: loose_route() sets $du from the received parameter of our Route; default 0.",
            |p, on| {
                p.use_received = on;
            },
        );
        d.try_param(
            "received_format",
            "0 (default): an escaped SIP URI; 1: ip~port~protocol number.",
            |p, n: i64| {
                p.received = match n {
                    0 => Received::Uri,
                    1 => Received::Alias,
                    _ => return Err(format!("expected 0 or 1, found {n}")),
                };
                Ok(())
            },
        );
        d.param(
            "received_name",
            "Name of the parameter; default received.",
            |p, name| p.received_name = name,
        );
        d.param(
            "enable_r2",
            "1: two Path headers, for both sockets; default 0.",
            |p, on| p.enable_r2 = on,
        );
        functions(d);
        d.deviation("The outgoing address is that of the socket that fits $fs, $du or the Request-URI when add_path() is called, not when the request leaves.");
        d.deviation(
            "With enable_r2 the second Path has the address of the socket the request came in on.",
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Path, Problem> {
        if params.use_received {
            let name = params.received_name.clone();
            init.on_own_route(move |context, params| use_received(context, &name, params));
        }
        Ok(Path { params })
    }
}

fn functions(d: &mut Declaration<Path>) {
    d.function(
        "add_path([user], [parameters])",
        "Adds a Path header with our address: 1 done, -1 not.",
        Routes::REQUEST,
        |module: &Path, context: &mut Context, user: &Option<Text>, params: &Option<Text>| {
            module.add(context, user.as_ref(), params.as_ref(), false)
        },
    );
    d.function(
        "add_path_received([user], [parameters])",
        "The same with the address the request came from.",
        Routes::REQUEST,
        |module: &Path, context: &mut Context, user: &Option<Text>, params: &Option<Text>| {
            module.add(context, user.as_ref(), params.as_ref(), true)
        },
    );
}

impl Path {
    fn add(
        &self,
        context: &mut Context,
        user: Option<&Text>,
        params: Option<&Text>,
        received: bool,
    ) -> bool {
        let user = user.map(|user| user.get(context)).unwrap_or_default();
        let extra = params.map(|params| params.get(context)).unwrap_or_default();
        if [&user, &extra].iter().any(|text| !is_clean(text)) {
            context.log(Level::Err, "path", || {
                "user or parameters do not fit into a URI".to_owned()
            });
            return false;
        }
        let (config, flow) = (context.config.clone(), context.flow);
        let Some(incoming) = config.identity.socket(flow.socket) else {
            return false;
        };
        let outgoing = header::outgoing(context, &config.identity).unwrap_or(incoming);
        let received = received.then(|| {
            (
                &self.params.received_name[..],
                self.params.received.text(&flow),
            )
        });
        let uri = Uri {
            user: &user,
            received: received.as_ref(),
            extra: &extra,
            double: self.params.enable_r2,
        };
        let mut lines = uri.line(outgoing);
        if self.params.enable_r2 {
            lines.extend(uri.line(incoming));
        }
        let message = context.message.clone();
        match message.header(HeaderId::Path) {
            Some(first) => context.edits.insert_before(first.span, lines),
            None => context.edits.append_header(&message, lines),
        }
        true
    }
}

/// What may stand in a URI without ending it.
fn is_clean(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'))
}

/// Sends the request where the registration came from.
fn use_received(context: &mut Context, name: &[u8], params: &[u8]) {
    let Some(value) = UriParams::new(params)
        .find_name(name)
        .and_then(|param| param.value)
    else {
        return;
    };
    let text = sip::uri::unescape(value);
    let uri = if text.contains(&b'~') {
        header::uri_of_alias(&text)
    } else {
        Some(text.into_owned())
    };
    let valid = uri.filter(|uri| {
        sip::Uri::parse(uri).is_ok_and(|uri| uri.is_sip() && address_of(uri.host).is_some())
    });
    match valid {
        Some(uri) => context.target.dst_uri = Some(Bytes::from(uri)),
        None => context.log(Level::Err, "path", || {
            "the received parameter of our Route is no address".to_owned()
        }),
    }
}
