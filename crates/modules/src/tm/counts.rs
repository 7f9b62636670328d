//! How many transactions there were and how they ended: counters and `tm.stats`.

use policy::{Context, Counter, Init, Replied, TableLoad, TransactionHook, TransactionsLink};
use serde_json::{Map, Value as Json, json};

/// The counters of group `tmx`, as Kamailio names them; cheap to clone. The edge counts all but
/// `2xx_transactions` and its kin.
#[derive(Clone)]
pub(super) struct Counts {
    made: Counter,
    local: Counter,
    by_class: [Counter; 5],
    received: Counter,
    generated: Counter,
    relayed: Counter,
    transactions: TransactionsLink,
}

impl Counts {
    pub(super) fn new(init: &Init<'_>) -> Counts {
        let tmx = |name: &str, doc: &str| init.counter_in("tmx", name, doc);
        let class = |class: usize| {
            tmx(
                &format!("{class}xx_transactions"),
                "Transactions that ended with such a reply.",
            )
        };
        let counts = Counts {
            made: tmx(
                "UAS_transactions",
                "Transactions made for received requests.",
            ),
            local: tmx("UAC_transactions", "Transactions of requests of our own."),
            by_class: std::array::from_fn(|index| class(index + 2)),
            received: tmx("rpl_received", "Replies that found their transaction."),
            generated: tmx(
                "rpl_generated",
                "Replies of ours sent through transactions.",
            ),
            relayed: tmx("rpl_relayed", "Replies of targets passed on to callers."),
            transactions: init.transactions(),
        };
        counts.look_up(init);
        counts
    }

    /// Registers what follows from other numbers.
    fn look_up(&self, init: &Init<'_>) {
        let own = self.clone();
        init.counter_from(
            "tmx",
            "inuse_transactions",
            "Transactions in memory now.",
            move || count(own.load().current),
        );
        let own = self.clone();
        init.counter_from(
            "tmx",
            "active_transactions",
            "Transactions that wait for a final reply now.",
            move || count(own.load().active()),
        );
        let own = self.clone();
        init.counter_from(
            "tmx",
            "rpl_absorbed",
            "Replies received and not passed on.",
            move || own.received.value() - own.relayed.value(),
        );
        let own = self.clone();
        init.counter_from(
            "tmx",
            "rpl_sent",
            "Replies sent through transactions.",
            move || own.sent(),
        );
    }

    pub(super) fn load(&self) -> TableLoad {
        let transactions = self.transactions.get();
        transactions
            .map(|transactions| transactions.load())
            .unwrap_or_default()
    }

    fn sent(&self) -> i64 {
        self.generated.value() + self.relayed.value()
    }

    /// The answer of `tm.stats`.
    pub(super) fn json(&self) -> Json {
        let load = self.load();
        let (made, local) = (self.made.value(), self.local.value());
        let mut all = Map::new();
        let mut put = |name: &str, value: i64| {
            all.insert(name.to_owned(), json!(value));
        };
        put("current", count(load.current));
        put("waiting", count(load.waiting));
        put("total", made);
        put("total_local", local);
        put("rpl_received", self.received.value());
        put("rpl_generated", self.generated.value());
        put("rpl_sent", self.sent());
        for (index, counter) in self.by_class.iter().enumerate().rev() {
            put(&format!("{}xx", index + 2), counter.value());
        }
        put("created", made + local);
        put("freed", made + local - count(load.current));
        put("delayed_free", 0);
        Json::Object(all)
    }

    fn count_final(&self, code: u16) {
        let class = usize::from(code / 100).checked_sub(2);
        if let Some(counter) = class.and_then(|index| self.by_class.get(index)) {
            counter.inc();
        }
    }
}

impl TransactionHook for Counts {
    fn replied(&self, _: &mut Context, outcome: &Replied<'_>) {
        self.count_final(outcome.code);
    }

    fn accepted_again(&self, code: u16) {
        self.count_final(code);
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
