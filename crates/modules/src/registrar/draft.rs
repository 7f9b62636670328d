//! A REGISTER, understood: what every contact of it has in common, and each contact.

use super::contact::{preference, seconds};
use super::params::Params;
use super::{Failure, methods};
use bytes::Bytes;
use policy::{Context, Location, Q, Registration};
use sip::{HeaderId, Message, NameAddr, Uri};
use smallvec::SmallVec;
use std::sync::Arc;

/// What a REGISTER asks for, apart from the database.
pub(super) struct Draft {
    pub(super) contacts: SmallVec<[ContactDraft; 1]>,
    pub(super) call_id: Bytes,
    pub(super) cseq: u32,
    pub(super) path: Bytes,
    /// `received` of the first Path URI, with `path_use_received`.
    path_received: Vec<u8>,
    user_agent: Arc<[u8]>,
    socket: Arc<[u8]>,
    branch_flags: u32,
    server_id: i32,
    connection: Option<policy::ConnectionId>,
    attributes: Option<Box<policy::Xavps>>,
    pub(super) now_s: u64,
}

/// One contact.
pub(super) struct ContactDraft {
    pub(super) uri: Bytes,
    received: Vec<u8>,
    q: Q,
    /// 0 removes it.
    pub(super) expires_s: u32,
    methods: u32,
    pub(super) instance: Vec<u8>,
    pub(super) reg_id: u32,
}

/// What a function call adds to the REGISTER.
pub(super) struct Extras {
    pub(super) is_exact: bool,
}

impl Draft {
    /// Understands a REGISTER's contacts.
    pub(super) fn new(
        context: &mut Context,
        params: &Params,
        location: &dyn Location,
        contacts: &[NameAddr<'_>],
        extras: &Extras,
    ) -> Result<Draft, Failure> {
        let message = context.message.clone();
        let received = params
            .received_avp
            .as_ref()
            .and_then(|avp| context.vars.avps.value(avp, 0));
        let received = received
            .map(|value| value.clone().to_text().to_vec())
            .unwrap_or_default();
        let path = if params.use_path {
            joined_path(&message)
        } else {
            Bytes::new()
        };
        let path_received = if params.path_use_received {
            received_of(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        let header = |id| message.header(id).map(|header| header.value);
        let agent = header(HeaderId::UserAgent)
            .filter(|agent| !agent.is_empty())
            .unwrap_or(b"n/a");
        let socket = super::socket::of_registration(context, params);
        let mut draft = Draft {
            contacts: SmallVec::new(),
            call_id: message
                .call_id()
                .map(|id| message.slice_of(id))
                .map_err(|_| Failure::Parse)?,
            cseq: message
                .cseq()
                .map(|cseq| cseq.number)
                .map_err(|_| Failure::Parse)?,
            path_received,
            user_agent: location.shared_text(agent),
            socket: location.shared_text(&socket),
            branch_flags: context.target.flags,
            server_id: i32::try_from(context.core().server_id).unwrap_or(0),
            connection: context.flow.connection,
            attributes: location
                .rules()
                .xavp_contact
                .as_ref()
                .and_then(|name| context.vars.xavps.fields(name, 0).cloned().map(Box::new)),
            path,
            now_s: context.now.unix_s(),
        };
        if !draft.path_received.is_empty() {
            draft.branch_flags |= location.rules().nat_mask;
        }
        for contact in contacts {
            let one = ContactDraft::new(context, params, &message, contact, &received, extras)?;
            draft.contacts.push(one);
        }
        Ok(draft)
    }

    /// The registration of one of the contacts under a record id.
    pub(super) fn registration<'a>(
        &'a self,
        contact: &'a ContactDraft,
        ruid: &'a [u8],
    ) -> Registration<'a> {
        let received = if contact.received.is_empty() {
            &self.path_received
        } else {
            &contact.received
        };
        Registration {
            contact: &contact.uri,
            received,
            path: &self.path,
            call_id: &self.call_id,
            instance: &contact.instance,
            ruid,
            user_agent: self.user_agent.clone(),
            socket: self.socket.clone(),
            expires_s: self.now_s + u64::from(contact.expires_s),
            modified_s: self.now_s,
            q: contact.q,
            cseq: self.cseq,
            flags: 0,
            branch_flags: self.branch_flags,
            methods: contact.methods,
            reg_id: contact.reg_id,
            server_id: self.server_id,
            connection: self.connection,
            attributes: self.attributes.clone(),
        }
    }
}

impl ContactDraft {
    fn new(
        context: &mut Context,
        params: &Params,
        message: &Message,
        contact: &NameAddr<'_>,
        received: &[u8],
        extras: &Extras,
    ) -> Result<ContactDraft, Failure> {
        let param = |name: &[u8]| contact.param(name).map(|param| param.unquoted());
        let reg_id = match param(b"reg-id") {
            None => 0,
            Some(text) => seconds(text).filter(|id| *id > 0).ok_or(Failure::RegId)?,
        };
        let instance = param(b"+sip.instance");
        Ok(ContactDraft {
            uri: message.slice_of(contact.uri),
            received: match params.contacts_at_source {
                true => super::source::of_contact(context, contact),
                false => param(b"received").unwrap_or(received).to_vec(),
            },
            q: q_of(context, params, param(b"q"))?,
            expires_s: expires_of(context, params, message, param(b"expires"), extras)?,
            methods: param(b"methods").map_or_else(|| methods::allowed(message), methods::listed),
            instance: instance.unwrap_or_default().to_vec(),
            reg_id,
        })
    }
}

fn q_of(context: &mut Context, params: &Params, written: Option<&[u8]>) -> Result<Q, Failure> {
    let set = super::setting(context, params, b"q").and_then(|q| i16::try_from(q).ok());
    if let Some(q) = set.filter(|q| (0..=1000).contains(q)) {
        return Ok(Q(q));
    }
    match written.map(preference) {
        None | Some(Some(Q::UNSET)) => Ok(params.default_q),
        Some(Some(q)) => Ok(q),
        Some(None) => Err(Failure::Q),
    }
}

/// Seconds: the call's own, the contact's, the header's, the default; within the bounds.
fn expires_of(
    context: &mut Context,
    params: &Params,
    message: &Message,
    written: Option<&[u8]>,
    extras: &Extras,
) -> Result<u32, Failure> {
    let set = super::setting(context, params, b"expires").and_then(|s| u32::try_from(s).ok());
    let header = || seconds(message.header(HeaderId::Expires)?.value);
    let asked = set.or_else(|| match written {
        Some(text) => seconds(text),
        None => header(),
    });
    let (wanted, range) = match asked {
        Some(0) => return Ok(0),
        Some(wanted) => (wanted, params.expires_range),
        None => (params.default_expires_s, params.default_expires_range),
    };
    let wanted = if extras.is_exact {
        wanted
    } else {
        shortened(context, wanted, range)
    };
    if wanted < params.min_expires_s {
        return if params.min_expires_mode {
            Err(Failure::TooBrief)
        } else {
            Ok(params.min_expires_s)
        };
    }
    Ok(if params.max_expires_s > 0 {
        wanted.min(params.max_expires_s)
    } else {
        wanted
    })
}

/// Up to `percent` less, at random, so that not all phones come back at once.
fn shortened(context: &mut Context, wanted: u32, percent: u8) -> u32 {
    let most = u64::from(wanted) * u64::from(percent) / 100;
    let less = if most == 0 {
        0
    } else {
        context.rng.u64(0..=most)
    };
    wanted.saturating_sub(u32::try_from(less).unwrap_or(0))
}

/// All Path values in one, with a comma between two.
pub(super) fn joined_path(message: &Message) -> Bytes {
    let values: Vec<&[u8]> = message
        .all(HeaderId::Path)
        .flat_map(|header| sip::split_values(header.value))
        .collect();
    Bytes::from(values.join(&b","[..]))
}

/// The `received` parameter of the first Path URI, with its escapes resolved.
fn received_of(path: &[u8]) -> Option<Vec<u8>> {
    let first = NameAddr::parse(sip::split_values(path).next()?).ok()?;
    let uri = Uri::parse(first.uri).ok()?;
    let received = received_text(uri.param(b"received")?.value?);
    (!received.is_empty()).then_some(received)
}

fn received_text(value: &[u8]) -> Vec<u8> {
    sip::uri::unescape(value).into_owned()
}
