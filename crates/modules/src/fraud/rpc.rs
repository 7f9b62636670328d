//! The commands.

use super::person::Numbers;
use super::profile::Rule;
use super::{Fraud, moment};
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Fraud>) {
    d.rpc(
        "fraud.list [profile] [who]",
        "Lists users and trunks with their counts.",
        list,
    );
    d.rpc(
        "fraud.profiles",
        "Lists the profiles with their limits.",
        profiles,
    );
    d.rpc(
        "fraud.reset profile who",
        "Forgets what a user or trunk did, and unblocks it; calls that are up still count.",
        reset,
    );
    d.waiting_rpc(
        "fraud.reload",
        "Reads the table of high-risk destinations again.",
        reload,
    );
}

fn list(fraud: &Fraud, request: &RpcRequest) -> RpcResult {
    let profile = request.has(0).then(|| request.text(0)).transpose()?;
    let who = request.has(1).then(|| request.text(1)).transpose()?;
    let at = moment(&fraud.surroundings, request.now_s);
    let list = fraud.book.list(profile.as_deref(), at);
    let wanted = list.into_iter().filter(|(_, own, _)| {
        let who = who.as_deref().map(str::as_bytes);
        who.is_none_or(|who| who == own.as_ref())
    });
    Ok(wanted
        .map(|(profile, who, numbers)| shown(&profile, &who, &numbers))
        .collect())
}

fn shown(profile: &str, who: &[u8], numbers: &Numbers) -> Json {
    json!({
        "profile": profile,
        "who": String::from_utf8_lossy(who),
        "calls": numbers.calls,
        "calls_per_hour": numbers.calls_per_hour,
        "destinations_per_hour": numbers.destinations_per_hour,
        "minutes_per_day": numbers.seconds_today / 60,
        "risky_calls_per_hour": numbers.risky_calls_per_hour,
        "blocked": numbers.blocked_s,
    })
}

fn profiles(fraud: &Fraud, _: &RpcRequest) -> RpcResult {
    let shown = |rule: &Rule| {
        json!({
            "limit": rule.measure.name(),
            "most": rule.most,
            "action": rule.action.name(),
        })
    };
    let profiles = fraud.params.profiles.iter().map(|profile| {
        json!({
            "profile": profile.name,
            "limits": profile.rules.iter().map(shown).collect::<Vec<Json>>(),
            "throttle": profile.throttle_s,
            "block": profile.block_s,
        })
    });
    Ok(profiles.collect())
}

fn reset(fraud: &Fraud, request: &RpcRequest) -> RpcResult {
    let (profile, who) = (request.text(0)?, request.text(1)?);
    let at = moment(&fraud.surroundings, request.now_s);
    match fraud.book.forget(&profile, who.as_bytes(), at) {
        true => Ok(Json::Null),
        false => Err(RpcError::not_found(format!(
            "nothing is known of {who} under {profile}"
        ))),
    }
}

fn reload(fraud: &Fraud, _: &RpcRequest) -> RpcResult {
    let Some(table) = &fraud.table else {
        return Err(RpcError::invalid("the parameter db_url names no database"));
    };
    let count = table.reload(&fraud.prefixes).map_err(RpcError::internal)?;
    Ok(json!({ "prefixes": count }))
}
