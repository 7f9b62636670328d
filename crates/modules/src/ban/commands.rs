//! The commands, which `ringwall ctl ban` uses too.

use super::Ban;
use policy::{Declaration, Listed, NotBanned, Proof, RpcError, RpcRequest, RpcResult, Source};
use serde_json::{Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Ban>) {
    d.rpc(
        "ban.list",
        "Lists the bans that hold, the newest first.",
        list,
    );
    d.rpc(
        "ban.add source [seconds] [reason]",
        "Bans an address or network; without seconds, or with 0, for ever.",
        add,
    );
    d.rpc(
        "ban.rm source",
        "Takes an address or network out of the list.",
        remove,
    );
    d.rpc(
        "ban.never_list",
        "Lists the networks that are never banned.",
        never_list,
    );
    d.rpc(
        "ban.never_add source",
        "Nothing in this address or network is banned any more.",
        never_add,
    );
    d.rpc(
        "ban.never_rm source",
        "It may be banned again.",
        never_remove,
    );
}

fn list(ban: &Ban, request: &RpcRequest) -> RpcResult {
    let now_ms = request.now_s.saturating_mul(1000);
    let list = ban.list().list(now_ms);
    Ok(list.iter().map(|listed| shown(listed, now_ms)).collect())
}

fn add(ban: &Ban, request: &RpcRequest) -> RpcResult {
    let source = source(request)?;
    let seconds = match request.has(1) {
        true => u64::try_from(request.int(1)?)
            .map_err(|_| RpcError::invalid("seconds must not be negative"))?,
        false => 0,
    };
    let reason = match request.has(2) {
        true => request.text(2)?,
        false => "operator".to_owned(),
    };
    let now_ms = request.now_s.saturating_mul(1000);
    let seconds = Some(seconds).filter(|seconds| *seconds > 0);
    if ban.is_trusted(source) {
        return Err(refused(source, NotBanned::Never));
    }
    let made = ban.list().add_by_operator(source, seconds, &reason, now_ms);
    let made = made.map_err(|why| refused(source, why))?;
    Ok(shown(&made, now_ms))
}

fn remove(ban: &Ban, request: &RpcRequest) -> RpcResult {
    let source = source(request)?;
    match ban.list().remove(source) {
        true => Ok(json!("OK")),
        false => Err(RpcError::not_found(format!("{source} is not banned"))),
    }
}

fn never_list(ban: &Ban, _: &RpcRequest) -> RpcResult {
    let never = ban.list().never();
    Ok(never.iter().map(Source::to_string).collect())
}

fn never_add(ban: &Ban, request: &RpcRequest) -> RpcResult {
    match ban.list().add_never(source(request)?) {
        true => Ok(json!("OK")),
        false => Err(RpcError::internal("the list is full")),
    }
}

fn never_remove(ban: &Ban, request: &RpcRequest) -> RpcResult {
    let source = source(request)?;
    match ban.list().remove_never(source) {
        true => Ok(json!("OK")),
        false => Err(RpcError::not_found(format!("{source} is not in the list"))),
    }
}

fn source(request: &RpcRequest) -> Result<Source, RpcError> {
    Source::parse(&request.text(0)?).map_err(RpcError::invalid)
}

fn refused(source: Source, why: NotBanned) -> RpcError {
    match why {
        NotBanned::Never => RpcError::invalid(format!("{source} is never banned")),
        NotBanned::Known => RpcError::invalid(format!("{source} proved itself")),
        NotBanned::Full => RpcError::internal("the list is full"),
    }
}

fn shown(listed: &Listed, now_ms: u64) -> Json {
    let ban = &listed.ban;
    let until_s = (ban.until_ms != u64::MAX).then_some(ban.until_ms / 1000);
    let left_s = until_s.map(|until_s| until_s.saturating_sub(now_ms / 1000));
    json!({
        "source": listed.source.to_string(),
        "port": listed.port,
        "reason": &*ban.reason,
        "since": ban.since_ms / 1000,
        "until": until_s,
        "left": left_s,
        "before": ban.strikes,
        "by": match ban.proof {
            Proof::Unvalidated => "unproved",
            Proof::Validated => "proved",
            Proof::Operator => "operator",
        },
    })
}
