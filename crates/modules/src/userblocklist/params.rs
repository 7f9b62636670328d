//! `modparam("userblocklist", …)`.

use super::UserBlockList;
use super::prefix::Alphabet;
use policy::Declaration;
use store::{Name, name};

/// The parameters, with Kamailio's defaults.
pub(super) struct Params {
    pub(super) db_url: String,
    pub(super) use_domain: bool,
    pub(super) alphabet: Alphabet,
    pub(super) user_table: Name,
    pub(super) user_username: Name,
    pub(super) user_domain: Name,
    pub(super) user_prefix: Name,
    pub(super) user_allow: Name,
    pub(super) global_table: Name,
    pub(super) global_prefix: Name,
    pub(super) global_allow: Name,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: "mysql://kamailioro:kamailioro@localhost/kamailio".to_owned(),
            use_domain: false,
            alphabet: Alphabet::Digits,
            user_table: name!("userblocklist"),
            user_username: name!("username"),
            user_domain: name!("domain"),
            user_prefix: name!("prefix"),
            user_allow: name!("allowlist"),
            global_table: name!("globalblocklist"),
            global_prefix: name!("prefix"),
            global_allow: name!("allowlist"),
        }
    }
}

pub(super) fn declare(d: &mut Declaration<UserBlockList>) {
    d.param(
        "db_url",
        "The database, default mysql://kamailioro:kamailioro@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    d.param(
        "use_domain",
        "The domain belongs to the user. Default off.",
        |p, yes| p.use_domain = yes,
    );
    d.try_param(
        "match_mode",
        "10, the default: numbers are digits; 128: all of ASCII.",
        |p, mode: i64| {
            p.alphabet = match mode {
                10 => Alphabet::Digits,
                128 => Alphabet::Ascii,
                _ => return Err(format!("expected 10 or 128, found {mode}")),
            };
            Ok(())
        },
    );
    declare_names(d);
    for unused in [
        "userblocklist_id_col",
        "globalblocklist_id_col",
        "globalblocklist_description_col",
        "userblacklist_id_col",
        "globalblacklist_id_col",
        "globalblacklist_description_col",
    ] {
        d.param(
            unused,
            "Accepted; means nothing here because the column is never asked for.",
            |_, _: String| {},
        );
    }
}

/// A column or table: its name, its older name, its doc line, where it is kept.
type Named = (
    &'static str,
    &'static str,
    &'static str,
    fn(&mut Params) -> &mut Name,
);

const NAMES: [Named; 8] = [
    (
        "userblocklist_table",
        "userblacklist_table",
        "The table of users, default userblocklist.",
        |p| &mut p.user_table,
    ),
    (
        "userblocklist_username_col",
        "userblacklist_username_col",
        "Its column of usernames, default username.",
        |p| &mut p.user_username,
    ),
    (
        "userblocklist_domain_col",
        "userblacklist_domain_col",
        "Its column of domains, default domain.",
        |p| &mut p.user_domain,
    ),
    (
        "userblocklist_prefix_col",
        "userblacklist_prefix_col",
        "Its column of prefixes, default prefix.",
        |p| &mut p.user_prefix,
    ),
    (
        "userblocklist_allowlist_col",
        "userblacklist_whitelist_col",
        "Its column that is 1 where a prefix allows, default allowlist.",
        |p| &mut p.user_allow,
    ),
    (
        "globalblocklist_table",
        "globalblacklist_table",
        "The table for all, default globalblocklist.",
        |p| &mut p.global_table,
    ),
    (
        "globalblocklist_prefix_col",
        "globalblacklist_prefix_col",
        "Its column of prefixes, default prefix.",
        |p| &mut p.global_prefix,
    ),
    (
        "globalblocklist_allowlist_col",
        "globalblacklist_whitelist_col",
        "Its column that is 1 where a prefix allows, default allowlist.",
        |p| &mut p.global_allow,
    ),
];

fn declare_names(d: &mut Declaration<UserBlockList>) {
    for (name, older, doc, place) in NAMES {
        for name in [name, older] {
            d.param(name, doc, move |p, name| *place(p) = name);
        }
    }
}
