//! The script functions.

use super::lookup::{self, Into};
use super::table_arg::TableArg;
use super::ulc::{Profile, Profiles};
use super::{Registrar, registered, save, socket};
use bytes::Bytes;
use policy::{
    Bindings, Context, Declaration, Int, Level, Literal, LocationTable, Outcome, Problem, Routes,
    Text,
};
use std::sync::Arc;

/// Declares every function.
pub(super) fn declare(d: &mut Declaration<Registrar>) {
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
        let uri = context.target.uri.clone();
        let same_table = table.clone();
        let then = move |context: &mut Context, code: i32| {
            // Branches that the Request-URI brought have a record id and are passed over.
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
