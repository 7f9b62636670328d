//! Prepared variables, transformations and texts with variables in them.

use crate::Context;
use bytes::{Bytes, BytesMut};
use script::{AssignOp, Value};
use std::sync::Arc;

type Read = Box<dyn Fn(&mut Context) -> Value + Send + Sync>;
type Apply = Box<dyn Fn(&mut Context, Value) -> Value + Send + Sync>;
type Write = Box<dyn Fn(&mut Context, AssignOp, Value) -> bool + Send + Sync>;

/// A prepared pseudo-variable; cheap to clone.
#[derive(Clone)]
pub struct Var(Arc<Inner>);

struct Inner {
    /// As written, with the dollar sign.
    source: Bytes,
    read: Read,
    write: Option<Write>,
    transforms: Vec<Transform>,
}

/// A prepared transformation, one link of `{s.len}{s.int}`.
pub struct Transform(Apply);

impl Var {
    /// A variable that cannot be assigned.
    pub fn read_only(read: impl Fn(&mut Context) -> Value + Send + Sync + 'static) -> Var {
        Var::make(Box::new(read), None)
    }

    /// A variable that can; `write` gets [`Value::Null`] for `$null` and says whether it worked.
    pub fn read_write(
        read: impl Fn(&mut Context) -> Value + Send + Sync + 'static,
        write: impl Fn(&mut Context, Value) -> bool + Send + Sync + 'static,
    ) -> Var {
        Var::assignable(read, move |context, _, value| write(context, value))
    }

    /// A variable for which `=` and `:=` differ.
    pub fn assignable(
        read: impl Fn(&mut Context) -> Value + Send + Sync + 'static,
        write: impl Fn(&mut Context, AssignOp, Value) -> bool + Send + Sync + 'static,
    ) -> Var {
        Var::make(Box::new(read), Some(Box::new(write)))
    }

    /// A variable that is always `$null`.
    pub fn null() -> Var {
        Var::read_only(|_| Value::Null)
    }

    /// A variable that always has this value.
    pub fn constant(value: Value) -> Var {
        Var::read_only(move |_| value.clone())
    }

    /// The variable as it was written, with transformations applied to what is read.
    pub(crate) fn finish(self, source: Bytes, transforms: Vec<Transform>) -> Var {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Var(Arc::new(Inner {
                source,
                transforms,
                ..inner
            })),
            // Somebody kept a clone while it was made: wrap it, which costs one call more.
            Err(shared) => {
                let (read, write) = (Var(shared.clone()), Var(shared));
                let inner = Var::assignable(
                    move |context| read.read(context),
                    move |context, op, value| write.write(context, op, value),
                );
                inner.finish(source, transforms)
            }
        }
    }

    /// As written, with the dollar sign.
    pub fn source(&self) -> &Bytes {
        &self.0.source
    }

    /// The present value.
    pub fn read(&self, context: &mut Context) -> Value {
        let mut value = (self.0.read)(context);
        for transform in &self.0.transforms {
            value = (transform.0)(context, value);
        }
        value
    }

    /// What prints for null: `<null>`, but nothing where a transformation made it.
    fn printed_null(&self) -> &'static [u8] {
        if self.0.transforms.is_empty() {
            b"<null>"
        } else {
            b""
        }
    }

    /// True where it can be assigned.
    pub fn is_writable(&self) -> bool {
        self.0.write.is_some() && self.0.transforms.is_empty()
    }

    /// Assigns; false where that is not possible.
    pub fn write(&self, context: &mut Context, op: AssignOp, value: Value) -> bool {
        self.0
            .write
            .as_ref()
            .is_some_and(|write| write(context, op, value))
    }

    /// Assigns with `=`.
    pub fn set(&self, context: &mut Context, value: Value) -> bool {
        self.write(context, AssignOp::Set, value)
    }

    fn make(read: Read, write: Option<Write>) -> Var {
        Var(Arc::new(Inner {
            source: Bytes::new(),
            read,
            write,
            transforms: Vec::new(),
        }))
    }
}

impl Transform {
    /// A transformation that looks at nothing but the value and its own prepared arguments.
    pub fn new(apply: impl Fn(&mut Context, Value) -> Value + Send + Sync + 'static) -> Transform {
        Transform(Box::new(apply))
    }
}

/// A text that may have variables in it, prepared.
pub struct Text(Parts);

enum Parts {
    Literal(Bytes),
    Single(Var),
    Mixed(Vec<Piece>),
    Computed(script::Expr<Var>),
}

enum Piece {
    Literal(Bytes),
    Var(Var),
}

impl Text {
    /// A text without variables.
    pub fn literal(text: impl Into<Bytes>) -> Text {
        Text(Parts::Literal(text.into()))
    }

    /// The value of one variable, as text.
    pub fn single(var: Var) -> Text {
        Text(Parts::Single(var))
    }

    /// The value of an expression, `"a" + $var(b)`.
    pub(crate) fn computed(expr: script::Expr<Var>) -> Text {
        Text(Parts::Computed(expr))
    }

    /// Literals and variables in a row.
    pub(crate) fn mixed(pieces: Vec<Result<Bytes, Var>>) -> Text {
        let piece = |piece| match piece {
            Ok(text) => Piece::Literal(text),
            Err(var) => Piece::Var(var),
        };
        Text(Parts::Mixed(pieces.into_iter().map(piece).collect()))
    }

    /// Gives the one variable that it is a value; false where it is none, or cannot be written.
    pub fn set(&self, context: &mut Context, value: Value) -> bool {
        match &self.0 {
            Parts::Single(var) => var.set(context, value),
            _ => false,
        }
    }

    /// The variables in it, as written, in order; of an expression none is known.
    pub(crate) fn variables(&self) -> Option<Vec<&Bytes>> {
        let of_piece = |piece| match piece {
            &Piece::Literal(_) => None,
            Piece::Var(var) => Some(var.source()),
        };
        match &self.0 {
            Parts::Literal(_) => Some(Vec::new()),
            Parts::Single(var) => Some(vec![var.source()]),
            Parts::Mixed(pieces) => Some(pieces.iter().filter_map(of_piece).collect()),
            Parts::Computed(_) => None,
        }
    }

    /// The text, where it has no variables.
    pub fn as_literal(&self) -> Option<&Bytes> {
        match &self.0 {
            Parts::Literal(text) => Some(text),
            _ => None,
        }
    }

    /// The text now. A variable that is null prints as `<null>` inside other text and is empty
    /// when it stands alone.
    pub fn get(&self, context: &mut Context) -> Bytes {
        match &self.0 {
            Parts::Literal(text) => text.clone(),
            Parts::Single(var) => var.read(context).to_text(),
            Parts::Mixed(pieces) => joined(pieces, context),
            Parts::Computed(expr) => expr.eval(context).unwrap_or_default().to_text(),
        }
    }

    /// The text now as a log line shows it: `<null>` also for a variable that stands alone.
    pub fn printed(&self, context: &mut Context) -> Bytes {
        match &self.0 {
            Parts::Single(var) => match var.read(context) {
                Value::Null => Bytes::from_static(var.printed_null()),
                value => value.to_text(),
            },
            _ => self.get(context),
        }
    }

    /// The value now: a single variable keeps its type and may be null.
    pub fn value(&self, context: &mut Context) -> Value {
        match &self.0 {
            Parts::Single(var) => var.read(context),
            Parts::Computed(expr) => expr.eval(context).unwrap_or_default(),
            _ => Value::Str(self.get(context)),
        }
    }
}

fn joined(pieces: &[Piece], context: &mut Context) -> Bytes {
    let mut out = BytesMut::with_capacity(64);
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.extend_from_slice(text),
            Piece::Var(var) => match var.read(context) {
                Value::Null => out.extend_from_slice(var.printed_null()),
                Value::Int(number) => {
                    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes())
                }
                Value::Str(text) => out.extend_from_slice(&text),
            },
        }
    }
    out.freeze()
}
