//! Nothing of the inside is to be read outside: random calls between phones behind random proxies, over a network that
//! loses, doubles and reorders, and every octet that the public gets is searched.
//!
//! `SIM_SEEDS=10000 cargo test -p ringwall-sim --test leaks` plays more than the usual hundred worlds.

#[path = "leaks/end.rs"]
mod end;
#[path = "leaks/secrets.rs"]
mod secrets;

use end::End;
use policy::Proto;
use secrets::Secrets;
use sim::{Arrival, Heard, Place, Scenario, Simulated, Way, What, World};
use std::fmt::Write as _;
use std::path::Path;

/// Hides everything, and takes out what says too much.
const HIDING: &str = r#"loadmodule "topoh.so"
modparam("topoh", "mask_key", "the key of this play")
modparam("topoh", "mask_callid", 1)
"#;

const TELLTALES: &str = "remove_hf_re(\"^(User-Agent|Server|Warning|P-Asserted-Identity|History-Info|P-Charging-.*)$\");";

/// What came of the worlds.
#[derive(Default)]
struct Outcome {
    /// A secret and who read it.
    leak: Option<String>,
    /// Calls that came up.
    calls: usize,
    /// Requests within calls that reached the other end.
    within: usize,
}

/// The worlds that are played.
#[allow(
    clippy::disallowed_methods,
    reason = "the runner is asked by the environment"
)]
fn seeds() -> u64 {
    let asked = std::env::var("SIM_SEEDS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(100)
}

#[test]
fn nothing_leaks() {
    for mode in ["sealed", "kamailio", "migrate"] {
        let hiding = format!("{HIDING}modparam(\"topoh\", \"mask_mode\", \"{mode}\")\n");
        let (mut calls, mut within) = (0, 0);
        for seed in 1..=seeds() {
            let outcome = played(seed, &hiding, TELLTALES);
            assert_eq!(outcome.leak, None, "{mode}, seed {seed}");
            calls += outcome.calls;
            within += outcome.within;
        }
        let (calls, within) = (calls as u64, within as u64);
        assert!(
            calls > seeds() && within > 2 * seeds(),
            "{mode}: {calls} calls, {within} requests within them"
        );
    }
}

/// The detector sees what is not hidden.
#[test]
fn what_is_not_hidden_is_seen() {
    let clear_ids = HIDING.replace("\"mask_callid\", 1", "\"mask_callid\", 0");
    let let_pass =
        format!("{HIDING}event_route[topoh:msg-sending] {{ if ($rs == 180) {{ drop; }} }}\n");
    for (what, hiding, telltales) in [
        ("nothing hidden", "", TELLTALES),
        ("Call-IDs in clear", clear_ids.as_str(), TELLTALES),
        ("180 let pass", let_pass.as_str(), TELLTALES),
        ("telltales", HIDING, ""),
    ] {
        let seen = (1..=20).any(|seed| played(seed, hiding, telltales).leak.is_some());
        assert!(seen, "{what}");
    }
}

/// A world from its start to a moment when everything has been said.
fn played(seed: u64, hiding: &str, telltales: &str) -> Outcome {
    let mut rng = fastrand::Rng::with_seed(seed);
    let ends = cast(&mut rng);
    let places: Vec<Place> = ends.iter().map(|end| end.place).collect();
    let page = page(&ends, hiding, telltales);
    let scenario = Scenario::parse(Path::new("leaks.md"), &page).expect("a scenario");
    let world = Simulated::start(&scenario, &places, seed);
    let mut play = Play {
        world: world.unwrap_or_else(|why| panic!("{why}")),
        loses: seed.is_multiple_of(2),
        secrets: Secrets::default(),
        outcome: Outcome::default(),
        ends,
        rng,
    };
    for end in play.ends.iter().filter(|end| end.is_inside) {
        end.secrets()
            .iter()
            .for_each(|secret| play.secrets.keep(secret));
    }
    for _ in 0..60 {
        play.act();
        let until_ms = play.world.now_ms() + play.rng.u64(..700);
        play.listen(until_ms);
    }
    play.listen(play.world.now_ms() + 40_000);
    play.outcome
}

/// Two to five ends, the first inside and the second in public.
fn cast(rng: &mut fastrand::Rng) -> Vec<End> {
    let count = rng.usize(2..6);
    let end = |number: usize, rng: &mut fastrand::Rng| {
        let is_inside = number == 0 || (number > 1 && rng.bool());
        let address = format!("127.0.0.{}:{}", 70 + number, rng.u16(6000..7000));
        let address = address.parse().expect("an address");
        End::new(
            number,
            Place {
                proto: Proto::Udp,
                address,
            },
            is_inside,
            rng,
        )
    };
    (0..count).map(|number| end(number, rng)).collect()
}

fn page(ends: &[End], hiding: &str, telltales: &str) -> String {
    let (mut ways, mut names) = (String::new(), String::new());
    for end in ends {
        let (name, address) = (&end.name, end.place.address);
        let _ = writeln!(ways, "    if ($rU == \"{name}\") $du = \"sip:{address}\";");
        for host in end.hosts() {
            let _ = writeln!(names, "dns {host} A {}", address.ip());
        }
    }
    format!(
        r#"# Leaks

```kamailio
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
listen=udp:127.0.0.1:5060
{hiding}
request_route {{
    {telltales}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (is_method("ACK") && t_check_trans()) {{
            t_relay();
        }}
        exit;
    }}
    t_check_trans();
    record_route();
{ways}
    t_relay();
}}
reply_route {{
    {telltales}
}}
```

```sip
{names}
wait 1s
```
"#
    )
}

struct Play {
    world: Simulated,
    /// The network loses one message in ten.
    loses: bool,
    secrets: Secrets,
    outcome: Outcome,
    ends: Vec<End>,
    rng: fastrand::Rng,
}

impl Play {
    /// Somebody does something.
    fn act(&mut self) {
        let who = self.rng.usize(..self.ends.len());
        let other = self.rng.usize(..self.ends.len());
        let callee = self.ends[other].name.clone();
        let end = &mut self.ends[who];
        let known = end.calls.len();
        let at = self.rng.usize(..known.max(1));
        let call = end.calls.get(at).cloned();
        let text = match (self.rng.u8(..8), call) {
            (0, call) if who != other => {
                let named = call.map(|call| call.call_id);
                Some(end.invite(&callee, named.as_deref().filter(|_| self.rng.bool())))
            }
            (1, Some(call)) if call.calling => Some(end.cancel(at)),
            (2, _) => end.answer(486),
            (3 | 4, _) => end.answer(200),
            (method, Some(call)) if call.is_up => {
                let methods = ["INVITE", "INFO", "REFER", "UPDATE", "BYE"];
                Some(end.within(at, methods[usize::from(method) % methods.len()]))
            }
            _ => None,
        };
        if let Some(text) = text {
            self.say(who, text);
        }
    }

    /// Sends, sometimes twice.
    fn say(&mut self, who: usize, text: String) {
        let to = "127.0.0.1:5060".parse().expect("an address");
        let way = Way {
            proto: Proto::Udp,
            to,
            connection: None,
        };
        for _ in 0..1 + usize::from(self.rng.u8(..8) == 0) {
            let sent = self.world.send(who, way, text.clone().into_bytes());
            sent.expect("a way");
        }
    }

    /// Hears what comes until then, and answers.
    fn listen(&mut self, until_ms: u64) {
        while self.world.now_ms() < until_ms {
            for Arrival { agent, what, .. } in self.world.run_until(until_ms) {
                if let What::Octets(octets) = what {
                    self.heard(agent, &octets);
                }
            }
        }
    }

    fn heard(&mut self, who: usize, octets: &[u8]) {
        if !self.ends[who].is_inside && self.outcome.leak.is_none() {
            let secret = self.secrets.betrayed_by(octets);
            self.outcome.leak =
                secret.map(|secret| format!("{secret} in:\n{}", String::from_utf8_lossy(octets)));
        }
        if self.loses && self.rng.u8(..10) == 0 {
            return;
        }
        let heard = Heard::new(octets);
        let is_ack = heard.method() == "ACK" && heard.status().is_none();
        self.outcome.calls += usize::from(is_ack);
        let is_within = heard.param("To", "tag").is_some() && heard.status().is_none();
        self.outcome.within += usize::from(is_within && !is_ack);
        for answer in self.ends[who].hear(&heard, &mut self.rng) {
            self.say(who, answer);
        }
    }
}
