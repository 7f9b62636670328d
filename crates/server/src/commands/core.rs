//! The commands of the core, with the answers of Kamailio.

use super::command;
use policy::{Config, Rpc, RpcError};
use serde_json::{Value as Json, json};

const VERSION: &str = concat!("ringwall ", env!("CARGO_PKG_VERSION"), " (kamailio 5.6.3)");

/// All of them, for this configuration.
pub(super) fn commands(config: &Config) -> Vec<Rpc> {
    let mut rpcs = of_config(config);
    rpcs.extend(of_process());
    rpcs
}

fn of_config(config: &Config) -> Vec<Rpc> {
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
    ]
}

fn of_process() -> Vec<Rpc> {
    vec![
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
