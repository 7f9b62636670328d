//! Topology hiding's storage in Redis, with the keys of Kamailio's module of this name.

mod fields;
mod storage;
#[cfg(test)]
mod tests;

use policy::shared::key_server;
use policy::{Declaration, Entry, Init, Module, Problem, TopologyStorages, problem};
use std::sync::Arc;
use storage::RedisStorage;

pub(crate) const ENTRY: Entry = Entry::of::<ToposRedis>();

/// Module `topos_redis`; module `topos` has what it offers.
struct ToposRedis;

/// `modparam("topos_redis", …)`.
#[derive(Default)]
struct Params {
    server: Option<String>,
}

/// What `storage` of module `topos` calls this one.
const STORAGE: &str = "redis";

impl Module for ToposRedis {
    const NAME: &'static str = "topos_redis";
    type Params = Params;

    fn declare(d: &mut Declaration<ToposRedis>) {
        d.doc("Keeps what module topos hides in Redis, where several servers find it.");
        d.param(
            "serverid",
            "The name of a server of module ndb_redis.",
            |p, name: String| p.server = Some(name),
        );
        d.deviation("Forks of one request that more than one callee answers have a key each, d:z:UUID:TAG; Kamailio 5.6.3 keeps one.");
        d.deviation("The key b:x:METHOD:CALLID:TAG:UUID is neither written nor read: a branch is found by its Via.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<ToposRedis, Problem> {
        let server = params
            .server
            .ok_or_else(|| problem("serverid must name a server of module ndb_redis".to_owned()))?;
        let keys = key_server(init, &server)?;
        let topos = init.service::<dyn TopologyStorages>("topos")?;
        let storage = Arc::new(RedisStorage::new(keys, init.logger.clone()));
        if !topos.offer(STORAGE, storage) {
            init.logger.log(policy::Level::Warn, "topos_redis", || {
                "module topos keeps its dialogs elsewhere: set its parameter storage to redis"
                    .to_owned()
            });
        }
        Ok(ToposRedis)
    }
}
