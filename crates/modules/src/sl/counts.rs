//! How many replies of each status were sent, under Kamailio's names.

use policy::{Counter, Init};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The counters of group `sl`; cheap to clone.
#[derive(Clone)]
pub(super) struct Counts(Arc<Counters>);

struct Counters {
    /// By status: a status or class of [`CODES`].
    by_code: Vec<Counter>,
    /// All that were sent.
    sent: Counter,
    /// All that could not be sent.
    failures: Counter,
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
        }))
    }

    /// Counts a reply, sent or not.
    pub(super) fn count(&self, code: u16, sent: bool) {
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

/// Where a status is counted.
fn place(code: u16) -> usize {
    let own = code.to_string();
    let class = format!("{}xx", code / 100);
    let find = |name: &str| CODES.iter().position(|known| *known == name);
    find(&own)
        .or_else(|| find(&class))
        .unwrap_or(CODES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
