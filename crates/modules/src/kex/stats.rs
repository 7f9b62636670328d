//! Commands that read every counter of the server, and set counters back.

use super::Kex;
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Map, Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Kex>) {
    d.rpc(
        "stats.get_statistics which…",
        "Counters as lines of text: `all`, `group:` or names.",
        |module, request| {
            let wanted = Wanted::read(request, "Please provide which stats to retrieve")?;
            let mut lines = Vec::new();
            wanted.each(module, |group, name, value| {
                lines.push(format!("{group}:{name} = {value}"));
            });
            Ok(json!(lines))
        },
    );
    d.rpc(
        "stats.fetch which…",
        "Counters as an object of texts.",
        |module, request| fetch(module, request, |value| json!(value.to_string())),
    );
    d.rpc(
        "stats.fetchn which…",
        "Counters as an object of numbers.",
        |module, request| fetch(module, request, |value| json!(value)),
    );
    d.rpc(
        "stats.reset_statistics which…",
        "Sets counters to 0.",
        |module, request| {
            reset(module, request, |_| {})?;
            Ok(json!({}))
        },
    );
    d.rpc(
        "stats.clear_statistics which…",
        "Sets counters to 0 and answers what they were.",
        |module, request| {
            let mut lines = Vec::new();
            reset(module, request, |line| lines.push(line))?;
            Ok(json!(lines))
        },
    );
}

/// Which counters a command is about.
struct Wanted(Vec<String>);

impl Wanted {
    fn read(request: &RpcRequest, missing: &str) -> Result<Wanted, RpcError> {
        let mut wanted = Vec::with_capacity(request.params.len());
        for at in 0..request.params.len() {
            wanted.push(request.text(at)?);
        }
        match wanted.is_empty() {
            true => Err(RpcError::invalid(missing)),
            false => Ok(Wanted(wanted)),
        }
    }

    /// Calls `visit(group, name, value)` for each of them, in the order they were asked for.
    fn each(&self, module: &Kex, mut visit: impl FnMut(&str, &str, i64)) {
        for wanted in &self.0 {
            module.counters.each(|group, name, _, value| {
                if is_meant(wanted, group, name) {
                    visit(group, name, value);
                }
            });
        }
    }
}

/// `all`, a group with its colon, a name, or both with a colon or a dot between them.
fn is_meant(wanted: &str, group: &str, name: &str) -> bool {
    let rest = || wanted.strip_prefix(group)?.strip_prefix([':', '.']);
    wanted == "all" || wanted == name || rest().is_some_and(|rest| rest.is_empty() || rest == name)
}

fn fetch(module: &Kex, request: &RpcRequest, show: impl Fn(i64) -> Json) -> RpcResult {
    let wanted = Wanted::read(request, "Please provide which stats to retrieve")?;
    let mut values = Map::new();
    wanted.each(module, |group, name, value| {
        values.insert(format!("{group}.{name}"), show(value));
    });
    Ok(Json::Object(values))
}

fn reset(module: &Kex, request: &RpcRequest, mut tell: impl FnMut(String)) -> Result<(), RpcError> {
    let wanted = Wanted::read(request, "Please provide stats name")?;
    let mut found = Vec::new();
    wanted.each(module, |group, name, value| {
        found.push((group.to_owned(), name.to_owned(), value));
    });
    for (group, name, value) in found {
        if let Some(counter) = module.counters.find(&group, &name) {
            counter.set(0);
        }
        tell(format!("{group}:{name} = {value}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    const SCRIPT: &str = "loadmodule \"kex\"\nloadmodule \"counters\"\n\
        modparam(\"counters\", \"script_counter\", \"grp.c1\")\nmodparam(\"counters\", \"script_counter\", \"grp.c2\")\n\
        request_route { cnt_add(\"grp.c1\", 3); }";

    #[test]
    fn counters_are_told_by_group_and_name() {
        let bench = Bench::new(SCRIPT);
        bench.run("OPTIONS sip:b@x SIP/2.0\n\n");
        let lines = json!(["grp:c1 = 3", "grp:c2 = 0"]);
        assert_eq!(
            bench.rpc("stats.get_statistics", json!(["grp:"])),
            Ok(lines)
        );
        assert_eq!(
            bench.rpc("stats.fetch", json!(["c2", "grp.c1"])),
            Ok(json!({ "grp.c2": "0", "grp.c1": "3" }))
        );
        assert_eq!(
            bench.rpc("stats.fetchn", json!(["grp:c1"])),
            Ok(json!({ "grp.c1": 3 }))
        );
        let all = bench.rpc("stats.fetchn", json!(["all"])).expect("all");
        assert_eq!(all.get("grp.c1"), Some(&json!(3)));
        assert_eq!(bench.rpc("stats.fetch", json!(["nope"])), Ok(json!({})));
        assert!(bench.rpc("stats.fetch", json!([])).is_err());
    }

    #[test]
    fn counters_are_set_back() {
        let bench = Bench::new(SCRIPT);
        bench.run("OPTIONS sip:b@x SIP/2.0\n\n");
        let before = json!(["grp:c1 = 3"]);
        assert_eq!(
            bench.rpc("stats.clear_statistics", json!(["c1"])),
            Ok(before)
        );
        bench.run("OPTIONS sip:b@x SIP/2.0\n\n");
        assert_eq!(
            bench.rpc("stats.reset_statistics", json!(["grp:"])),
            Ok(json!({}))
        );
        assert_eq!(
            bench.rpc("stats.fetchn", json!(["grp:c1"])),
            Ok(json!({ "grp.c1": 0 }))
        );
        assert!(bench.rpc("stats.reset_statistics", json!([])).is_err());
    }
}
