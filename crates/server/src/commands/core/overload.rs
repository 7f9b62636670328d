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

#[cfg(test)]
mod tests {
    use super::*;
    use policy::RpcRequest;

    #[test]
    fn it_tells_what_was_counted() {
        let counters = Counters::default();
        let names = [
            "overloaded_workers",
            "overloads",
            "overload_refused",
            "lost_datagrams",
        ];
        for (count, name) in (1..).zip(names) {
            counters.register("core", name, "").add(count);
        }
        let rpc = command(&OverloadParams::default(), &counters);
        let request = RpcRequest {
            params: Vec::new(),
            now_s: 0,
        };
        let told = (rpc.run)(&request).expect("an answer");
        let expected = json!({
            "overloaded_workers": 1, "overloads": 2, "refused_requests": 3, "lost_datagrams": 4, "target_ms": 20,
        });
        assert_eq!(told, expected);
    }
}
