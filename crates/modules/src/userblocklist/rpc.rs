//! The commands.

use super::UserBlockList;
use super::prefix::Prefixes;
use policy::{RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl UserBlockList {
    pub(super) fn reload(&self, _: &RpcRequest) -> RpcResult {
        for table in self.lists.tables() {
            let select = self.lists.select(&table);
            let read = store::wait(self.lists.store.as_ref(), select.into());
            self.lists
                .keep(&table, read)
                .map_err(|why| RpcError::internal(format!("Reload failed: {why}")))?;
        }
        Ok(json!("200 ok"))
    }

    pub(super) fn dump(&self, _: &RpcRequest) -> RpcResult {
        let list = self.list_for_all()?;
        let line = |(prefix, allows): (&[u8], bool)| {
            json!({
                "prefix": String::from_utf8_lossy(prefix),
                "allowlist": if allows { "1" } else { "0" },
            })
        };
        Ok(Json::Array(list.iter().map(line).collect()))
    }

    pub(super) fn is_blocked(&self, request: &RpcRequest) -> RpcResult {
        self.look_up(request, "blocklisted", |allows| allows == Some(false))
    }

    pub(super) fn is_allowed(&self, request: &RpcRequest) -> RpcResult {
        self.look_up(request, "allowlisted", |allows| allows == Some(true))
    }

    pub(super) fn is_user_blocked(&self, request: &RpcRequest) -> RpcResult {
        self.look_up_user(request, "blocklisted", |allows| allows == Some(false))
    }

    pub(super) fn is_user_allowed(&self, request: &RpcRequest) -> RpcResult {
        self.look_up_user(request, "allowlisted", |allows| allows == Some(true))
    }

    fn list_for_all(&self) -> Result<Arc<Prefixes>, RpcError> {
        let list = self.lists.list(&self.lists.params.global_table);
        list.ok_or_else(|| RpcError::internal("the list is not read yet"))
    }

    fn look_up(
        &self,
        request: &RpcRequest,
        key: &str,
        judge: fn(Option<bool>) -> bool,
    ) -> RpcResult {
        let prefix = request
            .text(0)
            .map_err(|_| RpcError::internal("Check failed: 1 argument needed (\"prefix\")"))?;
        let list = self.list_for_all()?;
        let answer = judge(list.longest(prefix.as_bytes()));
        Ok(json!({"prefix": prefix, key: answer.to_string()}))
    }

    fn look_up_user(
        &self,
        request: &RpcRequest,
        key: &str,
        judge: fn(Option<bool>) -> bool,
    ) -> RpcResult {
        let (Ok(prefix), Ok(user)) = (request.text(0), request.text(1)) else {
            return Err(RpcError::internal(
                "Check failed: 2 or 3 arguments needed (\"prefix\" \"user\" \"domain\"(optional))",
            ));
        };
        let domain = request.text(2).ok();
        let table = &self.lists.params.user_table;
        let select =
            self.lists
                .select_user(table, user.as_bytes(), domain.as_deref().map(str::as_bytes));
        let rows = store::wait(self.lists.store.as_ref(), select.into())
            .map_err(|error| RpcError::internal(format!("Check failed: {error}")))?;
        let prefixes = self.lists.prefixes(&rows.into_rows());
        let domain = domain.unwrap_or_default();
        let answer = judge(prefixes.longest(prefix.as_bytes()));
        Ok(json!({"prefix": prefix, "user": user, "domain": domain, key: answer.to_string()}))
    }
}
