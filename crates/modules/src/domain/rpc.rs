//! The commands.

use super::Domain;
use policy::{RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

impl Domain {
    pub(super) fn reload(&self, _: &RpcRequest) -> RpcResult {
        let (source, domains) = (self.source.clone(), self.domains.clone());
        policy::finish(|done| source.read(domains, done))
            .map_err(|why| RpcError::internal(format!("Failed to reload domain table: {why}")))?;
        Ok(Json::Null)
    }

    pub(super) fn dump(&self, _: &RpcRequest) -> RpcResult {
        let domains = self.domains.read().clone();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows: Vec<Json> = domains
            .domains()
            .map(|(name, did)| json!({"domain": text(name), "did": text(did)}))
            .collect();
        let attributes: Vec<Json> = domains
            .all_attributes()
            .map(|(did, attributes)| {
                let names = attributes.iter().map(|(name, _)| text(name));
                json!({"did": text(did), "attrs": names.collect::<Vec<_>>()})
            })
            .collect();
        Ok(json!({"domains": rows, "attributes": attributes}))
    }
}
