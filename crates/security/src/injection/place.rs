//! Where in a query a variable stands: quotes decide what an escaped text may do there.

use crate::flow::parts;
use bytes::Bytes;
use script::VarSpec;
use script::ast::{Expr, ExprKind};

/// Where a text is put together with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a query, outside of quotes.
    Bare,
    /// In a query, between `'`.
    Single,
    /// In a query, between `"`.
    Double,
    /// In a command line.
    Shell,
}

/// The variables of an expression, each with its place in the query that the expression is.
pub(super) fn placed(expr: &Expr) -> Vec<(VarSpec, Place)> {
    let mut walk = Walk {
        place: Place::Bare,
        found: Vec::new(),
    };
    walk.expression(expr);
    walk.found
}

/// Whether an expression is a part of a query that opens or closes quotes.
pub(super) fn has_quotes(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Str(text) => text.iter().any(|byte| b"'\"".contains(byte)),
        ExprKind::Binary(_, left, right) => has_quotes(left) || has_quotes(right),
        _ => false,
    }
}

struct Walk {
    place: Place,
    found: Vec<(VarSpec, Place)>,
}

impl Walk {
    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Str(text) => self.text(text),
            ExprKind::Variable(spec) => self.found.push((spec.as_ref().clone(), self.place)),
            ExprKind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Unary(_, inner) => self.expression(inner),
            ExprKind::Select(select) => {
                // A select stands for what it reads from the message.
                let text = [b"$sel(", select.text.as_ref(), b")"].concat();
                self.text(&Bytes::from(text));
            }
            _ => {}
        }
    }

    /// A doubled quote closes and opens again, which is as good as none.
    fn text(&mut self, text: &Bytes) {
        let mut at = 0;
        for (start, length, spec) in parts::placed_variables(text) {
            self.quotes(text.get(at..start).unwrap_or_default());
            self.found.push((spec, self.place));
            at = start + length;
        }
        self.quotes(text.get(at..).unwrap_or_default());
    }

    fn quotes(&mut self, text: &[u8]) {
        for byte in text {
            self.place = match (byte, self.place) {
                (b'\'', Place::Bare) => Place::Single,
                (b'"', Place::Bare) => Place::Double,
                (b'\'', Place::Single) | (b'"', Place::Double) => Place::Bare,
                (_, place) => place,
            };
        }
    }
}
