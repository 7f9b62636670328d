//! A server does not start on tables of another time, and says what to do.

use ringwall_e2e::{
    Authority, Database, MariaDb, PostgreSql, Program, Scratch, Server, Subject, ports, ringwall,
};
use std::process::Command;
use std::time::Duration;

/// How long a start that fails may take.
const SHORT: Duration = Duration::from_secs(10);

/// Modules that read tables of theirs at start. `{driver}` and `{url}` are filled in.
const SCRIPT: &str = r#"
loadmodule "{driver}.so"
loadmodule "textops.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "domain.so"
loadmodule "dialog.so"
loadmodule "topos.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "uri_db.so"
loadmodule "group.so"
loadmodule "permissions.so"
loadmodule "userblocklist.so"
loadmodule "secfilter.so"
loadmodule "pipelimit.so"
loadmodule "htable.so"
loadmodule "acc.so"
modparam("usrloc|domain|dialog|topos|auth_db|uri_db|group|permissions", "db_url", "{url}")
modparam("userblocklist|secfilter|pipelimit|htable|acc", "db_url", "{url}")
modparam("usrloc|dialog|permissions", "db_mode", 1)
modparam("topos", "storage", "db")
modparam("group", "re_table", "re_grp")
modparam("htable", "htable", "items=>size=4;dbtable=htable;")
modparam("acc", "cdrs_table", "acc_cdrs")
request_route {
    if (is_method("REGISTER")) { save("location"); exit; }
    sl_send_reply("200", "OK");
}
"#;

/// Table, the version that is needed, who needs it, and whether Kamailio 5.6.3 looks at it with this
/// configuration.
const NEEDED: [(&str, u8, &str, bool); 21] = [
    ("location", 9, "usrloc", true),
    ("domain", 2, "domain", true),
    ("domain_attrs", 1, "domain", true),
    ("dialog", 7, "dialog", true),
    ("dialog_vars", 1, "dialog", true),
    ("topos_d", 2, "topos", false),
    ("topos_t", 2, "topos", false),
    ("subscriber", 7, "auth_db", true),
    ("subscriber_sha256", 1, "auth_db", false),
    ("grp", 2, "group", true),
    ("re_grp", 1, "group", true),
    ("address", 6, "permissions", true),
    ("trusted", 6, "permissions", true),
    ("userblocklist", 1, "userblocklist", true),
    ("globalblocklist", 1, "userblocklist", true),
    ("secfilter", 1, "secfilter", true),
    ("pl_pipes", 1, "pipelimit", true),
    ("htable", 2, "htable", false),
    ("acc", 5, "acc", false),
    ("missed_calls", 4, "acc", false),
    ("acc_cdrs", 2, "acc", false),
];

#[test]
fn sqlite() {
    let scratch = Scratch::new();
    let database = Database::create(scratch.join("kamailio.db"));
    let url = database.url();
    refuses_other_versions("db_sqlite", &url, Subject::BOTH.as_slice(), |sql| {
        database.run(sql);
    });
}

#[test]
fn mariadb() {
    let server = MariaDb::new();
    server.create("kamailio", "utf8mb4");
    refuses_other_versions(
        "db_mysql",
        &server.url("kamailio"),
        &[Subject::Ringwall],
        |sql| {
            server.run("kamailio", sql);
        },
    );
}

#[test]
fn postgresql() {
    let server = PostgreSql::new();
    server.create("kamailio", "UTF8");
    let url = server.url("kamailio");
    refuses_other_versions("db_postgres", &url, &[Subject::Ringwall], |sql| {
        server.run("kamailio", sql);
    });
}

fn refuses_other_versions(driver: &str, url: &str, subjects: &[Subject], run: impl Fn(&str)) {
    let scratch = Scratch::new();
    let text = SCRIPT.replace("{driver}", driver).replace("{url}", url);
    let file = scratch.write("tables.cfg", &text);
    make_tables(&scratch, url);
    let port = ports::block(1);
    for subject in subjects {
        drop(Server::with_file(
            *subject,
            scratch.path(),
            port,
            &file,
            &[],
        ));
    }
    for (table, needed, module, judge_looks) in NEEDED {
        let version = |version: u8| {
            run(&format!(
                "UPDATE version SET table_version = {version} WHERE table_name = '{table}'"
            ));
        };
        version(77);
        for subject in subjects
            .iter()
            .filter(|it| judge_looks || **it == Subject::Ringwall)
        {
            let printed = refusal(*subject, &scratch, port);
            let kamailios = format!("invalid version 77 for table {table} found");
            assert!(printed.contains(&kamailios), "{printed}");
            assert!(
                printed.contains(&format!("expected {needed} (")),
                "{printed}"
            );
            if *subject == Subject::Ringwall {
                assert!(printed.contains(&format!("module {module}: ")), "{printed}");
                assert_eq!(printed.lines().count(), 1, "{printed}");
            }
        }
        version(needed);
    }
    run("DROP TABLE version");
    let printed = refusal(Subject::Ringwall, &scratch, port);
    assert!(printed.contains(" db create` makes"), "{printed}");
}

#[test]
fn tables_are_made_over_a_connection_that_has_to_be_encrypted() {
    let scratch = Scratch::new();
    let ours = Authority::create(&scratch, "ours");
    let server = MariaDb::with_certificate(&ours.issue("127.0.0.1", |_| {}));
    server.create("kamailio", "utf8mb4");
    server.run(
        "kamailio",
        "CREATE USER secret@'%' IDENTIFIED BY 'x' REQUIRE SSL; GRANT ALL ON kamailio.* TO secret@'%'",
    );
    let url = server.url("kamailio").replace("root@", "secret:x@");
    let create = |param: &str| {
        let log = scratch.join("create.log");
        let _none = std::fs::remove_file(&log);
        let mut command = Command::new(ringwall());
        command.args(["ctl", "--db", &url, "--modparam", param, "db", "create"]);
        let mut program = Program::start(&mut command, log);
        (program.wait(SHORT).success(), program.printed())
    };
    let (is_done, said) = create("db_mysql:opt_ssl_mode:i:1");
    assert!(!is_done && said.contains("does not let us in"), "{said}");
    let authorities = ours.path().display();
    let (is_done, said) = create(&format!("db_mysql:opt_ssl_ca:s:{authorities}"));
    assert!(is_done && said.contains("tables made"), "{said}");
}

/// Modules that only Ringwall has.
const OURS: &str = r#"
loadmodule "db_sqlite.so"
loadmodule "sl.so"
loadmodule "{module}.so"
modparam("{module}", "db_url", "{url}")
request_route { sl_send_reply("200", "OK"); }
"#;

#[test]
fn tables_of_our_own_have_a_version_too() {
    let scratch = Scratch::new();
    let database = Database::create(scratch.join("kamailio.db"));
    let url = database.url();
    make_tables(&scratch, &url);
    let port = ports::block(1);
    for (table, module) in [("ban", "ban"), ("fraud_prefix", "fraud")] {
        let text = OURS.replace("{module}", module).replace("{url}", &url);
        let file = scratch.write("tables.cfg", &text);
        drop(Server::with_file(
            Subject::Ringwall,
            scratch.path(),
            port,
            &file,
            &[],
        ));
        database.run(&format!(
            "UPDATE version SET table_version = 77 WHERE table_name = '{table}'"
        ));
        let printed = refusal(Subject::Ringwall, &scratch, port);
        let wanted = format!("module {module}: invalid version 77 for table {table} found");
        assert!(printed.contains(&wanted), "{printed}");
    }
}

/// The tables that are missing, as operators make them.
fn make_tables(scratch: &Scratch, url: &str) {
    let mut command = Command::new(ringwall());
    command.args(["ctl", "--db", url, "db", "create"]);
    let mut program = Program::start(&mut command, scratch.join("create.log"));
    assert!(program.wait(SHORT).success(), "{}", program.printed());
}

/// What a server prints that does not start.
fn refusal(subject: Subject, scratch: &Scratch, port: u16) -> String {
    let log = scratch.join("refusal.log");
    // A log of an earlier start would be read as this one's.
    let _none = std::fs::remove_file(&log);
    let mut command = subject.command();
    command
        .args(["-DD", "-E", "-m", "64", "-M", "8", "-f"])
        .arg(scratch.join("tables.cfg"))
        .arg("-l")
        .arg(format!("udp:127.0.0.1:{port}"));
    let mut program = Program::start(&mut command, log);
    assert!(!program.wait(SHORT).success(), "{}", program.printed());
    program.printed()
}
