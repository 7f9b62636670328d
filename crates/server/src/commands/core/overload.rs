//! `core.overload`: whether the server is beyond its capacity, and what came of it.

use policy::{Counters, OverloadParams, Rpc};
use serde_json::json;

pub(super) fn command(params: &OverloadParams, counters: &Counters) -> Rpc {
    let (target_ms, counters) = (params.target_ms, counters.clone());
    super::command(
        "core.overload",
        "Tells how many workers are beyond their capacity now, how often that began, how many requests were refused, how many \
         datagrams the system lost, and how long requests may wait.",
        move |_| {
            let count = |name| {
                counters
                    .find("core", name)
                    .map_or(0, |counter| counter.value())
            };
            Ok(json!({
                "overloaded_workers": count("overloaded_workers"),
                "overloads": count("overloads"),
                "refused_requests": count("overload_refused"),
                "lost_datagrams": count("lost_datagrams"),
                "target_ms": target_ms,
            }))
        },
    )
}
