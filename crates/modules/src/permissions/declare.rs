//! Functions and commands.

use super::Permissions;
use policy::{Declaration, Routes};

pub(super) fn functions(d: &mut Declaration<Permissions>) {
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
    d.function(
        "allow_trusted([source], [proto], [from])",
        "1 where a row of table trusted has the source address, the transport and expressions that match From and Request-URI, else -1; with peer_tag_mode the number of such rows.",
        Routes::ANY,
        Permissions::allow_trusted,
    )
    .waits();
}

pub(super) fn rules(d: &mut Declaration<Permissions>) {
    let requests = Routes::REQUEST.or(Routes::FAILURE);
    d.function(
        "allow_routing([allow_file], [deny_file])",
        "1 where the files allow From to call every Request-URI of the branches, or do not deny it, else -1. One argument is a basename.",
        requests,
        Permissions::allow_routing,
    );
    d.function(
        "allow_register(allow_file, [deny_file])",
        "The same for To and every Contact.",
        requests,
        Permissions::allow_register,
    );
    d.function(
        "allow_uri(basename, uri)",
        "The same for From and a URI.",
        requests,
        Permissions::allow_uri,
    );
}

pub(super) fn commands(d: &mut Declaration<Permissions>) {
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
    more_commands(d);
}

fn more_commands(d: &mut Declaration<Permissions>) {
    d.waiting_rpc(
        "permissions.trustedReload",
        "Reads the table of trusted peers again.",
        Permissions::reload_trusted,
    );
    d.rpc(
        "permissions.trustedDump",
        "Lists the trusted peers.",
        Permissions::dump_trusted,
    );
    d.rpc(
        "permissions.testUri basename uri contact",
        "Allowed or Denied: what the files of the basename say of the two.",
        Permissions::test_uri,
    );
    d.rpc(
        "permissions.allowUri basename uri contact",
        "The same as permissions.testUri.",
        Permissions::test_uri,
    );
}
