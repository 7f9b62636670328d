//! A play that goes otherwise than written fails, and says how.

use sim::{Player, Scenario, Simulated, Subject, Verdict, World, play};
use std::path::Path;

fn scenario(script: &str, steps: &str) -> Scenario {
    let page = format!(
        "# Test\n\n```kamailio\nloadmodule \"sl.so\"\nloadmodule \"tm.so\"\nloadmodule \"xlog.so\"\n\
         listen=udp:127.0.0.1:5060\n{script}\n```\n\n```sip\n{steps}\n```\n"
    );
    Scenario::parse(Path::new("test.md"), &page).expect("a scenario")
}

/// Plays in the simulator; the failure, if there is one.
fn failure(script: &str, steps: &str, seed: u64) -> Option<String> {
    let scenario = scenario(script, steps);
    match play(&scenario, Subject::Sim, seed) {
        Verdict::Failed(failure) => Some(failure),
        Verdict::Played => None,
        Verdict::Skipped(why) => panic!("{why}"),
    }
}

const ANSWER: &str =
    "request_route { xlog(\"L_INFO\", \"seen\"); sl_send_reply(\"200\", \"OK\"); }";
const RELAY: &str = "request_route { t_relay(); }";

/// What fails, and words of the failure.
const WRONG: &[(&str, &str, &str)] = &[
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 404",
        "- 404\n+ SIP/2.0 200 OK",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200 Fine",
        "- 200 Fine\n+ SIP/2.0 200 OK",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\n    count Via = 2",
        "- count Via = 2\n+ SIP/2.0/UDP",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\n    Contact ~ x",
        "- Contact ~ x\n+ there is none",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- nothing for 1s",
        "alice got this",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nwait 1s",
        "alice got a message that nobody expected",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\nalice <- 200 again",
        "alice got nothing",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200 after 1s",
        "ms already",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\nbob <- OPTIONS",
        "bob got nothing",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nunordered\n    alice <- 200\n    alice <- 100",
        "1 of them did not come",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\nlog ~ unseen",
        "no line of the log matches unseen",
    ),
    (
        ANSWER,
        "alice -> OPTIONS sip:a\nalice <- 200\n!log ~ seen",
        "this was logged: INFO: <script>: seen",
    ),
    (ANSWER, "alice -> BYE", "no BYE was sent"),
    (ANSWER, "eve -> BYE sip:a", "there is no agent eve"),
    (
        ANSWER,
        "alice -> OPTIONS sip:{nobody}",
        "nothing is known as {nobody}",
    ),
    (
        "request_route { no_such(); }",
        "wait 1s",
        "unknown function `no_such`",
    ),
    (
        RELAY,
        "alice -> OPTIONS sip:bob@127.0.0.1:5072\nbob <- OPTIONS sip:bob@127.0.0.1",
        "- OPTIONS sip:bob@127.0.0.1\n+ OPTIONS sip:bob@127.0.0.1:5072 SIP/2.0",
    ),
];

#[test]
fn what_goes_otherwise_fails_and_says_how() {
    for (script, steps, words) in WRONG {
        let failure = failure(script, steps, 1).unwrap_or_else(|| panic!("played: {steps}"));
        assert!(
            failure.contains(words),
            "{steps}\ndoes not say `{words}` but\n{failure}"
        );
    }
}

#[test]
fn what_goes_as_written_plays() {
    let relayed = "alice -> OPTIONS sip:bob@127.0.0.1:5072\nbob <- OPTIONS\nbob <- OPTIONS again within 600ms\n\
                   bob -> 200\nalice <- 200\nalice <- nothing for 1s";
    let answered = "alice -> OPTIONS sip:a\nalice <- 200\n    To ~ tag=(.+) => x\nlog ~ seen\n\
                    alice -> OPTIONS again\nalice <- 200 again\n    To ~ {x}\n!log ~ unseen";
    for seed in 1..20 {
        assert_eq!(failure(RELAY, relayed, seed), None);
        assert_eq!(failure(ANSWER, answered, seed), None);
    }
}

#[test]
fn one_seed_is_one_run() {
    let steps = "alice -> INVITE sip:bob@127.0.0.1:5072\nbob <- INVITE\nalice <- 200";
    let run = |seed| failure(RELAY, steps, seed).expect("a failure");
    assert_eq!(run(7), run(7));
    assert!((8..30).any(|seed| without_seed(&run(seed)) != without_seed(&run(7))));
}

fn without_seed(failure: &str) -> &str {
    failure.split("SIM_SEED").next().unwrap_or_default()
}

#[test]
fn datagrams_overtake_each_other_unless_the_world_is_calm() {
    let steps = "alice -> MESSAGE sip:bob@127.0.0.1:5072\n    X: 1\n\
                 alice.two -> MESSAGE sip:bob@127.0.0.1:5072\n    X: 2\n\
                 bob <- MESSAGE\n    X: 1\nbob.two <- MESSAGE\n    X: 2";
    assert_eq!(failure(RELAY, steps, 1), None);
    assert!((2..40).any(|seed| failure(RELAY, steps, seed).is_some()));
}

#[test]
fn transactions_are_there_until_their_timers_end_them() {
    let scenario = scenario(
        RELAY,
        "alice -> INVITE sip:bob@127.0.0.1:5072\nbob <- INVITE",
    );
    let places = Player::<Simulated>::places(&scenario);
    let mut world = Simulated::start(&scenario, &places, 1).expect("a world");
    Player::play(&mut world, &scenario, 1).expect("as written");
    assert_eq!(world.transactions(), 1);
    while world.now_ms() < 600_000 {
        world.run_until(600_000);
    }
    assert_eq!(world.transactions(), 0);
}
