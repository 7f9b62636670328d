//! Where a branch goes: its destination, and the search for an address of it.

use crate::Worker;
use bytes::Bytes;
use policy::{Context, NextHop, Relay};
use sip::Uri;
use stack::location::{Destination, Families, Resolver, Step};

/// Why a request goes nowhere: its fence lets it to none of its targets.
pub(crate) const FENCED: (u16, &str) = (403, "Forbidden");

/// The next hop of the branch in hand: a fixed one, else the destination URI, else the first
/// Path, else the Request-URI.
pub(crate) fn destination(
    context: &Context,
    relay: &Relay,
) -> Result<Destination, (u16, &'static str)> {
    if let Some(hop) = &relay.to {
        return Ok(fixed(hop, context));
    }
    let target = &context.target;
    let path = target.path.as_ref().and_then(first_of_path);
    let next = target
        .dst_uri
        .as_ref()
        .filter(|uri| !uri.is_empty())
        .or(path.as_ref())
        .unwrap_or(&target.uri);
    let uri = Uri::parse(next).map_err(|_| (400, "Bad URI"))?;
    let mut destination =
        Destination::of(&uri).map_err(|_| (478, "Unresolvable destination (478/SL)"))?;
    if let Some(proto) = relay.proto {
        destination.transport = Some(proto);
    }
    let fenced =
        |fence: &dyn policy::Fence| destination.address.is_some_and(|ip| !fence.lets_to(ip));
    match context.fence.as_deref().is_some_and(fenced) {
        true => Err(FENCED),
        false => Ok(destination),
    }
}

/// Takes those addresses out that the fence of the request does not let it to. What name servers say is
/// known only now.
pub(crate) fn fenced(
    context: &Context,
    relay: &Relay,
    step: Step,
) -> Result<Step, (u16, &'static str)> {
    let (Some(fence), None) = (&context.fence, &relay.to) else {
        return Ok(step);
    };
    match step {
        Step::Done(mut targets) => {
            targets.retain(|target| fence.lets_to(target.address.ip()));
            if targets.is_empty() {
                Err(FENCED)
            } else {
                Ok(Step::Done(targets))
            }
        }
        step => Ok(step),
    }
}

fn fixed(hop: &NextHop, context: &Context) -> Destination {
    Destination {
        host: hop.host.clone(),
        address: policy::address_of(&hop.host),
        port: (hop.port != 0).then_some(hop.port),
        transport: Some(hop.proto.unwrap_or(context.flow.proto)),
        secure: false,
    }
}

fn first_of_path(path: &Bytes) -> Option<Bytes> {
    let first = sip::split_values(path).next()?;
    let address = sip::NameAddr::parse(first).ok()?;
    Some(path.slice_ref(address.uri))
}

impl Worker {
    /// The search for a next hop that the sockets we have can reach.
    pub(crate) fn resolver(&mut self, context: &Context, destination: Destination) -> Resolver {
        let sockets = &context.config.identity.sockets;
        let families = Families {
            v4: sockets.iter().any(|socket| socket.addr.is_ipv4()),
            v6: sockets.iter().any(|socket| socket.addr.is_ipv6()),
            prefer_v6: false,
        };
        let random = self.rng.u64(..);
        let resolver = Resolver::new(destination, families, random, &self.edge.limits.stack);
        match context.core().dns.srv_lb {
            true => resolver,
            false => resolver.heaviest_first(),
        }
    }
}
