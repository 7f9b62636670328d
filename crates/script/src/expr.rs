//! Expression trees: values without calls, evaluated in one go.

use bytes::{BufMut, Bytes, BytesMut};

use crate::ast::{BinaryOp, UnaryOp};
use crate::host::{Fault, Host};
use crate::lex::wrap;
use crate::regex::Regex;
use crate::value::Value;

/// A resolved expression without calls.
#[derive(Debug, Clone)]
pub enum Expr<V> {
    /// A constant.
    Constant(Value),
    /// A variable, select, keyword or test of the host.
    Variable(V),
    /// One operand.
    Unary(UnaryOp, Box<Expr<V>>),
    /// Two operands.
    Binary(BinaryOp, Box<(Expr<V>, Expr<V>)>),
    /// `=~` with an expression known at load.
    Match(Box<(Expr<V>, Regex)>),
    /// Equal as text without regard to case: how `method` and `uri` are compared.
    Same(Box<(Expr<V>, Expr<V>)>),
}

impl<V> Expr<V> {
    /// The constant it is, if it is one.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// Division by zero, a malformed regular expression from a variable.
    pub fn eval<H>(&self, host: &mut H) -> Result<Value, Fault>
    where
        H: Host<Var = V> + ?Sized,
    {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Variable(variable) => Ok(host.read(variable)),
            Self::Unary(op, operand) => Ok(unary(*op, &operand.eval(host)?)),
            Self::Binary(BinaryOp::And, sides) => {
                let truth = sides.0.eval(host)?.is_nonzero() && sides.1.eval(host)?.is_nonzero();
                Ok(Value::bool(truth))
            }
            Self::Binary(BinaryOp::Or, sides) => {
                let truth = sides.0.eval(host)?.is_nonzero() || sides.1.eval(host)?.is_nonzero();
                Ok(Value::bool(truth))
            }
            Self::Binary(op, sides) => {
                let left = sides.0.eval(host)?;
                let right = sides.1.eval(host)?;
                binary(*op, &left, &right)
            }
            Self::Match(sides) => {
                let subject = sides.0.eval(host)?.to_text();
                sides.1.matches(&subject).map(Value::bool)
            }
            Self::Same(sides) => {
                let left = sides.0.eval(host)?.to_text();
                let right = sides.1.eval(host)?.to_text();
                Ok(Value::bool(left.eq_ignore_ascii_case(&right)))
            }
        }
    }
}

/// Applies an operator to a value.
pub(crate) fn unary(op: UnaryOp, operand: &Value) -> Value {
    match op {
        UnaryOp::Not => Value::bool(!operand.is_nonzero()),
        UnaryOp::Negate => Value::Int(wrap(operand.to_int().wrapping_neg())),
        UnaryOp::BitNot => Value::Int(wrap(!operand.to_int())),
        UnaryOp::Defined => Value::bool(!operand.is_null()),
        UnaryOp::StrLen => Value::Int(i64::try_from(text_length(operand)).unwrap_or(i64::MAX)),
        UnaryOp::StrEmpty => Value::bool(text_length(operand) == 0),
        UnaryOp::ToInt => Value::Int(operand.to_int()),
        UnaryOp::ToStr => Value::Str(operand.to_text()),
    }
}

/// Applies an operator to two values; `&&` and `||` without regard to what need not be evaluated.
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Fault> {
    Ok(match op {
        BinaryOp::And => Value::bool(left.is_nonzero() && right.is_nonzero()),
        BinaryOp::Or => Value::bool(left.is_nonzero() || right.is_nonzero()),
        BinaryOp::Equal => Value::bool(equal(left, right)),
        BinaryOp::Unequal => Value::bool(!equal(left, right)),
        BinaryOp::StrEqual => Value::bool(left.to_text() == right.to_text()),
        BinaryOp::StrUnequal => Value::bool(left.to_text() != right.to_text()),
        BinaryOp::Match => Value::bool(dynamic_match(left, right)?),
        BinaryOp::Mismatch => Value::bool(!dynamic_match(left, right)?),
        BinaryOp::Plus => plus(left, right),
        _ => numeric(op, left.to_int(), right.to_int())?,
    })
}

/// The left side decides: a number makes the right side a number, text makes it text, null takes
/// the type of the right side and is 0 or empty.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Int(number), _) => *number == right.to_int(),
        (Value::Null, Value::Int(number)) => *number == 0,
        (Value::Str(a), Value::Str(b)) => a == b,
        _ => left.to_text() == right.to_text(),
    }
}

fn plus(left: &Value, right: &Value) -> Value {
    if let Value::Int(number) = left {
        return Value::Int(wrap(number.wrapping_add(right.to_int())));
    }
    if left.is_null() || text_length(left) == 0 {
        return Value::Str(right.to_text());
    }
    let (left, right) = (left.to_text(), right.to_text());
    let mut joined = BytesMut::with_capacity(left.len() + right.len());
    joined.put_slice(&left);
    joined.put_slice(&right);
    Value::Str(joined.freeze())
}

fn numeric(op: BinaryOp, left: i64, right: i64) -> Result<Value, Fault> {
    let number = match op {
        BinaryOp::BitOr => left | right,
        BinaryOp::BitAnd => left & right,
        BinaryOp::BitXor => left ^ right,
        BinaryOp::ShiftLeft => wrap(left) << (right & 31),
        BinaryOp::ShiftRight => wrap(left) >> (right & 31),
        BinaryOp::Minus => left.wrapping_sub(right),
        BinaryOp::Times => left.wrapping_mul(right),
        BinaryOp::Divide => left.checked_div(right).ok_or(Fault::DivisionByZero)?,
        BinaryOp::Modulo => left.checked_rem(right).ok_or(Fault::DivisionByZero)?,
        _ => return Ok(Value::bool(compare(op, left, right))),
    };
    Ok(Value::Int(wrap(number)))
}

fn compare(op: BinaryOp, left: i64, right: i64) -> bool {
    match op {
        BinaryOp::Less => left < right,
        BinaryOp::Greater => left > right,
        BinaryOp::LessEqual => left <= right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::IntUnequal => left != right,
        _ => left == right,
    }
}

fn dynamic_match(subject: &Value, pattern: &Value) -> Result<bool, Fault> {
    let regex = Regex::compile(&pattern.to_text()).map_err(|e| Fault::BadRegex(e.to_string()))?;
    regex.matches(&subject.to_text())
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Str(text) => text.len(),
        Value::Int(_) => Bytes::len(&value.to_text()),
    }
}
