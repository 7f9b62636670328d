//! The commands `rl.*`.

use super::Ratelimit;
use super::pipes::{MOST, Queue};
use crate::throttle::{pipe_setting, pushed_load};
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::atomic::Ordering;

pub(super) fn declare(d: &mut Declaration<Ratelimit>) {
    d.rpc("rl.stats", "What pipes counted and drop.", stats);
    d.rpc(
        "rl.set_pipe pipe algorithm limit",
        "Changes a pipe.",
        set_pipe,
    );
    d.rpc("rl.get_pipes", "The pipes.", pipes);
    d.rpc(
        "rl.set_queue queue method pipe",
        "Changes a queue.",
        set_queue,
    );
    d.rpc("rl.get_queues", "The queues.", queues);
    d.rpc(
        "rl.set_pid ki kp kd",
        "Changes the gains of the controllers.",
        set_gains,
    );
    d.rpc("rl.get_pid", "The gains of the controllers.", gains);
    d.rpc(
        "rl.push_load load",
        "Forces the load, between 0.0 and 1.0.",
        push_load,
    );
    d.rpc(
        "rl.set_dbg 0|1",
        "Logs the counters at each interval, or no more.",
        set_dbg,
    );
}

fn stats(module: &Ratelimit, _: &RpcRequest) -> RpcResult {
    let lines = module.pipes.each().into_iter().map(|(number, pipe)| {
        let (last, now, rate) = (pipe.last_counter, pipe.counter, pipe.drop_rate);
        json!(format!("PIPE[{number}]: {last}/{now} (drop rate: {rate})"))
    });
    Ok(Json::Array(lines.collect()))
}

fn pipes(module: &Ratelimit, _: &RpcRequest) -> RpcResult {
    let lines = module.pipes.each().into_iter().map(|(number, pipe)| {
        let (last, limit, rate) = (pipe.last_counter, pipe.limit, pipe.drop_rate);
        let (kind, name) = (pipe.algorithm.number(), pipe.algorithm.name());
        let now = pipe.counter;
        json!(format!(
            "PIPE[{number}]: {kind}:{name} {last}/{limit} (drop rate: {rate}) [{now}]"
        ))
    });
    Ok(Json::Array(lines.collect()))
}

fn queues(module: &Ratelimit, _: &RpcRequest) -> RpcResult {
    let queues = module.pipes.queues.read();
    let lines = queues
        .iter()
        .enumerate()
        .map(|(number, queue)| json!(format!("QUEUE[{number}]: {}:{}", queue.pipe, queue.method)));
    Ok(Json::Array(lines.collect()))
}

fn set_pipe(module: &Ratelimit, request: &RpcRequest) -> RpcResult {
    let number = request.int(0)?;
    let (algorithm, limit) = pipe_setting(request)?;
    let known =
        usize::try_from(number).is_ok_and(|number| module.pipes.set(number, algorithm, limit));
    if known {
        Ok(json!({}))
    } else {
        Err(RpcError::invalid("Unknown pipe"))
    }
}

fn set_queue(module: &Ratelimit, request: &RpcRequest) -> RpcResult {
    let (number, method, pipe) = (request.int(0)?, request.text(1)?, request.int(2)?);
    let pipe = usize::try_from(pipe).ok().filter(|pipe| *pipe < MOST);
    let pipe = pipe.ok_or_else(|| RpcError::invalid("Invalid pipe number"))?;
    let queue = Queue::parse(&format!("{pipe}:{method}")).map_err(RpcError::invalid)?;
    let known = usize::try_from(number).is_ok_and(|number| module.pipes.set_queue(number, queue));
    if known {
        Ok(json!({}))
    } else {
        Err(RpcError::invalid("MAX_QUEUES reached"))
    }
}

fn set_gains(module: &Ratelimit, request: &RpcRequest) -> RpcResult {
    module.pipes.regulator.set_gains(request)
}

fn gains(module: &Ratelimit, _: &RpcRequest) -> RpcResult {
    module.pipes.regulator.shown_gains()
}

fn push_load(module: &Ratelimit, request: &RpcRequest) -> RpcResult {
    module.pipes.push_load(pushed_load(request)?);
    Ok(json!({}))
}

fn set_dbg(module: &Ratelimit, request: &RpcRequest) -> RpcResult {
    module
        .shows_counters
        .store(request.int(0)? != 0, Ordering::Relaxed);
    Ok(json!({}))
}
