//! The commands.

use super::Pike;
use super::tree::{Heat, Leaf};
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

pub(super) fn declare(d: &mut Declaration<Pike>) {
    d.rpc(
        "pike.top [ALL|HOT|WARM]",
        "Lists addresses with their requests, the busiest first; without an argument those that are blocked.",
        top,
    );
    d.rpc("pike.list [ALL|HOT|WARM]", "The same as pike.top.", top);
}

fn top(pike: &Pike, request: &RpcRequest) -> RpcResult {
    let wanted = wanted(request)?;
    let unit = pike.rules.unit(request.now_s.saturating_mul(1000));
    let leaves = pike.tree.leaves(unit, &pike.rules);
    let is_wanted = |leaf: &&Leaf| wanted.is_none_or(|heat| heat == leaf.heat);
    let list: Vec<Json> = leaves.iter().filter(is_wanted).map(shown).collect();
    let rows = list.len();
    Ok(json!({ "max_hits": pike.rules.density, "list": list, "number_of_rows": rows }))
}

fn wanted(request: &RpcRequest) -> Result<Option<Heat>, RpcError> {
    let Ok(word) = request.text(0) else {
        return Ok(Some(Heat::Hot));
    };
    match word.to_ascii_uppercase().as_str() {
        "ALL" => Ok(None),
        "WARM" => Ok(Some(Heat::Warm)),
        "HOT" => Ok(Some(Heat::Hot)),
        _ => Err(RpcError::internal("Bad argument. Select: ALL, HOT or WARM")),
    }
}

fn shown(leaf: &Leaf) -> Json {
    let status = match leaf.heat {
        Heat::Cold => "",
        Heat::Warm => "WARM",
        Heat::Hot => "HOT",
    };
    json!({
        "ip_addr": leaf.address.to_string(),
        "leaf_hits_prev": leaf.previous,
        "leaf_hits_curr": leaf.current,
        "expires": leaf.expires_s,
        "status": status,
    })
}
