//! The commands.

use super::SecFilter;
use super::lists::{Colour, KINDS, Kind, Lists};
use policy::{RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl SecFilter {
    pub(super) fn reload(&self, _: &RpcRequest) -> RpcResult {
        let source = self.source.as_ref();
        let source = source.ok_or_else(|| RpcError::internal("Error: there is no db_url"))?;
        let read = store::wait(source.store.as_ref(), source.select().into());
        match source.keep(&self.lists, read) {
            Ok(()) => Ok(json!("Data reloaded")),
            Err(why) => Err(RpcError::internal(format!("Error reloading data: {why}"))),
        }
    }

    /// All lists, or those of one kind.
    pub(super) fn print(&self, request: &RpcRequest) -> RpcResult {
        let wanted = request.has(0).then(|| request.text(0)).transpose()?;
        let is_wanted = |word: &str| wanted.as_deref().is_none_or(|wanted| wanted == word);
        let lists = self.lists();
        let mut answer = serde_json::Map::new();
        for (kind, word, title, _) in KINDS {
            if is_wanted(word) {
                let colours = json!({
                    "Blacklisted": shown(lists.of(kind, Colour::Black)),
                    "Whitelisted": shown(lists.of(kind, Colour::White)),
                });
                answer.insert(title.to_owned(), colours);
            }
        }
        if is_wanted("dst") {
            let colours = json!({ "Blacklisted": shown(&lists.destinations) });
            answer.insert("Destinations".to_owned(), colours);
        }
        Ok(Json::Object(answer))
    }

    pub(super) fn stats(&self, _: &RpcRequest) -> RpcResult {
        Ok(Json::from(self.counts.text()))
    }

    pub(super) fn stats_reset(&self, _: &RpcRequest) -> RpcResult {
        self.counts.reset();
        Ok(json!("The statistics has been reset"))
    }

    pub(super) fn add_dst(&self, request: &RpcRequest) -> RpcResult {
        let number = request.text(0).ok().filter(|number| !number.is_empty());
        let number = number.ok_or_else(|| {
            RpcError::internal("Invalid Parameters. Usage: secfilter.add_dst number\n     Example: secfilter.add_dst 555123123")
        })?;
        self.change(|lists| lists.destinations.push(number.clone().into_bytes()))?;
        Ok(json!(format!(
            "Values ({number}) inserted into blacklist destinations"
        )))
    }

    pub(super) fn add_bl(&self, request: &RpcRequest) -> RpcResult {
        self.add(request, Colour::Black, "blacklist", "add_bl", "sipvicious")
    }

    pub(super) fn add_wl(&self, request: &RpcRequest) -> RpcResult {
        self.add(
            request,
            Colour::White,
            "whitelist",
            "add_wl",
            "trusted_user",
        )
    }

    fn add(
        &self,
        request: &RpcRequest,
        colour: Colour,
        list: &str,
        command: &str,
        example: &str,
    ) -> RpcResult {
        let (Ok(word), Ok(value)) = (request.text(0), request.text(1)) else {
            return Err(RpcError::internal(format!(
                "Invalid Parameters. Usage: secfilter.{command} type value\n     Example: secfilter.{command} user {example}"
            )));
        };
        let kind = Kind::named(&word).filter(|_| !value.is_empty());
        let kind = kind
            .ok_or_else(|| RpcError::internal(format!("Error inserting values in the {list}")))?;
        self.change(|lists| lists.add(kind, colour, value.as_bytes()))?;
        Ok(json!(format!(
            "Values ({word}, {value}) inserted into {list}"
        )))
    }

    /// Puts changed lists in the place of the present ones. Those that are not read yet would lose the change.
    fn change(&self, change: impl FnOnce(&mut Lists)) -> Result<(), RpcError> {
        let mut lists = self.lists.write();
        if lists.is_unread() {
            return Err(RpcError::internal("the lists are not read yet"));
        }
        change(Arc::make_mut(&mut lists));
        Ok(())
    }
}

fn shown(list: &[Vec<u8>]) -> Vec<String> {
    list.iter()
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}
