//! Two servers that share counters and bans through one Redis, which hangs, is killed and comes back under load.

use ringwall_e2e::pulse::{Asked, Pulse, answers, slowest};
use ringwall_e2e::{
    DatabaseServer, PATIENCE, Probe, Redis, Scratch, Server, Subject, ports, until,
};
use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `{port}` is that of Redis. MESSAGE counts, INFO tells, PUBLISH bans its sender.
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
    if (is_method("PUBLISH")) ban_add("$si", "600", "noise");
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
    let mut probe = Probe::new(both[1].port());
    // Both have heard of Redis.
    sleep(Duration::from_millis(500));
    until("the other server answers", PATIENCE, || probe.options());
    // Whoever opened a connection is who he says.
    let mut stream = TcpStream::connect(("127.0.0.1", both[0].port())).expect("a connection");
    let request = "PUBLISH sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKban\r\n\
        From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: ban\r\nCSeq: 1 PUBLISH\r\n\
        Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    let begun = Instant::now();
    until("the first server has banned", PATIENCE, || {
        both[0].printed().contains("banned 127.0.0.1").then_some(())
    });
    let deadline = Instant::now() + Duration::from_secs(1);
    sleep(deadline.saturating_duration_since(Instant::now()));
    while probe.receive().is_some() {}
    let answer = probe.options();
    assert_eq!(answer, None, "{:?} after the ban", begun.elapsed());
}

fn start(redis: &Redis, scratch: &Scratch, name: &str) -> Server {
    let text = SCRIPT.replace("{port}", &redis.port().to_string());
    let file = scratch.write(&format!("{name}.cfg"), &text);
    let dir = scratch.make_dir(name);
    let port = ports::block(1);
    let tcp = format!("tcp:127.0.0.1:{port}");
    Server::with_file(Subject::Ringwall, &dir, port, &file, &["-l", &tcp])
}

fn ask(probe: &mut Probe, method: &str) -> Option<String> {
    let uri = "sip:127.0.0.1";
    probe.send(method, uri, uri, "");
    (0..10).find_map(|_| probe.receive())
}

fn count(probe: &mut Probe) -> Option<usize> {
    let answer = ask(probe, "INFO")?;
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("X-Count: "));
    line.and_then(|count| count.trim().parse().ok())
}
