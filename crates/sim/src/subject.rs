//! Who is asked: the edge in the simulator, our binary, or Kamailio.

use crate::loopback::{Loopback, Network, Server};
use crate::{Player, Scenario, Simulated, World};
use policy::Proto;
use std::path::Path;

/// Who plays the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The edge in the simulated world.
    Sim,
    /// The binary `ringwall`.
    Ringwall,
    /// Kamailio.
    Kamailio,
}

/// What came of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All went as written.
    Played,
    /// It was not played, and why.
    Skipped(String),
    /// It went otherwise.
    Failed(String),
}

impl Subject {
    /// The one that `SUBJECT` names; the simulator without it.
    ///
    /// # Errors
    /// A name that is none.
    #[allow(
        clippy::disallowed_methods,
        reason = "the runner is asked by the environment"
    )]
    pub fn from_environment() -> Result<Subject, String> {
        match std::env::var("SUBJECT").as_deref() {
            Err(_) | Ok("" | "sim") => Ok(Subject::Sim),
            Ok("ringwall") => Ok(Subject::Ringwall),
            Ok("kamailio") => Ok(Subject::Kamailio),
            Ok(other) => Err(format!(
                "SUBJECT={other}: it is `sim`, `ringwall` or `kamailio`"
            )),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Sim => "sim",
            Subject::Ringwall => "ringwall",
            Subject::Kamailio => "kamailio",
        }
    }

    /// Why this subject cannot play a scenario, if it cannot.
    pub fn excuse(self, scenario: &Scenario) -> Option<String> {
        let surroundings = &scenario.surroundings;
        if let Some((only, why)) = &surroundings.only
            && only != self.name()
        {
            return Some(format!("only {only}: {why}"));
        }
        if self == Subject::Sim {
            let file = missing_file(scenario);
            return file.map(|file| format!("{file} is absent: install Debian's package kamailio"));
        }
        let tls = |agent: &crate::scenario::Agent| agent.proto == Proto::Tls;
        if !surroundings.records.is_empty() {
            Some("it needs the simulated name servers".to_owned())
        } else if surroundings.agents.iter().any(tls) {
            Some("agents speak TLS only in the simulator".to_owned())
        } else if scenario.uses_rpc() {
            Some("commands are called only in the simulator".to_owned())
        } else if scenario.waiting_ms() > PATIENT_MS {
            Some(format!("it waits {} s", scenario.waiting_ms() / 1000))
        } else {
            None
        }
    }
}

/// How long a scenario may wait where time is real.
const PATIENT_MS: u64 = 10_000;

/// The configuration outside the scenario that is not there.
fn missing_file(scenario: &Scenario) -> Option<&str> {
    let words = scenario.script.arguments.as_deref()?;
    let at = words.iter().position(|word| word == "-f")?;
    let file = words.get(at + 1)?;
    (file.starts_with('/') && !Path::new(file).exists()).then_some(file.as_str())
}

/// Plays a scenario. What is random is drawn from `seed`, as far as the subject allows it.
pub fn play(scenario: &Scenario, subject: Subject, seed: u64) -> Verdict {
    if let Some(why) = subject.excuse(scenario) {
        return Verdict::Skipped(why);
    }
    let came = match subject {
        Subject::Sim => simulated(scenario, seed),
        Subject::Ringwall | Subject::Kamailio => real(scenario, subject, seed),
    };
    match came {
        Ok(()) => Verdict::Played,
        Err(failure) => Verdict::Failed(failure),
    }
}

fn simulated(scenario: &Scenario, seed: u64) -> Result<(), String> {
    let places = Player::<Simulated>::places(scenario);
    let at_seed = |failure| format!("{failure}\nSIM_SEED={seed}\n");
    let mut world = Simulated::start(scenario, &places, seed)?;
    Player::play(&mut world, scenario, seed).map_err(at_seed)?;
    nothing_left(&mut world).map_err(at_seed)
}

/// Whatever was played, every transaction ends by itself.
fn nothing_left(world: &mut Simulated) -> Result<(), String> {
    let end = world.now_ms() + LONGEST_TRANSACTION_MS;
    while world.now_ms() < end {
        // Nobody listens any more.
        drop(world.run_until(end));
    }
    match world.transactions() {
        0 => Ok(()),
        left => Err(format!("{left} transactions are left when all is over")),
    }
}

/// No timer of a transaction is longer.
const LONGEST_TRANSACTION_MS: u64 = 600_000;

fn real(scenario: &Scenario, subject: Subject, seed: u64) -> Result<(), String> {
    let network = Network::take(scenario)?;
    let scenario = scenario.moved_to(network.prefix())?;
    let server = Server::start(&scenario, subject)?;
    let places = Player::<Loopback>::places(&scenario);
    let mut world = Loopback::new(server, &places)?;
    Player::play(&mut world, &scenario, seed)
}
