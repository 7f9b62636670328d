//! Every input of `tests/attacks`, sent to the server with the built-in policy over real sockets, one after the
//! other, by a stranger and by a user. After each of them the next good request is answered within a second.

mod bystanders;
pub(crate) mod link;
mod siege;

use siege::Siege;
use sim::attack::{Input, Proto, Who, inputs};
use std::path::Path;

#[test]
fn every_attack_over_udp() {
    withstand(Proto::Udp);
}

#[test]
fn every_attack_over_tcp() {
    withstand(Proto::Tcp);
}

#[test]
fn every_attack_over_tls() {
    withstand(Proto::Tls);
}

/// All inputs by both attackers, each with a server of its own, at the same time.
fn withstand(proto: Proto) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../attacks");
    let inputs = inputs(&folder).expect("inputs");
    let (stranger, insider) = std::thread::scope(|scope| {
        let insider = scope.spawn(|| besiege(&inputs, proto, Who::Insider));
        let stranger = besiege(&inputs, proto, Who::Stranger);
        (stranger, insider.join().expect("an end"))
    });
    let wrong = [stranger, insider].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was wrong, input by input.
fn besiege(inputs: &[Input], proto: Proto, who: Who) -> Vec<String> {
    let mut siege = Siege::lay(proto, who);
    let mut wrong = Vec::new();
    // Half messages are waited for in `streams`.
    for input in inputs
        .iter()
        .filter(|input| input.concerns(proto, who) && !input.is_slow)
    {
        let found = siege.attack(input).unwrap_or_else(|error| vec![error]);
        if !found.is_empty() {
            wrong.push(format!(
                "{} ({proto}, {who}): {}",
                input.name,
                found.join("; ")
            ));
        }
    }
    wrong.extend(siege.afterwards());
    wrong
}
