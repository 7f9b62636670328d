//! `modparam("permissions", …)`.

use super::Permissions;
use super::peers::TrustedColumns;
use super::source::Columns;
use policy::{AvpName, Declaration};

/// The parameters, with Kamailio's defaults.
pub(super) struct Params {
    pub(super) db_url: Option<String>,
    pub(super) load_backends: i64,
    pub(super) columns: Columns,
    pub(super) address_file: Option<String>,
    pub(super) max_subnets: usize,
    pub(super) trusted: TrustedColumns,
    pub(super) caches_trusted: bool,
    pub(super) peer_tag: Option<AvpName>,
    pub(super) all_tags: bool,
    pub(super) reload_delta_s: i64,
    pub(super) files: Files,
}

/// Names and rules of the files with rules.
pub(super) struct Files {
    pub(super) default_allow: String,
    pub(super) default_deny: String,
    pub(super) allow_suffix: String,
    pub(super) deny_suffix: String,
    pub(super) all_branches: bool,
}

/// The bit of `load_backends` for the table of addresses.
pub(super) const ADDRESSES: i64 = 1;
/// That of the table of trusted peers.
pub(super) const TRUSTED: i64 = 2;
/// That of the default file of what is allowed.
pub(super) const ALLOW_FILE: i64 = 4;
/// That of the default file of what is denied.
pub(super) const DENY_FILE: i64 = 8;

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: None,
            load_backends: 0xffff,
            columns: Columns::default(),
            address_file: None,
            max_subnets: 512,
            trusted: TrustedColumns::default(),
            caches_trusted: false,
            peer_tag: None,
            all_tags: false,
            reload_delta_s: 5,
            files: Files::default(),
        }
    }
}

impl Default for Files {
    fn default() -> Files {
        Files {
            default_allow: "permissions.allow".to_owned(),
            default_deny: "permissions.deny".to_owned(),
            allow_suffix: ".allow".to_owned(),
            deny_suffix: ".deny".to_owned(),
            all_branches: true,
        }
    }
}

pub(super) fn declare(d: &mut Declaration<Permissions>) {
    declare_common(d);
    declare_addresses(d);
    declare_trusted(d);
    declare_files(d);
}

fn declare_common(d: &mut Declaration<Permissions>) {
    d.param(
        "db_url",
        "The database; without it there are no tables.",
        |p, url| p.db_url = Some(url),
    );
    d.param(
        "load_backends",
        "What is loaded, a sum: 1 the table of addresses, 2 that of trusted peers, 4 and 8 the default files. Default all.",
        |p, sum| p.load_backends = sum,
    );
    d.param(
        "peer_tag_avp",
        "The AVP that gets the tag of what matched.",
        |p, avp| p.peer_tag = Some(avp),
    );
    d.param(
        "tag_col",
        "The column of tags in both tables, default tag.",
        |p, name: String| {
            p.columns.tag = name.clone();
            p.trusted.tag = name;
        },
    );
    d.param(
        "reload_delta",
        "Seconds between two reloads by command, default 5; 0 for no limit.",
        |p, seconds| p.reload_delta_s = seconds,
    );
}

fn declare_addresses(d: &mut Declaration<Permissions>) {
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
        |p, name| p.columns.address = name,
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
    d.param(
        "address_file",
        "A file of addresses, which is read instead of the table.",
        |p, path| p.address_file = Some(path),
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
}

fn declare_trusted(d: &mut Declaration<Permissions>) {
    d.param(
        "db_mode",
        "1 keeps the table of trusted peers in memory; 0, the default, asks the database each time.",
        |p, yes| p.caches_trusted = yes,
    );
    declare_trusted_columns(d);
    d.param(
        "peer_tag_mode",
        "1: allow_trusted() adds the tags of all rows that match and returns their number. Default 0.",
        |p, yes| p.all_tags = yes,
    );
    d.param(
        "trusted_cleanup_interval",
        "Accepted; means nothing here because a table that was replaced is freed with its last user.",
        |_, _: i64| {},
    );
}

fn declare_trusted_columns(d: &mut Declaration<Permissions>) {
    d.param(
        "trusted_table",
        "The table of trusted peers, default trusted.",
        |p, name| p.trusted.table = name,
    );
    d.param(
        "source_col",
        "Its column of source addresses, default src_ip.",
        |p, name| p.trusted.source = name,
    );
    d.param(
        "proto_col",
        "Its column of transports, default proto.",
        |p, name| p.trusted.proto = name,
    );
    d.param(
        "from_col",
        "Its column of expressions for the From URI, default from_pattern.",
        |p, name| p.trusted.from = name,
    );
    d.param(
        "ruri_col",
        "Its column of expressions for the Request-URI, default ruri_pattern.",
        |p, name| p.trusted.ruri = name,
    );
    d.param(
        "priority_col",
        "Its column of priorities, default priority.",
        |p, name| p.trusted.priority = name,
    );
}

fn declare_files(d: &mut Declaration<Permissions>) {
    d.param(
        "default_allow_file",
        "The file of allow_routing() without arguments, default permissions.allow.",
        |p, path| p.files.default_allow = path,
    );
    d.param(
        "default_deny_file",
        "Its file of what is denied, default permissions.deny.",
        |p, path| p.files.default_deny = path,
    );
    d.param(
        "allow_suffix",
        "What is put behind a basename for the file of what is allowed, default .allow.",
        |p, suffix| p.files.allow_suffix = suffix,
    );
    d.param(
        "deny_suffix",
        "The same for what is denied, default .deny.",
        |p, suffix| p.files.deny_suffix = suffix,
    );
    d.param(
        "check_all_branches",
        "allow_routing() looks at every branch. Default on.",
        |p, yes| p.files.all_branches = yes,
    );
}
