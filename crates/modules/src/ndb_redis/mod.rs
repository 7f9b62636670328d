//! Redis in scripts: commands one by one or in a pipeline, and what the server says.

mod command;
mod functions;
mod health;
mod replies;
mod server;
#[cfg(test)]
mod tests;
mod variables;

use bytes::Bytes;
use health::Health;
use policy::{Declaration, Entry, Init, KeyServers, Module, ParamValue, Problem, Routes, problem};
use server::Written;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use store::keys::KeyStore;

pub(crate) const ENTRY: Entry = Entry::of::<NdbRedis>();

/// Module `ndb_redis`.
struct NdbRedis {
    servers: BTreeMap<Bytes, Server>,
    allowed_failures: Option<u32>,
    pause_ms: u64,
}

/// A server by the name that the script gives it.
#[derive(Clone)]
struct Server {
    keys: Arc<dyn KeyStore>,
    health: Arc<Health>,
}

/// The servers, for other modules.
struct Known(BTreeMap<Bytes, Server>);

impl KeyServers for Known {
    fn by_name(&self, name: &[u8]) -> Option<Arc<dyn KeyStore>> {
        self.0.get(name).map(|server| server.keys.clone())
    }
}

/// `modparam("ndb_redis", …)`, with Kamailio's defaults.
struct Params {
    servers: Vec<Written>,
    may_be_away: bool,
    connect_ms: u64,
    deadline_ms: u64,
    /// The file with the authorities of servers that are reached encrypted.
    authorities: PathBuf,
    /// Failures in a row, after which a server is left alone; none for however many.
    allowed_failures: Option<u32>,
    pause_s: u64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            servers: Vec::new(),
            may_be_away: false,
            connect_ms: 1000,
            deadline_ms: 1000,
            authorities: store::AUTHORITIES.into(),
            allowed_failures: None,
            pause_s: 0,
        }
    }
}

impl Module for NdbRedis {
    const NAME: &'static str = "ndb_redis";
    type Params = Params;

    fn declare(d: &mut Declaration<NdbRedis>) {
        d.doc("Runs commands of Redis from the script.");
        declare_params(d);
        declare_functions(d);
        variables::declare(d);
        d.deviation("A reply belongs to the request, not to a process: what another request asked for is not seen.");
        d.deviation("No worker waits: the script goes on when the server has answered.");
        d.deviation("A server that missed its deadline is not asked again until it answers a PING; Kamailio 5.6.3 waits connect_timeout and cmd_timeout for each command.");
        d.deviation("Kamailio 5.6.3 with init_without_redis connects to none of the servers where one is away; here each is by itself.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<NdbRedis, Problem> {
        let mut servers = BTreeMap::new();
        for written in &params.servers {
            let keys = init.key_store(&written.place(&params))?;
            let health = init.state(&written.name, Health::default);
            let name = Bytes::from(written.name.clone());
            let server = Server { keys, health };
            if servers.insert(name, server).is_some() {
                return Err(problem(format!(
                    "there are two servers named {}",
                    written.name
                )));
            }
        }
        init.provide::<dyn KeyServers>(Arc::new(Known(servers.clone())));
        Ok(NdbRedis {
            servers,
            allowed_failures: params.allowed_failures,
            pause_ms: params.pause_s.saturating_mul(1000),
        })
    }
}

fn declare_params(d: &mut Declaration<NdbRedis>) {
    d.try_param(
        "server",
        "A server, name=NAME;addr=HOST;port=PORT;db=NUMBER;pass=PASSWORD;tls=1 or name=NAME;unix=PATH; may be given several times.",
        |p, text: String| {
            p.servers.push(Written::read(&text)?);
            Ok(())
        },
    );
    d.param(
        "init_without_redis",
        "1: the server starts where Redis cannot be reached. Default 0.",
        |p, yes| p.may_be_away = yes,
    );
    d.param(
        "ca_path",
        "The file with the authorities that the certificates of servers with tls=1 must come from, in PEM. Default the machine's. Ours.",
        |p, file: String| p.authorities = file.into(),
    );
    d.try_param(
        "connect_timeout",
        "Milliseconds that connecting may take. Default 1000.",
        |p, ms: i64| {
            p.connect_ms = milliseconds(ms)?;
            Ok(())
        },
    );
    d.try_param(
        "cmd_timeout",
        "Milliseconds that a command or a pipeline may take. Default 1000.",
        |p, ms: i64| {
            p.deadline_ms = milliseconds(ms)?;
            Ok(())
        },
    );
    d.param(
        "allowed_timeouts",
        "Failures in a row after which a server is left alone for disable_time; -1 for however many. Default -1.",
        |p, count: i64| p.allowed_failures = u32::try_from(count).ok(),
    );
    d.try_param(
        "disable_time",
        "Seconds for which a server is left alone. Default 0.",
        |p, seconds: i64| {
            p.pause_s = u64::try_from(seconds).map_err(|_| "expected seconds".to_owned())?;
            Ok(())
        },
    );
    for (name, why) in [
        ("cluster", "a cluster of servers is not followed"),
        (
            "allow_dynamic_nodes",
            "a cluster of servers is not followed",
        ),
        (
            "flush_on_reconnect",
            "a lost connection never empties a server",
        ),
    ] {
        d.try_param(
            name,
            "Accepted where it is 0.",
            move |_, value: ParamValue| match value {
                ParamValue::Int(0) => Ok(()),
                _ => Err(why.to_owned()),
            },
        );
    }
}

fn milliseconds(ms: i64) -> Result<u64, String> {
    let ms = u64::try_from(ms)
        .ok()
        .filter(|ms| (1..=60_000).contains(ms));
    ms.ok_or_else(|| "expected 1 to 60000 milliseconds".to_owned())
}

fn declare_functions(d: &mut Declaration<NdbRedis>) {
    let any = Routes::ANY;
    d.function("redis_cmd(server, command, word, [word2], [word3], [word4])", "Runs a command; the last argument names the reply for $redis(reply=>…), those before it take the place of %s. 1, or -1 where the server is away or refuses.", any, NdbRedis::cmd).waits();
    d.function(
        "redis_pipe_cmd(server, command, word, [word2], [word3], [word4])",
        "Keeps a command for redis_execute(); 1, or -1 where there is no such server.",
        any,
        NdbRedis::pipe,
    );
    d.function("redis_execute(server)", "Runs the commands that were kept, all in one pipeline; 1, -1 where there are none or the server is away, -2 while it is left alone.", any, NdbRedis::execute).waits();
    d.function(
        "redis_free(reply)",
        "Forgets a reply; 1, or -1 where there is none.",
        any,
        NdbRedis::free,
    );
}
