//! Domains and their attributes, ready to be looked up.

use bytes::Bytes;
use script::Value;
use std::collections::BTreeMap;

/// What both tables say.
#[derive(Debug, Default)]
pub(super) struct Domains {
    /// By name in lower case.
    by_name: BTreeMap<Vec<u8>, Row>,
    attributes: BTreeMap<Bytes, Vec<(Bytes, Value)>>,
}

#[derive(Debug)]
struct Row {
    /// As it was written.
    name: Bytes,
    did: Bytes,
}

impl Domains {
    /// Adds a domain; without an id its name is the id.
    pub(super) fn add(&mut self, name: Bytes, did: Option<Bytes>) {
        let did = did.unwrap_or_else(|| name.clone());
        let key = name.to_ascii_lowercase();
        self.by_name.insert(key, Row { name, did });
    }

    /// Adds an attribute of an id.
    pub(super) fn add_attribute(&mut self, did: Bytes, name: Bytes, value: Value) {
        self.attributes.entry(did).or_default().push((name, value));
    }

    /// True where the domain is there, in any case.
    pub(super) fn is_local(&self, domain: &[u8]) -> bool {
        self.did(domain).is_some()
    }

    /// The id of a domain.
    pub(super) fn did(&self, domain: &[u8]) -> Option<&Bytes> {
        let found = match domain.iter().any(u8::is_ascii_uppercase) {
            true => self.by_name.get(&domain.to_ascii_lowercase()),
            false => self.by_name.get(domain),
        };
        found.map(|row| &row.did)
    }

    /// The attributes of an id, in the order of the table.
    pub(super) fn attributes(&self, did: &[u8]) -> &[(Bytes, Value)] {
        self.attributes.get(did).map_or(&[], Vec::as_slice)
    }

    /// Names and ids of all domains.
    pub(super) fn domains(&self) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.by_name.values().map(|row| (&row.name, &row.did))
    }

    /// All attributes by id.
    pub(super) fn all_attributes(&self) -> impl Iterator<Item = (&Bytes, &[(Bytes, Value)])> {
        self.attributes
            .iter()
            .map(|(did, attributes)| (did, attributes.as_slice()))
    }
}
