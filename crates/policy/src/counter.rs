//! Named counters: `group.name`, read by RPC, `$stat()` and the metrics.

use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A number that many threads may change; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicI64>);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes one away; for gauges such as the number of contacts.
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `amount`, which may be negative.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The present value.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counters of the server. A counter registered twice under one name is the same counter,
/// so that numbers survive a reload.
/// Cheap to clone; clones are the same counters.
#[derive(Clone, Default)]
pub struct Counters {
    entries: Arc<RwLock<BTreeMap<(String, String), Entry>>>,
}

struct Entry {
    doc: String,
    counter: Counter,
    /// Where the value comes from, unless somebody counts.
    read: Option<Read>,
}

type Read = Box<dyn Fn() -> i64 + Send + Sync>;

impl Entry {
    fn counter(&self) -> &Counter {
        if let Some(read) = &self.read {
            self.counter.set(read());
        }
        &self.counter
    }
}

impl Counters {
    /// The counter `group.name`, made on the first call.
    pub fn register(&self, group: &str, name: &str, doc: &str) -> Counter {
        let mut entries = self.entries.write();
        let entry = entries
            .entry((group.to_owned(), name.to_owned()))
            .or_insert_with(|| Entry {
                doc: doc.to_owned(),
                counter: Counter::default(),
                read: None,
            });
        entry.counter.clone()
    }

    /// A counter `group.name` that nobody counts: `read` is asked for its value whenever somebody
    /// looks. It must not ask for counters itself. The last registration of a name counts.
    pub fn register_from(
        &self,
        group: &str,
        name: &str,
        doc: &str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        let entry = Entry {
            doc: doc.to_owned(),
            counter: Counter::default(),
            read: Some(Box::new(read)),
        };
        let key = (group.to_owned(), name.to_owned());
        self.entries.write().insert(key, entry);
    }

    /// The counter `group.name`, if there is one.
    pub fn find(&self, group: &str, name: &str) -> Option<Counter> {
        self.entries
            .read()
            .get(&(group.to_owned(), name.to_owned()))
            .map(|entry| entry.counter().clone())
    }

    /// The first counter of that name in any group, as `$stat(name)` asks for it.
    pub fn find_by_name(&self, name: &str) -> Option<Counter> {
        let entries = self.entries.read();
        entries
            .iter()
            .find(|((_, own), _)| own == name)
            .map(|(_, entry)| entry.counter().clone())
    }

    /// Calls `visit(group, name, doc, value)` for each counter, sorted by group and name.
    pub fn each(&self, mut visit: impl FnMut(&str, &str, &str, i64)) {
        for ((group, name), entry) in self.entries.read().iter() {
            visit(group, name, &entry.doc, entry.counter().value());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_counter() {
        let counters = Counters::default();
        counters
            .register("core", "rcv_requests", "Requests received.")
            .add(2);
        counters
            .register("core", "rcv_requests", "Requests received.")
            .inc();
        assert_eq!(
            counters.find("core", "rcv_requests").map(|c| c.value()),
            Some(3)
        );
        assert_eq!(
            counters.find_by_name("rcv_requests").map(|c| c.value()),
            Some(3)
        );
        assert!(counters.find("core", "nothing").is_none());
    }

    #[test]
    fn a_value_may_be_looked_up() {
        let counters = Counters::default();
        let source = Counter::default();
        let read = source.clone();
        counters.register_from("tmx", "inuse_transactions", "Now.", move || read.value());
        source.set(7);
        let found = counters.find("tmx", "inuse_transactions");
        assert_eq!(found.map(|counter| counter.value()), Some(7));
    }
}
