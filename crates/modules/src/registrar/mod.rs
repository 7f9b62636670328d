//! The registrar: takes REGISTER requests (RFC 3261 section 10.3) and looks users up.

mod aor;
mod contact;
mod draft;
mod functions;
mod lookup;
mod methods;
mod params;
mod plan;
mod record;
mod registered;
mod reply;
mod save;
mod socket;
mod source;
mod table_arg;
mod task;
#[cfg(test)]
mod tests;
mod ulc;

use aor::AorRules;
use bytes::Bytes;
use params::Params;
use policy::{
    BansLink, Binding, Context, Counter, Declaration, Entry, Init, Location, Module, Outbox,
    Problem, Task, XavpValue,
};
use reply::Failure;
use script::Value;
use std::sync::Arc;
use ulc::{Profile, Profiles};

pub(crate) const ENTRY: Entry = Entry::of::<Registrar>();

/// The event route for contacts that expire, and the profile it finds them in.
const EXPIRED: (&str, &[u8]) = ("usrloc:contact-expired", b"exp");

/// The module.
pub(crate) struct Registrar {
    inner: Arc<Inner>,
}

/// What continuations hold on to.
struct Inner {
    params: Params,
    aor_rules: AorRules,
    location: Arc<dyn Location>,
    counters: Counters,
    /// Where those are noted who registered.
    bans: BansLink,
}

struct Counters {
    accepted: Counter,
    rejected: Counter,
}

impl Module for Registrar {
    const NAME: &'static str = "registrar";
    type Params = Params;

    fn declare(d: &mut Declaration<Registrar>) {
        d.doc("Takes REGISTER requests and looks up where users are (RFC 3261 section 10.3).");
        params::declare(d);
        functions::declare(d);
        d.variable(
            "ulc(profile=>attribute)",
            "Contacts fetched by reg_fetch_contacts().",
            false,
            |_, spec, prepare| ulc::prepare(spec, prepare),
        );
        d.event_route(
            "usrloc:contact-expired",
            "A contact expired; $ulc(exp=>…) tells which.",
        );
        d.deviation("A To that is no URI and a reg-id of 0 are answered 400; Kamailio answers 200 and stores nothing.");
        d.deviation("A contact that is for ever is listed with expires=2147483647; Kamailio prints a negative number.");
        d.deviation("expires is an unsigned number of 32 bits; Kamailio makes values above 2147483647 negative.");
        d.deviation("lookup_filter_mode 2 (only contacts over a living connection) is refused; see handle_lost_tcp of usrloc.");
        d.deviation("displace_contacts is Ringwall's own: a user with max_contacts contacts gets in with a new one, and the oldest goes.");
        d.deviation("contacts_at_source is Ringwall's own: contacts are reached where their REGISTER came from.");
        d.deviation("reject_self_contacts is Ringwall's own: a contact that points at the server is answered 403.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Registrar, Problem> {
        let location = init.service::<dyn Location>("usrloc")?;
        let aor_rules = AorRules {
            use_domain: location.rules().use_domain,
            case_sensitive: params.case_sensitive,
            realm_prefix: params.realm_prefix.clone(),
            gruu: params.gruu_enabled,
        };
        show(&params, init);
        let counters = Counters {
            accepted: init.counter("accepted_regs", "REGISTER requests that were taken."),
            rejected: init.counter("rejected_regs", "REGISTER requests that were refused."),
        };
        hear_expiry(location.as_ref(), init.outbox());
        Ok(Registrar {
            inner: Arc::new(Inner {
                params,
                aor_rules,
                location,
                counters,
                bans: init.bans(),
            }),
        })
    }
}

/// A number that the XAVP `xavp_cfg` sets for this call.
fn setting(context: &Context, params: &Params, name: &[u8]) -> Option<i64> {
    let fields = context.vars.xavps.fields(params.xavp_cfg.as_ref()?, 0)?;
    match fields.entry(name, 0)? {
        XavpValue::Plain(Value::Int(number)) => Some(*number),
        XavpValue::Plain(Value::Str(text)) => script::parse_int(text.trim_ascii()),
        _ => None,
    }
}

/// The parameters that Kamailio shows among its statistics.
fn show(params: &Params, init: &Init<'_>) {
    let values = [
        (
            "max_expires",
            i64::from(params.max_expires_s),
            "Parameter max_expires.",
        ),
        (
            "max_contacts",
            params.max_contacts.into(),
            "Parameter max_contacts.",
        ),
        (
            "default_expire",
            params.default_expires_s.into(),
            "Parameter default_expires.",
        ),
        (
            "default_expires_range",
            params.default_expires_range.into(),
            "Parameter default_expires_range.",
        ),
        (
            "expires_range",
            params.expires_range.into(),
            "Parameter expires_range.",
        ),
    ];
    for (name, value, doc) in values {
        init.counter(name, doc).set(value);
    }
}

/// Runs the event route for each contact that expires.
fn hear_expiry(location: &dyn Location, outbox: Outbox) {
    location.on_expired(Box::new(
        move |table: &[u8], aor: &[u8], binding: &Arc<Binding>| {
            let profile = Profile {
                aor: Bytes::copy_from_slice(aor),
                domain: Bytes::copy_from_slice(table),
                bindings: std::iter::once(binding.clone()).collect(),
            };
            let prepare = move |context: &mut Context| {
                context
                    .extension_mut::<Profiles>()
                    .put(Bytes::from_static(EXPIRED.1), profile);
            };
            outbox.post(Task::Event {
                name: EXPIRED.0.to_owned(),
                prepare: Box::new(prepare),
            });
        },
    ));
}
