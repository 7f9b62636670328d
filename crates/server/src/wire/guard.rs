//! A worker that survives its panics.

use edge::{Input, Output, Worker};
use policy::{Counter, Now};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A worker that goes on when handling an input panics. What it had in hand is lost: the message
/// and its transaction; everybody else's work goes on.
pub(crate) struct Guarded {
    worker: Worker,
    panics: Counter,
}

impl Guarded {
    pub(crate) fn new(worker: Worker, panics: Counter) -> Guarded {
        Guarded { worker, panics }
    }

    /// Takes one input.
    pub(crate) fn handle_input(&mut self, now: Now, input: Input) {
        let worker = &mut self.worker;
        // The worker forgets what it had in hand, so nothing half done in it is seen again.
        let handled = catch_unwind(AssertUnwindSafe(|| worker.handle_input(now, input)));
        if handled.is_err() {
            self.panics.inc();
            self.worker.recover();
        }
    }

    /// Whether a TLS connection of ours may be opened; where the script that is asked panics, it may not.
    pub(crate) fn may_connect(&mut self, flow: policy::Flow) -> bool {
        let worker = &mut self.worker;
        let asked = catch_unwind(AssertUnwindSafe(|| worker.may_connect(flow)));
        asked.unwrap_or_else(|_| {
            self.panics.inc();
            false
        })
    }

    /// The next thing to do outside.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.worker.poll_output()
    }

    /// Gives back what was worked on, once the outputs so far have left; true where that left something
    /// to do.
    pub(crate) fn release(&mut self) -> bool {
        let worker = &mut self.worker;
        let released = catch_unwind(AssertUnwindSafe(|| worker.release()));
        released.unwrap_or_else(|_| {
            self.panics.inc();
            self.worker.recover();
            true
        })
    }

    /// When the worker wants to be woken at the latest.
    pub(crate) fn next_deadline(&self) -> Option<stack::Instant> {
        self.worker.next_deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Ground, Source, load};
    use edge::{Edge, Keys, Limits};
    use policy::{Extra, Flow, Logger, Proto, Record, Sink, SocketId};
    use script::{FileError, Files, Opened, Options};
    use std::sync::Arc;

    const SCRIPT: &str = "listen=udp:127.0.0.1:5060\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"xlog.so\"\n\
         modparam(\"tm\", \"fr_timer\", 1000)\n\
         request_route {\n\
         if (method == \"OPTIONS\") { sl_send_reply(\"200\", \"OK\"); exit; }\n\
         if (method == \"INVITE\") { t_on_failure(\"late\"); t_relay(); exit; }\n\
         t_newtran(); xlog(\"L_ALERT\", \"now\"); t_reply(\"200\", \"OK\"); exit; }\n\
         failure_route[late] { xlog(\"L_ALERT\", \"now\"); }\n";

    /// A log that breaks whoever writes to it.
    struct Breaking;

    impl Sink for Breaking {
        fn write(&self, record: Record) {
            assert!(!record.text.starts_with("now"), "a mistake in the program");
        }
    }

    struct One;

    impl Files for One {
        fn open(&self, _includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
            Ok(Opened {
                path: path.to_owned(),
                text: SCRIPT.as_bytes().to_vec(),
            })
        }
    }

    fn at(ms: u64) -> Now {
        Now {
            mono: stack::Instant::from_ms(ms),
            unix_ms: 1_795_248_000_000 + ms,
        }
    }

    fn worker(panics: &Counter) -> Guarded {
        let mut ground = Ground::new("a.cfg");
        ground.logger = Logger::new(0, Arc::new(Breaking));
        let source = Source {
            files: &One,
            path: "a.cfg",
            options: Options::default(),
            extra: Extra::default(),
        };
        let (ready, _) = load(source, &ground).expect("a configuration");
        let keys = Keys {
            hashing: [1; 8],
            tags: [2; 4],
            branches: [[3; 16]; 3],
            first_label: 4,
        };
        let edge = Edge::new(
            Arc::new(ready.config),
            Limits::default(),
            keys,
            &ground.world(),
        );
        Guarded::new(Worker::new(Arc::new(edge), at(1), 5), panics.clone())
    }

    /// Takes an input and gives back what was worked on, as if everything left at once.
    fn handle(worker: &mut Guarded, now: Now, input: Input) {
        worker.handle_input(now, input);
        worker.release();
    }

    fn request(method: &str, call: u32) -> Input {
        let text = format!(
            "{method} sip:a@127.0.0.1:5071 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{call}\r\n\
             From: <sip:b@c>;tag=1\r\nTo: <sip:a@c>\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Input::Datagram {
            flow: Flow {
                proto: Proto::Udp,
                socket: SocketId(0),
                local: address(5060),
                peer: address(5070),
                connection: None,
            },
            bytes: text.into(),
            waited_ms: 0,
        }
    }

    #[test]
    fn a_panic_costs_one_transaction_and_is_counted() {
        let panics = crate::panics::counter(&policy::Counters::default());
        let mut worker = worker(&panics);
        handle(&mut worker, at(1), request("MESSAGE", 1));
        assert_eq!(panics.value(), 1);
        // Its transaction is gone: what comes again is no retransmission of it.
        handle(&mut worker, at(2), request("MESSAGE", 1));
        assert_eq!(panics.value(), 2);
        while worker.poll_output().is_some() {}
        handle(&mut worker, at(3), request("OPTIONS", 2));
        let answered = std::iter::from_fn(|| worker.poll_output()).any(|output| {
            matches!(output, Output::Transmit(sent) if sent.bytes.starts_with(b"SIP/2.0 200 OK"))
        });
        assert!(answered, "everybody else's work goes on");
        assert_eq!(panics.value(), 2);
    }

    #[test]
    fn a_panic_costs_no_timer_of_others() {
        let panics = crate::panics::counter(&policy::Counters::default());
        let mut worker = worker(&panics);
        handle(&mut worker, at(1), request("INVITE", 1));
        handle(&mut worker, at(1), request("INVITE", 2));
        assert_eq!(panics.value(), 0);
        handle(&mut worker, at(2000), Input::Tick);
        handle(&mut worker, at(2000), Input::Tick);
        assert_eq!(panics.value(), 2);
    }
}
