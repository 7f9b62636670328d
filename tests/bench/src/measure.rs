//! What one run showed, and what several show together.

/// What became of the operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Operations that were done.
    pub(crate) done: u64,
    /// Operations that failed; with a flood, those of the good client beside it.
    pub(crate) failed: u64,
    /// Messages that SIPp had to send again.
    pub(crate) again: u64,
}

/// One run of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) outcome: Outcome,
    /// CPU time of all processes of the server, in nanoseconds.
    pub(crate) cpu_ns: u64,
    /// Its memory at the end (PSS), in bytes.
    pub(crate) memory: u64,
    /// How much more that is than before, in bytes.
    pub(crate) grown: u64,
}

impl Sample {
    /// CPU time for an operation that was done, in microseconds.
    pub(crate) fn us(&self) -> f64 {
        self.cpu_ns as f64 / 1e3 / self.outcome.done.max(1) as f64
    }

    /// Memory for an operation that was done, in bytes.
    pub(crate) fn bytes(&self) -> f64 {
        self.grown as f64 / self.outcome.done.max(1) as f64
    }
}

/// The middle one; of an even number the mean of the middle two; 0 of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied();
    let lower = values.get(values.len().saturating_sub(1) / 2).copied();
    (upper.unwrap_or(0.0) + lower.unwrap_or(0.0)) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts() {
        assert_eq!(median([]), 0.0);
        assert_eq!(median([3.0, 1.0, 9.0]), 3.0);
        assert_eq!(median([4.0, 1.0]), 2.5);
    }

    #[test]
    fn costs_are_of_one_operation() {
        let sample = Sample {
            outcome: Outcome {
                done: 1_000,
                ..Outcome::default()
            },
            cpu_ns: 5_000_000,
            memory: 0,
            grown: 7_000,
        };
        assert_eq!((sample.us(), sample.bytes()), (5.0, 7.0));
    }
}
