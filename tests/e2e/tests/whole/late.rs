//! A database that is away when the server starts, as after a power failure of the whole site: the server serves
//! what needs no database, and everything once it is there.

use ringwall_e2e::{
    DatabaseServer, MariaDb, PATIENCE, PostgreSql, Probe, Program, Scratch, Server, Subject, ports,
    status_of, until,
};
use std::time::Duration;

/// `{driver}` and `{url}` are filled in. OPTIONS needs no database, MESSAGE reads, REGISTER writes; INFO asks for what
/// was read at start: contacts, a list of who is kept out, items.
const SCRIPT: &str = r#"
loadmodule "{driver}.so"
loadmodule "sqlops.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "htable.so"
loadmodule "secfilter.so"
modparam("sqlops", "sqlcon", "db=>{url}")
modparam("usrloc|htable|secfilter", "db_url", "{url}")
modparam("usrloc", "db_mode", 1)
modparam("htable", "htable", "items=>size=4;dbtable=htable;")
request_route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("INFO")) {
        secf_check_ip();
        $var(filter) = $retcode;
        lookup("location");
        append_to_reply("X-Found: $retcode $var(filter) $sht(items=>key)\r\n");
        sl_send_reply("200", "OK");
        exit;
    }
    if (!sql_query("db", "select count(*) from location", "r")) {
        sl_send_reply("503", "Service Unavailable");
        exit;
    }
    sl_send_reply("200", "OK");
}
"#;

/// What is there before the site loses its power: alice is registered, and an item is kept.
const ROWS: [&str; 2] = [
    "INSERT INTO location (ruid, username, contact, callid, expires, last_modified, partition, reg_id, instance) \
     VALUES ('r1', 'alice', 'sip:alice@127.0.0.9', 'c', '2040-01-01 00:00:00', '2020-01-01 00:00:00', 0, 0, '')",
    "INSERT INTO htable (key_name, key_type, value_type, key_value, expires) VALUES ('key', 0, 0, 'kept', 0)",
];

#[test]
fn mariadb_comes_after_the_server() {
    let mut database = MariaDb::new();
    database.create_as_kamailio("kamailio");
    let url = database.url("kamailio");
    let run = |database: &MariaDb, sql: &str| {
        database.run("kamailio", &sql.replace("partition", "`partition`"));
    };
    comes_after_the_server(&mut database, "db_mysql", &url, run);
}

#[test]
fn postgresql_comes_after_the_server() {
    let mut database = PostgreSql::new();
    database.create_as_kamailio("kamailio");
    let url = database.url("kamailio");
    let run = |database: &PostgreSql, sql: &str| {
        database.run("kamailio", sql);
    };
    comes_after_the_server(&mut database, "db_postgres", &url, run);
}

fn comes_after_the_server<D: DatabaseServer>(
    database: &mut D,
    driver: &str,
    url: &str,
    run: impl Fn(&D, &str),
) {
    ROWS.iter().for_each(|row| run(database, row));
    let version = |version: u8| {
        format!("UPDATE version SET table_version = {version} WHERE table_name = 'location'")
    };
    run(database, &version(77));
    database.kill();

    let scratch = Scratch::new();
    let server = started_alone(&scratch, driver, url);
    let mut probe = Probe::new(server.port());
    let refused = (503, 500, "-3 -2 <null>".to_owned());
    assert_eq!(asked(&mut probe), refused);

    // There, but not as it has to be: nothing of it is used.
    database.start();
    until("the version is complained of", PATIENCE, || {
        let why = "module usrloc: invalid version 77 for table location found";
        server.printed().contains(why).then_some(())
    });
    assert_eq!(asked(&mut probe), refused);

    run(database, &version(9));
    until("everything is served", PATIENCE, || {
        (asked(&mut probe) == (200, 200, "1 1 kept".to_owned())).then_some(())
    });
    until("the log says so", PATIENCE, || {
        let told = "answers; its tables are right and read";
        server.printed().contains(told).then_some(())
    });
}

/// A server that has told, once, which modules wait for the database.
fn started_alone(scratch: &Scratch, driver: &str, url: &str) -> Server {
    let text = SCRIPT.replace("{driver}", driver).replace("{url}", url);
    let file = scratch.write("late.cfg", &text);
    let server = Server::with_file(
        Subject::Ringwall,
        scratch.path(),
        ports::block(1),
        &file,
        &[],
    );
    let (told, printed) = (
        "modules: htable, secfilter, sqlops, usrloc",
        server.printed(),
    );
    assert_eq!(printed.matches(told).count(), 1, "{printed}");
    server
}

/// What MESSAGE, REGISTER and INFO for alice are answered: two status codes, and what was found.
fn asked(probe: &mut Probe) -> (u16, u16, String) {
    let (server, alice) = ("sip:127.0.0.1", "sip:alice@127.0.0.1");
    let contact = "Contact: <sip:bob@127.0.0.8>\r\n";
    let message = answer(probe, "MESSAGE", server, server, "");
    let register = answer(probe, "REGISTER", server, "sip:bob@127.0.0.1", contact);
    let info = answer(probe, "INFO", alice, alice, "");
    let found = info.lines().find_map(|line| line.strip_prefix("X-Found: "));
    let status = |text: &str| status_of(text).expect("a status");
    (
        status(&message),
        status(&register),
        found.expect("a header").to_owned(),
    )
}

fn answer(probe: &mut Probe, method: &str, uri: &str, to: &str, headers: &str) -> String {
    probe.send(method, uri, to, headers);
    until("an answer", PATIENCE, || probe.receive())
}

/// Nothing of the database is checked or read at start.
const ASKING: &str = r#"
loadmodule "db_mysql.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "{url}")
modparam("auth_db", "version_table", 0)
request_route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    is_subscriber("sip:alice@127.0.0.1", "subscriber", "2");
    if ($retcode == -1) sl_send_reply("503", "Service Unavailable");
    else sl_send_reply("200", "OK");
}
"#;

#[test]
fn a_database_that_is_only_asked_needs_no_more_than_to_be_there() {
    let mut database = MariaDb::new();
    database.create_as_kamailio("kamailio");
    database.kill();
    let scratch = Scratch::new();
    let text = ASKING.replace("{url}", &database.url("kamailio"));
    let file = scratch.write("asking.cfg", &text);
    let port = ports::block(1);
    let _server = Server::with_file(Subject::Ringwall, scratch.path(), port, &file, &[]);
    let mut probe = Probe::new(port);
    let mut status = || {
        let answer = answer(&mut probe, "MESSAGE", "sip:127.0.0.1", "sip:127.0.0.1", "");
        status_of(&answer).expect("a status")
    };
    assert_eq!(status(), 503);
    database.start();
    until("the user is looked for", PATIENCE, || {
        (status() == 200).then_some(())
    });
}

/// How long a start that fails may take.
const SHORT: Duration = Duration::from_secs(10);

#[test]
fn a_database_that_says_no_is_told_at_once() {
    let (scratch, database) = (Scratch::new(), MariaDb::new());
    let port = ports::block(1);
    let stranger = database.url("mysql").replace("root@", "nobody:wrong@");
    for (url, why) in [
        (stranger, "Access denied for user 'nobody'"),
        (database.url("nothing"), "Unknown database 'nothing'"),
    ] {
        let text = SCRIPT
            .replace("{driver}", "db_mysql")
            .replace("{url}", &url);
        let file = scratch.write("refused.cfg", &text);
        let mut command = Subject::Ringwall.command();
        command.args(["-DD", "-E", "-f"]).arg(file);
        command.args(["-l", &format!("udp:127.0.0.1:{port}")]);
        let mut program = Program::start(&mut command, scratch.join("refused.log"));
        assert_eq!(program.wait(SHORT).code(), Some(1), "{}", program.printed());
        let printed = program.printed();
        assert!(
            printed.contains("module htable needs its database"),
            "{printed}"
        );
        assert!(printed.contains(why), "{printed}");
    }
}
