//! What an operator does in the first five minutes.

use crate::phones::House;
use ringwall_e2e::Transport::Udp;
use ringwall_e2e::{Scratch, User, ringwall};
use std::process::{Command, Output};

#[test]
fn sipsak_asks_and_registers() {
    let house = House::built_in(Udp);
    // As an outbound proxy: in a URI, sipsak forgets the fifth digit of a port.
    let proxy = format!("127.0.0.1:{}", house.port());
    let options = sipsak(&["-p", &proxy, "-s", "sip:example.test"]);
    assert!(options.status.success(), "OPTIONS");
    let alice = house.uri(User::ALICE);
    let register = |password| {
        let contact = "sip:alice@127.0.0.1:9";
        let arguments = [
            "-U", "-u", "alice", "-x", "60", "-p", &proxy, "-C", contact, "-a", password, "-s",
            &alice,
        ];
        sipsak(&arguments).status.success()
    };
    assert!(!register("guessed"));
    let nobody = house.ctl(&["ul", "show"]);
    assert!(!nobody.contains("sip:"), "{nobody}");
    assert!(register(User::ALICE.password));
    let shown = house.ctl(&["ul", "show"]);
    assert!(
        shown.contains("alice") && shown.contains("sip:alice@127.0.0.1:9"),
        "{shown}"
    );
    house.ctl(&["ul", "rm", "alice"]);
    assert_eq!(house.ctl(&["ul", "show"]), nobody);
}

#[test]
fn users_come_change_and_go_under_a_running_server() {
    let house = House::built_in(Udp);
    assert_eq!(house.ctl(&["user", "list"]).lines().count(), 2);
    house.ctl(&["user", "rm", "bob"]);
    assert!(!house.ctl(&["user", "list"]).contains("bob"));
    house.phone(User::BOB).await_refused();
    house.phone(User::ALICE).await_registered();
}

#[test]
fn the_words_that_need_no_server() {
    let scratch = Scratch::new();
    let policy = told(&["policy"]);
    let file = scratch.write("own.cfg", &policy);
    told(&["check", "-f", &file.display().to_string()]);
    assert!(told(&["modules"]).contains("registrar"));
    let modules: serde_json::Value =
        serde_json::from_str(&told(&["modules", "--json"])).expect("JSON");
    assert!(modules.as_array().is_some_and(|list| list.len() > 20));
    assert!(told(&["explain", "E0417"]).contains("module"));
    assert!(told(&["-v"]).contains(env!("CARGO_PKG_VERSION")));
    told(&["check", "-f", "/etc/kamailio/kamailio.cfg"]);
}

fn sipsak(arguments: &[&str]) -> Output {
    Command::new("sipsak")
        .args(arguments)
        .output()
        .expect("sipsak")
}

/// What `ringwall` prints, where it succeeds.
fn told(arguments: &[&str]) -> String {
    let output = Command::new(ringwall())
        .args(arguments)
        .output()
        .expect("ringwall");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
