//! The commands.

use super::Permissions;
use super::table::Entry;
use policy::{Level, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

impl Permissions {
    pub(super) fn reload(&self, request: &RpcRequest) -> RpcResult {
        let Some(source) = self.source.clone() else {
            return Err(RpcError::internal("Reload failed. No database URL"));
        };
        if !self.reloads.may_start(request.now_s) {
            return Err(RpcError::internal("ongoing reload"));
        }
        match policy::finish(|done| source.read(self.table.clone(), done)) {
            Ok(()) => Ok(json!("Reload OK")),
            Err(why) => {
                source.logger.log(Level::Err, "permissions", || why);
                Err(RpcError::internal("Reload failed."))
            }
        }
    }

    pub(super) fn dump_addresses(&self, _: &RpcRequest) -> RpcResult {
        let table = self.now();
        let rows = table
            .addresses
            .iter()
            .flat_map(|(ip, entries)| entries.iter().map(move |entry| (ip, entry)));
        let lines = rows.enumerate().map(|(number, (ip, entry))| {
            let item = json!({"ip": ip.to_string(), "port": entry.port, "tag": tag(entry, "NULL")});
            json!({"table": number, "group": entry.group, "item": item})
        });
        Ok(listed(lines.collect()))
    }

    pub(super) fn dump_subnets(&self, _: &RpcRequest) -> RpcResult {
        let table = self.now();
        let lines = table.subnets.iter().enumerate().map(|(number, subnet)| {
            let (ip, mask, entry) = (subnet.address.to_string(), subnet.mask, &subnet.entry);
            let item = json!({"ip": ip, "mask": mask, "port": entry.port, "tag": tag(entry, "")});
            json!({"id": number, "group": entry.group, "item": item})
        });
        Ok(listed(lines.collect()))
    }

    pub(super) fn dump_domains(&self, _: &RpcRequest) -> RpcResult {
        let table = self.now();
        let rows = table
            .domains
            .iter()
            .flat_map(|(name, entries)| entries.iter().map(move |entry| (name, entry)));
        let lines = rows.enumerate().map(|(number, (name, entry))| {
            let name = String::from_utf8_lossy(name);
            let item = json!({"domain_name": name, "port": entry.port, "tag": tag(entry, "NULL")});
            json!({"table": number, "group": entry.group, "item": item})
        });
        Ok(listed(lines.collect()))
    }
}

fn tag(entry: &Entry, otherwise: &str) -> String {
    let tag = entry.tag.as_ref();
    tag.map_or_else(
        || otherwise.to_owned(),
        |tag| String::from_utf8_lossy(tag).into_owned(),
    )
}

/// A single line stands alone and none is `{}`, as Kamailio answers.
fn listed(mut lines: Vec<Json>) -> Json {
    match lines.len() {
        0 => Json::Null,
        1 => lines.remove(0),
        _ => Json::Array(lines),
    }
}
