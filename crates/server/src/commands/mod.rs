//! The commands that every server has: `core.*`, `system.*`, and `ringwall.*` for our own `ctl`.

mod core;
mod own;

use crate::builtin::BuiltIn;
use policy::{Config, Rpc, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Store;

/// Adds the commands to a configuration that is about to be served.
pub(crate) fn add(config: &mut Config, built_in: Option<(&BuiltIn, Arc<dyn Store>)>) {
    let mut rpcs = core::commands(config);
    if let Some((built_in, store)) = built_in {
        rpcs.extend(own::commands(built_in, &store));
    }
    // A module may have one of them too, without knowing the whole server.
    let is_other = |rpc: &Rpc| rpcs.iter().all(|own| own.name != rpc.name);
    config.installed.rpcs.retain(is_other);
    config.installed.rpcs.extend(rpcs);
    let mut known: Vec<(&str, &str)> = config
        .installed
        .rpcs
        .iter()
        .map(|rpc| (rpc.name, rpc.doc))
        .collect();
    known.extend(SYSTEM);
    known.sort_unstable();
    config.installed.rpcs.extend(system(known));
}

fn command(
    name: &'static str,
    doc: &'static str,
    run: impl Fn(&RpcRequest) -> RpcResult + Send + Sync + 'static,
) -> Rpc {
    Rpc {
        name,
        doc,
        waits: false,
        run: Box::new(run),
    }
}

const SYSTEM: [(&str, &str); 2] = [
    ("system.listMethods", "Lists all commands."),
    ("system.methodHelp", "Says what a command does."),
];

fn system(known: Vec<(&'static str, &'static str)>) -> Vec<Rpc> {
    let [(list, list_doc), (help, help_doc)] = SYSTEM;
    let names: Json = known.iter().map(|(name, _)| json!(name)).collect();
    vec![
        command(list, list_doc, move |_| Ok(names.clone())),
        command(help, help_doc, move |request| {
            let name = request.text(0)?;
            let found = known.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, doc)| json!(doc))
                .ok_or_else(|| RpcError::internal("Method Not Found"))
        }),
    ]
}
