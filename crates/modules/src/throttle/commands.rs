//! What the commands of both modules read and change in the same way.

use super::{Algorithm, Gains, Regulator};
use policy::{RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};

impl Regulator {
    /// `set_pid ki kp kd`
    pub(crate) fn set_gains(&self, request: &RpcRequest) -> RpcResult {
        let number = |index| {
            real(request.params.get(index))
                .ok_or_else(|| RpcError::invalid("expected three numbers"))
        };
        *self.gains.lock() = Gains {
            ki: number(0)?,
            kp: number(1)?,
            kd: number(2)?,
        };
        Ok(json!({}))
    }

    /// `get_pid`
    pub(crate) fn shown_gains(&self) -> RpcResult {
        let Gains { ki, kp, kd } = *self.gains.lock();
        Ok(json!(format!("ki[{ki:.6}] kp[{kp:.6}] kd[{kd:.6}] ")))
    }
}

/// Algorithm and limit, the second and third argument of `set_pipe`.
pub(crate) fn pipe_setting(request: &RpcRequest) -> Result<(Algorithm, u32), RpcError> {
    let (name, limit) = (request.text(1)?, request.int(2)?);
    let algorithm = Algorithm::named(name.as_bytes());
    let algorithm = algorithm.ok_or_else(|| RpcError::invalid("Unknown algorithm"))?;
    let limit = u32::try_from(limit)
        .ok()
        .filter(|limit| algorithm.takes(*limit));
    Ok((
        algorithm,
        limit.ok_or_else(|| RpcError::invalid("Invalid limit"))?,
    ))
}

/// The argument of `push_load`.
pub(crate) fn pushed_load(request: &RpcRequest) -> Result<f64, RpcError> {
    let load = real(request.params.first()).filter(|load| (0.0..=1.0).contains(load));
    load.ok_or_else(|| RpcError::invalid("Value out of range"))
}

/// A number with a fraction among the arguments of a command; text that is one counts.
fn real(value: Option<&Json>) -> Option<f64> {
    match value? {
        Json::String(text) => text.strip_prefix("f:").unwrap_or(text).parse().ok(),
        value => value.as_f64(),
    }
    .filter(|number: &f64| number.is_finite())
}
