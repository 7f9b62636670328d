//! Trusted addresses: who may call without a password.

mod rpc;
mod source;
mod table;
mod trusted;

use parking_lot::{Mutex, RwLock};
use policy::{
    AvpName, Context, Declaration, Entry, Init, Int, Module, Problem, Routes, Text, TrustedAddresses,
    problem,
};
use script::Value;
use source::{Columns, Source};
use std::net::IpAddr;
use std::sync::Arc;
use table::{Entry as Found, Table};
use trusted::Trusted;

pub(crate) const ENTRY: Entry = Entry::of::<Permissions>();

struct Permissions {
    table: Arc<RwLock<Arc<Table>>>,
    source: Option<Source>,
    peer_tag: Option<AvpName>,
    reload_delta_s: u64,
    /// When the table was last read by command, in Unix seconds.
    reloaded_s: Mutex<u64>,
}

struct Params {
    db_url: Option<String>,
    load_backends: i64,
    columns: Columns,
    peer_tag: Option<AvpName>,
    max_subnets: usize,
    reload_delta_s: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: None,
            load_backends: 0xffff,
            columns: Columns::default(),
            peer_tag: None,
            max_subnets: 512,
            reload_delta_s: 5,
        }
    }
}

/// The bit of `load_backends` for the table of addresses.
const ADDRESSES: i64 = 1;

impl Module for Permissions {
    const NAME: &'static str = "permissions";
    type Params = Params;

    fn declare(d: &mut Declaration<Permissions>) {
        d.doc("Knows trusted addresses, networks and host names by groups.");
        declare_params(d);
        let requests = Routes::REQUEST.or(Routes::FAILURE);
        d.function(
            "allow_source_address([group_id])",
            "1 where the source address and port are in the group (default 1), else -1.",
            requests,
            Permissions::allow_source,
        );
        d.function(
            "allow_address(group_id, address, port)",
            "1 where the address (or host name) and port are in the group, else -1.",
            Routes::ANY,
            Permissions::allow,
        );
        d.function(
            "allow_source_address_group()",
            "The first group the source address and port are in, else -1.",
            requests,
            Permissions::source_group,
        );
        d.function(
            "allow_address_group(address, port)",
            "The first group the address (or host name) and port are in, else -1.",
            Routes::ANY,
            Permissions::group,
        );
        d.waiting_rpc(
            "permissions.addressReload",
            "Reads the table of addresses again.",
            Permissions::reload,
        );
        d.rpc(
            "permissions.addressDump",
            "Lists the single addresses.",
            Permissions::dump_addresses,
        );
        d.rpc(
            "permissions.subnetDump",
            "Lists the networks.",
            Permissions::dump_subnets,
        );
        d.rpc(
            "permissions.domainDump",
            "Lists the host names.",
            Permissions::dump_domains,
        );
        d.table("address", "Addresses, networks and host names by group.");
        d.deviation("In the dumps `table` is the number of the line, not of a hash slot.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Permissions, Problem> {
        let table = Arc::new(RwLock::new(Arc::new(Table::default())));
        let wanted = params.load_backends & ADDRESSES != 0;
        init.provide::<dyn TrustedAddresses>(Arc::new(Trusted(table.clone())));
        let source = match params.db_url.filter(|url| wanted && !url.is_empty()) {
            None => None,
            Some(url) => Some(Source {
                store: init.store(&url)?,
                columns: params.columns.checked()?,
                max_subnets: params.max_subnets,
                logger: init.logger.clone(),
            }),
        };
        if let Some(source) = source.clone() {
            let table = table.clone();
            init.on_start(move |done| source.read(table, done));
        }
        Ok(Permissions {
            table,
            source,
            peer_tag: params.peer_tag,
            reload_delta_s: u64::try_from(params.reload_delta_s).unwrap_or(0),
            reloaded_s: Mutex::new(0),
        })
    }
}

fn declare_params(d: &mut Declaration<Permissions>) {
    d.param(
        "db_url",
        "The database; without it there is no table.",
        |p, url| p.db_url = Some(url),
    );
    d.param(
        "db_mode",
        "Accepted; means nothing here because the table of addresses is always kept in memory, as in Kamailio.",
        |_, _: i64| {},
    );
    d.try_param(
        "load_backends",
        "What is loaded: 1 the table of addresses. Default all there is.",
        |p, sum| {
            p.load_backends = sum;
            if sum == 0xffff || sum & !ADDRESSES == 0 {
                Ok(())
            } else {
                Err("only 1, the table of addresses, is there".to_owned())
            }
        },
    );
    d.param("address_table", "The table, default address.", |p, name| {
        p.columns.table = name
    });
    d.param(
        "grp_col",
        "Its column of groups, default grp.",
        |p, name| p.columns.group = name,
    );
    d.param(
        "ip_addr_col",
        "Its column of addresses, default ip_addr.",
        |p, name| {
            p.columns.address = name;
        },
    );
    d.param(
        "mask_col",
        "Its column of masks, default mask.",
        |p, name| p.columns.mask = name,
    );
    d.param(
        "port_col",
        "Its column of ports, default port.",
        |p, name| p.columns.port = name,
    );
    d.param("tag_col", "Its column of tags, default tag.", |p, name| {
        p.columns.tag = name
    });
    d.param(
        "peer_tag_avp",
        "The AVP that gets the tag of what matched.",
        |p, avp| {
            p.peer_tag = Some(avp);
        },
    );
    d.try_param(
        "max_subnets",
        "Networks that are read at most, default 512.",
        |p, most: i64| {
            p.max_subnets =
                usize::try_from(most).map_err(|_| "expected a number of networks".to_owned())?;
            Ok(())
        },
    );
    d.param(
        "reload_delta",
        "Seconds between two reloads by command, default 5; 0 for no limit.",
        |p, seconds| p.reload_delta_s = seconds,
    );
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
        if let (Some(avp), Some(tag)) = (&self.peer_tag, &found.tag) {
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
