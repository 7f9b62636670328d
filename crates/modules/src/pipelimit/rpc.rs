//! The commands `pl.*`.

use super::Pipelimit;
use crate::throttle::{pipe_setting, pushed_load};
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Pipelimit>) {
    d.rpc("pl.list [name]", "One pipe or all of them.", list);
    d.rpc("pl.stats", "What pipes counted and drop.", stats);
    d.rpc(
        "pl.set_pipe name algorithm limit",
        "Changes a pipe.",
        set_pipe,
    );
    d.rpc("pl.get_pipes", "The pipes, a line for each.", pipes);
    d.rpc(
        "pl.set_pid ki kp kd",
        "Changes the gains of the controllers.",
        set_gains,
    );
    d.rpc("pl.get_pid", "The gains of the controllers.", gains);
    d.rpc(
        "pl.push_load load",
        "Forces the load, between 0.0 and 1.0.",
        push_load,
    );
}

fn unknown(name: &str) -> RpcError {
    RpcError::invalid(format!("Unknown pipe id {name}"))
}

fn list(module: &Pipelimit, request: &RpcRequest) -> RpcResult {
    let name = request.text(0).ok();
    let found = module.pipes.listed(name.as_deref());
    if let (Some(name), true) = (&name, found.is_empty()) {
        return Err(unknown(name));
    }
    let pipes = found.into_iter().map(|(name, named)| {
        json!({
            "name": String::from_utf8_lossy(&name),
            "algorithm": named.pipe.algorithm.name(),
            "limit": named.pipe.limit,
            "counter": named.pipe.counter,
            "last_counter": named.pipe.last_counter,
            "unused_intervals": named.unused,
        })
    });
    Ok(Json::Array(pipes.collect()))
}

fn stats(module: &Pipelimit, _: &RpcRequest) -> RpcResult {
    let lines = module.pipes.listed(None).into_iter().map(|(name, named)| {
        let name = String::from_utf8_lossy(&name).into_owned();
        let (load, last) = (named.pipe.drop_rate, named.pipe.last_counter);
        json!(format!("PIPE: id={name} load={load} counter={last}"))
    });
    Ok(Json::Array(lines.collect()))
}

fn pipes(module: &Pipelimit, _: &RpcRequest) -> RpcResult {
    let lines = module.pipes.listed(None).into_iter().map(|(name, named)| {
        let name = String::from_utf8_lossy(&name).into_owned();
        let (algorithm, limit) = (named.pipe.algorithm.name(), named.pipe.limit);
        let counter = named.pipe.counter;
        json!(format!(
            "PIPE: id={name} algorithm={algorithm} limit={limit} counter={counter}"
        ))
    });
    Ok(Json::Array(lines.collect()))
}

fn set_pipe(module: &Pipelimit, request: &RpcRequest) -> RpcResult {
    let name = request.text(0)?;
    let (algorithm, limit) = pipe_setting(request)?;
    if module.pipes.set(name.as_bytes(), algorithm, limit) {
        Ok(json!({}))
    } else {
        Err(unknown(&name))
    }
}

fn set_gains(module: &Pipelimit, request: &RpcRequest) -> RpcResult {
    module.pipes.regulator.set_gains(request)
}

fn gains(module: &Pipelimit, _: &RpcRequest) -> RpcResult {
    module.pipes.regulator.shown_gains()
}

fn push_load(module: &Pipelimit, request: &RpcRequest) -> RpcResult {
    module.pipes.push_load(pushed_load(request)?);
    Ok(json!({}))
}
