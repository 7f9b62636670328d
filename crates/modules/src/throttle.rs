//! Pipes that let so much through and no more: what `ratelimit` and `pipelimit` have in common.
//!
//! The algorithms are those of their READMEs. Time comes as the end of an interval ([`Pipe::turn`]); in
//! between a check is a count and a comparison.

mod commands;
mod load;

pub(crate) use commands::{pipe_setting, pushed_load};
pub(crate) use load::{Load, Regulator};

/// How a pipe decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Everything passes.
    Nop,
    /// Every n-th passes, as the last interval would have needed.
    Red,
    /// The first ones of an interval pass.
    TailDrop,
    /// A controller holds the processor's load at the limit, in percent.
    Feedback,
    /// Nothing passes while more octets than the limit wait in the sockets.
    Network,
}

/// In the order of Kamailio's numbers.
const ALGORITHMS: [(Algorithm, &str); 5] = [
    (Algorithm::Nop, "NOP"),
    (Algorithm::Red, "RED"),
    (Algorithm::TailDrop, "TAILDROP"),
    (Algorithm::Feedback, "FEEDBACK"),
    (Algorithm::Network, "NETWORK"),
];

impl Algorithm {
    /// Reads its name; upper case, as Kamailio's ratelimit wants it in the configuration.
    pub(crate) fn parse(name: &[u8]) -> Option<Algorithm> {
        let found = ALGORITHMS.iter().find(|(_, own)| own.as_bytes() == name);
        found.map(|(algorithm, _)| *algorithm)
    }

    /// Reads its name in any case, as Kamailio's pipelimit and commands do.
    pub(crate) fn named(name: &[u8]) -> Option<Algorithm> {
        let is_it = |own: &str| own.as_bytes().eq_ignore_ascii_case(name);
        let found = ALGORITHMS.iter().find(|(_, own)| is_it(own));
        found.map(|(algorithm, _)| *algorithm)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let found = ALGORITHMS.iter().find(|(own, _)| *own == self);
        found.map_or("NOP", |(_, name)| *name)
    }

    /// Its number, as the commands of Kamailio's ratelimit tell it.
    pub(crate) fn number(self) -> usize {
        let found = ALGORITHMS.iter().position(|(own, _)| *own == self);
        found.unwrap_or_default()
    }

    /// Whether it needs to know what the machine does.
    pub(crate) fn goes_by_load(self) -> bool {
        matches!(self, Algorithm::Feedback | Algorithm::Network)
    }

    /// Whether a limit makes sense for it.
    pub(crate) fn takes(self, limit: u32) -> bool {
        self != Algorithm::Feedback || limit <= 100
    }
}

/// The gains of the controller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gains {
    pub(crate) ki: f64,
    pub(crate) kp: f64,
    pub(crate) kd: f64,
}

impl Default for Gains {
    fn default() -> Gains {
        Gains {
            ki: -25.0,
            kp: 0.0,
            kd: 0.0,
        }
    }
}

/// A pipe with its counts.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    pub(crate) algorithm: Algorithm,
    pub(crate) limit: u32,
    /// Checks in this interval.
    pub(crate) counter: u32,
    /// Checks in the last one.
    pub(crate) last_counter: u32,
    /// RED: every so-manieth passes. FEEDBACK: so many of a hundred do not. NETWORK: 1 while nothing passes, -1
    /// while everything does.
    pub(crate) drop_rate: i32,
    /// The sum of the controller's errors, and the last one.
    errors: (f64, f64),
}

/// Where the sum of errors is cut: no more than what drops everything by `ki` alone, so that the
/// controller forgets a long overload quickly.
const MOST_PERCENT: f64 = 100.0;

impl Pipe {
    pub(crate) fn new(algorithm: Algorithm, limit: u32) -> Pipe {
        Pipe {
            algorithm,
            limit,
            counter: 0,
            last_counter: 0,
            drop_rate: 0,
            errors: (0.0, 0.0),
        }
    }

    /// Counts one and says whether it passes. TAILDROP lets `limit * times` pass an interval.
    pub(crate) fn check(&mut self, times: u32) -> bool {
        self.counter = self.counter.saturating_add(1);
        match self.algorithm {
            Algorithm::Nop => true,
            Algorithm::TailDrop => self.counter <= self.limit.saturating_mul(times),
            Algorithm::Red => match u32::try_from(self.drop_rate) {
                Ok(rate) if rate > 1 => self.counter.is_multiple_of(rate),
                _ => true,
            },
            Algorithm::Feedback => spread(self.counter) >= self.drop_rate,
            Algorithm::Network => self.drop_rate <= 0,
        }
    }

    /// Ends an interval.
    pub(crate) fn turn(&mut self, times: u32, load: Load, gains: &Gains) {
        self.last_counter = std::mem::take(&mut self.counter);
        match self.algorithm {
            Algorithm::Nop | Algorithm::TailDrop => self.drop_rate = 0,
            Algorithm::Red => {
                let allowed = self.limit.saturating_mul(times);
                let rate = self.last_counter.checked_div(allowed).unwrap_or(0);
                self.drop_rate = i32::try_from(rate).unwrap_or(i32::MAX);
            }
            Algorithm::Feedback => self.control(load, gains),
            Algorithm::Network => {
                let is_over = load.waiting.unwrap_or(0) > u64::from(self.limit);
                self.drop_rate = if is_over { 1 } else { -1 };
            }
        }
    }

    /// One step of the PID controller; nothing while the load is not known.
    pub(crate) fn control(&mut self, load: Load, gains: &Gains) {
        let (Algorithm::Feedback, Some(cpu)) = (self.algorithm, load.cpu) else {
            return;
        };
        let error = f64::from(self.limit) / 100.0 - cpu;
        let (sum, last) = self.errors;
        let most = match gains.ki.abs() {
            ki if ki > 0.0 => MOST_PERCENT / ki,
            _ => MOST_PERCENT,
        };
        // Load below the limit is no credit for later.
        let bounds = if gains.ki < 0.0 {
            (-most, 0.0)
        } else {
            (0.0, most)
        };
        let sum = (sum + error).clamp(bounds.0, bounds.1);
        let output = gains.kp * error + gains.ki * sum + gains.kd * (error - last);
        self.errors = (sum, error);
        self.drop_rate = output.clamp(0.0, MOST_PERCENT) as i32;
    }
}

/// A place from 0 to 99 for each of a hundred in a row, neighbours far apart.
fn spread(counter: u32) -> i32 {
    // 61 has no factor in common with 100, so each place comes once.
    (u64::from(counter) * 61 % 100) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pipe: &mut Pipe, times: u32, checks: usize) -> String {
        let sign = |passes| if passes { '+' } else { '-' };
        (0..checks).map(|_| sign(pipe.check(times))).collect()
    }

    #[test]
    fn tail_drop_lets_the_first_ones_pass() {
        let mut pipe = Pipe::new(Algorithm::TailDrop, 2);
        assert_eq!(passes(&mut pipe, 2, 6), "++++--");
        pipe.turn(2, Load::default(), &Gains::default());
        assert_eq!(passes(&mut pipe, 2, 5), "++++-");
    }

    #[test]
    fn red_lets_every_nth_pass_as_the_last_interval_would_have_needed() {
        let mut pipe = Pipe::new(Algorithm::Red, 5);
        assert!(!passes(&mut pipe, 2, 40).contains('-'));
        pipe.turn(2, Load::default(), &Gains::default());
        assert_eq!(passes(&mut pipe, 2, 9), "---+---+-");
        pipe.turn(2, Load::default(), &Gains::default());
        assert_eq!(passes(&mut pipe, 2, 9), "+++++++++");
    }

    #[test]
    fn the_controller_drops_more_the_longer_the_load_is_too_high() {
        let mut pipe = Pipe::new(Algorithm::Feedback, 50);
        let mut drops = Vec::new();
        for cpu in [0.9, 0.9, 0.9, 0.5, 0.22, 0.22, 0.22, 0.22, 0.22] {
            let load = Load {
                cpu: Some(cpu),
                waiting: None,
            };
            pipe.turn(1, load, &Gains::default());
            drops.push(passes(&mut pipe, 1, 100).matches('-').count());
        }
        assert_eq!(drops, [10, 20, 30, 30, 23, 16, 9, 2, 0]);
    }

    #[test]
    fn drops_are_spread_over_a_hundred() {
        let mut pipe = Pipe::new(Algorithm::Feedback, 50);
        pipe.drop_rate = 10;
        let row = passes(&mut pipe, 1, 100);
        assert_eq!(row.matches('-').count(), 10);
        assert!(!row.contains("--"), "{row}");
    }

    #[test]
    fn network_refuses_while_too_much_waits() {
        let mut pipe = Pipe::new(Algorithm::Network, 100);
        assert_eq!(passes(&mut pipe, 1, 2), "++", "nothing is known yet");
        let load = |waiting| Load {
            cpu: None,
            waiting: Some(waiting),
        };
        pipe.turn(1, load(101), &Gains::default());
        assert_eq!(passes(&mut pipe, 1, 2), "--");
        pipe.turn(1, load(100), &Gains::default());
        assert_eq!(passes(&mut pipe, 1, 2), "++");
    }
}
