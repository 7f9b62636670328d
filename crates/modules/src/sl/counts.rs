//! How many replies of each status were sent, under Kamailio's names.

use policy::{Counter, Init, TransactionHook};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The counters of group `sl`, for all replies without a transaction, whichever module wanted them;
/// cheap to clone.
#[derive(Clone)]
pub(super) struct Counts(Arc<Counters>);

struct Counters {
    /// By status: a status or class of [`CODES`].
    by_code: Vec<Counter>,
    /// All that were sent.
    sent: Counter,
    /// All that could not be sent.
    failures: Counter,
    /// Those of `sl_reply_error()`.
    errors: Counter,
    /// ACKs of such replies.
    acks: Counter,
}

/// The names, in the order of `sl.stats`: statuses of their own before the class they would be in.
const CODES: [&str; 20] = [
    "1xx", "200", "202", "2xx", "300", "301", "302", "3xx", "400", "401", "403", "404", "407",
    "408", "483", "4xx", "500", "5xx", "6xx", "xxx",
];

impl Counts {
    pub(super) fn new(init: &Init<'_>) -> Counts {
        let by_code = |name: &&str| {
            init.counter(
                &format!("{name}_replies"),
                "Replies of this status sent statelessly.",
            )
        };
        Counts(Arc::new(Counters {
            by_code: CODES.iter().map(by_code).collect(),
            sent: init.counter("sent_replies", "Replies sent statelessly."),
            failures: init.counter("failures", "Replies that could not be sent."),
            errors: init.counter("sent_err_replies", "Replies of sl_reply_error()."),
            acks: init.counter("received_ACKs", "ACKs of such replies, which end here."),
        }))
    }

    /// Counts a reply of `sl_reply_error()`.
    pub(super) fn error(&self) {
        self.0.errors.inc();
    }

    /// Counts a reply, sent or not.
    fn count(&self, code: u16, sent: bool) {
        if !sent {
            return self.0.failures.inc();
        }
        self.0.sent.inc();
        if let Some(counter) = self.0.by_code.get(place(code)) {
            counter.inc();
        }
    }

    /// The answer of `sl.stats`.
    pub(super) fn json(&self) -> Json {
        let value =
            |(name, counter): (&&str, &Counter)| ((*name).to_owned(), Json::from(counter.value()));
        Json::Object(
            CODES
                .iter()
                .zip(&self.0.by_code)
                .map(value)
                .collect::<Map<String, Json>>(),
        )
    }
}

impl TransactionHook for Counts {
    fn replied_statelessly(&self, code: u16, sent: bool) {
        self.count(code, sent);
    }

    fn ack_filtered(&self) {
        self.0.acks.inc();
    }
}

/// Where a status is counted, an index of [`CODES`].
fn place(code: u16) -> usize {
    own_place(code).unwrap_or(match code / 100 {
        1 => 0,
        2 => 3,
        3 => 7,
        4 => 15,
        5 => 17,
        6 => 18,
        _ => 19,
    })
}

/// Where a status is counted that has a place of its own.
fn own_place(code: u16) -> Option<usize> {
    Some(match code {
        200 => 1,
        202 => 2,
        300..=302 => usize::from(code - 300) + 4,
        400 | 401 => usize::from(code - 400) + 8,
        403 | 404 => usize::from(code - 403) + 10,
        407 | 408 => usize::from(code - 407) + 12,
        483 => 14,
        500 => 16,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_with_a_name_is_counted_there() {
        for name in CODES {
            if let Ok(code) = name.parse() {
                assert_eq!(CODES[place(code)], name);
            }
        }
    }

    #[test]
    fn statuses_have_their_own_place_or_that_of_their_class() {
        for (code, name) in [
            (100, "1xx"),
            (200, "200"),
            (204, "2xx"),
            (302, "302"),
            (486, "4xx"),
            (603, "6xx"),
        ] {
            assert_eq!(CODES[place(code)], name, "{code}");
        }
    }
}
