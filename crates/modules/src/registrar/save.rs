//! `save()`: a REGISTER from its headers to its reply.

use super::contact::{Asked, ContactError, asked};
use super::draft::{Draft, Extras, joined_path};
use super::params::Outbound;
use super::plan::Bounds;
use super::reply::{Facts, Gruu, Ready, accepted, refused};
use super::task::{Clearing, Storing};
use super::{Failure, Inner, setting};
use bytes::Bytes;
use policy::{
    Binding, Bindings, Context, Effect, Identity, Keep, Level, LocationTable, Outcome, Reply,
    ReplyHow, Routes,
};
use sip::{HeaderId, Message, NameAddr, Scheme, Uri};
use std::sync::Arc;

/// The flags of `save()`, as the README numbers them.
pub(super) const MEMORY_ONLY: i64 = 0x01;
pub(super) const NO_REPLY: i64 = 0x02;
pub(super) const ONE_CONTACT: i64 = 0x04;
pub(super) const EXACT_EXPIRES: i64 = 0x08;
pub(super) const PREPARE_REPLY: i64 = 0x10;

/// One call of `save()`.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) inner: Arc<Inner>,
    pub(super) table: Arc<dyn LocationTable>,
    pub(super) flags: i64,
    /// The URI of the user; the To where it is empty.
    pub(super) uri: Bytes,
}

/// What `save()` leaves for `reg_send_reply()`.
#[derive(Default)]
pub(super) struct Kept {
    reply: Option<Ready>,
}

/// Runs one call.
pub(super) fn save(context: &mut Context, mut call: Call) -> Outcome {
    if !context
        .route
        .meets(Routes::REQUEST | Routes::FAILURE | Routes::EVENT)
    {
        call.flags |= NO_REPLY;
    }
    let message = context.message.clone();
    let contacts = asked(&message, call.inner.params.contact_max_size).map_err(Failure::from);
    let checked = contacts.and_then(|contacts| {
        let aor = call
            .inner
            .aor_rules
            .aor(&call.user(&message))
            .map_err(|_| Failure::Aor)?;
        outbound(&message, &contacts, call.inner.params.outbound)?;
        Ok((contacts, aor))
    });
    let (contacts, aor) = match checked {
        Ok(found) => found,
        Err(failure) => return call.refuse(context, failure, &[], &[]),
    };
    match contacts {
        Asked::Nothing => call.list(context, aor),
        Asked::Everything => call.clear(context, aor),
        Asked::Contacts(contacts) => call.store(context, aor, &contacts),
    }
}

/// `reg_send_reply()`: the reply that `save()` with flag 2 kept back.
pub(super) fn send_kept(context: &mut Context) -> Outcome {
    match context.extension_mut::<Kept>().reply.take() {
        Some(ready) => send(context, ready, 1),
        None => Outcome::FALSE,
    }
}

impl Call {
    /// No Contact: tells what is there.
    fn list(self, context: &mut Context, aor: Bytes) -> Outcome {
        let (table, key) = (self.table.clone(), aor.clone());
        let then = move |context: &mut Context, found: Option<Bindings>| match found {
            Some(bindings) => self.accept(context, &aor, &bindings, 4),
            None => self.refuse(context, Failure::Database, &[], &[]),
        };
        table.find(context, &key, Box::new(then))
    }

    /// `*`: removes everything.
    fn clear(self, context: &mut Context, aor: Bytes) -> Outcome {
        let (table, how) = (self.table.clone(), self.keep());
        table.change(context, aor, how, Box::new(Clearing { call: self }))
    }

    /// Contacts: adds, refreshes and removes them.
    fn store(self, context: &mut Context, aor: Bytes, contacts: &[NameAddr<'_>]) -> Outcome {
        let inner = self.inner.clone();
        let extras = Extras {
            is_exact: self.flags & EXACT_EXPIRES != 0,
        };
        let draft = Draft::new(
            context,
            &inner.params,
            inner.location.as_ref(),
            contacts,
            &extras,
        );
        let draft = match draft {
            Ok(draft) if inner.params.reject_self_contacts && points_at_us(context, contacts) => {
                drop(draft);
                return self.refuse_with_contacts(context, aor, Failure::SelfContact);
            }
            Ok(draft) => draft,
            Err(failure) => return self.refuse_with_contacts(context, aor, failure),
        };
        let most = setting(context, &inner.params, b"max_contacts")
            .and_then(|most| u32::try_from(most).ok());
        let bounds = Bounds {
            most: most.unwrap_or(inner.params.max_contacts),
            displace: inner.params.displace_contacts,
            only_one: self.flags & ONE_CONTACT != 0,
        };
        let (table, how) = (self.table.clone(), self.keep());
        let task = Storing {
            call: self,
            draft,
            bounds,
            code: Err(Failure::Database),
        };
        table.change(context, aor, how, Box::new(task))
    }

    /// Refuses with the contacts that are there, as Kamailio does once it knows the user.
    fn refuse_with_contacts(self, context: &mut Context, aor: Bytes, failure: Failure) -> Outcome {
        let (table, key) = (self.table.clone(), aor.clone());
        let then = move |context: &mut Context, found: Option<Bindings>| {
            self.refuse(context, failure, &aor, &found.unwrap_or_default())
        };
        table.find(context, &key, Box::new(then))
    }

    /// Answers what a change came to.
    pub(super) fn end(
        &self,
        context: &mut Context,
        aor: &[u8],
        found: Option<Bindings>,
        code: Result<i32, Failure>,
    ) -> Outcome {
        match (found, code) {
            (Some(bindings), Ok(code)) => self.accept(context, aor, &bindings, code),
            (Some(bindings), Err(failure)) => self.refuse(context, failure, aor, &bindings),
            (None, _) => self.refuse(context, Failure::Database, &[], &[]),
        }
    }

    fn accept(
        &self,
        context: &mut Context,
        aor: &[u8],
        bindings: &[Arc<Binding>],
        code: i32,
    ) -> Outcome {
        self.inner.counters.accepted.inc();
        self.note_known(context, bindings);
        let ready = self.with_facts(context, aor, bindings, accepted);
        self.answer(context, ready, code)
    }

    /// Whoever registered is no stranger to module `ban` until his bindings end.
    fn note_known(&self, context: &Context, bindings: &[Arc<Binding>]) {
        let Some(bans) = self.inner.bans.get() else {
            return;
        };
        let call_id = context.message.call_id().unwrap_or_default();
        let own = bindings.iter().filter(|own| own.call_id() == call_id);
        let now_ms = context.now.unix_ms;
        let ends_ms = own.map(|own| own.expires_s().saturating_mul(1000));
        if let Some(until_ms) = ends_ms.max().filter(|until_ms| *until_ms > now_ms) {
            bans.note_known(context.flow.peer, None, until_ms, now_ms);
        }
    }

    fn refuse(
        &self,
        context: &mut Context,
        failure: Failure,
        aor: &[u8],
        bindings: &[Arc<Binding>],
    ) -> Outcome {
        self.inner.counters.rejected.inc();
        context.log(Level::Warn, "registrar", || failure.reply().2.to_owned());
        let ready = self.with_facts(context, aor, bindings, |facts| refused(failure, facts));
        self.answer(context, ready, failure.code())
    }

    fn with_facts(
        &self,
        context: &Context,
        aor: &[u8],
        bindings: &[Arc<Binding>],
        make: impl FnOnce(&Facts<'_>) -> Ready,
    ) -> Ready {
        let (message, params) = (&context.message, &self.inner.params);
        let wants_gruu = params.gruu_enabled && lists(message, HeaderId::Supported, b"gruu");
        let user_uri = wants_gruu.then(|| self.user(message));
        let uri = user_uri.as_deref().and_then(|uri| Uri::parse(uri).ok());
        let gruu = uri.map(|uri| Gruu {
            scheme: if uri.scheme == Scheme::Sips {
                "sips"
            } else {
                "sip"
            },
            user: uri.user.unwrap_or_default(),
            host: uri.host,
            aor_hash: self.table.aor_hash(aor),
        });
        let path = if params.use_path {
            joined_path(message)
        } else {
            Bytes::new()
        };
        make(&Facts {
            params,
            now_s: context.now.unix_s(),
            bindings,
            gruu,
            path: &path,
            supports_path: !path.is_empty() && lists(message, HeaderId::Supported, b"path"),
            supports_outbound: params.outbound != Outbound::Off && supports_outbound(message),
        })
    }

    /// Sends the reply, or keeps it for later.
    fn answer(&self, context: &mut Context, ready: Ready, code: i32) -> Outcome {
        if self.flags & NO_REPLY == 0 {
            return send(context, ready, code);
        }
        let lines = if self.flags & PREPARE_REPLY != 0 {
            context.append_to_reply(ready.lines);
            Vec::new()
        } else {
            ready.lines
        };
        context.extension_mut::<Kept>().reply = Some(Ready { lines, ..ready });
        Outcome::Code(code)
    }

    fn keep(&self) -> Keep {
        if self.flags & MEMORY_ONLY != 0 {
            Keep::InMemory
        } else {
            Keep::AsConfigured
        }
    }

    /// The URI of whoever registers.
    fn user(&self, message: &Message) -> Bytes {
        if !self.uri.is_empty() {
            return self.uri.clone();
        }
        message
            .to()
            .map(|to| message.slice_of(to.uri))
            .unwrap_or_default()
    }
}

fn send(context: &mut Context, ready: Ready, code: i32) -> Outcome {
    if !ready.lines.is_empty() {
        context.append_to_reply(ready.lines);
    }
    let reason = Bytes::from_static(ready.reason.as_bytes());
    let reply = Effect::Reply(Reply {
        code: ready.code,
        reason,
        how: ReplyHow::Auto,
    });
    Outcome::ask_then(reply, move |_, _| Outcome::Code(code))
}

/// Refuses what RFC 5626 asks for and is not there.
fn outbound(message: &Message, contacts: &Asked<'_>, mode: Outbound) -> Result<(), Failure> {
    if mode == Outbound::Off {
        let required = lists(message, HeaderId::Require, b"outbound");
        return if required {
            Err(Failure::OutboundRequired)
        } else {
            Ok(())
        };
    }
    let Asked::Contacts(contacts) = contacts else {
        return Ok(());
    };
    let uses = supports_outbound(message)
        && contacts
            .iter()
            .any(|contact| contact.param(b"reg-id").is_some());
    let hops = message.vias().count();
    if uses && hops > 1 && !first_hop_speaks(message) {
        return Err(Failure::OutboundHop);
    }
    Ok(())
}

fn supports_outbound(message: &Message) -> bool {
    lists(message, HeaderId::Supported, b"outbound")
        || lists(message, HeaderId::Require, b"outbound")
}

/// The last Path is that of the hop next to the client; it says `ob` where it keeps flows.
fn first_hop_speaks(message: &Message) -> bool {
    let last = message.paths().last().and_then(Result::ok);
    last.and_then(|path| path.parse_uri().ok())
        .is_some_and(|uri| uri.param(b"ob").is_some())
}

/// True where a header lists an option tag.
fn lists(message: &Message, id: HeaderId, tag: &[u8]) -> bool {
    message
        .all(id)
        .flat_map(|header| sip::split_values(header.value))
        .any(|value| value.eq_ignore_ascii_case(tag))
}

/// True where a contact means this server: a request to it would come back.
fn points_at_us(context: &Context, contacts: &[NameAddr<'_>]) -> bool {
    let identity = &context.config.identity;
    contacts.iter().any(|contact| {
        let Ok(uri) = contact.parse_uri() else {
            return false;
        };
        let transport = uri
            .param(b"transport")
            .and_then(|param| policy::Proto::parse(param.value?));
        let default = if uri.scheme == Scheme::Sips {
            5061
        } else {
            5060
        };
        let port = uri.port.unwrap_or(default);
        let maddr = uri.param(b"maddr").and_then(|param| param.value);
        [Some(uri.host), maddr]
            .into_iter()
            .flatten()
            .any(|host| is_us(identity, host, port, transport))
    })
}

/// True for a host that is this server in whatever spelling: IPv4 in IPv6 clothes and the address of nobody are.
fn is_us(identity: &Identity, host: &[u8], port: u16, transport: Option<policy::Proto>) -> bool {
    match policy::address_of(host).map(|address| address.to_canonical()) {
        Some(address) if address.is_unspecified() => true,
        Some(address) => {
            let plain = policy::host_text(address);
            identity.is_myself(plain.as_bytes(), port, transport)
        }
        None => identity.is_myself(host, port, transport),
    }
}

impl From<ContactError> for Failure {
    fn from(error: ContactError) -> Failure {
        match error {
            ContactError::Malformed => Failure::Contact,
            ContactError::StarExpires => Failure::StarExpires,
            ContactError::StarWithOthers => Failure::StarWithOthers,
            ContactError::TooLong => Failure::TooLong,
        }
    }
}
