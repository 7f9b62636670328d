//! Trusted addresses: who may call without a password.

mod declare;
mod file;
mod params;
mod peers;
mod rpc;
mod rules;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod trusted;

use params::{ADDRESSES, ALLOW_FILE, DENY_FILE, Params, TRUSTED};
use parking_lot::{Mutex, RwLock};
use peers::Peers;
use policy::{
    AvpName, Context, Declaration, Entry, Init, Int, Logger, Module, Problem, Text,
    TrustedAddresses, Untold, problem,
};
use rules::{Pair, RuleFiles};
use script::Value;
use source::{Origin, Source};
use std::net::IpAddr;
use std::sync::Arc;
use store::schema;
use table::{Entry as Found, Table};
use trusted::Trusted;

pub(crate) const ENTRY: Entry = Entry::of::<Permissions>();

/// Module `permissions`.
struct Permissions {
    table: Arc<RwLock<Arc<Table>>>,
    source: Option<Source>,
    trusted: Option<Arc<Peers>>,
    tags: Arc<Tags>,
    rules: RuleFiles,
    default_rules: Pair,
    reloads: Reloads,
    reloads_trusted: Reloads,
    logger: Logger,
}

/// What becomes of the tags of rows that match.
struct Tags {
    avp: Option<AvpName>,
    /// `allow_trusted()` takes every row that matches, not only the first.
    all: bool,
}

/// How often a table may be read again by command.
struct Reloads {
    delta_s: u64,
    last_s: Mutex<u64>,
}

impl Reloads {
    fn every(delta_s: u64) -> Reloads {
        Reloads {
            delta_s,
            last_s: Mutex::new(0),
        }
    }

    /// True where enough time has passed; the time then counts from now.
    fn may_start(&self, now_s: u64) -> bool {
        let mut last_s = self.last_s.lock();
        let may = self.delta_s == 0 || now_s >= last_s.saturating_add(self.delta_s);
        if may {
            *last_s = now_s;
        }
        may
    }
}

impl Module for Permissions {
    const NAME: &'static str = "permissions";
    type Params = Params;

    fn declare(d: &mut Declaration<Permissions>) {
        d.doc("Knows trusted addresses, networks, host names and peers, and who may call or register what.");
        params::declare(d);
        declare::functions(d);
        declare::rules(d);
        declare::commands(d);
        d.table("address", "Addresses, networks and host names by group.");
        d.table("trusted", "Peers that need no password.");
        d.deviation("In the dumps `table` is the number of the line, not of a hash slot.");
        d.deviation("A line of a file of rules with a word that is neither ALL nor in quotes is named in the log; Kamailio 5.6.3 drops it silently.");
        d.deviation("allow_address_group() sets the tag of a host name too; in Kamailio 5.6.3 only allow_address() does.");
        d.deviation("A row that is wrong is left out and named in the log; Kamailio 5.6.3 does not start, or its reload fails.");
        d.deviation("reload_delta counts for each table; in Kamailio a reload of one keeps the other waiting.");
        d.deviation("Of two files each is the one that was named; Kamailio 5.6.3 takes the deny file that was loaded together with the allow file, where there is one.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Permissions, Problem> {
        let table = Arc::new(RwLock::new(Arc::new(Table::default())));
        init.provide::<dyn TrustedAddresses>(Arc::new(Trusted(table.clone())));
        let source = source_of(&params, init)?;
        if let Some(source) = &source {
            source.read_at_start(table.clone(), init);
        }
        let trusted = trusted_of(&params, init)?;
        if let Some(trusted) = trusted.clone() {
            let url = params.db_url.as_deref().unwrap_or_default();
            init.on_database(url, move |done| trusted.clone().start(done));
        }
        let delta_s = u64::try_from(params.reload_delta_s).unwrap_or(0);
        let surroundings = init.surroundings().clone();
        let rules = RuleFiles::new(params.files, surroundings, init.logger.clone());
        let default = |bit: i64, path: &str| match params.load_backends & bit {
            0 => Arc::default(),
            _ => rules.rules(path),
        };
        let default_rules = Pair {
            allow: default(ALLOW_FILE, &rules.settings.default_allow),
            deny: default(DENY_FILE, &rules.settings.default_deny),
        };
        Ok(Permissions {
            table,
            source,
            trusted,
            tags: Arc::new(Tags {
                avp: params.peer_tag,
                all: params.all_tags,
            }),
            default_rules,
            rules,
            reloads: Reloads::every(delta_s),
            reloads_trusted: Reloads::every(delta_s),
            logger: init.logger.clone(),
        })
    }
}

/// Where the table of addresses comes from; a file wins over the database.
fn source_of(params: &Params, init: &mut Init<'_>) -> Result<Option<Source>, Problem> {
    if params.load_backends & ADDRESSES == 0 {
        return Ok(None);
    }
    let url = params.db_url.as_deref().filter(|url| !url.is_empty());
    let origin = match (&params.address_file, url) {
        (Some(path), _) => Origin::File {
            path: path.clone(),
            surroundings: init.surroundings().clone(),
        },
        (None, Some(url)) => {
            let columns = params.columns.checked()?;
            init.expect_table(url, &columns.table, &schema::ADDRESS, Untold::Refused)?;
            Origin::Rows {
                url: url.to_owned(),
                store: init.store(url)?,
                columns,
            }
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Source {
        origin,
        max_subnets: params.max_subnets,
        logger: init.logger.clone(),
    }))
}

fn trusted_of(params: &Params, init: &mut Init<'_>) -> Result<Option<Arc<Peers>>, Problem> {
    let url = params.db_url.as_deref().filter(|url| !url.is_empty());
    let Some(url) = url.filter(|_| params.load_backends & TRUSTED != 0) else {
        return Ok(None);
    };
    let store = init.store(url)?;
    let trusted = Peers::new(store, &params.trusted, params.caches_trusted)?;
    // Kamailio looks at it where it keeps the table in memory.
    let untold = match params.caches_trusted {
        true => Untold::Refused,
        false => Untold::Accepted,
    };
    init.expect_table(url, trusted.table(), &schema::TRUSTED, untold)?;
    Ok(Some(Arc::new(trusted)))
}

impl Permissions {
    fn allow_source(&self, context: &mut Context, group: &Option<Int>) -> i32 {
        let group = group.as_ref().map_or(Some(1), |group| group.get(context));
        let peer = context.flow.peer;
        let table = self.now();
        let found = group.and_then(|group| table.address(Some(group), peer.ip(), peer.port()));
        self.answer(context, found, |_| 1)
    }

    fn source_group(&self, context: &mut Context) -> i32 {
        let peer = context.flow.peer;
        let table = self.now();
        let found = table.address(None, peer.ip(), peer.port());
        self.answer(context, found, group_of)
    }

    fn allow(&self, context: &mut Context, group: &Int, address: &Text, port: &Int) -> i32 {
        let Some(group) = group.get(context) else {
            return -1;
        };
        let table = self.now();
        let found = find(&table, Some(group), context, address, port);
        self.answer(context, found, |_| 1)
    }

    fn group(&self, context: &mut Context, address: &Text, port: &Int) -> i32 {
        let table = self.now();
        let found = find(&table, None, context, address, port);
        self.answer(context, found, group_of)
    }

    fn now(&self) -> Arc<Table> {
        self.table.read().clone()
    }

    fn answer(&self, context: &mut Context, found: Option<&Found>, code: fn(&Found) -> i32) -> i32 {
        let Some(found) = found else {
            return -1;
        };
        if let (Some(avp), Some(tag)) = (&self.tags.avp, &found.tag) {
            context.vars.avps.add(avp.clone(), Value::Str(tag.clone()));
        }
        code(found)
    }
}

fn find<'a>(
    table: &'a Table,
    group: Option<i64>,
    context: &mut Context,
    address: &Text,
    port: &Int,
) -> Option<&'a Found> {
    let address = address.get(context);
    let port = u16::try_from(port.get(context)?).ok()?;
    match policy::address_of(&address) {
        Some(ip) => table.address(group, ip, port),
        None => table.domain(group, &address, port),
    }
}

fn group_of(found: &Found) -> i32 {
    i32::try_from(found.group).unwrap_or(-1)
}

/// The table of a row: single addresses have a full mask.
fn is_single(ip: IpAddr, mask: u8) -> bool {
    mask == if ip.is_ipv4() { 32 } else { 128 }
}

fn bad_column(name: &str) -> Problem {
    problem(format!(
        "\"{name}\" cannot be the name of a table or column"
    ))
}
