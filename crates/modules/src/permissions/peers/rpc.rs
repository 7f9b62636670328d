//! The commands of trusted peers.

use super::peer::{Expression, Peer};
use crate::permissions::Permissions;
use policy::{Level, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

impl Permissions {
    pub(in crate::permissions) fn reload_trusted(&self, request: &RpcRequest) -> RpcResult {
        let trusted = self
            .trusted
            .as_ref()
            .filter(|trusted| trusted.kept.is_some());
        let trusted = trusted.ok_or_else(|| RpcError::internal("Reload failed."))?;
        self.reloads_trusted
            .may_start(request.now_s)
            .then_some(())
            .ok_or_else(|| RpcError::internal("ongoing reload"))?;
        let read = store::wait(trusted.store.as_ref(), trusted.all().into());
        match trusted.keep(read) {
            Ok(()) => Ok(json!("Reload OK")),
            Err(why) => {
                self.logger.log(Level::Err, "permissions", || why);
                Err(RpcError::internal("Reload failed."))
            }
        }
    }

    pub(in crate::permissions) fn dump_trusted(&self, _: &RpcRequest) -> RpcResult {
        let kept = self
            .trusted
            .as_ref()
            .and_then(|trusted| trusted.kept.as_ref());
        let kept = kept.ok_or_else(|| RpcError::internal("No trusted table"))?;
        let peers = kept.read().clone();
        let line = |(number, peer): (usize, &Peer)| {
            let item = json!({
                "ip": String::from_utf8_lossy(&peer.source),
                "proto": peer.proto.number(),
                "pattern": source(peer.from.as_ref()),
                "ruri_pattern": source(peer.ruri.as_ref()),
                "tag": peer.tag.as_ref().map_or("NULL".into(), |tag| String::from_utf8_lossy(tag)),
                "priority": peer.priority,
            });
            json!({"table": number, "item": item})
        };
        Ok(Json::Array(peers.iter().enumerate().map(line).collect()))
    }
}

fn source(expression: Option<&Expression>) -> String {
    expression.map_or_else(
        || "NULL".to_owned(),
        |expression| String::from_utf8_lossy(&expression.source).into_owned(),
    )
}
