//! Commands: they see the counters of every module.

use super::ScriptCounters;
use policy::{Counter, Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Map, Value as Json, json};

pub(super) fn declare(d: &mut Declaration<ScriptCounters>) {
    d.rpc(
        "cnt.get group name",
        "The value of a counter.",
        |module, request| find(module, request).map(|counter| json!(counter.value())),
    );
    d.rpc(
        "cnt.reset group name",
        "Sets a counter to 0.",
        |module, request| {
            find(module, request).map(|counter| {
                counter.set(0);
                json!("ok")
            })
        },
    );
    d.rpc("cnt.list_groups", "The groups.", groups);
    d.rpc("cnt.grps_list", "The groups.", groups);
    d.rpc(
        "cnt.list_vars group",
        "The names of the counters of a group.",
        names,
    );
    d.rpc(
        "cnt.var_list group",
        "The names of the counters of a group.",
        names,
    );
    d.rpc(
        "cnt.get_vars group",
        "The counters of a group with their values.",
        values,
    );
    d.rpc(
        "cnt.grp_get_all group",
        "The counters of a group with their values.",
        values,
    );
    d.rpc("cnt.help group name", "What a counter counts.", help);
}

fn find(module: &ScriptCounters, request: &RpcRequest) -> Result<Counter, RpcError> {
    let (group, name) = (request.text(0)?, request.text(1)?);
    module
        .all
        .find(&group, &name)
        .ok_or_else(|| RpcError::not_found(format!("counter {group}.{name} not found")))
}

fn groups(module: &ScriptCounters, _: &RpcRequest) -> RpcResult {
    let mut groups: Vec<String> = Vec::new();
    module.all.each(|group, _, _, _| {
        if groups.last().is_none_or(|last| last != group) {
            groups.push(group.to_owned());
        }
    });
    Ok(json!(groups))
}

fn names(module: &ScriptCounters, request: &RpcRequest) -> RpcResult {
    let mut names = Vec::new();
    of_group(module, request, |name, _, _| names.push(name.to_owned()))?;
    Ok(json!(names))
}

fn values(module: &ScriptCounters, request: &RpcRequest) -> RpcResult {
    let mut values = Map::new();
    of_group(module, request, |name, _, value| {
        values.insert(name.to_owned(), json!(value));
    })?;
    Ok(Json::Object(values))
}

fn help(module: &ScriptCounters, request: &RpcRequest) -> RpcResult {
    let wanted = request.text(1)?;
    let mut found = None;
    of_group(module, request, |name, doc, _| {
        if name == wanted {
            found = Some(doc.to_owned());
        }
    })?;
    found
        .map(Json::String)
        .ok_or_else(|| RpcError::not_found(format!("counter {wanted} not found")))
}

fn of_group(
    module: &ScriptCounters,
    request: &RpcRequest,
    mut visit: impl FnMut(&str, &str, i64),
) -> Result<(), RpcError> {
    let wanted = request.text(0)?;
    module.all.each(|group, name, doc, value| {
        if group == wanted {
            visit(name, doc, value);
        }
    });
    Ok(())
}
