//! The control socket of a configuration that was written for `kamcmd`.

mod address;

use address::{Address, parse};
use policy::{
    ControlPlace, ControlSocket, Declaration, Entry, FileAccess, Init, Level, Module, ParamValue,
    Problem, RpcRequest, RpcResult,
};
use serde_json::json;

pub(crate) const ENTRY: Entry = Entry::of::<Ctl>();

struct Ctl {
    /// What is listened on, `unix_stream:/path`.
    listening: Vec<String>,
}

#[derive(Default)]
struct Params {
    binrpc: Vec<String>,
    mode: Option<i64>,
    user: Option<ParamValue>,
    group: Option<ParamValue>,
}

/// Where Kamailio and `kamcmd` meet, below the runtime directory.
const DEFAULT: &str = "kamailio_ctl";

impl Module for Ctl {
    const NAME: &'static str = "ctl";
    type Params = Params;

    fn declare(d: &mut Declaration<Ctl>) {
        d.doc("Takes commands on a Unix socket, as JSON-RPC 2.0.");
        d.param(
            "binrpc",
            "Where: unix:PATH or unixs:PATH (stream), unixd:PATH (datagram), PATH; may be set several \
             times. Network addresses are not opened. Default kamailio_ctl in the runtime directory.",
            |p, text: String| p.binrpc.push(text),
        );
        d.param(
            "mode",
            "Permissions of the sockets, default 0600.",
            |p, mode| {
                p.mode = Some(mode);
            },
        );
        d.param(
            "user",
            "Owner of the sockets, name or number.",
            |p, user| p.user = Some(user),
        );
        d.param(
            "group",
            "Group of the sockets, name or number.",
            |p, group| {
                p.group = Some(group);
            },
        );
        const IDLE: &str =
            "Accepted; means nothing here because answers are JSON and have no fixed buffers.";
        d.param("binrpc_buffer_size", IDLE, |_, _: ParamValue| {});
        d.param("binrpc_max_body_size", IDLE, |_, _: i64| {});
        d.param("binrpc_struct_max_body_size", IDLE, |_, _: i64| {});
        d.param(
            "autoconversion",
            "Accepted; means nothing here because commands always take numbers as text and text as numbers.",
            |_, _: i64| {},
        );
        d.rpc(
            "ctl.listen",
            "Lists the sockets that take commands.",
            Ctl::listen,
        );
        d.deviation(
            "The binary protocol of kamcmd is not spoken: the same sockets take JSON-RPC 2.0, a document a line, \
             which `ringwall ctl --socket PATH rpc COMMAND` speaks.",
        );
        d.deviation(
            "Addresses udp: and tcp: are not opened, for nobody who asks there proves who he is.",
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Ctl, Problem> {
        let access = access(&params);
        let given: Vec<Address> = params.binrpc.iter().map(|text| parse(text)).collect();
        let required = !given.is_empty();
        let wanted = if required {
            given
        } else {
            vec![Address::Stream(DEFAULT.to_owned())]
        };
        let mut listening = Vec::new();
        for address in wanted {
            let place = match address {
                Address::Stream(path) => ControlPlace::Stream(path),
                Address::Datagram(path) => ControlPlace::Datagram(path),
                Address::Network(text) => {
                    tell(init, format!("{text} is not opened: use a Unix socket"));
                    continue;
                }
            };
            let line = line(&place);
            tell(
                init,
                format!(
                    "JSON-RPC 2.0 is spoken at {line}, not binrpc: `ringwall ctl` instead of kamcmd"
                ),
            );
            listening.push(line);
            init.control(ControlSocket {
                module: "ctl",
                place,
                access: access.clone(),
                pretty: false,
                required,
            });
        }
        Ok(Ctl { listening })
    }
}

impl Ctl {
    fn listen(&self, _: &RpcRequest) -> RpcResult {
        Ok(json!(self.listening))
    }
}

fn access(params: &Params) -> FileAccess {
    FileAccess {
        mode: params
            .mode
            .and_then(|mode| u32::try_from(mode).ok())
            .unwrap_or(0o600),
        user: params.user.clone(),
        group: params.group.clone(),
    }
}

fn line(place: &ControlPlace) -> String {
    match place {
        ControlPlace::Stream(path) => format!("unix_stream:{path}"),
        ControlPlace::Datagram(path) => format!("unix_dgram:{path}"),
        ControlPlace::Fifo { path, .. } => format!("fifo:{path}"),
        ControlPlace::Udp(address) => format!("udp:{address}"),
    }
}

/// Says something once the server starts, when the log level is that of the file.
fn tell(init: &mut Init<'_>, text: String) {
    let logger = init.logger.clone();
    init.on_start(move |done| {
        logger.log(Level::Notice, "ctl", || text);
        done(Ok(()));
    });
}
