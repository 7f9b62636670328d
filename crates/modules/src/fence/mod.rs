//! Keeps users from sending requests to what only this server reaches: its own services, its neighbours,
//! the private network it stands in.

mod networks;
#[cfg(test)]
mod tests;

use policy::{
    Context, Declaration, Entry, Fence, Init, Level, Module, Problem, Routes, Source, Text,
    TrustedAddresses, address_of,
};
use sip::Uri;
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<FenceModule>();

/// Module `fence`.
struct FenceModule {
    rules: Arc<Rules>,
}

struct Params {
    allow: Vec<Source>,
    trusted_group: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            allow: Vec::new(),
            trusted_group: 1,
        }
    }
}

/// What may be reached besides the public internet.
struct Rules {
    params: Params,
    trusted: Option<Arc<dyn TrustedAddresses>>,
}

impl Module for FenceModule {
    const NAME: &'static str = "fence";
    type Params = Params;

    fn declare(d: &mut Declaration<FenceModule>) {
        d.doc("Keeps requests from private, local and special addresses.");
        d.try_param(
            "allow",
            "An address or network that may be reached though it is not public; may be given several times.",
            |p, text: String| {
                p.allow.push(Source::parse(&text)?);
                Ok(())
            },
        );
        d.param(
            "trusted_group",
            "The group of table address (module permissions) that may be reached too, default 1; -1 for none.",
            |p, group| p.trusted_group = group,
        );
        d.function(
            "fence_target([address])",
            "From here on the request goes to allowed addresses alone, and to this one: what it is relayed to is looked at once names are resolved, and 403 is the error where nothing is left. -1 where the target, as written, is an address that is not allowed; else 1.",
            Routes::REQUEST.or(Routes::FAILURE).or(Routes::BRANCH),
            FenceModule::fence_target,
        );
        d.function(
            "fence_party([address])",
            "The same for a request within a call, to a party of it whose packets come from this address: a trusted peer is reached only where the party is one.",
            Routes::REQUEST,
            FenceModule::fence_party,
        );
        d.deviation("Kamailio 5.6.3 has no such module.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<FenceModule, Problem> {
        let trusted = init.optional_service::<dyn TrustedAddresses>();
        Ok(FenceModule {
            rules: Arc::new(Rules { params, trusted }),
        })
    }
}

impl FenceModule {
    fn fence_target(&self, context: &mut Context, also: &Option<Text>) -> bool {
        self.fence(context, also, false)
    }

    fn fence_party(&self, context: &mut Context, party: &Option<Text>) -> bool {
        self.fence(context, party, true)
    }

    fn fence(&self, context: &mut Context, also: &Option<Text>, is_party: bool) -> bool {
        let also = also.as_ref().map(|text| text.get(context));
        let identity = &context.config.identity;
        let fence = Gate {
            rules: self.rules.clone(),
            own: identity
                .sockets
                .iter()
                .map(|socket| socket.addr.ip())
                .collect(),
            also: also
                .and_then(|text| address_of(&text))
                .map(|address| address.to_canonical()),
            is_party,
        };
        let is_let = lets_target(&fence, context);
        if !is_let {
            context.log(Level::Info, "fence", || {
                "a target is no address of the public internet".to_owned()
            });
        }
        context.fence = Some(Arc::new(fence));
        is_let
    }
}

/// Judges the next hop as it is written; names are judged when they are resolved.
fn lets_target(fence: &Gate, context: &Context) -> bool {
    let target = &context.target;
    let written = target.dst_uri.as_ref().filter(|uri| !uri.is_empty());
    match Uri::parse(written.unwrap_or(&target.uri)) {
        Ok(uri) => uri.host_addr().is_none_or(|address| fence.lets_to(address)),
        // Relaying tells what is wrong with it.
        Err(_) => true,
    }
}

/// The rules, for one request.
struct Gate {
    rules: Arc<Rules>,
    /// Addresses of this server, on which it may have other services.
    own: Vec<IpAddr>,
    also: Option<IpAddr>,
    /// That one is where a party of a call is, who names a target for others.
    is_party: bool,
}

impl Fence for Gate {
    fn lets_to(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let source = Source::address(address);
        let mut allowed = self.rules.params.allow.iter();
        if self.also == Some(address) || allowed.any(|network| network.contains(source)) {
            return true;
        }
        match self.rules.trusts(address) {
            true => !self.is_party || self.also.is_some_and(|party| self.rules.trusts(party)),
            false => networks::is_public(address) && !self.own.contains(&address),
        }
    }
}

impl Rules {
    /// True for a trusted peer.
    fn trusts(&self, address: IpAddr) -> bool {
        let group = self.params.trusted_group;
        let source = Source::address(address);
        group >= 0
            && self
                .trusted
                .as_ref()
                .is_some_and(|table| table.is_trusted(group, source))
    }
}
