//! The variables a transaction carries: AVPs and XAVPs.
//!
//! They start with the request, move into its transaction, and are handed to whichever route of
//! that transaction runs (module `pv`, "AVPs" and "XAVPs" in Kamailio's pseudo-variable cookbook).

use bytes::Bytes;
use script::Value;

/// The name of an AVP: `$avp(s:name)` and `$avp(name)` are text, `$avp(i:12)` is a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AvpName {
    /// A name in letters; case matters.
    Text(Bytes),
    /// A name that is a number.
    Number(i64),
}

/// The AVPs of a transaction: a list in which a name may stand several times, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Avps {
    /// Oldest first, so that adding is a push.
    entries: Vec<(AvpName, Value)>,
}

impl Avps {
    /// The value with this name: index 0 is the newest, -1 the oldest.
    pub fn value(&self, name: &AvpName, index: i64) -> Option<&Value> {
        let mut newest_first = self.values(name);
        match usize::try_from(index) {
            Ok(index) => newest_first.nth(index),
            Err(_) => {
                let back = usize::try_from(index.checked_neg()?.checked_sub(1)?).ok()?;
                self.entries
                    .iter()
                    .filter(|(own, _)| own == name)
                    .map(|(_, value)| value)
                    .nth(back)
            }
        }
    }

    /// All values with this name, the newest first.
    pub fn values(&self, name: &AvpName) -> impl Iterator<Item = &Value> {
        self.entries
            .iter()
            .rev()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value)
    }

    /// Adds a value in front of those of the same name (`$avp(x) = …`).
    pub fn add(&mut self, name: AvpName, value: Value) {
        self.entries.push((name, value));
    }

    /// Replaces the value at `index` (0 is the newest); false where there is none.
    pub fn set_at(&mut self, name: &AvpName, index: usize, value: Value) -> bool {
        let slot = self
            .entries
            .iter_mut()
            .rev()
            .filter(|(own, _)| own == name)
            .nth(index);
        slot.map(|slot| slot.1 = value).is_some()
    }

    /// Removes the newest value of this name; false where there is none.
    pub fn remove_newest(&mut self, name: &AvpName) -> bool {
        let position = self.entries.iter().rposition(|(own, _)| own == name);
        position
            .map(|position| self.entries.remove(position))
            .is_some()
    }

    /// Removes every value of this name and says how many there were.
    pub fn remove_all(&mut self, name: &AvpName) -> usize {
        let before = self.entries.len();
        self.entries.retain(|(own, _)| own != name);
        before - self.entries.len()
    }

    /// All AVPs, the newest first, for debugging output.
    pub fn iter(&self) -> impl Iterator<Item = &(AvpName, Value)> {
        self.entries.iter().rev()
    }
}

/// A value inside an XAVP.
#[derive(Clone, Debug)]
pub enum XavpValue {
    /// A plain value.
    Plain(Value),
    /// Named fields: `$xavp(a=>b)` reads field `b` of the newest `a`.
    Fields(Xavps),
}

/// A list of extended AVPs: names with values or with fields of their own, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Xavps {
    /// Oldest first, as in [`Avps`].
    entries: Vec<(Bytes, XavpValue)>,
}

impl Xavps {
    /// The entry with this name; index 0 is the newest, -1 the oldest.
    pub fn entry(&self, name: &[u8], index: i64) -> Option<&XavpValue> {
        let position = self.position(name, index)?;
        self.entries.get(position).map(|(_, value)| value)
    }

    /// The same, to change it.
    pub fn entry_mut(&mut self, name: &[u8], index: i64) -> Option<&mut XavpValue> {
        let position = self.position(name, index)?;
        self.entries.get_mut(position).map(|(_, value)| value)
    }

    /// The fields of the entry with this name, if it has fields.
    pub fn fields(&self, name: &[u8], index: i64) -> Option<&Xavps> {
        match self.entry(name, index)? {
            XavpValue::Fields(fields) => Some(fields),
            XavpValue::Plain(_) => None,
        }
    }

    /// Adds an entry in front.
    pub fn add(&mut self, name: Bytes, value: XavpValue) {
        self.entries.push((name, value));
    }

    /// Removes the entry at `index`; false where there is none.
    pub fn remove(&mut self, name: &[u8], index: i64) -> bool {
        self.position(name, index)
            .map(|position| self.entries.remove(position))
            .is_some()
    }

    /// Removes every entry of this name and says how many there were.
    pub fn remove_all(&mut self, name: &[u8]) -> usize {
        let before = self.entries.len();
        self.entries.retain(|(own, _)| own != name);
        before - self.entries.len()
    }

    /// How many entries have this name.
    pub fn count(&self, name: &[u8]) -> usize {
        self.entries.iter().filter(|(own, _)| own == name).count()
    }

    /// All entries, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &XavpValue)> {
        self.entries.iter().rev().map(|(name, value)| (name, value))
    }

    fn position(&self, name: &[u8], index: i64) -> Option<usize> {
        let mut own = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, (own, _))| own == name)
            .map(|(position, _)| position);
        match usize::try_from(index) {
            Ok(index) => own.rev().nth(index),
            Err(_) => own.nth(usize::try_from(index.checked_neg()?.checked_sub(1)?).ok()?),
        }
    }
}

/// Everything a transaction remembers for its routes.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    /// `$avp(…)`.
    pub avps: Avps,
    /// `$xavp(…)`.
    pub xavps: Xavps,
    /// `$xavu(…)`: one value a name.
    pub xavus: Xavps,
    /// `$xavi(…)`: names in which case does not matter, kept in lower case.
    pub xavis: Xavps,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_comes_first() {
        let mut avps = Avps::default();
        let name = AvpName::Text(Bytes::from_static(b"x"));
        for number in 1..=3 {
            avps.add(name.clone(), Value::Int(number));
        }
        assert_eq!(avps.value(&name, 0), Some(&Value::Int(3)));
        assert_eq!(avps.value(&name, -1), Some(&Value::Int(1)));
        assert_eq!(avps.value(&name, 3), None);
        assert!(avps.remove_newest(&name));
        assert_eq!(avps.value(&name, 0), Some(&Value::Int(2)));
        assert_eq!(avps.remove_all(&name), 2);
    }

    #[test]
    fn a_number_is_another_name_than_its_text() {
        let mut avps = Avps::default();
        avps.add(AvpName::Number(12), Value::Int(1));
        assert_eq!(
            avps.value(&AvpName::Text(Bytes::from_static(b"12")), 0),
            None
        );
    }
}
