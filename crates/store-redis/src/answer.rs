//! What Redis says, in the words of the contract.

use bytes::Bytes;
use redis::{RedisError, RedisResult, ServerError, Value};
use store::keys::Said;

/// The answers to a pipeline. An error of the server is an answer; one of the connection is not.
pub(crate) fn read(
    outcome: RedisResult<Vec<Value>>,
    count: usize,
) -> Result<Vec<Said>, RedisError> {
    match outcome {
        Ok(values) => Ok(values.into_iter().map(said).collect()),
        // The server refuses the pipeline as a whole: it is loading its data, or wants a password.
        Err(error) if error.code().is_some() => {
            let why = said_error(error.code().unwrap_or_default(), error.detail());
            Ok(vec![why; count])
        }
        Err(error) => Err(error),
    }
}

fn said(value: Value) -> Said {
    match value {
        Value::Nil => Said::Nil,
        Value::Int(number) => Said::Int(number),
        Value::BulkString(bytes) => Said::Text(bytes.into()),
        Value::SimpleString(text) => Said::Status(text.into()),
        Value::Okay => Said::Status(Bytes::from_static(b"OK")),
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => {
            Said::Array(values.into_iter().map(said).collect())
        }
        Value::Map(pairs) => {
            let values = pairs.into_iter().flat_map(|(name, value)| [name, value]);
            Said::Array(values.map(said).collect())
        }
        Value::Attribute { data, .. } => said(*data),
        Value::Double(number) => Said::Text(number.to_string().into()),
        Value::Boolean(yes) => Said::Int(yes.into()),
        Value::VerbatimString { text, .. } => Said::Text(text.into()),
        Value::BigNumber(digits) => Said::Text(digits.into()),
        Value::ServerError(error) => refused(&error),
        _ => Said::Nil,
    }
}

fn refused(error: &ServerError) -> Said {
    said_error(error.code(), error.details())
}

/// The line as it came: the code, and what is wrong.
fn said_error(code: &str, detail: Option<&str>) -> Said {
    let text = match detail {
        Some(detail) => format!("{code} {detail}"),
        None => code.to_owned(),
    };
    Said::Error(text.into())
}
