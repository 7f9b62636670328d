//! Commands for operators: JSON in, JSON out, the same over every transport.

use serde_json::Value as Json;

/// The arguments of one command.
#[derive(Clone, Debug, Default)]
pub struct RpcRequest {
    /// Positional arguments; named ones are given as one object.
    pub params: Vec<Json>,
    /// Seconds since 1970, for answers that speak of expiry.
    pub now_s: u64,
}

impl RpcRequest {
    /// The text argument at `index`; numbers are given as text too.
    pub fn text(&self, index: usize) -> Result<String, RpcError> {
        match self.params.get(index) {
            Some(Json::String(text)) => Ok(text.strip_prefix("s:").unwrap_or(text).to_owned()),
            Some(Json::Number(number)) => Ok(number.to_string()),
            _ => Err(RpcError::invalid(format!(
                "argument {} must be a text",
                index + 1
            ))),
        }
    }

    /// The number at `index`; text that is a number counts.
    pub fn int(&self, index: usize) -> Result<i64, RpcError> {
        let found = match self.params.get(index) {
            Some(Json::Number(number)) => number.as_i64(),
            Some(Json::String(text)) => text.strip_prefix("i:").unwrap_or(text).parse().ok(),
            _ => None,
        };
        found.ok_or_else(|| RpcError::invalid(format!("argument {} must be a number", index + 1)))
    }

    /// True where an argument stands at `index`.
    pub fn has(&self, index: usize) -> bool {
        self.params.get(index).is_some_and(|value| !value.is_null())
    }
}

/// Why a command failed: a code as Kamailio's RPC gives (400, 404, 500) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// What went wrong.
    pub message: String,
}

impl RpcError {
    /// The arguments are wrong.
    pub fn invalid(message: impl Into<String>) -> RpcError {
        RpcError {
            code: 400,
            message: message.into(),
        }
    }

    /// What was asked for is not there.
    pub fn not_found(message: impl Into<String>) -> RpcError {
        RpcError {
            code: 404,
            message: message.into(),
        }
    }

    /// It should have worked and did not.
    pub fn internal(message: impl Into<String>) -> RpcError {
        RpcError {
            code: 500,
            message: message.into(),
        }
    }
}

/// The answer of a command.
pub type RpcResult = Result<Json, RpcError>;
