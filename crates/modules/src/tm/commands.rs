//! What operators are told: counters and `tm.stats`.

use super::Tm;
use policy::{Context, Counter, Declaration, Init, Replied, TransactionHook};
use serde_json::{Map, Value as Json, json};

/// The counters of group `tmx`, as Kamailio names them; cheap to clone.
#[derive(Clone)]
pub(super) struct Counts {
    /// `UAS_transactions`: counted where transactions are made.
    made: Counter,
    /// `2xx_transactions` to `6xx_transactions`.
    by_class: [Counter; 5],
    /// `rpl_generated`.
    generated: Counter,
    /// `rpl_relayed`.
    relayed: Counter,
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
        Counts {
            made: tmx(
                "UAS_transactions",
                "Transactions made for received requests.",
            ),
            by_class: std::array::from_fn(|index| class(index + 2)),
            generated: tmx(
                "rpl_generated",
                "Final replies of ours sent through transactions.",
            ),
            relayed: tmx(
                "rpl_relayed",
                "Final replies of targets relayed to callers.",
            ),
        }
    }

    fn json(&self) -> Json {
        let mut all = Map::new();
        let (generated, relayed) = (self.generated.value(), self.relayed.value());
        all.insert("total".into(), json!(self.made.value()));
        all.insert("rpl_generated".into(), json!(generated));
        all.insert("rpl_sent".into(), json!(generated + relayed));
        for (index, counter) in self.by_class.iter().enumerate().rev() {
            all.insert(format!("{}xx", index + 2), json!(counter.value()));
        }
        all.insert("created".into(), json!(self.made.value()));
        Json::Object(all)
    }
}

impl TransactionHook for Counts {
    fn replied(&self, _: &mut Context, outcome: &Replied<'_>) {
        match outcome.reply {
            Some(_) => self.relayed.inc(),
            None => self.generated.inc(),
        }
        let class = usize::from(outcome.code / 100);
        if let Some(counter) = class
            .checked_sub(2)
            .and_then(|index| self.by_class.get(index))
        {
            counter.inc();
        }
    }
}

pub(super) fn declare(d: &mut Declaration<Tm>) {
    d.rpc(
        "tm.stats",
        "How many transactions were made, and how they ended.",
        |tm, _| Ok(tm.counts.json()),
    );
}
