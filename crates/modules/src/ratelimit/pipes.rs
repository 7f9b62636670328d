//! Pipes and queues, as declared and as commands change them.

use crate::throttle::{Algorithm, Pipe, Regulator};
use parking_lot::{Mutex, RwLock};

/// Pipes and queues at most, as in Kamailio.
pub(super) const MOST: usize = 32;

/// `pipe`: number, algorithm, limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) number: usize,
    pub(super) algorithm: Algorithm,
    pub(super) limit: u32,
}

/// `queue`: the pipe that requests of a method go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    pub(super) pipe: usize,
    /// `*` is every method.
    pub(super) method: String,
}

/// Everything that changes while the server runs.
pub(super) struct Pipes {
    pipes: Vec<Mutex<Option<Pipe>>>,
    pub(super) queues: RwLock<Vec<Queue>>,
    pub(super) regulator: Regulator,
}

impl Declared {
    /// Reads `0:TAILDROP:200`.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(super) fn parse(text: &str) -> Result<Declared, String> {
        let expected = || format!("expected NUMBER:ALGORITHM:LIMIT, found \"{text}\"");
        let (number, rest) = text.split_once(':').ok_or_else(expected)?;
        let (algorithm, limit) = rest.split_once(':').ok_or_else(expected)?;
        let found = Algorithm::parse(algorithm.as_bytes());
        let declared = Declared {
            number: pipe_number(number)?,
            algorithm: found.ok_or_else(|| format!("unknown algorithm \"{algorithm}\""))?,
            limit: limit.parse().map_err(|_| expected())?,
        };
        if declared.algorithm.takes(declared.limit) {
            Ok(declared)
        } else {
            Err("FEEDBACK: the load must be from 0 to 100".to_owned())
        }
    }
}

impl Queue {
    /// Reads `0:INVITE` or `0:*`.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(super) fn parse(text: &str) -> Result<Queue, String> {
        let expected = || format!("expected NUMBER:METHOD, found \"{text}\"");
        let (pipe, method) = text.split_once(':').ok_or_else(expected)?;
        let is_method = method == "*" || method.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if method.is_empty() || !is_method {
            return Err(expected());
        }
        Ok(Queue {
            pipe: pipe_number(pipe)?,
            method: method.to_owned(),
        })
    }
}

fn pipe_number(text: &str) -> Result<usize, String> {
    let number: usize = text
        .parse()
        .map_err(|_| format!("expected the number of a pipe, found \"{text}\""))?;
    if number < MOST {
        Ok(number)
    } else {
        Err(format!("pipe {number}: there are {MOST}, from 0"))
    }
}

impl Pipes {
    pub(super) fn new(declared: &[Declared], queues: &[Queue]) -> Pipes {
        let mut pipes: Vec<_> = (0..MOST).map(|_| Mutex::new(None)).collect();
        for pipe in declared {
            if let Some(place) = pipes.get_mut(pipe.number) {
                *place = Mutex::new(Some(Pipe::new(pipe.algorithm, pipe.limit)));
            }
        }
        Pipes {
            pipes,
            queues: RwLock::new(queues.to_vec()),
            regulator: Regulator::default(),
        }
    }

    /// Counts a request at a pipe; none where there is no such pipe.
    pub(super) fn check(&self, number: usize, times: u32) -> Option<bool> {
        let mut pipe = self.pipes.get(number)?.lock();
        pipe.as_mut().map(|pipe| pipe.check(times))
    }

    /// The pipe of the first queue that takes this method.
    pub(super) fn pipe_of(&self, method: &[u8]) -> Option<usize> {
        let queues = self.queues.read();
        let takes = |queue: &&Queue| queue.method == "*" || queue.method.as_bytes() == method;
        queues.iter().find(takes).map(|queue| queue.pipe)
    }

    /// Puts a pipe in place of another one, or a new one; false where the number is too large.
    pub(super) fn set(&self, number: usize, algorithm: Algorithm, limit: u32) -> bool {
        let Some(place) = self.pipes.get(number) else {
            return false;
        };
        *place.lock() = Some(Pipe::new(algorithm, limit));
        true
    }

    /// Changes a queue, or adds one after the last; false where the number is too large.
    pub(super) fn set_queue(&self, number: usize, queue: Queue) -> bool {
        let mut queues = self.queues.write();
        let count = queues.len();
        match queues.get_mut(number) {
            Some(place) => *place = queue,
            None if number == count && count < MOST => queues.push(queue),
            None => return false,
        }
        true
    }

    /// Ends an interval; `read` gives a file of the machine by its path.
    pub(super) fn turn(&self, times: u32, read: impl Fn(&str) -> Option<Vec<u8>>) {
        let pipes = self.pipes.iter();
        let wanted: Vec<Algorithm> = pipes
            .filter_map(|pipe| pipe.lock().as_ref().map(|pipe| pipe.algorithm))
            .collect();
        let (load, gains) = self.regulator.measure(&wanted, read);
        for pipe in &self.pipes {
            if let Some(pipe) = pipe.lock().as_mut() {
                pipe.turn(times, load, &gains);
            }
        }
    }

    /// Takes a load for true until the next one is measured, and lets the controllers act on it.
    pub(super) fn push_load(&self, cpu: f64) {
        let (load, gains) = self.regulator.force(cpu);
        for pipe in &self.pipes {
            if let Some(pipe) = pipe.lock().as_mut() {
                pipe.control(load, &gains);
            }
        }
    }

    /// The pipes that are declared, by number.
    pub(super) fn each(&self) -> Vec<(usize, Pipe)> {
        let pipes = self.pipes.iter().enumerate();
        pipes
            .filter_map(|(number, pipe)| Some((number, pipe.lock().clone()?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_as_kamailio_reads_them() {
        for text in [
            "0:TAILDROP:200",
            "31:RED:0",
            "3:FEEDBACK:80",
            "4:NETWORK:10000",
            "0:NOP:1",
        ] {
            assert!(Declared::parse(text).is_ok(), "{text}");
        }
        for text in [
            "0:FOO:1",
            "0:red:1",
            "40:RED:1",
            "0:RED:x",
            "0:RED",
            "0:RED:-1",
            " 0 : RED : 1 ",
            "0:FEEDBACK:200",
            "",
        ] {
            assert!(Declared::parse(text).is_err(), "{text}");
        }
        for text in ["0:*", "3:INVITE"] {
            assert!(Queue::parse(text).is_ok(), "{text}");
        }
        for text in ["*", "40:*", "0 : INVITE", "0:", "0:IN VITE"] {
            assert!(Queue::parse(text).is_err(), "{text}");
        }
    }
}
