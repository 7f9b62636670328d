//! The commands that every server has: `core.*`, `system.*`, and `ringwall.*` for our own `ctl`.

mod core;
mod own;

pub(crate) use core::FLAGS;

use crate::builtin::BuiltIn;
use net::stream::Streams;
use policy::{Config, Counters, Rpc, RpcError, RpcRequest, RpcResult};
use script::Defines;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Store;

/// What commands tell of, beside the configuration.
pub(crate) struct Told<'a> {
    /// The names that the preprocessor knows.
    pub(crate) defines: &'a Defines,
    /// What the server counts.
    pub(crate) counters: &'a Counters,
    /// The connections.
    pub(crate) streams: Option<&'a Streams>,
    /// The built-in policy and its database, where that is what runs.
    pub(crate) built_in: Option<Own<'a>>,
}

/// The built-in policy and its database.
pub(crate) type Own<'a> = (&'a BuiltIn, Arc<dyn Store>);

/// Adds the commands to a configuration that is about to be served.
pub(crate) fn add(config: &mut Config, told: Told<'_>) {
    let mut rpcs = core::commands(config, &told);
    if let Some((built_in, store)) = told.built_in {
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

const SYSTEM: [(&str, &str); 3] = [
    ("system.listMethods", "Lists all commands."),
    (
        "system.methodSignature",
        "Tells no signature of any command, as in Kamailio.",
    ),
    ("system.methodHelp", "Says what a command does."),
];

fn system(known: Vec<(&'static str, &'static str)>) -> Vec<Rpc> {
    let [
        (list, list_doc),
        (signature, signature_doc),
        (help, help_doc),
    ] = SYSTEM;
    let names: Json = known.iter().map(|(name, _)| json!(name)).collect();
    vec![
        command(list, list_doc, move |_| Ok(names.clone())),
        command(signature, signature_doc, |_| {
            Err(RpcError::internal("Not Implemented Yet"))
        }),
        command(help, help_doc, move |request| {
            let name = request.text(0);
            let name = name.map_err(|_| RpcError::invalid("Method Name Expected"))?;
            let found = known.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, doc)| json!(doc))
                .ok_or_else(|| RpcError::invalid("command not found"))
        }),
    ]
}
