//! The Debian packages that the tests need.

use crate::shell;

/// A program to look for, and the package it is in.
const NEEDED: &[(&str, &str)] = &[
    ("/usr/bin/sipp", "sip-tester"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/sipsak", "sipsak"),
    ("/usr/bin/baresip", "baresip-core"),
    ("/usr/bin/svmap", "sipvicious"),
    ("/usr/bin/fail2ban-regex", "fail2ban"),
    ("/usr/bin/faketime", "faketime"),
    ("/usr/bin/sqlite3", "sqlite3"),
    ("/usr/bin/python3", "python3"),
    ("/usr/sbin/mariadbd", "mariadb-server"),
    ("/usr/lib/postgresql/15/bin/postgres", "postgresql-15"),
    ("/usr/bin/redis-server", "redis-server"),
    ("/usr/bin/setpriv", "util-linux"),
    ("/usr/sbin/nft", "nftables"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/sbin/kamailio", "kamailio"),
    (
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/db_sqlite.so",
        "kamailio-sqlite-modules",
    ),
    (
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/db_mysql.so",
        "kamailio-mysql-modules",
    ),
    (
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/db_postgres.so",
        "kamailio-postgres-modules",
    ),
    (
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/ndb_redis.so",
        "kamailio-redis-modules",
    ),
    (
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/tls.so",
        "kamailio-tls-modules",
    ),
];

/// Installs what the tests need and is missing.
pub(crate) fn install() -> Result<(), String> {
    install_missing(NEEDED)
}

/// Installs the packages of those programs that are missing, with apt.
pub(crate) fn install_missing(needed: &[(&str, &str)]) -> Result<(), String> {
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(path, _)| !std::path::Path::new(path).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    shell::run("apt-get", &["update", "-q"])?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(missing);
    shell::run(
        "env",
        &[
            &["DEBIAN_FRONTEND=noninteractive", "apt-get"],
            args.as_slice(),
        ]
        .concat(),
    )
}
