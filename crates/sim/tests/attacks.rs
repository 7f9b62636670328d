//! Sends every input of `tests/attacks` to the built-in policy; see `docs/testing.md`.
#![allow(clippy::disallowed_methods, reason = "a runner is the world")]

mod attacks {
    pub(crate) mod siege;
}

use attacks::siege::Siege;
use libtest_mimic::{Arguments, Failed, Trial};
use policy::Proto;
use sim::attack::{Input, Who, inputs};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/attacks");
    match inputs(&folder) {
        Ok(inputs) => libtest_mimic::run(&arguments, trials(inputs)).exit_code(),
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

/// One for each input, transport and attacker.
fn trials(inputs: Vec<Input>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for input in inputs.into_iter().map(Arc::new) {
        for proto in [Proto::Udp, Proto::Tcp, Proto::Tls] {
            for who in [Who::Stranger, Who::Insider] {
                if input.concerns(proto, who) {
                    trials.push(trial(input.clone(), proto, who));
                }
            }
        }
    }
    trials
}

fn trial(input: Arc<Input>, proto: Proto, who: Who) -> Trial {
    let name = format!("{} ({proto}, {who})", input.name);
    Trial::test(name, move || {
        let seed = seed(&input.name);
        attack(&input, (proto, who), seed)
            .map_err(|wrong| Failed::from(format!("{wrong}\n\nseed {seed}")))
    })
}

/// 1 or 2, always the same for an input: of so many inputs every second one meets datagrams that overtake.
fn seed(name: &str) -> u64 {
    1 + name.bytes().map(u64::from).sum::<u64>() % 2
}

fn attack(input: &Input, (proto, who): (Proto, Who), seed: u64) -> Result<(), String> {
    let mut siege = Siege::lay(proto, seed)?;
    let seen = siege.attack(input, who)?;
    let mut wrong = input.judge(proto, who, &seen);
    wrong.extend(siege.afterwards());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\n\n{}\nlog:\n{}",
        wrong.join("\n"),
        seen.told(),
        siege.log()
    ))
}
