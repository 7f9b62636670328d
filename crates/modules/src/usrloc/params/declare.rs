//! How a script sets the parameters of module usrloc.

use super::DbMode;
use bytes::Bytes;
use policy::{Declaration, Flag, Matching};

type Decl = Declaration<super::super::Usrloc>;

/// Declares every parameter.
pub(in super::super) fn declare(d: &mut Decl) {
    rules(d);
    database(d);
    keeping(d);
    super::super::keepalive::declare(d);
    super::super::columns::declare(d);
    without_meaning(d);
}

fn rules(d: &mut Decl) {
    d.param(
        "nat_bflag",
        "Branch flag of contacts behind NAT, 0 to 31; default none.",
        |p, flag: Flag| {
            p.rules.nat_mask = flag.mask();
        },
    );
    d.param(
        "use_domain",
        "1: an address-of-record has a domain; default 0.",
        |p, on| p.rules.use_domain = on,
    );
    d.param(
        "desc_time_order",
        "1: newest contact first instead of highest q; default 0.",
        |p, on| {
            p.desc_time_order = on;
        },
    );
    d.try_param(
        "matching_mode",
        "Same contact by URI (0, default), with Call-ID (1) or Path (2), Call-ID alone (3).",
        |p, n: i64| {
            p.rules.matching = match n {
                0 => Matching::Contact,
                1 => Matching::ContactAndCallId,
                2 => Matching::ContactAndPath,
                3 => Matching::CallId,
                _ => return Err(format!("expected 0 to 3, found {n}")),
            };
            Ok(())
        },
    );
    d.number(
        "cseq_delay",
        "Seconds in which the same Call-ID and CSeq is a retransmission; default 20.",
        0..,
        |p, n: u32| p.rules.cseq_delay_s = n.into(),
    );
    d.param(
        "xavp_contact",
        "XAVP whose fields are kept with a contact; default none.",
        |p, name: Bytes| {
            p.rules.xavp_contact = Some(name);
        },
    );
}

fn database(d: &mut Decl) {
    d.param(
        "db_url",
        "The database; default mysql://kamailio:kamailiorw@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    d.try_param(
        "db_mode",
        "0 memory (default), 1 write-through, 2 write-back, 3 database only, 4 load only.",
        |p, n| {
            p.db_mode = DbMode::from_number(n)?;
            Ok(())
        },
    );
    d.param(
        "db_load",
        "0: do not read the table at start (modes 1 and 2); default 1.",
        |p, on| p.db_load = on,
    );
    d.param(
        "preload",
        "Another table to read at start besides location; may be given again.",
        |p, name| p.preload.push(name),
    );
    d.number(
        "fetch_rows",
        "Rows read at once at start; default 2000.",
        1..=1_000_000,
        |p, n| p.fetch_rows = n,
    );
    d.param(
        "db_timer_clean",
        "1: the timer deletes every expired row, also those this server does not know; default 0.",
        |p, on| {
            p.db_timer_clean = on;
        },
    );
    d.param(
        "db_clean_tcp",
        "1: contacts over TCP, TLS and WebSocket are deleted at start; default 0.",
        |p, on| p.db_clean_tcp = on,
    );
    d.number(
        "rm_expired_delay",
        "Seconds an expired row stays with db_mode 3; default 0.",
        0..,
        |p, n: u32| p.rm_expired_delay_s = n.into(),
    );
    d.param(
        "server_id_filter",
        "1: only rows of this server_id are read and cleaned; default 0.",
        |p, on| p.server_id_filter = on,
    );
    d.param(
        "version_table",
        "0: do not compare the table's version at start; default 1.",
        |p, on| p.version_table = on,
    );
}

fn keeping(d: &mut Decl) {
    d.number(
        "timer_interval",
        "Seconds between two visits of a binding by the timer; default 60.",
        1..=86_400,
        |p, n| p.timer_interval_s = n,
    );
    d.number(
        "hash_size",
        "A table has 2 to the power of it slots, each with its lock; 1 to 20, default 10.",
        1..=20,
        |p, n| p.hash_size = n,
    );
    d.param(
        "handle_lost_tcp",
        "1: contacts go with their TCP, TLS or WebSocket connection; default 0.",
        |p, on| p.handle_lost_tcp = on,
    );
    d.param(
        "close_expired_tcp",
        "1: the connection is closed when its contact expires; default 0.",
        |p, on| p.close_expired_tcp = on,
    );
}

fn without_meaning(d: &mut Decl) {
    d.param(
        "timer_procs",
        "Accepted; means nothing here because a slice of each table is visited every second.",
        |_, _: i64| {},
    );
    d.param(
        "db_ops_ruid",
        "Accepted; means nothing here because rows are always found by ruid.",
        |_, _: i64| {},
    );
    for name in ["db_update_as_insert", "db_check_update", "db_insert_update"] {
        d.param(
            name,
            "Accepted; means nothing here because a write updates its row or else inserts it.",
            |_, _: i64| {},
        );
    }
    d.param(
        "db_insert_null",
        "Accepted; means nothing here because every column is written.",
        |_, _: i64| {},
    );
    d.param(
        "db_raw_fetch_type",
        "Accepted; means nothing here because no statement is written by hand.",
        |_, _: i64| {},
    );
    d.param(
        "load_rank",
        "Accepted; means nothing here because there are no processes.",
        |_, _: i64| {},
    );
    d.try_param(
        "skip_remote_socket",
        "Only 0: every row is read, whatever socket it names.",
        |_, on: i64| {
            if on == 0 {
                Ok(())
            } else {
                Err("only 0 is possible; use server_id_filter".to_owned())
            }
        },
    );
}
