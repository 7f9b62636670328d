//! Commands: traces and levels while the server runs.

use super::Debugger;
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::json;

pub(super) fn declare(d: &mut Declaration<Debugger>) {
    d.rpc(
        "dbg.trace on|off",
        "Switches the trace of statements.",
        trace,
    );
    d.rpc(
        "dbg.mod_level module level",
        "Sets the log level of a module; `core` is that of the core.",
        set_level,
    );
    d.rpc("dbg.set_mod_level module level", "The same.", set_level);
    d.rpc(
        "dbg.get_mod_level module",
        "The log level of a module, or that of the server.",
        |debugger, request| {
            let module = request.text(0)?;
            let level = debugger
                .logger
                .module_level(&module)
                .unwrap_or_else(|| debugger.logger.level());
            Ok(json!({ module: level }))
        },
    );
}

fn trace(debugger: &Debugger, request: &RpcRequest) -> RpcResult {
    match request.text(0)?.as_str() {
        "on" => debugger.trace.switch(true),
        "off" => debugger.trace.switch(false),
        other => {
            return Err(RpcError::invalid(format!(
                "expected on or off, found {other}"
            )));
        }
    }
    Ok(json!("200 ok"))
}

fn set_level(debugger: &Debugger, request: &RpcRequest) -> RpcResult {
    let (module, level) = (request.text(0)?, request.int(1)?);
    let level = i32::try_from(level).map_err(|_| RpcError::invalid("no such level"))?;
    debugger.logger.set_module_level(&module, level);
    Ok(json!("200 ok"))
}
