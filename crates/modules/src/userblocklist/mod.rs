//! Numbers that users, or all, may not call.

mod functions;
mod lists;
mod params;
mod prefix;
mod rpc;
#[cfg(test)]
mod tests;

use lists::Lists;
use params::Params;
use policy::{Declaration, Entry, Init, Module, Problem, Routes, RpcRequest, RpcResult};
use policy::{StartDone, Untold};
use std::collections::VecDeque;
use std::sync::Arc;
use store::{Name, schema};

pub(crate) const ENTRY: Entry = Entry::of::<UserBlockList>().also(&["userblacklist"]);

/// Module `userblocklist`.
struct UserBlockList {
    lists: Arc<Lists>,
}

impl Module for UserBlockList {
    const NAME: &'static str = "userblocklist";
    type Params = Params;

    fn declare(d: &mut Declaration<UserBlockList>) {
        d.doc("Knows which numbers a user, or nobody, may call.");
        params::declare(d);
        declare_functions(d);
        declare_commands(d);
        d.table("userblocklist", "Prefixes by user.");
        d.table("globalblocklist", "Prefixes for all.");
        d.deviation("The older names of the module, of its functions (check_blacklist, check_user_whitelist, …), parameters and commands are taken too.");
        d.deviation("A prefix with characters that no number has is left out; in Kamailio 5.6.3 the rows behind it are lost too.");
        d.deviation("Where the database fails check_user_blocklist() is -1, as in Kamailio; a list that cannot be read at start stops the start, and where its database is away then everything is blocked until it is read.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<UserBlockList, Problem> {
        let url = params.db_url.clone();
        let store = init.store(&url)?;
        let (users, all) = (&schema::USERBLOCKLIST, &schema::GLOBALBLOCKLIST);
        init.expect_table(&url, &params.user_table, users, Untold::Refused)?;
        init.expect_table(&url, &params.global_table, all, Untold::Refused)?;
        let lists = Arc::new(Lists::new(params, store, init.logger.clone()));
        let same = lists.clone();
        // The script is read by then, so every table it names is known.
        init.on_database(&url, move |done| {
            read_all(same.clone(), same.tables().into(), done)
        });
        Ok(UserBlockList { lists })
    }
}

/// Reads one list after the other.
fn read_all(lists: Arc<Lists>, mut tables: VecDeque<Name>, done: StartDone) {
    let Some(table) = tables.pop_front() else {
        return done(Ok(()));
    };
    let (store, select) = (lists.store.clone(), lists.select(&table));
    let take = move |read| match lists.keep(&table, read) {
        Ok(()) => read_all(lists, tables, done),
        Err(why) => done(Err(why)),
    };
    store.submit(select.into(), Box::new(take));
}

fn declare_functions(d: &mut Declaration<UserBlockList>) {
    let routes = Routes::REQUEST.or(Routes::FAILURE);
    d.function("check_user_blocklist(user, domain, [number], [table])", "-1 where the longest prefix of the number (default: the user part of the Request-URI) among the user's rows blocks, else 1.", routes, UserBlockList::check_user_blocklist)
        .alias("check_user_blacklist")
        .waits();
    d.function(
        "check_user_allowlist(user, domain, [number], [table])",
        "1 where the longest prefix of the number among the user's rows allows, else -1.",
        routes,
        UserBlockList::check_user_allowlist,
    )
    .alias("check_user_whitelist")
    .waits();
    d.function("check_blocklist([table])", "-1 where the longest prefix of the user part of the Request-URI in the list blocks, else 1.", routes, UserBlockList::check_blocklist)
        .alias("check_blacklist");
    d.function("check_allowlist([table])", "1 where the longest prefix of the user part of the Request-URI in the list allows, else -1.", routes, UserBlockList::check_allowlist)
        .alias("check_whitelist");
}

fn declare_commands(d: &mut Declaration<UserBlockList>) {
    for (name, older, doc, waits, run) in COMMANDS {
        for name in [name, older] {
            match waits {
                true => d.waiting_rpc(name, doc, run),
                false => d.rpc(name, doc, run),
            }
        }
    }
}

/// A command: its name, its older name, its doc line, whether it waits, what runs it.
type Command = (
    &'static str,
    &'static str,
    &'static str,
    bool,
    fn(&UserBlockList, &RpcRequest) -> RpcResult,
);

const COMMANDS: [Command; 6] = [
    (
        "userblocklist.reload_blocklist",
        "userblacklist.reload_blacklist",
        "Reads the lists for all again.",
        true,
        UserBlockList::reload,
    ),
    (
        "userblocklist.dump_blocklist",
        "userblacklist.dump_blacklist",
        "The list for all.",
        false,
        UserBlockList::dump,
    ),
    (
        "userblocklist.check_blocklist prefix",
        "userblacklist.check_blacklist prefix",
        "Whether the list for all blocks a number.",
        false,
        UserBlockList::is_blocked,
    ),
    (
        "userblocklist.check_allowlist prefix",
        "userblacklist.check_whitelist prefix",
        "Whether the list for all allows a number.",
        false,
        UserBlockList::is_allowed,
    ),
    (
        "userblocklist.check_userblocklist prefix user [domain]",
        "userblacklist.check_userblacklist prefix user [domain]",
        "Whether a user's rows block a number.",
        true,
        UserBlockList::is_user_blocked,
    ),
    (
        "userblocklist.check_userallowlist prefix user [domain]",
        "userblacklist.check_userwhitelist prefix user [domain]",
        "Whether a user's rows allow a number.",
        true,
        UserBlockList::is_user_allowed,
    ),
];
