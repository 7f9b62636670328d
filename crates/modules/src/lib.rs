//! The modules, one folder each. This list is generated from the folder names by
//! `cargo xtask codegen`; a test fails when it is stale.

mod acc;
mod auth;
mod auth_db;
mod ban;
mod blst;
mod cfg_rpc;
mod core;
mod corex;
mod counters;
mod ctl;
mod db_mysql;
mod db_postgres;
mod db_sqlite;
mod debugger;
mod dialog;
mod domain;
mod fence;
mod fraud;
mod geoip2;
mod group;
mod htable;
mod ipops;
mod jsonrpcs;
mod kex;
mod maxfwd;
mod ndb_redis;
mod patch;
mod path;
mod permissions;
mod pike;
mod pipelimit;
mod pv;
mod ratelimit;
mod registrar;
mod rr;
mod sanity;
mod secfilter;
mod siputils;
mod sl;
mod sqlops;
#[cfg(test)]
mod testing;
mod textops;
mod textopsx;
mod throttle;
mod tls;
mod tm;
mod tmx;
mod topoh;
mod topos;
mod topos_redis;
mod uri_db;
mod userblocklist;
mod usrloc;
mod veil;
mod xlog;

use policy::Entry;

/// Every module, by name.
pub const ALL: &[Entry] = &[
    acc::ENTRY,
    auth::ENTRY,
    auth_db::ENTRY,
    ban::ENTRY,
    blst::ENTRY,
    cfg_rpc::ENTRY,
    core::ENTRY,
    corex::ENTRY,
    counters::ENTRY,
    ctl::ENTRY,
    db_mysql::ENTRY,
    db_postgres::ENTRY,
    db_sqlite::ENTRY,
    debugger::ENTRY,
    dialog::ENTRY,
    domain::ENTRY,
    fence::ENTRY,
    fraud::ENTRY,
    geoip2::ENTRY,
    group::ENTRY,
    htable::ENTRY,
    ipops::ENTRY,
    jsonrpcs::ENTRY,
    kex::ENTRY,
    maxfwd::ENTRY,
    ndb_redis::ENTRY,
    path::ENTRY,
    permissions::ENTRY,
    pike::ENTRY,
    pipelimit::ENTRY,
    pv::ENTRY,
    ratelimit::ENTRY,
    registrar::ENTRY,
    rr::ENTRY,
    sanity::ENTRY,
    secfilter::ENTRY,
    siputils::ENTRY,
    sl::ENTRY,
    sqlops::ENTRY,
    textops::ENTRY,
    textopsx::ENTRY,
    tls::ENTRY,
    tm::ENTRY,
    tmx::ENTRY,
    topoh::ENTRY,
    topos::ENTRY,
    topos_redis::ENTRY,
    uri_db::ENTRY,
    userblocklist::ENTRY,
    usrloc::ENTRY,
    xlog::ENTRY,
];
