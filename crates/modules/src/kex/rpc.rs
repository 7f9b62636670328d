//! Commands about the server.

use super::Kex;
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

const VERSION: &str = concat!("ringwall ", env!("CARGO_PKG_VERSION"));

pub(super) fn declare(d: &mut Declaration<Kex>) {
    d.rpc("core.version", "The version.", |_, _| Ok(json!(VERSION)));
    d.rpc(
        "core.uptime",
        "Since when the server runs, in Unix seconds, and for how many seconds.",
        uptime,
    );
    d.rpc("core.echo text", "The arguments.", |_, request| {
        Ok(Json::Array(request.params.clone()))
    });
    d.rpc("core.prints text", "A text.", |_, request| {
        request.text(0).map(Json::String)
    });
    d.rpc("core.printi number", "A number.", |_, request| {
        request.int(0).map(Json::from)
    });
}

fn uptime(kex: &Kex, request: &RpcRequest) -> RpcResult {
    let up_since = kex.surroundings.started_s;
    let uptime = request.now_s.checked_sub(up_since);
    let uptime =
        uptime.ok_or_else(|| RpcError::internal("the clock went back to before the start"))?;
    Ok(json!({ "now": request.now_s, "up_since": up_since, "uptime": uptime }))
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn commands_answer() {
        let bench = Bench::new("loadmodule \"kex\"\nrequest_route { rc(); }");
        assert_eq!(bench.rpc("core.echo", json!(["a", 1])), Ok(json!(["a", 1])));
        assert_eq!(bench.rpc("core.prints", json!(["a"])), Ok(json!("a")));
        assert_eq!(bench.rpc("core.printi", json!([7])), Ok(json!(7)));
        let uptime = bench.rpc("core.uptime", json!([])).expect("an answer");
        assert_eq!(uptime["uptime"], uptime["now"]);
        assert!(bench.rpc("core.printi", json!(["x"])).is_err());
    }
}
