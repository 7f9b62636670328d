//! Rows made of messages: what is kept of a dialog and of a branch.

use super::contact::{End, Place, Style};
use super::hop::{Answered, Hop};
use super::incoming::{joined, routes_of};
use crate::patch::values;
use bytes::Bytes;
use policy::{Context, DialogWay, HiddenBranch, HiddenDialog, HiddenEnd, Lifetimes, Outgoing};
use sip::{HeaderId, Message, Method, NameAddr};
use smallvec::SmallVec;
use std::sync::Arc;

/// A request about to leave, with what its rows are made of.
pub(super) struct Departure<'a> {
    pub(super) request: &'a Message,
    pub(super) context: &'a Context,
    /// Our own Record-Routes.
    own_routes: Bytes,
    /// Those below ours.
    pub(super) routes: Bytes,
    /// The first and the last Record-Route of ours; where there is none, the sockets.
    outer: Option<Place>,
    inner: Option<Place>,
}

impl<'a> Departure<'a> {
    /// Tells our Record-Routes from those that the request came with.
    pub(super) fn new(outgoing: &Outgoing<'a>, context: &'a Context) -> Departure<'a> {
        let request: &Message = outgoing.message;
        let came_with = values(&context.message, HeaderId::RecordRoute).count();
        let all: SmallVec<[&[u8]; 8]> = values(request, HeaderId::RecordRoute).collect();
        let (own, others) = all.split_at(all.len().saturating_sub(came_with));
        let socket = |id| outgoing.config.identity.socket(id).map(Place::of_socket);
        let outer = own.first().and_then(|route| Place::of_route(route));
        let inner = own
            .get(1..)
            .and_then(|below| Place::of_route(below.last()?));
        Departure {
            request,
            context,
            own_routes: joined(own.iter().copied()),
            routes: joined(others.iter().copied()),
            inner: inner
                .or_else(|| outer.clone())
                .or_else(|| socket(context.flow.socket)),
            outer: outer.or_else(|| socket(outgoing.flow.socket)),
        }
    }

    /// The dialog that it begins.
    pub(super) fn begun(
        &self,
        uuid: Bytes,
        instance: &Bytes,
        style: &Style,
        lifetimes: Lifetimes,
    ) -> HiddenDialog {
        let contact = contact_of(self.request).unwrap_or_default();
        let users = (
            user_of(self.context.message.request_uri()),
            user_of(&contact),
        );
        let shown = |end, place: &Option<Place>| {
            let place = place.clone().unwrap_or_default();
            style.shown(end, &uuid, &place, self.context, users)
        };
        let (from, to) = (tag(self.request.from().ok()), tag(self.request.to().ok()));
        HiddenDialog {
            context: instance.clone(),
            method: Bytes::copy_from_slice(self.request.method_bytes()),
            cseq: cseq_of(self.request),
            call_id: call_id_of(self.request),
            caller: HiddenEnd {
                tag: from,
                shown: shown(End::Caller, &self.inner),
                contact: contact.clone(),
                routes: self.routes.clone(),
            },
            callee: HiddenEnd {
                tag: to,
                shown: shown(End::Callee, &self.outer),
                ..HiddenEnd::default()
            },
            own_routes: self.own_routes.clone(),
            is_confirmed: false,
            lives_s: lifetimes.branch_s,
            uuid,
        }
    }

    /// The branch on which it leaves.
    pub(super) fn branch(&self, hop: &Hop, dialog: &HiddenDialog) -> Option<HiddenBranch> {
        let via = self.request.top_via().ok()?;
        Some(HiddenBranch {
            context: dialog.context.clone(),
            method: Bytes::copy_from_slice(self.request.method_bytes()),
            cseq: cseq_of(self.request),
            call_id: dialog.call_id.clone(),
            uuid: dialog.uuid.clone(),
            way: hop.way,
            branch: Bytes::copy_from_slice(via.branch?),
            vias: joined(values(self.request, HeaderId::Via).skip(1)),
            routes: self.routes.clone(),
            own_routes: self.own_routes.clone(),
            contact: contact_of(self.request).unwrap_or_default(),
            caller_shown: dialog.caller.shown.clone(),
            callee_shown: dialog.callee.shown.clone(),
            caller_tag: dialog.caller.tag.clone(),
            from_tag: tag(self.request.from().ok()),
            to_tag: tag(self.request.to().ok()),
        })
    }

    /// The dialog as a target refresh changes it; none where nothing changes.
    pub(super) fn refreshed(
        &self,
        hop: &Hop,
        dialog: &HiddenDialog,
        follows_routes: bool,
        lifetimes: Lifetimes,
    ) -> Option<Arc<HiddenDialog>> {
        if !is_target_refresh(self.request.method()) {
            return None;
        }
        let mut new = dialog.clone();
        let sender = match hop.way {
            DialogWay::ToCallee => &mut new.caller,
            DialogWay::ToCaller => &mut new.callee,
        };
        if let Some(contact) = contact_of(self.request) {
            sender.contact = contact;
        }
        if follows_routes && !self.routes.is_empty() {
            sender.routes = match hop.way {
                DialogWay::ToCallee => self.routes.clone(),
                DialogWay::ToCaller => reversed(&self.routes),
            };
        }
        if new == *dialog {
            return None;
        }
        if new.is_confirmed {
            new.lives_s = lifetimes.dialog_s;
        }
        Some(Arc::new(new))
    }
}

/// What a reply says of who sent it; none where it begins and changes no dialog.
pub(super) fn answered(reply: &Message) -> Option<Answered> {
    let status = reply.status()?;
    let method = reply.cseq().ok()?.method;
    let tag = tag(reply.to().ok());
    let is_dialog = matches!(status, 101..=299)
        && matches!(
            method,
            Method::Invite | Method::Subscribe | Method::Refer | Method::Update | Method::Notify
        );
    if tag.is_empty() || !(is_dialog || matches!(status, 300..=399)) {
        return None;
    }
    Some(Answered {
        tag,
        contact: contact_of(reply)?,
        routes: routes_of(reply),
        is_confirmed: matches!(status, 200..=299),
    })
}

/// The dialog with what its callee has answered.
pub(super) fn with_callee(
    dialog: &HiddenDialog,
    branch: &HiddenBranch,
    answered: &Answered,
    lives_s: u64,
) -> HiddenDialog {
    let mut dialog = dialog.clone();
    dialog.callee.tag = answered.tag.clone();
    dialog.callee.contact = answered.contact.clone();
    dialog.callee.routes = answered.routes.clone();
    dialog.own_routes = branch.own_routes.clone();
    dialog.is_confirmed = answered.is_confirmed;
    dialog.lives_s = lives_s;
    dialog
}

/// A dialog as the answer to a target refresh changes it; none where it changes nothing.
pub(super) fn refreshed_by_answer(
    before: &HiddenDialog,
    reply: &Message,
    way: DialogWay,
    answered: &Answered,
    follows_routes: bool,
    lives_s: u64,
) -> Option<HiddenDialog> {
    let method = reply.cseq().ok()?.method;
    if !answered.is_confirmed || !is_target_refresh(method) {
        return None;
    }
    let mut dialog = before.clone();
    let sender = match way {
        DialogWay::ToCallee => &mut dialog.callee,
        DialogWay::ToCaller => &mut dialog.caller,
    };
    sender.contact = answered.contact.clone();
    if follows_routes && !answered.routes.is_empty() {
        sender.routes = match way {
            DialogWay::ToCallee => answered.routes.clone(),
            DialogWay::ToCaller => reversed(&answered.routes),
        };
    }
    dialog.is_confirmed |= method == Method::Invite || method == Method::Subscribe;
    let is_longer = method == Method::Subscribe;
    if dialog == *before && !is_longer {
        return None;
    }
    dialog.lives_s = lives_s;
    Some(dialog)
}

/// How long a dialog lives from this reply on: a subscription as long as it says, and a while for its end.
pub(super) fn life_of(reply: &Message, is_confirmed: bool, lifetimes: Lifetimes) -> u64 {
    let method = reply.cseq().map(|cseq| cseq.method);
    let expires = reply.expires().ok().flatten();
    match (is_confirmed, method, expires) {
        (false, _, _) => lifetimes.branch_s,
        (true, Ok(Method::Subscribe), Some(expires)) => u64::from(expires) + lifetimes.branch_s,
        (true, _, _) => lifetimes.dialog_s,
    }
}

/// RFC 3261 section 12.2, RFC 3311, RFC 6665, RFC 3515.
pub(super) fn is_target_refresh(method: Method) -> bool {
    matches!(
        method,
        Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer
    )
}

/// Routes the other way round: a callee's are kept as an answer has them, a caller's as a request has them.
pub(super) fn reversed(routes: &[u8]) -> Bytes {
    let routes: Vec<&[u8]> = sip::split_values(routes).collect();
    joined(routes.into_iter().rev())
}

/// The URI of the first Contact.
pub(super) fn contact_of(message: &Message) -> Option<Bytes> {
    let first = values(message, HeaderId::Contact).next()?;
    let address = NameAddr::parse(first).ok()?;
    Some(Bytes::copy_from_slice(address.uri))
}

fn user_of(uri: &[u8]) -> Option<&[u8]> {
    sip::Uri::parse(uri).ok()?.user
}

fn tag(address: Option<NameAddr<'_>>) -> Bytes {
    let tag = address.and_then(|address| address.tag());
    Bytes::copy_from_slice(tag.unwrap_or_default())
}

fn call_id_of(message: &Message) -> Bytes {
    Bytes::copy_from_slice(message.call_id().unwrap_or_default())
}

fn cseq_of(message: &Message) -> Bytes {
    let number = message.cseq().map(|cseq| cseq.number).unwrap_or_default();
    number.to_string().into()
}
