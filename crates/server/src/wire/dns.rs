//! Name servers, asked without blocking a worker.

use bytes::Bytes;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use stack::location::{Answer, NaptrRecord, Query, QueryKind, SrvRecord};
use std::net::IpAddr;
use tokio::runtime::Handle;

/// The system's name servers, with hickory's cache.
#[derive(Clone)]
pub(crate) struct Names {
    runtime: Handle,
    resolver: Option<TokioResolver>,
}

impl Names {
    /// Reads `/etc/resolv.conf`. Without it every name is unknown.
    pub(crate) fn of_system(runtime: Handle) -> Names {
        let resolver = {
            let _guard = runtime.enter();
            TokioResolver::builder_tokio()
                .ok()
                .and_then(|builder| builder.build().ok())
        };
        Names { runtime, resolver }
    }

    /// Asks, and calls `done` on the runtime's thread.
    pub(crate) fn look_up(&self, query: Query, done: impl FnOnce(Answer) + Send + 'static) {
        let Some(resolver) = self.resolver.clone() else {
            return done(Answer::Nothing);
        };
        self.runtime
            .spawn(async move { done(answer(&resolver, &query).await) });
    }
}

async fn answer(resolver: &TokioResolver, query: &Query) -> Answer {
    let Ok(name) = std::str::from_utf8(&query.name) else {
        return Answer::Nothing;
    };
    match query.kind {
        QueryKind::A => match resolver.ipv4_lookup(name).await {
            Ok(found) => addresses(found.answers().iter().map(|record| &record.data)),
            Err(_) => Answer::Nothing,
        },
        QueryKind::Aaaa => match resolver.ipv6_lookup(name).await {
            Ok(found) => addresses(found.answers().iter().map(|record| &record.data)),
            Err(_) => Answer::Nothing,
        },
        QueryKind::Srv => match resolver.srv_lookup(name).await {
            Ok(found) => services(found.answers().iter().map(|record| &record.data)),
            Err(_) => Answer::Nothing,
        },
        QueryKind::Naptr => match resolver.lookup(name, RecordType::NAPTR).await {
            Ok(found) => pointers(found.answers().iter().map(|record| &record.data)),
            Err(_) => Answer::Nothing,
        },
    }
}

fn addresses<'a>(data: impl Iterator<Item = &'a RData>) -> Answer {
    let found: Vec<IpAddr> = data.filter_map(RData::ip_addr).collect();
    if found.is_empty() {
        Answer::Nothing
    } else {
        Answer::Addresses(found)
    }
}

fn services<'a>(data: impl Iterator<Item = &'a RData>) -> Answer {
    let found: Vec<SrvRecord> = data.filter_map(service).collect();
    if found.is_empty() {
        Answer::Nothing
    } else {
        Answer::Srv(found)
    }
}

fn service(data: &RData) -> Option<SrvRecord> {
    let RData::SRV(srv) = data else {
        return None;
    };
    let target = srv.target.to_utf8();
    let target = target.trim_end_matches('.').to_ascii_lowercase();
    Some(SrvRecord {
        priority: srv.priority,
        weight: srv.weight,
        port: srv.port,
        target: target.into(),
    })
}

fn pointers<'a>(data: impl Iterator<Item = &'a RData>) -> Answer {
    let found: Vec<NaptrRecord> = data.filter_map(pointer).collect();
    if found.is_empty() {
        Answer::Nothing
    } else {
        Answer::Naptr(found)
    }
}

fn pointer(data: &RData) -> Option<NaptrRecord> {
    let RData::NAPTR(naptr) = data else {
        return None;
    };
    let replacement = naptr.replacement.to_utf8();
    let replacement = replacement.trim_end_matches('.');
    Some(NaptrRecord {
        order: naptr.order,
        preference: naptr.preference,
        flags: Bytes::copy_from_slice(&naptr.flags),
        services: Bytes::copy_from_slice(&naptr.services),
        regexp: Bytes::copy_from_slice(&naptr.regexp),
        replacement: Bytes::copy_from_slice(replacement.as_bytes()),
    })
}
