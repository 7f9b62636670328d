//! The commands of the core, with the answers of Kamailio.

mod memory;
mod overload;
mod process;
mod tcp;

pub(crate) use process::FLAGS;

use super::{Told, command};
use policy::{Config, Rpc};
use script::Defines;
use serde_json::{Value as Json, json};

/// All of them, for this configuration.
pub(super) fn commands(config: &Config, told: &Told<'_>) -> Vec<Rpc> {
    let mut rpcs = of_config(config);
    rpcs.extend(of_defines(told.defines));
    rpcs.extend(echoes());
    rpcs.extend(process::commands(&config.installed.surroundings));
    rpcs.extend(tcp::commands(&config.core, told.streams));
    rpcs.push(overload::command(&config.core.overload, told.counters));
    rpcs.push(memory::command());
    rpcs
}

fn of_config(config: &Config) -> Vec<Rpc> {
    let modules = config.manifests.iter().rev().map(|module| module.name);
    let modules: Vec<&str> = modules.filter(|name| *name != "core").collect();
    vec![
        constant(
            "core.modules",
            "Lists the loaded modules, the last first.",
            json!(modules),
        ),
        constant(
            "core.sockets_list",
            "Lists the sockets that are listened on.",
            sockets(config),
        ),
        constant(
            "core.aliases_list",
            "Lists the names of this server.",
            aliases(config),
        ),
        constant(
            "core.udp4_raw_info",
            "Tells how raw UDP sockets are used: not at all.",
            json!({"udp4_raw": 0, "udp4_raw_mtu": 1500, "udp4_raw_ttl": 64}),
        ),
    ]
}

fn of_defines(defines: &Defines) -> [Rpc; 2] {
    let names: Json = defines.iter().map(|(name, _)| text(name)).collect();
    let full = defines.iter().map(|(name, value)| {
        let value = value.map_or_else(|| json!("none"), |value| text(value));
        json!({"name": text(name), "type": 0, "value": value})
    });
    [
        constant(
            "core.ppdefines",
            "Lists the names that the preprocessor knows.",
            names,
        ),
        constant(
            "core.ppdefines_full",
            "Lists the names that the preprocessor knows, with what they stand for.",
            full.collect(),
        ),
    ]
}

fn echoes() -> [Rpc; 3] {
    [
        command("core.echo", "Returns its arguments as texts.", |request| {
            Ok(request.params.iter().map(as_text).collect())
        }),
        command(
            "core.printi",
            "Returns the numbers among its arguments; what is none counts as 0.",
            |request| {
                let number = |param: &Json| param.as_i64().unwrap_or(0);
                Ok(request.params.iter().map(number).collect())
            },
        ),
        command(
            "core.prints",
            "Returns its arguments up to the first that is no text.",
            |request| {
                let texts = request.params.iter().take_while(|param| param.is_string());
                Ok(texts.cloned().collect())
            },
        ),
    ]
}

fn constant(name: &'static str, doc: &'static str, answer: Json) -> Rpc {
    command(name, doc, move |_| Ok(answer.clone()))
}

fn as_text(param: &Json) -> Json {
    match param {
        Json::String(_) => param.clone(),
        other => json!(other.to_string()),
    }
}

fn text(bytes: &[u8]) -> Json {
    json!(String::from_utf8_lossy(bytes))
}

fn sockets(config: &Config) -> Json {
    let sockets = config.identity.sockets.iter().map(|socket| {
        json!({"socket": {
            "proto": socket.proto.name(),
            "address": socket.addr.ip().to_string(),
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
        let port = match alias.port {
            0 => json!("*"),
            port => json!(port),
        };
        json!({"alias": {
            "proto": alias.proto.map_or("*", |proto| proto.name()),
            "address": text(&alias.host),
            "port": port,
        }})
    });
    json!({
        "myself_callbacks": if config.identity.domains.is_empty() { "no" } else { "yes" },
        "aliases": names.collect::<Json>(),
    })
}
