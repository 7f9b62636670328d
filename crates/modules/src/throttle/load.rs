//! The load of the machine, and what the controllers make of it.

use super::{Algorithm, Gains};
use parking_lot::Mutex;

/// What the machine does, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    /// The share of the processors' time that was used, 0 to 1.
    pub(crate) cpu: Option<f64>,
    /// Octets that wait in sockets.
    pub(crate) waiting: Option<u64>,
}

/// What all pipes of a module go by: the load, and the gains of the controllers.
#[derive(Default)]
pub(crate) struct Regulator {
    pub(super) gains: Mutex<Gains>,
    meter: Mutex<Meter>,
    /// What was measured last, or forced by command.
    load: Mutex<Load>,
}

impl Regulator {
    /// Measures the load, as far as an algorithm among `wanted` goes by it; `read` gives a file of the machine
    /// by its path.
    pub(crate) fn measure(
        &self,
        wanted: &[Algorithm],
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> (Load, Gains) {
        let measured = self.meter.lock().look(wanted, read);
        let mut load = self.load.lock();
        load.cpu = measured.cpu.or(load.cpu);
        load.waiting = measured.waiting.or(load.waiting);
        (*load, *self.gains.lock())
    }

    /// Takes a load for true until the next one is measured.
    pub(crate) fn force(&self, cpu: f64) -> (Load, Gains) {
        let mut load = self.load.lock();
        load.cpu = Some(cpu);
        (*load, *self.gains.lock())
    }
}

/// Reads the load of a Linux machine from its files.
#[derive(Debug, Default)]
struct Meter {
    /// Used and all ticks of the processors at the last look.
    ticks: Option<(u64, u64)>,
}

impl Meter {
    /// The load since the last look, as far as an algorithm among `wanted` goes by it: the tables of sockets
    /// take the kernel a millisecond. `read` gives a file by its path.
    fn look(&mut self, wanted: &[Algorithm], read: impl Fn(&str) -> Option<Vec<u8>>) -> Load {
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

#[cfg(test)]
mod tests {
    use super::*;

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
