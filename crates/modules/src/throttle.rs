//! Pipes that let so much through and no more: what `ratelimit` and `pipelimit` have in common.
//!
//! The algorithms are those of their READMEs. Time comes as the end of an interval ([`Pipe::turn`]); in
//! between a check is a count and a comparison.

use serde_json::Value as Json;

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

const ALGORITHMS: [(Algorithm, &str); 5] = [
    (Algorithm::Nop, "NOP"),
    (Algorithm::Red, "RED"),
    (Algorithm::TailDrop, "TAILDROP"),
    (Algorithm::Feedback, "FEEDBACK"),
    (Algorithm::Network, "NETWORK"),
];

impl Algorithm {
    /// Reads its name; upper case, as Kamailio wants it.
    pub(crate) fn parse(name: &[u8]) -> Option<Algorithm> {
        let found = ALGORITHMS.iter().find(|(_, own)| own.as_bytes() == name);
        found.map(|(algorithm, _)| *algorithm)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let found = ALGORITHMS.iter().find(|(own, _)| *own == self);
        found.map_or("NOP", |(_, name)| *name)
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

/// What the machine does, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    /// The share of the processors' time that was used, 0 to 1.
    pub(crate) cpu: Option<f64>,
    /// Octets that wait in sockets.
    pub(crate) waiting: Option<u64>,
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

impl Gains {
    /// As Kamailio's commands show them.
    pub(crate) fn shown(&self) -> String {
        format!("ki[{:.6}] kp[{:.6}] kd[{:.6}] ", self.ki, self.kp, self.kd)
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
        self.drop_rate = output.clamp(0.0, MOST_PERCENT).round() as i32;
    }
}

/// A place from 0 to 99 for each of a hundred in a row, neighbours far apart.
fn spread(counter: u32) -> i32 {
    // 61 has no factor in common with 100, so each place comes once.
    (u64::from(counter) * 61 % 100) as i32
}

/// Reads the load of a Linux machine from its files.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Used and all ticks of the processors at the last look.
    ticks: Option<(u64, u64)>,
}

impl Meter {
    /// The load since the last look, as far as an algorithm among `wanted` goes by it: the tables of sockets
    /// take the kernel a millisecond. `read` gives a file by its path.
    pub(crate) fn look(
        &mut self,
        wanted: &[Algorithm],
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Load {
        let wants = |algorithm| wanted.contains(&algorithm);
        Load {
            cpu: self.cpu(wants(Algorithm::Feedback), &read),
            waiting: wants(Algorithm::Network).then(|| octets(&read)).flatten(),
        }
    }

    fn cpu(&mut self, is_wanted: bool, read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<f64> {
        let stat = is_wanted.then(|| read("/proc/stat")).flatten();
        let now = stat.and_then(|stat| ticks(&stat));
        let before = std::mem::replace(&mut self.ticks, now);
        let (now, before) = now.zip(before)?;
        let used = now.0.saturating_sub(before.0);
        let all = now.1.saturating_sub(before.1);
        (all > 0).then(|| used as f64 / all as f64)
    }
}

/// The octets that wait in all sockets; none where no table can be read.
fn octets(read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<u64> {
    let tables = ["udp", "udp6", "tcp", "tcp6"].map(|name| format!("/proc/net/{name}"));
    let mut read = tables.iter().filter_map(|path| read(path)).peekable();
    read.peek()?;
    Some(
        read.map(|table| waiting(&table))
            .fold(0, u64::saturating_add),
    )
}

/// Used and all ticks in the first line of `/proc/stat`: user nice system idle iowait …
fn ticks(stat: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(stat).ok()?;
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let counts = line.split_ascii_whitespace().map(str::parse);
    let counts: Vec<u64> = counts.collect::<Result<_, _>>().ok()?;
    let all = counts
        .iter()
        .fold(0_u64, |sum, count| sum.saturating_add(*count));
    let idle = counts.get(3)?.saturating_add(*counts.get(4).unwrap_or(&0));
    Some((all.saturating_sub(idle), all))
}

/// The octets that wait to be read, in a table of sockets: the part after the colon of `tx_queue:rx_queue`.
fn waiting(table: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(table);
    let queues = text.lines().skip(1).filter_map(|line| {
        let queues = line.split_ascii_whitespace().nth(4)?;
        u64::from_str_radix(queues.split_once(':')?.1, 16).ok()
    });
    queues.fold(0, u64::saturating_add)
}

/// A number with a fraction among the arguments of a command; text that is one counts.
pub(crate) fn real(value: Option<&Json>) -> Option<f64> {
    match value? {
        Json::String(text) => text.strip_prefix("f:").unwrap_or(text).parse().ok(),
        value => value.as_f64(),
    }
    .filter(|number: &f64| number.is_finite())
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

    #[test]
    fn the_files_of_linux_tell_the_load() {
        let udp = "  sl  local_address rem_address   st tx_queue rx_queue tr\n \
            10: 0100007F:13C4 00000000:0000 07 00000000:000000FF 00:0\n \
            11: 0100007F:13C5 00000000:0000 07 00000001:00000101 00:0\n";
        let read = |stat: &'static str| {
            move |path: &str| match path {
                "/proc/stat" => Some(stat.as_bytes().to_vec()),
                "/proc/net/udp" => Some(udp.as_bytes().to_vec()),
                _ => None,
            }
        };
        const BOTH: [Algorithm; 2] = [Algorithm::Feedback, Algorithm::Network];
        let mut meter = Meter::default();
        let first = meter.look(&BOTH, read("cpu  10 0 10 70 10 0 0\ncpu0 1\n"));
        assert_eq!(
            first,
            Load {
                cpu: None,
                waiting: Some(512)
            }
        );
        let second = meter.look(&BOTH, read("cpu  35 0 10 140 15 0 0\n"));
        assert_eq!(second.cpu, Some(0.25));
        assert_eq!(
            meter.look(&[Algorithm::Red], |_| unreachable!("nobody asks")),
            Load::default()
        );
        assert_eq!(meter.look(&BOTH, |_| None), Load::default());
    }
}
