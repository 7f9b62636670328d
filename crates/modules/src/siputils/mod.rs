//! SIP utilities: what a message or a URI is, URI parameters, Contact rewriting, OPTIONS.

mod charging;
mod checks;
mod compare;
mod contact;
mod contact_param;
mod date;
mod numbers;
mod options;
mod rpid;
mod tel;
mod uri_param;
mod uri_parts;
mod user;

use bytes::Bytes;
use policy::{AvpName, Declaration, Entry, Init, Module, Problem};

pub(crate) const ENTRY: Entry = Entry::of::<SipUtils>();

struct SipUtils {
    params: Params,
}

/// The parameters, with Kamailio's defaults.
struct Params {
    options_accept: Bytes,
    options_accept_encoding: Bytes,
    options_accept_language: Bytes,
    options_support: Bytes,
    contact_flds_separator: u8,
    rpid_prefix: Bytes,
    rpid_suffix: Bytes,
    rpid_avp: AvpName,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            options_accept: Bytes::from_static(b"*/*"),
            options_accept_encoding: Bytes::new(),
            options_accept_language: Bytes::from_static(b"en"),
            options_support: Bytes::new(),
            contact_flds_separator: b'*',
            rpid_prefix: Bytes::new(),
            rpid_suffix: Bytes::from_static(b";party=calling;id-type=subscriber;screen=yes"),
            rpid_avp: AvpName::Text(Bytes::from_static(b"rpid")),
        }
    }
}

impl Module for SipUtils {
    const NAME: &'static str = "siputils";
    type Params = Params;

    fn declare(d: &mut Declaration<SipUtils>) {
        d.doc("Checks on messages, URIs and numbers; URI parameters; Contact rewriting; answers to OPTIONS.");
        declare_params(d);
        checks::declare(d);
        user::declare(d);
        numbers::declare(d);
        compare::declare(d);
        uri_param::declare(d);
        uri_parts::declare(d);
        tel::declare(d);
        contact::declare(d);
        contact_param::declare(d);
        options::declare(d);
        date::declare(d);
        rpid::declare(d);
        charging::declare(d);
    }

    fn init(params: Params, _: &mut Init<'_>) -> Result<SipUtils, Problem> {
        Ok(SipUtils { params })
    }
}

fn declare_params(d: &mut Declaration<SipUtils>) {
    d.param(
        "options_accept",
        "Accept of options_reply(), default `*/*`.",
        |p: &mut Params, v| p.options_accept = v,
    );
    d.param(
        "options_accept_encoding",
        "Accept-Encoding of options_reply(), default empty.",
        |p: &mut Params, v| {
            p.options_accept_encoding = v;
        },
    );
    d.param(
        "options_accept_language",
        "Accept-Language of options_reply(), default `en`.",
        |p: &mut Params, v| {
            p.options_accept_language = v;
        },
    );
    d.param(
        "options_support",
        "Supported of options_reply(), default empty.",
        |p: &mut Params, v| {
            p.options_support = v;
        },
    );
    d.try_param(
        "contact_flds_separator",
        "What separates the fields of an encoded Contact, one character, default `*`.",
        |p: &mut Params, v: Bytes| {
            p.contact_flds_separator = *v.first().ok_or("expected one character")?;
            Ok(())
        },
    );
    d.param(
        "ring_timeout",
        "Accepted; means nothing here because the functions it was for are gone, from Kamailio too.",
        |_: &mut Params, _: i64| {},
    );
    d.param(
        "rpid_prefix",
        "Stands before the URI of append_rpid_hf(), default empty.",
        |p: &mut Params, v| {
            p.rpid_prefix = v;
        },
    );
    d.param(
        "rpid_suffix",
        "Stands behind the URI of append_rpid_hf().",
        |p: &mut Params, v| p.rpid_suffix = v,
    );
    d.param(
        "rpid_avp",
        "The AVP with the URI of append_rpid_hf(), default `$avp(s:rpid)`.",
        |p: &mut Params, v| {
            p.rpid_avp = v;
        },
    );
}
