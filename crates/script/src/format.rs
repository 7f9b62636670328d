//! Strings with variables in them: `"to $ru from $(hdr(X)[0]{s.len})"`.

use bytes::Bytes;

use crate::spec::{SpecError, VarSpec};

/// A format string, split. `$$` is a dollar sign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormatSpec {
    /// The pieces in order; neighbouring literals are one.
    pub pieces: Vec<FormatPiece>,
}

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatPiece {
    /// Text as it stands.
    Literal(Bytes),
    /// A variable, and the offset in the text at which it starts.
    Variable(VarSpec, usize),
}

impl FormatSpec {
    /// Splits `text`. Linear in its length.
    ///
    /// # Errors
    /// When a `$` starts no variable.
    pub fn parse(text: &Bytes) -> Result<Self, SpecError> {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some(found) = text[at..].iter().position(|byte| *byte == b'$') {
            let dollar = at + found;
            if text.get(dollar + 1) == Some(&b'$') {
                literal(&mut pieces, text.slice(start..=dollar));
                (start, at) = (dollar + 2, dollar + 2);
                continue;
            }
            literal(&mut pieces, text.slice(start..dollar));
            let rest = text.slice(dollar..);
            let (spec, length) = VarSpec::parse_prefix(&rest).map_err(|e| shifted(e, dollar))?;
            pieces.push(FormatPiece::Variable(spec, dollar));
            (start, at) = (dollar + length, dollar + length);
        }
        literal(&mut pieces, text.slice(start..));
        Ok(Self { pieces })
    }

    /// The text, when there is no variable in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<Bytes> {
        match self.pieces.as_slice() {
            [] => Some(Bytes::new()),
            [FormatPiece::Literal(text)] => Some(text.clone()),
            _ => None,
        }
    }
}

fn literal(pieces: &mut Vec<FormatPiece>, text: Bytes) {
    if text.is_empty() {
        return;
    }
    if let Some(FormatPiece::Literal(before)) = pieces.last_mut() {
        let mut joined = before.to_vec();
        joined.extend_from_slice(&text);
        *before = Bytes::from(joined);
        return;
    }
    pieces.push(FormatPiece::Literal(text));
}

fn shifted(error: SpecError, by: usize) -> SpecError {
    SpecError {
        at: error.at.start + by..error.at.end + by,
        what: error.what,
    }
}
