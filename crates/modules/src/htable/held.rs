//! Values of items.

use bytes::Bytes;
use script::Value;

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    Int(i64),
    Text(Box<[u8]>),
}

impl Held {
    /// The value as scripts see it.
    pub(super) fn value(&self) -> Value {
        match self {
            Held::Int(number) => Value::Int(*number),
            Held::Text(text) => Value::Str(Bytes::copy_from_slice(text)),
        }
    }

    /// What scripts give; none for `$null`.
    pub(super) fn from_value(value: Value) -> Option<Held> {
        match value {
            Value::Null => None,
            Value::Int(number) => Some(Held::Int(number)),
            Value::Str(text) => Some(Held::Text(text.as_ref().into())),
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Held::Int(_) => None,
            Held::Text(text) => Some(text),
        }
    }
}
