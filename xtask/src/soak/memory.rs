//! The resident memory of the server, second by second.

use std::fmt;

/// Seconds of calls before the memory counts: tables and allocator have their size by then.
const WARM_UP_S: usize = 60;
/// How much the resident memory may grow after the warm-up, in kB.
const GROWTH_KB: u64 = 8 * 1024;

/// Resident kilobytes, one sample a second.
#[derive(Default)]
pub(super) struct Memory(Vec<u64>);

impl Memory {
    /// Takes a sample.
    pub(super) fn sample(&mut self, process: u32) -> Result<(), String> {
        self.0.push(resident_kb(process)?);
        Ok(())
    }

    /// By how much the memory grew after the warm-up, where that is too much.
    pub(super) fn growth_kb(&self) -> Option<u64> {
        let (warm, most) = self.warm_and_most()?;
        (most > warm + GROWTH_KB).then(|| most - warm)
    }

    /// After the warm-up, and the most that was seen from then on.
    fn warm_and_most(&self) -> Option<(u64, u64)> {
        let later = self.0.get(WARM_UP_S..)?;
        Some((*later.first()?, *later.iter().max()?))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resident, minute by minute:")?;
        for minute in self.0.chunks(60) {
            write!(f, " {}", minute.last().copied().unwrap_or_default())?;
        }
        match self.warm_and_most() {
            Some((warm, most)) => {
                let more = most - warm;
                write!(f, " kB; at most {more} kB more than after the first")
            }
            None => write!(f, " kB; less than one tells nothing about growth"),
        }
    }
}

fn resident_kb(process: u32) -> Result<u64, String> {
    let path = format!("/proc/{process}/status");
    let gone = |error| format!("the server is gone: {error}");
    let text = std::fs::read_to_string(&path).map_err(gone)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    number.ok_or_else(|| "the server has ended".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_counts_after_the_first_minute() {
        let flat = [vec![1_000; 10], vec![50_000; 200]].concat();
        assert_eq!(Memory(flat.clone()).growth_kb(), None);
        assert_eq!(Memory(vec![1; WARM_UP_S]).growth_kb(), None);
        let risen = [flat, vec![50_001 + GROWTH_KB]].concat();
        assert_eq!(Memory(risen).growth_kb(), Some(GROWTH_KB + 1));
    }
}
