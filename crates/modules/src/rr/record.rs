//! Asking for Record-Routes; they are written when a branch is rendered, for only then both sides
//! are known.

use super::{Rr, direction};
use bytes::Bytes;
use policy::{Context, Level, RecordRoute, Text};
use script::Value;
use sip::{Scheme, Uri};

impl Rr {
    pub(super) fn record_route(&self, context: &mut Context, params: &Option<Text>) -> bool {
        let params = params
            .as_ref()
            .map(|params| params.get(context))
            .unwrap_or_default();
        self.add(context, "record_route", |route| {
            route.params = match route.params.is_empty() {
                true => params,
                false => [route.params.as_ref(), &params].concat().into(),
            };
        })
    }

    pub(super) fn record_route_preset(
        &self,
        context: &mut Context,
        address: &Text,
        inner: &Option<Text>,
    ) -> bool {
        let address = address.get(context);
        let inner = inner.as_ref().map(|inner| inner.get(context));
        let tag = self
            .params
            .append_fromtag
            .then(|| direction::caller_tag(context))
            .flatten();
        let early = std::mem::take(&mut context.rr_params);
        // Parameters that are there already stand before `lr`, later ones behind it.
        let whole = |address: Bytes| preset(&address, tag.as_deref(), &early);
        self.add(context, "record_route_preset", |route| {
            route.ftag = None;
            route.preset = Some(match inner {
                Some(inner) => (whole(inner), Some(whole(address))),
                None => (whole(address), None),
            });
        })
    }

    pub(super) fn record_route_advertised(&self, context: &mut Context, address: &Text) -> bool {
        let address = address.get(context);
        self.add(context, "record_route_advertised_address", |route| {
            route.advertised = Some(address)
        })
    }

    pub(super) fn remove_record_route(&self, context: &mut Context) -> bool {
        context.record_routes.clear();
        context.rr_params.clear();
        true
    }

    pub(super) fn add_param(&self, context: &mut Context, param: &Text) -> bool {
        let param = param.get(context);
        context.rr_params.extend_from_slice(&param);
        true
    }

    fn add(
        &self,
        context: &mut Context,
        function: &str,
        with: impl FnOnce(&mut RecordRoute),
    ) -> bool {
        if !context.record_routes.is_empty() {
            context.log(Level::Err, "rr", || {
                format!("{function}: Double attempt to record-route")
            });
            return false;
        }
        let mut route = self.plain(context);
        with(&mut route);
        // There is never a second one.
        context.record_routes = vec![route];
        true
    }

    fn plain(&self, context: &mut Context) -> RecordRoute {
        let p = &self.params;
        let uri = context.target.uri.clone();
        let uri = Uri::parse(&uri).ok();
        RecordRoute {
            preset: None,
            advertised: None,
            user: self.user(context, uri.as_ref()),
            params: self.signature(context).into(),
            full_lr: p.full_lr,
            ftag: p
                .append_fromtag
                .then(|| direction::caller_tag(context))
                .flatten(),
            sips: !p.ignore_sips && uri.is_some_and(|uri| uri.scheme == Scheme::Sips),
            double: p.double,
            socket_names: p.socket_names,
        }
    }

    /// What shows later that this route is ours, and of this dialog (`sign_key`).
    fn signature(&self, context: &Context) -> Vec<u8> {
        let expires_s = context.now.unix_s() + u64::from(self.params.sign_expire_s);
        match context.request() {
            Some(request) => self.keyring.keys().sign(request, expires_s),
            None => Vec::new(),
        }
    }

    /// `add_username`: what the AVP has, else the user part of the Request-URI.
    fn user(&self, context: &Context, uri: Option<&Uri<'_>>) -> Option<Bytes> {
        if !self.params.add_username {
            return None;
        }
        let custom = self
            .params
            .custom_user
            .as_ref()
            .and_then(|avp| context.vars.avps.value(avp, 0));
        match custom {
            Some(Value::Str(user)) => Some(user.clone()),
            _ => uri.and_then(|uri| uri.user).map(Bytes::copy_from_slice),
        }
    }
}

fn preset(address: &[u8], tag: Option<&[u8]>, params: &[u8]) -> Bytes {
    match tag {
        Some(tag) => [address, b";ftag=", tag, params].concat().into(),
        None => [address, params].concat().into(),
    }
}
