//! The commands `dlg.*`; codes, messages and shapes are those of Kamailio 5.6.3.

use super::DialogModule;
use super::bridge;
use super::call::{Dialog, Side};
use super::logic::Cause;
use super::show::{self, Stats};
use super::state::State;
use super::texts::Did;
use policy::{Declaration, Level, RpcError, RpcRequest, RpcResult};
use script::Regex;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Declares every command.
pub(super) fn declare(d: &mut Declaration<DialogModule>) {
    d.rpc("dlg.list", "Every dialog.", list);
    d.rpc(
        "dlg.list_ctx",
        "The same; no other module adds to it.",
        list,
    );
    d.rpc(
        "dlg.list_match key op value [limit]",
        "Dialogs whose ruri, furi, turi, callid or start_ts is eq, re, sw, gt or lt the value.",
        list_match,
    );
    d.rpc(
        "dlg.list_match_ctx key op value [limit]",
        "The same; no other module adds to it.",
        list_match,
    );
    d.rpc(
        "dlg.dlg_list callid [from_tag]",
        "The dialog with this Call-ID.",
        one,
    );
    d.rpc(
        "dlg.dlg_list_ctx callid [from_tag]",
        "The same; no other module adds to it.",
        one,
    );
    d.rpc(
        "dlg.briefing [attrs]",
        "Some attributes of every dialog, by letters; ftcFT unless told.",
        briefing,
    );
    d.rpc(
        "dlg.terminate_dlg callid from_tag to_tag",
        "Sends a BYE to both sides.",
        terminate,
    );
    d.rpc(
        "dlg.end_dlg h_entry h_id [extra_hdrs]",
        "The same, for the dialog of this name.",
        end,
    );
    d.rpc(
        "dlg.set_state callid from_tag to_tag state",
        "Changes the state and nothing else.",
        set_state,
    );
    d.rpc(
        "dlg.is_alive callid from_tag to_tag",
        "Alive, or an error where the dialog is not confirmed.",
        is_alive,
    );
    d.rpc(
        "dlg.stats_active",
        "How many dialogs are in which state.",
        stats,
    );
    d.rpc(
        "dlg.profile_get_size profile [value]",
        "How many dialogs are in the profile.",
        profile_size,
    );
    d.rpc(
        "dlg.profile_list profile [value]",
        "The dialogs in the profile.",
        profile_list,
    );
    d.rpc(
        "dlg.bridge_dlg from to [op] [body]",
        "Calls from, puts it on hold, refers it to to.",
        bridge_dlg,
    );
}

/// The dialogs that `wanted` takes, at most `most`.
fn collect(
    module: &DialogModule,
    most: usize,
    wanted: impl Fn(&Arc<Dialog>) -> bool,
) -> Vec<Arc<Dialog>> {
    let mut found = Vec::new();
    module.logic.shared.table.each(|dialog| {
        if found.len() < most && wanted(dialog) {
            found.push(dialog.clone());
        }
    });
    found
}

fn records(dialogs: &[Arc<Dialog>], now_s: u64) -> Json {
    dialogs
        .iter()
        .map(|dialog| show::record(dialog, now_s))
        .collect()
}

fn list(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let all = collect(module, usize::MAX, |_| true);
    Ok(records(&all, request.now_s))
}

fn one(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let call_id = request.text(0)?;
    let from_tag = request.text(1).ok();
    let is_it = |dialog: &Arc<Dialog>| {
        let mut tag = from_tag.iter().map(|tag| tag.as_bytes());
        dialog.call_id() == call_id.as_bytes() && tag.all(|tag| dialog.caller_tag() == tag)
    };
    let found = collect(module, 1, is_it);
    let record = found
        .first()
        .map(|dialog| show::record(dialog, request.now_s));
    Ok(record.unwrap_or_else(|| json!({})))
}

fn briefing(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let wanted = request.text(0).unwrap_or_else(|_| "ftcFT".to_owned());
    let all = collect(module, usize::MAX, |_| true);
    Ok(all
        .iter()
        .map(|dialog| show::brief(dialog, &wanted))
        .collect())
}

fn list_match(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let (key, op, value) = (request.text(0)?, request.text(1)?, request.text(2)?);
    let most = match request.int(3) {
        Ok(most) if most > 0 => usize::try_from(most).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    let wanted = Wanted::new(&key, &op, &value)?;
    let found = collect(module, most, |dialog| wanted.takes(dialog));
    match found.is_empty() {
        true => Err(RpcError::not_found("Not found")),
        false => Ok(records(&found, request.now_s)),
    }
}

/// What `dlg.list_match` looks for.
enum Wanted {
    Text(fn(&Dialog) -> &[u8], Compare),
    Started(std::cmp::Ordering, u64),
}

enum Compare {
    Equal(Vec<u8>),
    Begins(Vec<u8>),
    Matches(Regex),
}

impl Wanted {
    fn new(key: &str, op: &str, value: &str) -> Result<Wanted, RpcError> {
        let part: fn(&Dialog) -> &[u8] = match key {
            "ruri" => |dialog| dialog.request_uri(),
            "furi" => |dialog| dialog.caller_uri(),
            "turi" => |dialog| dialog.callee_uri(),
            "callid" => |dialog| dialog.call_id(),
            "start_ts" => return Wanted::started(op, value),
            _ => return Err(RpcError::internal("Invalid matching key parameter")),
        };
        let bytes = value.as_bytes().to_vec();
        Ok(Wanted::Text(
            part,
            match op {
                "eq" => Compare::Equal(bytes),
                "sw" => Compare::Begins(bytes),
                "re" => Compare::Matches(
                    Regex::compile(value.as_bytes())
                        .map_err(|_| RpcError::internal("Invalid matching value parameter"))?,
                ),
                _ => return Err(RpcError::internal("Invalid matching operator parameter")),
            },
        ))
    }

    fn started(op: &str, value: &str) -> Result<Wanted, RpcError> {
        let order = match op {
            "eq" => std::cmp::Ordering::Equal,
            "gt" => std::cmp::Ordering::Greater,
            "lt" => std::cmp::Ordering::Less,
            _ => return Err(RpcError::internal("Invalid matching operator parameter")),
        };
        let value = value.parse();
        let value = value.map_err(|_| RpcError::internal("Invalid matching value parameter"))?;
        Ok(Wanted::Started(order, value))
    }

    fn takes(&self, dialog: &Dialog) -> bool {
        match self {
            Wanted::Started(order, value) => dialog.live.lock().start_s.cmp(value) == *order,
            Wanted::Text(part, compare) => {
                let text = part(dialog);
                match compare {
                    Compare::Equal(wanted) => text == wanted,
                    Compare::Begins(wanted) => text.starts_with(wanted),
                    Compare::Matches(regex) => regex.matches(text).unwrap_or(false),
                }
            }
        }
    }
}

/// The dialog with the Call-ID and tags that are the first three arguments.
fn tagged(module: &DialogModule, request: &RpcRequest) -> Result<Option<Arc<Dialog>>, RpcError> {
    let (call_id, from_tag, to_tag) = (request.text(0)?, request.text(1)?, request.text(2)?);
    let table = &module.logic.shared.table;
    let found = table.find(
        call_id.as_bytes(),
        from_tag.as_bytes(),
        to_tag.as_bytes(),
        None,
    );
    Ok(found.map(|(dialog, _)| dialog))
}

fn terminate(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let Some(dialog) = tagged(module, request)? else {
        return Err(RpcError::internal("Couldnt find callid in dialog"));
    };
    let at = (request.now_s, Cause::Bye);
    let sides = [Side::Caller, Side::Callee];
    match module.logic.hang_up(&dialog, &sides, b"", at) {
        true => Ok(Json::Null),
        false => Err(RpcError::internal("Couldnt terminate dialog")),
    }
}

fn end(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let number = |index| {
        let number = request.int(index)?;
        u32::try_from(number).map_err(|_| RpcError::invalid("not a number of a dialog"))
    };
    let did = Did {
        entry: number(0)?,
        id: number(1)?,
    };
    let Some(dialog) = module.logic.shared.table.named(did) else {
        return Err(RpcError::not_found("Dialog not found"));
    };
    let lines = request.text(2).unwrap_or_default();
    let at = (request.now_s, Cause::Bye);
    let sides = [Side::Caller, Side::Callee];
    match module.logic.hang_up(&dialog, &sides, lines.as_bytes(), at) {
        true => Ok(Json::Null),
        false => Err(RpcError::internal("Operation failed")),
    }
}

fn set_state(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let state = State::from_number(request.int(3)?);
    let state = state.ok_or_else(|| RpcError::invalid("Invalid new state parameter"))?;
    let Some(dialog) = tagged(module, request)? else {
        return Err(RpcError::not_found("Dialog not found"));
    };
    let old = module.logic.force_state(&dialog, state, request.now_s);
    module.logic.log(Level::Notice, || {
        let (call_id, old, new) = (
            show::printable(dialog.call_id()),
            old.number(),
            state.number(),
        );
        format!("dialog callid '{call_id}' - state change forced - old: {old} - new: {new}")
    });
    Ok(json!("Done"))
}

fn is_alive(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let Some(dialog) = tagged(module, request)? else {
        return Err(RpcError::not_found("Dialog not found"));
    };
    let state = dialog.live.lock().state;
    match state {
        State::Confirmed => Ok(json!("Alive")),
        _ => Err(RpcError::internal("Dialog not in confirmed state")),
    }
}

fn stats(module: &DialogModule, _: &RpcRequest) -> RpcResult {
    let mut stats = Stats::default();
    module
        .logic
        .shared
        .table
        .each(|dialog| stats.count(dialog.live.lock().state));
    Ok(stats.answer())
}

fn profile(
    module: &DialogModule,
    request: &RpcRequest,
) -> Result<Arc<super::profile::Profile>, RpcError> {
    let name = request.text(0)?;
    let found = module.logic.profile(name.as_bytes()).cloned();
    found.ok_or_else(|| RpcError::not_found(format!("Profile not found: {name}")))
}

fn profile_size(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let value = request.text(1).ok();
    let profile = profile(module, request)?;
    Ok(json!(profile.size(value.as_deref().map(str::as_bytes))))
}

fn profile_list(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let value = request.text(1).ok();
    let dialogs = profile(module, request)?.dialogs(value.as_deref().map(str::as_bytes));
    let repeated = dialogs
        .iter()
        .flat_map(|(dialog, times)| std::iter::repeat_n(dialog, *times));
    Ok(repeated
        .map(|dialog| show::record(dialog, request.now_s))
        .collect())
}

fn bridge_dlg(module: &DialogModule, request: &RpcRequest) -> RpcResult {
    let given = |index| request.text(index).ok().filter(|text| text != ".");
    let body = match given(3) {
        None => Some(bridge::hold()),
        Some(body) if body.is_empty() || body == "_" => None,
        Some(body) => Some(body.into()),
    };
    let (from, to) = (request.text(0)?.into(), request.text(1)?.into());
    match bridge::start(&module.logic, from, to, given(2).map(Into::into), body) {
        true => Ok(Json::Null),
        false => Err(RpcError::internal("Failed to bridge")),
    }
}
