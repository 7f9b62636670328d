//! A world from its start to a moment when everything has been said.

use crate::end::End;
use crate::page::Hiding;
use crate::secrets::Secrets;
use crate::wording::naming;
use policy::Proto;
use sim::{Arrival, Heard, Place, Scenario, Simulated, Way, What, World};
use std::path::Path;

/// What came of a world.
#[derive(Default)]
pub(crate) struct Outcome {
    /// A secret, and what told it to somebody.
    pub(crate) leak: Option<String>,
    /// Calls and subscriptions that came up.
    pub(crate) calls: usize,
    /// Requests within dialogs that reached the other end, by method.
    pub(crate) within: Vec<String>,
}

/// Plays a world. Before a message is searched it becomes what `look` makes of it.
pub(crate) fn played(seed: u64, hiding: &Hiding, look: impl Fn(&[u8]) -> Vec<u8>) -> Outcome {
    let mut rng = fastrand::Rng::with_seed(seed);
    let ends = cast(&mut rng);
    let places: Vec<Place> = ends.iter().map(|end| end.place).collect();
    let scenario = Scenario::parse(Path::new("leaks.md"), &hiding.page(&ends));
    let world = Simulated::start(&scenario.expect("a scenario"), &places, seed);
    let mut play = Play {
        world: world.unwrap_or_else(|why| panic!("{why}")),
        loses: seed.is_multiple_of(2),
        secrets: Secrets::default(),
        outcome: Outcome::default(),
        look,
        ends,
        rng,
    };
    for (who, end) in play.ends.iter().enumerate() {
        let secrets = end.secrets();
        secrets.iter().for_each(|text| play.secrets.keep(who, text));
    }
    for _ in 0..60 {
        play.act();
        let until_ms = play.world.now_ms() + play.rng.u64(..700);
        play.listen(until_ms);
    }
    play.listen(play.world.now_ms() + 40_000);
    play.outcome
}

/// Two to five ends.
fn cast(rng: &mut fastrand::Rng) -> Vec<End> {
    let count = rng.usize(2..6);
    let end = |number: usize| {
        let address = format!("127.0.0.{}:{}", 70 + number, rng.u16(6000..7000));
        let proto = match rng.u8(..3) {
            0 => Proto::Tcp,
            _ => Proto::Udp,
        };
        let address = address.parse().expect("an address");
        End::new(number, Place { proto, address }, rng)
    };
    (0..count).map(end).collect()
}

struct Play<L> {
    world: Simulated,
    /// The network loses one datagram in ten.
    loses: bool,
    secrets: Secrets,
    outcome: Outcome,
    look: L,
    ends: Vec<End>,
    rng: fastrand::Rng,
}

impl<L: Fn(&[u8]) -> Vec<u8>> Play<L> {
    /// Somebody does something.
    fn act(&mut self) {
        let who = self.rng.usize(..self.ends.len());
        let text = match self.rng.u8(..10) {
            0 | 1 => self.begin(who),
            2 => self.ends[who].answer(486),
            3 => self.ends[who].answer(302),
            4 | 5 => self.ends[who].answer(200),
            _ => self.go_on(who),
        };
        if let Some(text) = text {
            self.say(who, text, None);
        }
    }

    /// A call, or another request out of any dialog, to somebody else or to everybody.
    fn begin(&mut self, who: usize) -> Option<String> {
        let other = self.rng.usize(..self.ends.len() + 1);
        if who == other {
            return None;
        }
        let callee = self.ends.get(other).map_or("all", |end| &end.name);
        let target = format!("sip:{callee}@example.test");
        let methods = [
            "INVITE",
            "INVITE",
            "INVITE",
            "SUBSCRIBE",
            "MESSAGE",
            "REFER",
            "OPTIONS",
        ];
        let method = *self.rng.choice(&methods)?;
        let end = &mut self.ends[who];
        let named = self
            .rng
            .choice(&end.calls)
            .filter(|_| method != "INVITE" || self.rng.bool());
        let more = naming(method, named);
        Some(end.begin(method, &target, &more))
    }

    /// Something in a call.
    fn go_on(&mut self, who: usize) -> Option<String> {
        let end = &mut self.ends[who];
        let at = self.rng.usize(..end.calls.len().max(1));
        let call = end.calls.get(at)?;
        let methods: &[&str] = match (call.began_with, call.is_mine) {
            _ if call.is_mine && call.is_pending => return end.cancel(at),
            _ if !call.is_up => return None,
            ("SUBSCRIBE", true) => &["SUBSCRIBE"],
            ("SUBSCRIBE", false) => &["NOTIFY"],
            _ => &["INVITE", "INFO", "REFER", "UPDATE", "BYE"],
        };
        let method = *self.rng.choice(methods)?;
        Some(end.within(at, method))
    }

    /// Sends, sometimes twice.
    fn say(&mut self, who: usize, text: String, connection: Option<u64>) {
        let proto = self.ends[who].place.proto;
        let to = "127.0.0.1:5060".parse().expect("an address");
        let way = Way {
            proto,
            to,
            connection,
        };
        for _ in 0..1 + usize::from(self.rng.u8(..8) == 0) {
            // A connection may have been closed meanwhile.
            let _ = self.world.send(who, way, text.clone().into_bytes());
        }
    }

    /// Hears what comes until then, and answers.
    fn listen(&mut self, until_ms: u64) {
        while self.world.now_ms() < until_ms {
            for arrival in self.world.run_until(until_ms) {
                self.heard(&arrival);
            }
        }
    }

    fn heard(&mut self, arrival: &Arrival) {
        let (who, What::Octets(octets)) = (arrival.agent, &arrival.what) else {
            return;
        };
        let seen = (self.look)(octets);
        if self.outcome.leak.is_none()
            && let Some(secret) = self.secrets.betrayed_to(who, &seen)
        {
            let message = String::from_utf8_lossy(&seen);
            self.outcome.leak = Some(format!("{secret} told to end{who}:\n{message}"));
        }
        if self.loses && arrival.proto == Proto::Udp && self.rng.u8(..10) == 0 {
            return;
        }
        let heard = Heard::new(octets);
        self.count(&heard);
        for answer in self.ends[who].hear(&heard) {
            self.say(who, answer, arrival.connection);
        }
    }

    fn count(&mut self, heard: &Heard) {
        let is_within = heard.status().is_none() && heard.param("To", "tag").is_some();
        if is_within {
            self.outcome.within.push(heard.method().to_owned());
        }
        self.outcome.calls += usize::from(is_within && ["ACK", "NOTIFY"].contains(&heard.method()));
    }
}
