//! The commands of our own `ctl`: users and trusted peers in the database of the built-in policy.

use super::command;
use crate::builtin::BuiltIn;
use control::accounts::{self, Credentials};
use control::groups;
use control::trunks::{self, Trunk};
use policy::{Rpc, RpcError, RpcRequest};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Store;

type Run = fn(&dyn Store, &RpcRequest) -> Result<Json, String>;

const COMMANDS: [(&str, &str, Run); 10] = [
    (
        "ringwall.user_add",
        "Adds a user: its credentials, hashed by whoever asks.",
        |store, request| done(accounts::add(store, &credentials(request)?)),
    ),
    (
        "ringwall.user_passwd",
        "Replaces the credentials of a user.",
        |store, request| done(accounts::change(store, &credentials(request)?)),
    ),
    (
        "ringwall.user_rm",
        "Removes a user: name and domain.",
        |store, request| {
            let (name, domain) = (text(request, 0)?, text(request, 1)?);
            done(accounts::remove(store, &name, &domain))
        },
    ),
    ("ringwall.user_list", "Lists the users.", |store, _| {
        accounts::list(store).map(Json::from)
    }),
    (
        "ringwall.trunk_add",
        "Trusts an address or network from the next permissions.addressReload on.",
        |store, request| done(trunks::add(store, trunk(request)?)),
    ),
    (
        "ringwall.trunk_rm",
        "Trusts an address or network no longer from the next permissions.addressReload on.",
        |store, request| done(trunks::remove(store, trunk(request)?)),
    ),
    (
        "ringwall.trunk_list",
        "Lists the trusted addresses and networks.",
        |store, _| trunks::list(store).map(Json::from),
    ),
    (
        "ringwall.acl_grant",
        "Puts a user, by name and domain, into a group.",
        |store, request| {
            let (name, domain) = (text(request, 0)?, text(request, 1)?);
            done(groups::grant(store, &name, &domain, &text(request, 2)?))
        },
    ),
    (
        "ringwall.acl_revoke",
        "Takes a user, by name and domain, out of a group, or of all.",
        |store, request| {
            let (name, domain) = (text(request, 0)?, text(request, 1)?);
            let group = text(request, 2).ok();
            done(groups::revoke(store, &name, &domain, group.as_deref()))
        },
    ),
    (
        "ringwall.acl_show",
        "Lists the groups of a user, by name and domain, or of all.",
        |store, request| {
            let named = text(request, 0).ok().zip(text(request, 1).ok());
            let of = named
                .as_ref()
                .map(|(name, domain)| (name.as_str(), domain.as_str()));
            groups::show(store, of).map(Json::from)
        },
    ),
];

/// All of them, on this database. They wait for it.
pub(super) fn commands(built_in: &BuiltIn, store: &Arc<dyn Store>) -> Vec<Rpc> {
    let domain = built_in.domain.clone();
    let doc = "Returns the domain that is served.";
    let mut rpcs = vec![command("ringwall.domain", doc, move |_| Ok(json!(domain)))];
    for (name, doc, run) in COMMANDS {
        let store = store.clone();
        let waiting = command(name, doc, move |request| {
            run(&*store, request).map_err(RpcError::invalid)
        });
        rpcs.push(Rpc {
            waits: true,
            ..waiting
        });
    }
    rpcs
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
