//! The table of results, in Markdown, so that a document can have it as it is.

use crate::measure::{Sample, median};
use std::fmt;

/// The head of the table.
pub(crate) const HEAD: &str = "\
| workload | server | µs CPU per operation (least to most) | ratio | failed of all | sent again | MiB | bytes grown per operation |
|---|---|---|---|---|---|---|---|";

/// What all runs of one server with one workload show.
pub(crate) struct Row<'a> {
    workload: &'a str,
    server: &'a str,
    samples: &'a [Sample],
    ratio: f64,
}

impl<'a> Row<'a> {
    /// The ratio is the median of the ratios to the run of the first server in the same turn.
    pub(crate) fn new(
        workload: &'a str,
        server: &'a str,
        samples: &'a [Sample],
        first: &[Sample],
    ) -> Row<'a> {
        let pairs = samples.iter().zip(first);
        let ratio = median(pairs.map(|(own, first)| own.us() / first.us()));
        Row {
            workload,
            server,
            samples,
            ratio,
        }
    }

    fn sum(&self, count: impl Fn(&Sample) -> u64) -> u64 {
        self.samples.iter().map(count).sum()
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = || self.samples.iter().map(Sample::us);
        let failed = self.sum(|sample| sample.outcome.failed);
        write!(
            f,
            "| {} | {} | {:.1} ({:.1} to {:.1}) | {:.3} | {failed} of {} | {} | {:.0} | {:.0} |",
            self.workload,
            self.server,
            median(times()),
            times().fold(f64::INFINITY, f64::min),
            times().fold(0.0, f64::max),
            self.ratio,
            failed + self.sum(|sample| sample.outcome.done),
            self.sum(|sample| sample.outcome.again),
            median(self.samples.iter().map(|one| one.memory as f64)) / f64::from(1 << 20),
            median(self.samples.iter().map(Sample::bytes)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Outcome;

    fn sample(us: u64) -> Sample {
        Sample {
            outcome: Outcome {
                done: 10,
                failed: 1,
                again: 2,
            },
            cpu_ns: us * 10_000,
            memory: 3 << 20,
            grown: 50,
        }
    }

    #[test]
    fn ratios_are_of_runs_in_the_same_turn() {
        let first = [sample(10), sample(100), sample(20)];
        let own = [sample(5), sample(20), sample(4)];
        let row = Row::new("call", "ours", &own, &first).to_string();
        let wanted = "| call | ours | 5.0 (4.0 to 20.0) | 0.200 | 3 of 33 | 6 | 3 | 5 |";
        assert_eq!(row, wanted);
    }
}
