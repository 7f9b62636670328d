//! The player: it acts the phones of a play and tells whether all went as written.

mod check;
mod expect;
mod journal;
mod send;

use crate::phone::Dialog;
use crate::scenario::{Agent, Step, StepKind, Who};
use crate::text::Names;
use crate::{Arrival, Heard, Place, Scenario, What, World};
use journal::Journal;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One play of a scenario in a world.
pub struct Player<'a, W: World> {
    world: &'a mut W,
    scenario: &'a Scenario,
    phones: Vec<Phone>,
    names: Names,
    journal: Journal,
    /// Log lines before this one are done with.
    log_read: usize,
    /// When the step before ended.
    step_ended_ms: u64,
    tokens: fastrand::Rng,
}

/// An agent with what it has on the table.
struct Phone {
    agent: Agent,
    inbox: VecDeque<Letter>,
    /// What has come before, to know copies.
    known: BTreeSet<String>,
    dialogs: BTreeMap<String, Dialog>,
}

/// Something in an inbox.
struct Letter {
    arrival: Arrival,
    heard: Heard,
    is_copy: bool,
}

impl<'a, W: World> Player<'a, W> {
    /// The places that the agents of a scenario need, in order.
    pub fn places(scenario: &Scenario) -> Vec<Place> {
        let agents = scenario.surroundings.agents.iter();
        agents
            .map(|agent| Place {
                proto: agent.proto,
                address: agent.address,
            })
            .collect()
    }

    /// Plays a scenario; tokens such as branches are drawn from `seed`.
    ///
    /// # Errors
    /// The step that failed with everything that is known about it.
    pub fn play(world: &'a mut W, scenario: &'a Scenario, seed: u64) -> Result<(), String> {
        let agents = scenario.surroundings.agents.iter();
        let mut player = Player {
            phones: agents.map(Phone::new).collect(),
            names: names(scenario),
            step_ended_ms: world.now_ms(),
            journal: Journal::default(),
            log_read: 0,
            tokens: fastrand::Rng::with_seed(seed),
            world,
            scenario,
        };
        for step in &scenario.steps {
            player
                .step(step)
                .map_err(|wrong| player.failure(Some(step), &wrong))?;
            player.step_ended_ms = player.world.now_ms();
        }
        player
            .finish()
            .map_err(|wrong| player.failure(None, &wrong))
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match &step.kind {
            StepKind::Send(send) => self.send(send),
            StepKind::Expect(expect) => self.expect(expect),
            StepKind::Unordered(steps) => self.expect_all(steps),
            StepKind::Silence { who, for_ms } => self.silence(who, *for_ms),
            StepKind::Closed { who, within_ms } => self.closed(who, *within_ms),
            StepKind::Closes(who) => {
                let phone = self.phone(who)?;
                self.world.close(phone);
                Ok(())
            }
            StepKind::Wait(ms) => {
                self.let_pass(self.world.now_ms() + ms);
                Ok(())
            }
            StepKind::Log { pattern, wanted } => self.log(pattern, *wanted),
            StepKind::Rpc {
                name,
                arguments,
                patterns,
            } => self.rpc(name, arguments, patterns),
        }
    }

    /// What has come must have been expected.
    fn finish(&mut self) -> Result<(), String> {
        self.let_pass(self.world.now_ms() + SETTLE_MS + self.world.patience_ms() / 10);
        for phone in &mut self.phones {
            phone.tidy();
            if let Some(letter) = phone.inbox.front() {
                let name = &phone.agent.name;
                return Err(format!(
                    "{name} got a message that nobody expected:\n\n{}",
                    journal::quoted(&letter.heard.message)
                ));
            }
        }
        Ok(())
    }

    /// Lets time pass and puts what comes into the inboxes.
    fn let_pass(&mut self, until_ms: u64) {
        while self.world.now_ms() < until_ms {
            let arrivals = self.world.run_until(until_ms);
            self.take_in(arrivals);
        }
    }

    fn take_in(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            let heard = match &arrival.what {
                What::Octets(octets) => Heard::new(octets),
                What::Closed => Heard::default(),
            };
            if let Some(phone) = self.phones.get_mut(arrival.agent) {
                self.journal.heard(&arrival, &phone.agent.name, &heard);
                phone.take_in(arrival, heard);
            }
        }
    }

    fn log(&mut self, pattern: &Regex, wanted: bool) -> Result<(), String> {
        let deadline = self.world.now_ms() + SETTLE_MS + self.world.patience_ms();
        loop {
            let log = self.world.log();
            let new = log.get(self.log_read..).unwrap_or_default();
            match (new.iter().position(|line| pattern.is_match(line)), wanted) {
                (Some(found), true) => {
                    self.log_read += found + 1;
                    return Ok(());
                }
                (Some(found), false) => {
                    return Err(format!("this was logged: {}", new[found]));
                }
                (None, false) => return Ok(()),
                (None, true) if self.world.now_ms() >= deadline => {
                    return Err(format!("no line of the log matches {pattern}"));
                }
                (None, true) => {
                    let until = deadline.min(self.world.now_ms() + SETTLE_MS);
                    let arrivals = self.world.run_until(until);
                    self.take_in(arrivals);
                }
            }
        }
    }

    fn rpc(&mut self, name: &str, arguments: &[String], patterns: &[Regex]) -> Result<(), String> {
        let json = |word: &String| {
            let word = crate::text::fill(word, &self.names)?;
            Ok(serde_json::from_str(&word).unwrap_or(serde_json::Value::String(word)))
        };
        let params = arguments.iter().map(json).collect::<Result<_, String>>()?;
        let answer = self.world.rpc(name, params).unwrap_or_else(|error| error);
        let indented = indented(&answer).unwrap_or_default();
        let held = |pattern: &Regex| pattern.is_match(&answer) || pattern.is_match(&indented);
        match patterns.iter().find(|pattern| !held(pattern)) {
            Some(pattern) => Err(format!("{pattern} does not match the answer:\n\n{answer}")),
            None => Ok(()),
        }
    }

    /// The number of an agent.
    fn phone(&self, who: &Who) -> Result<usize, String> {
        let found = self
            .phones
            .iter()
            .position(|phone| phone.agent.name == who.agent);
        found.ok_or_else(|| format!("there is no agent {}: write `agent {0} …`", who.agent))
    }

    fn failure(&self, step: Option<&Step>, wrong: &str) -> String {
        let place = match step {
            Some(step) => format!(
                "{}:{}: {}",
                self.scenario.path.display(),
                step.line,
                step.text
            ),
            None => format!("{}: at the end", self.scenario.path.display()),
        };
        let log = self.world.log();
        let last = log
            .get(log.len().saturating_sub(LOG_SHOWN)..)
            .unwrap_or_default();
        format!(
            "{place}\n{wrong}\n\nwhat went before:\n{}\nlog:\n  {}\n",
            self.journal,
            last.join("\n  ")
        )
    }
}

/// How long after the last step something may still come, in milliseconds.
const SETTLE_MS: u64 = 50;
/// How many log lines a failure shows.
const LOG_SHOWN: usize = 20;

/// JSON with a line for each value.
fn indented(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn names(scenario: &Scenario) -> Names {
    let agents = scenario.surroundings.agents.iter();
    agents
        .map(|agent| (agent.name.clone(), agent.address.to_string()))
        .collect()
}

impl Phone {
    fn new(agent: &Agent) -> Phone {
        Phone {
            agent: agent.clone(),
            inbox: VecDeque::new(),
            known: BTreeSet::new(),
            dialogs: BTreeMap::new(),
        }
    }

    fn take_in(&mut self, arrival: Arrival, heard: Heard) {
        let is_copy = arrival.what != What::Closed && !self.known.insert(heard.identity());
        self.inbox.push_back(Letter {
            arrival,
            heard,
            is_copy,
        });
    }

    /// Throws away what need not be expected.
    fn tidy(&mut self) {
        self.inbox.retain(Letter::is_news);
    }
}

impl Letter {
    /// True for what must be expected.
    fn is_news(&self) -> bool {
        !self.is_copy && self.heard.status() != Some(100) && self.arrival.what != What::Closed
    }
}
