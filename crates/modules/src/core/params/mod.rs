//! The core parameters that mean something.

mod blocklist;
mod numbers;
mod switches;
mod texts;

use super::{Core, Params};
use bytes::Bytes;
use numbers::NUMBERS;
use policy::{Declaration, ParamValue, Proto};
use switches::SWITCHES;
use texts::{LINES, TEXTS};

pub(super) fn declare(d: &mut Declaration<Core>) {
    for (name, doc, set) in SWITCHES {
        d.param(name, doc, move |params: &mut Params, on: bool| {
            set(&mut params.core, on)
        });
    }
    for (name, doc, set) in NUMBERS {
        d.try_param(name, doc, move |params: &mut Params, number: i64| {
            set(
                &mut params.core,
                usize::try_from(number)
                    .map_err(|_| format!("expected a number from 0, found {number}"))?,
            );
            Ok(())
        });
    }
    for (name, doc, set) in TEXTS {
        d.param(name, doc, move |params: &mut Params, text: Text| {
            set(&mut params.core, text.0)
        });
    }
    for (name, doc, set) in LINES {
        d.try_param(name, doc, move |params: &mut Params, text: Text| {
            set(&mut params.core, texts::line(&text.0)?);
            Ok(())
        });
    }
    blocklist::declare(d);
    words(d);
    d.param(
        "debug",
        "Log level, -5 to 3; default 0.",
        |params: &mut Params, level: i64| params.core.debug = level,
    );
    d.param(
        "log_prefix_mode",
        "0 renders log_prefix once a message, 1 for each line; default 0.",
        |params: &mut Params, mode: i64| {
            params.core.log_prefix_mode = mode;
        },
    );
    d.param(
        "server_id",
        "Number of this server, shown by $sel(sys.server_id) and in record ids.",
        |params: &mut Params, id: i64| {
            params.core.server_id = id;
        },
    );
    for (name, doc) in [
        (
            "tos",
            "Type of service of sent packets, a number or IPTOS_*; default 0.",
        ),
        ("tcp_tos", "The same as tos."),
    ] {
        d.try_param(name, doc, |params: &mut Params, value: ParamValue| {
            params.core.tos = type_of_service(&value)?;
            Ok(())
        });
    }
}

/// Parameters that take one of a few words.
fn words(d: &mut Declaration<Core>) {
    d.try_param(
        "udp_mtu_try_proto",
        "TCP, TLS or UDP: what udp_mtu changes to; UDP and SCTP change nothing.",
        |params: &mut Params, word: Text| {
            params.core.udp_mtu_try_proto = transport(&word.0)?;
            Ok(())
        },
    );
    d.try_param(
        "cfgengine",
        "native or default; no other engine is there.",
        |_: &mut Params, word: Text| match word.0.as_ref() {
            b"native" | b"default" => Ok(()),
            _ => Err("expected native: the routing script is the only engine".to_owned()),
        },
    );
}

/// The transport for large requests; none where it is not spoken.
fn transport(word: &[u8]) -> Result<Option<Proto>, String> {
    match word.to_ascii_uppercase().as_slice() {
        b"UDP" => Ok(Some(Proto::Udp)),
        b"TCP" => Ok(Some(Proto::Tcp)),
        b"TLS" => Ok(Some(Proto::Tls)),
        b"SCTP" => Ok(None),
        _ => Err("expected UDP, TCP, TLS or SCTP".to_owned()),
    }
}

/// A text that may stand without quotes or be a number.
struct Text(Bytes);

impl policy::FromParam for Text {
    const KIND: &'static str = "str";

    fn from_param(value: &ParamValue) -> Result<Text, String> {
        Ok(match value {
            ParamValue::Text(text) => Text(text.clone()),
            ParamValue::Int(number) => Text(number.to_string().into()),
        })
    }
}

fn type_of_service(value: &ParamValue) -> Result<u8, String> {
    let wrong = || {
        "expected 0 to 255, IPTOS_LOWDELAY, IPTOS_THROUGHPUT, IPTOS_RELIABILITY or IPTOS_MINCOST"
            .to_owned()
    };
    match value {
        ParamValue::Int(number) => u8::try_from(*number).map_err(|_| wrong()),
        ParamValue::Text(text) => match text.as_ref() {
            b"IPTOS_LOWDELAY" => Ok(0x10),
            b"IPTOS_THROUGHPUT" => Ok(0x08),
            b"IPTOS_RELIABILITY" => Ok(0x04),
            b"IPTOS_MINCOST" => Ok(0x02),
            _ => Err(wrong()),
        },
    }
}
