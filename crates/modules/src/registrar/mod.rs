//! The registrar: takes REGISTER requests (RFC 3261 section 10.3) and looks users up.

mod aor;
mod contact;
mod draft;
mod lookup;
mod methods;
mod params;
mod plan;
mod record;
mod registered;
mod reply;
mod save;
mod socket;
mod table_arg;
#[cfg(test)]
mod tests;
mod ulc;

use aor::AorRules;
use bytes::Bytes;
use lookup::Into;
use params::Params;
use policy::{
    Binding, Bindings, Context, Counter, Declaration, Entry, Init, Int, Level, Literal, Location,
    LocationTable, Module, Outbox, Outcome, Problem, Routes, Task, Text, XavpValue,
};
use reply::Failure;
use script::Value;
use std::sync::Arc;
use table_arg::TableArg;
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
        functions(d);
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
            }),
        })
    }
}

fn functions(d: &mut Declaration<Registrar>) {
    let requests = Routes::REQUEST | Routes::FAILURE | Routes::EVENT;
    d.function(
        "save(domain, [flags], [uri])",
        "Takes a REGISTER: 1 inserted, 2 updated, 3 deleted, 4 listed, -1 refused, -2 too many contacts.",
        requests | Routes::REPLIES,
        Registrar::save,
    )
    .waits()
    .replies();
    d.function(
        "reg_send_reply()",
        "Sends the reply that save() with flag 0x02 kept back.",
        requests,
        Registrar::send_reply,
    )
    .replies();
    d.function(
        "lookup(domain, [uri])",
        "Sends the request to the contacts of its user: 1 found, -1 none, -2 none allows the method, -3 error.",
        requests,
        Registrar::lookup,
    )
    .waits();
    d.function(
        "lookup_to_dset(domain, [uri])",
        "As lookup(), but the contacts become branches beside the Request-URI.",
        requests,
        Registrar::lookup_to_dset,
    )
    .waits();
    d.function(
        "lookup_branches(domain)",
        "lookup() for the Request-URI and each branch that is only a URI.",
        requests,
        Registrar::lookup_branches,
    )
    .waits();
    d.function(
        "registered(domain, [uri], [match_option], [match_action])",
        "1 where the user has a contact, else -1.",
        Routes::ANY,
        Registrar::registered,
    )
    .waits();
    d.function(
        "unregister(domain, uri, [ruid])",
        "Removes contacts: 1 done, -1 no user, -2 database, -3 no such contact.",
        Routes::ANY,
        Registrar::unregister,
    )
    .waits();
    d.function(
        "add_sock_hdr(hdr_name)",
        "Adds a header with the socket the request came in on.",
        Routes::REQUEST,
        Registrar::add_sock_hdr,
    );
    d.function(
        "reg_fetch_contacts(domain, uri, profile)",
        "Puts the contacts of a user into $ulc(profile=>…): 1 found, -1 none.",
        Routes::ANY,
        Registrar::fetch,
    )
    .waits();
    d.function(
        "reg_free_contacts(profile)",
        "Forgets a profile.",
        Routes::ANY,
        Registrar::free,
    );
}

impl Registrar {
    fn save(
        &self,
        context: &mut Context,
        table: &TableArg,
        flags: &Option<Flags>,
        uri: &Option<Text>,
    ) -> Outcome {
        let call = save::Call {
            inner: self.inner.clone(),
            table: self.table(context, table),
            flags: flags.as_ref().map_or(0, |flags| flags.0),
            uri: uri.as_ref().map(|uri| uri.get(context)).unwrap_or_default(),
        };
        save::save(context, call)
    }

    fn send_reply(&self, context: &mut Context) -> Outcome {
        save::send_kept(context)
    }

    fn lookup(&self, context: &mut Context, table: &TableArg, uri: &Option<Text>) -> Outcome {
        self.look(context, table, uri, Into::Uri)
    }

    fn lookup_to_dset(
        &self,
        context: &mut Context,
        table: &TableArg,
        uri: &Option<Text>,
    ) -> Outcome {
        self.look(context, table, uri, Into::Branches)
    }

    fn look(
        &self,
        context: &mut Context,
        table: &TableArg,
        uri: &Option<Text>,
        into: Into,
    ) -> Outcome {
        let table = self.table(context, table);
        let uri = uri.as_ref().map(|uri| uri.get(context));
        let uri = uri.unwrap_or_else(|| context.target.uri.clone());
        lookup::lookup(
            context,
            &self.inner,
            &table,
            &uri,
            into,
            Box::new(|_, code| Outcome::Code(code)),
        )
    }

    fn lookup_branches(&self, context: &mut Context, table: &TableArg) -> Outcome {
        let (inner, table) = (self.inner.clone(), self.table(context, table));
        let (uri, before) = (context.target.uri.clone(), context.branches.len());
        let same_table = table.clone();
        let then = move |context: &mut Context, code: i32| {
            // Branches that the Request-URI brought have a record id and are passed over.
            let _ = before;
            lookup::lookup_branches(context, inner, same_table, 0, code)
        };
        lookup::lookup(
            context,
            &self.inner,
            &table,
            &uri,
            Into::Uri,
            Box::new(then),
        )
    }

    fn registered(
        &self,
        context: &mut Context,
        table: &TableArg,
        uri: &Option<Text>,
        wanted: &Option<Int>,
        action: &Option<Int>,
    ) -> Outcome {
        let table = self.table(context, table);
        let written = uri
            .as_ref()
            .map(|uri| uri.get(context))
            .filter(|uri| !uri.is_empty());
        let uri = written.unwrap_or_else(|| whom(context));
        let mut number =
            |number: &Option<Int>| number.as_ref().map_or(0, |number| number.get_or_0(context));
        let options = (number(wanted), number(action));
        registered::registered(context, self.inner.clone(), &table, &uri, options)
    }

    fn unregister(
        &self,
        context: &mut Context,
        table: &TableArg,
        uri: &Text,
        ruid: &Option<Text>,
    ) -> Outcome {
        let table = self.table(context, table);
        let uri = uri.get(context);
        let ruid = ruid
            .as_ref()
            .map(|ruid| ruid.get(context))
            .filter(|ruid| !ruid.is_empty());
        registered::unregister(context, &self.inner, &table, &uri, ruid)
    }

    fn add_sock_hdr(&self, context: &mut Context, name: &Text) -> i32 {
        let name = name.get(context);
        let is_token = !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_graphic() && *byte != b':');
        if !is_token {
            context.log(Level::Err, "registrar", || {
                "the header name is no token".to_owned()
            });
            return -1;
        }
        let socket = socket::own(context, self.inner.params.sock_advertised);
        let line = [&name[..], b": ", &socket, b"\r\n"].concat();
        let message = context.message.clone();
        context.edits.append_header(&message, line);
        1
    }

    fn fetch(
        &self,
        context: &mut Context,
        table: &TableArg,
        uri: &Text,
        profile: &Literal,
    ) -> Outcome {
        let table = self.table(context, table);
        let uri = uri.get(context);
        let name = profile.0.clone();
        context.extension_mut::<Profiles>().free(&name);
        let Ok(aor) = self.inner.aor_rules.aor(&uri) else {
            context.log(Level::Err, "registrar", || {
                "failed to extract Address Of Record".to_owned()
            });
            return Outcome::FALSE;
        };
        let (domain, key) = (Bytes::copy_from_slice(table.name()), aor.clone());
        let then = move |context: &mut Context, found: Option<Bindings>| {
            let now_s = context.now.unix_s();
            let all = found.unwrap_or_default();
            let bindings: Bindings = all
                .iter()
                .filter(|binding| binding.is_alive(now_s))
                .cloned()
                .collect();
            if bindings.is_empty() {
                return Outcome::FALSE;
            }
            context.extension_mut::<Profiles>().put(
                name,
                Profile {
                    aor,
                    domain,
                    bindings,
                },
            );
            Outcome::TRUE
        };
        table.find(context, &key, Box::new(then))
    }

    fn free(&self, context: &mut Context, profile: &Literal) -> i32 {
        context.extension_mut::<Profiles>().free(&profile.0);
        1
    }

    fn table(&self, context: &mut Context, table: &TableArg) -> Arc<dyn LocationTable> {
        table.get(context, self.inner.location.as_ref())
    }
}

/// The flags of `save()`: a constant, decimal or hexadecimal.
struct Flags(i64);

impl policy::Argument for Flags {
    fn prepare(
        written: Option<&policy::Written>,
        prepare: &mut policy::Prepare<'_>,
    ) -> Result<Flags, Problem> {
        let text = written.map(policy::Written::source).unwrap_or_default();
        let text = String::from_utf8_lossy(text.trim_ascii()).into_owned();
        let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        number.map(Flags).ok_or_else(|| {
            prepare.problem(format!("bad flags \"{text}\": a constant such as 0x04"))
        })
    }
}

/// Whom a message is about: the Request-URI of a request, the To of a reply.
fn whom(context: &Context) -> Bytes {
    if context.message.is_request() {
        return context.target.uri.clone();
    }
    context
        .message
        .to()
        .map(|to| context.message.slice_of(to.uri))
        .unwrap_or_default()
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
