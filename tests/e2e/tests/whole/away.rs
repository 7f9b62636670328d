//! A database that hangs for ten seconds, is killed and comes back, under load: requests that need it are
//! refused, everything else is served at full rate, and nothing that was promised is lost.

use nix::sys::signal::Signal;
use ringwall_e2e::pulse::{Asked, Pulse, answers, slowest};
use ringwall_e2e::{DatabaseServer, MariaDb, PostgreSql, Scratch, Server, Subject, ports, until};
use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `{driver}` and `{url}` are filled in. OPTIONS needs no database, MESSAGE reads, REGISTER writes, and with `db_mode` 3
/// INFO asks for the contacts of who is not registered.
const SCRIPT: &str = r#"
loadmodule "{driver}.so"
loadmodule "sqlops.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("sqlops", "sqlcon", "db=>{url}")
modparam("usrloc", "db_url", "{url}")
modparam("usrloc", "db_mode", {mode})
modparam("usrloc", "timer_interval", 2)
request_route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("INFO")) {
        lookup("location");
        if ($rc == -1) { sl_send_reply("404", "Not Found"); exit; }
        sl_send_reply("480", "Temporarily Unavailable");
        exit;
    }
    if (!sql_query("db", "select count(*) from location where username = '$fU'", "r")) {
        sl_send_reply("503", "Service Unavailable");
        exit;
    }
    sl_send_reply("200", "OK");
}
"#;

#[test]
fn mariadb_is_away_for_a_while() {
    let mut server = MariaDb::new();
    server.create_as_kamailio("kamailio");
    let url = server.url("kamailio");
    let rows = |server: &MariaDb| server.run("kamailio", "SELECT username FROM location");
    is_away_for_a_while(&mut server, "db_mysql", &url, rows);
}

#[test]
fn postgresql_is_away_for_a_while() {
    let mut server = PostgreSql::new();
    server.create_as_kamailio("kamailio");
    let url = server.url("kamailio");
    let rows = |server: &PostgreSql| server.run("kamailio", "SELECT username FROM location");
    is_away_for_a_while(&mut server, "db_postgres", &url, rows);
}

/// How long a hanging database is hung on to: the deadline of an operation.
const DEADLINE: Duration = Duration::from_secs(2);

/// After what time, at most, a request is answered that waits for nobody; and how long it may take to
/// notice that a database is back: a busy machine is slower than the server.
const SOON: Duration = Duration::from_secs(1);
const BACK: Duration = Duration::from_secs(4);

fn is_away_for_a_while<D: DatabaseServer>(
    database: &mut D,
    driver: &str,
    url: &str,
    rows: impl Fn(&D) -> String,
) {
    let scratch = Scratch::new();
    let start = |mode: u8| {
        let text = SCRIPT.replace("{driver}", driver).replace("{url}", url);
        let file = scratch.write(
            &format!("mode{mode}.cfg"),
            &text.replace("{mode}", &mode.to_string()),
        );
        let dir = scratch.make_dir(&format!("run{mode}"));
        let port = ports::block(1);
        Server::with_file(Subject::Ringwall, &dir, port, &file, &[])
    };
    let (through, back, nothing_kept) = (start(1), start(2), start(3));
    let plain = Pulse::start(through.port(), "OPTIONS", "plain", 400);
    let reading = Pulse::start(through.port(), "MESSAGE", "reader", 100);
    let writing = Pulse::start(through.port(), "REGISTER", "through", 50);
    let later = Pulse::start(back.port(), "REGISTER", "back", 50);
    let looking = Pulse::start(nothing_kept.port(), "INFO", "nobody", 50);
    sleep(Duration::from_secs(2));

    let hung = Instant::now();
    database.hang();
    sleep(Duration::from_secs(10));
    let went_on = Instant::now();
    database.go_on();
    sleep(BACK + 2 * SOON);
    let killed = Instant::now();
    database.kill();
    sleep(Duration::from_secs(1));
    database.start();
    let started = Instant::now();
    sleep(BACK + 2 * SOON);
    let end = Instant::now();

    let pulses = [plain, reading, writing, later, looking];
    let [plain, reading, writing, later, looking] = pulses.map(Pulse::stop);
    assert!(through.stop(Signal::SIGTERM).success());
    assert!(back.stop(Signal::SIGTERM).success());
    assert!(nothing_kept.stop(Signal::SIGTERM).success());

    // What needs no database knows nothing of it.
    let first = plain[0].at;
    let all = answers(&plain, first, end);
    assert_eq!(all.keys().collect::<Vec<_>>(), [&200], "{all:?}");
    let pause = slowest(&plain, first, end);
    assert!(pause < SOON, "an OPTIONS took {pause:?}");
    // Those that wait for a deadline hear within it, those that come later at once.
    for asked in [&reading, &writing] {
        let refused = slowest(asked, hung, went_on);
        assert!(refused < DEADLINE + SOON, "an answer took {refused:?}");
        let late = hung + DEADLINE + SOON;
        let refused = slowest(asked, late, went_on);
        assert!(refused < SOON, "a late answer took {refused:?}");
        // What is under way when it goes is lost with it.
        for (from, to) in [
            (first, hung - SOON),
            (went_on + BACK, killed - SOON),
            (started + BACK, end),
        ] {
            assert_only(asked, from, to, &[200]);
        }
    }
    assert_only(&reading, hung + SOON, went_on, &[503]);
    assert_only(&writing, hung + SOON, went_on, &[500]);
    assert_only(&looking, hung + SOON, went_on, &[480]);
    assert_only(&looking, started + BACK, end, &[404]);
    // Memory answers for the database where it is written back later.
    assert_only(&later, later[0].at, end, &[200]);

    let kept = until("all rows are there", BACK, || {
        let kept: BTreeSet<String> = rows(database).lines().map(str::to_owned).collect();
        let promised = accepted(&writing, "through").chain(accepted(&later, "back"));
        promised
            .into_iter()
            .all(|name| kept.contains(&name))
            .then_some(kept)
    });
    println!("{} rows, slowest OPTIONS {pause:?}", kept.len());
}

fn assert_only(asked: &[Asked], from: Instant, to: Instant, expected: &[u16]) {
    let counts = answers(asked, from, to);
    assert!(!counts.is_empty(), "nothing was sent");
    let other: Vec<_> = counts
        .iter()
        .filter(|(it, _)| !expected.contains(it))
        .collect();
    assert!(other.is_empty(), "{expected:?} and {other:?} of {counts:?}");
}

fn accepted<'a>(asked: &'a [Asked], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let accepted = asked
        .iter()
        .filter(|one| matches!(one.answer, Some((200, _))));
    accepted.map(move |one| format!("{name}{}", one.number))
}
