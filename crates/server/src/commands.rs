//! The commands that every server has: `core.*`, `system.*`, and `ringwall.*` for our own `ctl`.

use crate::builtin::BuiltIn;
use control::accounts::{self, Credentials};
use control::trunks::{self, Trunk};
use policy::{Config, Rpc, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Store;

/// Adds the commands to a configuration that is about to be served.
pub(crate) fn add(config: &mut Config, built_in: Option<(&BuiltIn, Arc<dyn Store>)>) {
    let mut rpcs = core(config);
    if let Some((built_in, store)) = built_in {
        rpcs.extend(own(built_in, &store));
    }
    // A module may have the command already, with more to say.
    rpcs.retain(|rpc| {
        config
            .installed
            .rpcs
            .iter()
            .all(|other| other.name != rpc.name)
    });
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
        run: Box::new(run),
    }
}

const VERSION: &str = concat!("ringwall ", env!("CARGO_PKG_VERSION"), " (kamailio 5.6.3)");

fn core(config: &Config) -> Vec<Rpc> {
    let started_s = config.installed.surroundings.started_s;
    let modules: Vec<&str> = config
        .manifests
        .iter()
        .rev()
        .map(|module| module.name)
        .filter(|name| *name != "core")
        .collect();
    let (modules, sockets, aliases) = (json!(modules), sockets(config), aliases(config));
    vec![
        command(
            "core.version",
            "Returns the version string of the server.",
            |_| Ok(json!(VERSION)),
        ),
        command(
            "core.uptime",
            "Returns how long the server runs.",
            move |request| {
                Ok(json!({
                    "now": date(request.now_s),
                    "up_since": date(started_s),
                    "uptime": request.now_s.saturating_sub(started_s),
                }))
            },
        ),
        command(
            "core.modules",
            "Lists the loaded modules, the last first.",
            move |_| Ok(modules.clone()),
        ),
        command(
            "core.sockets_list",
            "Lists the sockets that are listened on.",
            move |_| Ok(sockets.clone()),
        ),
        command(
            "core.aliases_list",
            "Lists the names of this server.",
            move |_| Ok(aliases.clone()),
        ),
        command("core.echo", "Returns its arguments.", |request| {
            Ok(Json::from(request.params.clone()))
        }),
        command("core.pwd", "Returns the working directory.", |_| {
            let dir =
                std::env::current_dir().map_err(|error| RpcError::internal(error.to_string()))?;
            Ok(json!([dir.display().to_string()]))
        }),
        command(
            "core.arg",
            "Lists the arguments of the command line.",
            |_| {
                let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
                Ok(args.collect())
            },
        ),
    ]
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

fn own(built_in: &BuiltIn, store: &Arc<dyn Store>) -> Vec<Rpc> {
    let domain = built_in.domain.clone();
    let with = |run: fn(&dyn Store, &RpcRequest) -> Result<Json, String>| {
        let store = store.clone();
        move |request: &RpcRequest| run(&*store, request).map_err(RpcError::invalid)
    };
    vec![
        command(
            "ringwall.domain",
            "Returns the domain that is served.",
            move |_| Ok(json!(domain)),
        ),
        command(
            "ringwall.user_add",
            "Adds a user: its credentials, hashed by whoever asks.",
            with(|store, request| done(accounts::add(store, &credentials(request)?))),
        ),
        command(
            "ringwall.user_passwd",
            "Replaces the credentials of a user.",
            with(|store, request| done(accounts::change(store, &credentials(request)?))),
        ),
        command(
            "ringwall.user_rm",
            "Removes a user: name and domain.",
            with(|store, request| {
                done(accounts::remove(
                    store,
                    &text(request, 0)?,
                    &text(request, 1)?,
                ))
            }),
        ),
        command(
            "ringwall.user_list",
            "Lists the users.",
            with(|store, _| accounts::list(store).map(Json::from)),
        ),
        command(
            "ringwall.trunk_add",
            "Trusts an address or network from the next permissions.addressReload on.",
            with(|store, request| done(trunks::add(store, trunk(request)?))),
        ),
        command(
            "ringwall.trunk_rm",
            "Trusts an address or network no longer from the next permissions.addressReload on.",
            with(|store, request| done(trunks::remove(store, trunk(request)?))),
        ),
        command(
            "ringwall.trunk_list",
            "Lists the trusted addresses and networks.",
            with(|store, _| trunks::list(store).map(Json::from)),
        ),
    ]
}

fn done(outcome: Result<(), String>) -> Result<Json, String> {
    outcome.map(|()| json!("OK"))
}

fn text(request: &RpcRequest, index: usize) -> Result<String, String> {
    request.text(index).map_err(|error| error.message)
}

fn trunk(request: &RpcRequest) -> Result<Trunk, String> {
    Trunk::parse(&text(request, 0)?)
}

fn credentials(request: &RpcRequest) -> Result<Credentials, String> {
    let given = request.params.first().cloned().unwrap_or_default();
    serde_json::from_value(given).map_err(|error| error.to_string())
}

fn sockets(config: &Config) -> Json {
    let sockets = config.identity.sockets.iter().map(|socket| {
        let address = socket.addr.ip().to_string();
        json!({"socket": {
            "proto": socket.proto.name(),
            "address": address,
            "ipaddress": address,
            "port": socket.addr.port().to_string(),
            "mcast": "no",
            "mhomed": "no",
            "virtual": "no",
        }})
    });
    sockets.collect()
}

fn aliases(config: &Config) -> Json {
    let names = config.identity.aliases.iter().map(|alias| {
        json!({"alias": {
            "proto": alias.proto.map_or("*", |proto| proto.name()),
            "address": String::from_utf8_lossy(&alias.host),
            "port": alias.port,
        }})
    });
    json!({
        "myself_callbacks": if config.identity.domains.is_empty() { "no" } else { "yes" },
        "aliases": names.collect::<Json>(),
    })
}

/// A moment as `ctime` writes it, in UTC.
fn date(unix_s: u64) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let moment = i64::try_from(unix_s)
        .ok()
        .and_then(|unix_s| time::OffsetDateTime::from_unix_timestamp(unix_s).ok());
    moment
        .and_then(|moment| moment.format(&format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_ctime_does() {
        assert_eq!(date(1_795_248_068), "Sat Nov 21 08:01:08 2026");
    }
}
