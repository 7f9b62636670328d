//! Settings of the configuration that have a group and a name: `group.name = value desc "…"`.
//!
//! The loader declares them before any module starts. `$sel(cfg_get.group.name)`, `@cfg_get` and
//! the `cfg` commands read them; the commands may change them while the server runs.

use parking_lot::RwLock;
use script::Value;
use std::collections::BTreeMap;

/// All settings by group and name. Cheap to read; changes are rare.
#[derive(Default)]
pub struct Globals(RwLock<BTreeMap<(String, String), Global>>);

struct Global {
    value: Value,
    doc: String,
}

impl Globals {
    /// Declares `group.name` with its first value; a second declaration replaces the first.
    pub fn declare(&self, group: &str, name: &str, value: Value, doc: &str) {
        let key = (group.to_owned(), name.to_owned());
        self.0.write().insert(
            key,
            Global {
                value,
                doc: doc.to_owned(),
            },
        );
    }

    /// The present value of `group.name`; none where it was never declared.
    pub fn value(&self, group: &str, name: &str) -> Option<Value> {
        let key = (group.to_owned(), name.to_owned());
        self.0.read().get(&key).map(|global| global.value.clone())
    }

    /// Changes `group.name`; false where it was never declared.
    pub fn set(&self, group: &str, name: &str, value: Value) -> bool {
        let key = (group.to_owned(), name.to_owned());
        self.0
            .write()
            .get_mut(&key)
            .map(|global| global.value = value)
            .is_some()
    }

    /// Calls `visit(group, name, doc, value)` for each, sorted by group and name.
    pub fn each(&self, mut visit: impl FnMut(&str, &str, &str, &Value)) {
        for ((group, name), global) in self.0.read().iter() {
            visit(group, name, &global.doc, &global.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_can_change() {
        let globals = Globals::default();
        globals.declare("pstn", "gw_ip", Value::text("1.2.3.4"), "the gateway");
        assert!(globals.set("pstn", "gw_ip", Value::Int(5)));
        assert_eq!(globals.value("pstn", "gw_ip"), Some(Value::Int(5)));
        assert!(!globals.set("pstn", "other", Value::Null));
        assert_eq!(globals.value("pstn", "other"), None);
    }
}
