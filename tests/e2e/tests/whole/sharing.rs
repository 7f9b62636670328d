//! Two servers that share counters and bans through one Redis, which hangs, is killed and comes back under load.

use ringwall_e2e::pulse::{Asked, Pulse, answers, slowest};
use ringwall_e2e::{
    DatabaseServer, PATIENCE, Probe, Redis, Scratch, Server, Subject, ports, until,
};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `{port}` is that of Redis. MESSAGE counts, INFO tells, PUBLISH bans, SUBSCRIBE asks for the ban.
const SCRIPT: &str = r#"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "ndb_redis.so"
loadmodule "htable.so"
loadmodule "ban.so"
modparam("ndb_redis", "server", "name=shared;addr=127.0.0.1;port={port}")
modparam("htable", "redis", "shared")
modparam("htable", "htable", "counts=>size=4;initval=0;autoexpire=600")
modparam("ban", "redis", "shared")
request_route {
    if (is_method("MESSAGE")) $var(n) = $shtinc(counts=>all);
    if (is_method("INFO")) append_to_reply("X-Count: $sht(counts=>all)\r\n");
    if (is_method("PUBLISH")) ban_add("192.0.2.7", "600", "noise");
    if (is_method("SUBSCRIBE") && !is_banned("192.0.2.7")) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    sl_send_reply("200", "OK");
}
"#;

#[test]
fn what_two_servers_count_is_counted_once_whatever_redis_does() {
    let (mut redis, scratch) = (Redis::new(), Scratch::new());
    let both = [
        start(&redis, &scratch, "one"),
        start(&redis, &scratch, "other"),
    ];
    let pulses = [("a", &both[0]), ("b", &both[1])]
        .map(|(name, server)| Pulse::start(server.port(), "MESSAGE", name, 200));
    let begun = Instant::now();
    sleep(Duration::from_secs(1));
    redis.hang();
    sleep(Duration::from_secs(4));
    redis.go_on();
    sleep(Duration::from_secs(3));
    redis.kill();
    sleep(Duration::from_secs(1));
    redis.start();
    sleep(Duration::from_secs(1));
    let end = Instant::now();
    let asked: Vec<Asked> = pulses.into_iter().flat_map(Pulse::stop).collect();

    let all = answers(&asked, begun, end);
    assert_eq!(all.keys().collect::<Vec<_>>(), [&200], "{all:?}");
    let pause = slowest(&asked, begun, end);
    assert!(pause < Duration::from_secs(1), "an answer took {pause:?}");
    for server in &both {
        let mut probe = Probe::new(server.port());
        until("the sum is that of both", PATIENCE, || {
            (count(&mut probe) == Some(asked.len())).then_some(())
        });
        let told = server
            .printed()
            .matches("nothing is shared for now")
            .count();
        assert!(
            (2..=6).contains(&told),
            "{told} lines, for two modules and two outages"
        );
    }
    let mut probe = Probe::new(both[0].port());
    assert_eq!(count(&mut probe), Some(asked.len()), "and it stays so");
    println!("{} counted, slowest answer {pause:?}", asked.len());
}

#[test]
fn a_ban_on_one_server_holds_on_the_other_within_a_second() {
    let (redis, scratch) = (Redis::new(), Scratch::new());
    let both = [
        start(&redis, &scratch, "one"),
        start(&redis, &scratch, "other"),
    ];
    let [mut one, mut other] = both.each_ref().map(|server| Probe::new(server.port()));
    // Both have heard of Redis.
    sleep(Duration::from_millis(500));
    assert_eq!(status(&mut other, "SUBSCRIBE"), Some(404));
    assert_eq!(status(&mut one, "PUBLISH"), Some(200));
    let banned = Instant::now();
    until("the other server has heard", PATIENCE, || {
        (status(&mut other, "SUBSCRIBE") == Some(200)).then_some(())
    });
    let took = banned.elapsed();
    println!("it took {took:?}");
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

fn start(redis: &Redis, scratch: &Scratch, name: &str) -> Server {
    let text = SCRIPT.replace("{port}", &redis.port().to_string());
    let file = scratch.write(&format!("{name}.cfg"), &text);
    let dir = scratch.make_dir(name);
    Server::with_file(Subject::Ringwall, &dir, ports::block(1), &file, &[])
}

fn ask(probe: &mut Probe, method: &str) -> Option<String> {
    let uri = "sip:127.0.0.1";
    probe.send(method, uri, uri, "");
    (0..10).find_map(|_| probe.receive())
}

fn status(probe: &mut Probe, method: &str) -> Option<u16> {
    ask(probe, method)
        .as_deref()
        .and_then(ringwall_e2e::status_of)
}

fn count(probe: &mut Probe) -> Option<usize> {
    let answer = ask(probe, "INFO")?;
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("X-Count: "));
    line.and_then(|count| count.trim().parse().ok())
}
