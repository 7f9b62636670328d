//! Variables as written: `$name`, `$name(inner)`, `$(name(inner)[index]{class.name,params})`.

use std::ops::Range;

use bytes::Bytes;

/// Nested variables deeper than this are refused.
const DEEPEST: usize = 16;

/// A pseudo-variable as written. What its name and inner name mean is the host's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VarSpec {
    /// As written, with the `$`.
    pub text: Bytes,
    /// `hdr` in `$(hdr(Route)[0])`.
    pub name: Bytes,
    /// `Route` in `$(hdr(Route)[0])`, raw: it may hold variables (`$sht(t=>$ci)`); split it with
    /// [`crate::FormatSpec::parse`] where it does.
    pub inner: Option<Bytes>,
    /// What stands in the brackets.
    pub index: Option<Index>,
    /// `{s.len}` and the like, in order of application.
    pub transformations: Vec<Transformation>,
}

/// The index of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Index {
    /// `[*]`
    All,
    /// `[2]`, `[-1]` (from the end).
    At(i64),
    /// `[$var(i)]`
    Variable(Box<VarSpec>),
}

/// One `{class.name,params}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformation {
    /// As written, without the braces.
    pub text: Bytes,
    /// `s` in `{s.substr,1,2}`.
    pub class: Bytes,
    /// `substr` in `{s.substr,1,2}`; `encode.base64` in `{s.encode.base64}`.
    pub name: Bytes,
    /// What follows the first comma, raw; `None` without a comma.
    pub params: Option<Bytes>,
}

/// Why a text is not a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The bytes of the text that are at fault.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub what: &'static str,
}

impl VarSpec {
    /// Parses the whole of `text`.
    ///
    /// # Errors
    /// When it is not exactly one variable.
    pub fn parse(text: &Bytes) -> Result<Self, SpecError> {
        let (spec, length) = Self::parse_prefix(text)?;
        if length < text.len() {
            return Err(fault(length..text.len(), "text after the variable"));
        }
        Ok(spec)
    }

    /// Parses a variable at the start of `text`; also gives its length.
    ///
    /// # Errors
    /// When `text` does not start with a variable.
    pub fn parse_prefix(text: &Bytes) -> Result<(Self, usize), SpecError> {
        Reader { text, at: 0 }.variable(0)
    }
}

impl Transformation {
    /// The parameters, split at commas that stand outside of variables; blanks stay.
    pub fn split_params(&self) -> Vec<Bytes> {
        let Some(params) = &self.params else {
            return Vec::new();
        };
        let mut pieces = Vec::new();
        let (mut depth, mut start) = (0_usize, 0);
        for (at, byte) in params.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    pieces.push(params.slice(start..at));
                    start = at + 1;
                }
                _ => {}
            }
        }
        pieces.push(params.slice(start..));
        pieces
    }
}

struct Reader<'a> {
    text: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn variable(mut self, depth: usize) -> Result<(VarSpec, usize), SpecError> {
        if depth > DEEPEST {
            return Err(fault(0..self.text.len(), "variables nested too deep"));
        }
        if !self.eat(b'$') {
            return Err(fault(
                0..self.text.len().min(1),
                "a variable starts with `$`",
            ));
        }
        let enclosed = self.eat(b'(');
        self.skip_blank(enclosed);
        let name = self.name()?;
        let inner = self.inner()?;
        let (mut index, mut transformations) = (None, Vec::new());
        if enclosed {
            self.skip_blank(true);
            index = self.index(depth)?;
            transformations = self.transformations()?;
            self.skip_blank(true);
            if !self.eat(b')') {
                return Err(fault(self.at..self.text.len(), "expected `)`"));
            }
        }
        let text = self.text.slice(..self.at);
        Ok((
            VarSpec {
                text,
                name,
                inner,
                index,
                transformations,
            },
            self.at,
        ))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_blank(&mut self, enclosed: bool) {
        while enclosed && matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Result<Bytes, SpecError> {
        let start = self.at;
        if !self.eat(b'?') {
            self.at += crate::lex::variable_name_len(&self.text[self.at..]);
        }
        if self.at == start {
            return Err(fault(start..start + 1, "expected the name of a variable"));
        }
        Ok(self.text.slice(start..self.at))
    }

    fn inner(&mut self) -> Result<Option<Bytes>, SpecError> {
        if self.peek() != Some(b'(') {
            return Ok(None);
        }
        let (start, end) = self.balanced(b'(', b')', "no `)` for this `(`")?;
        Ok(Some(self.text.slice(start..end)))
    }

    fn index(&mut self, depth: usize) -> Result<Option<Index>, SpecError> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        let (start, end) = self.balanced(b'[', b']', "no `]` for this `[`")?;
        self.skip_blank(true);
        let raw = trim(self.text, start, end);
        if raw.as_ref() == b"*" {
            return Ok(Some(Index::All));
        }
        if raw.first() == Some(&b'$') {
            let (spec, length) = Reader { text: &raw, at: 0 }.variable(depth + 1)?;
            if length == raw.len() {
                return Ok(Some(Index::Variable(Box::new(spec))));
            }
        }
        let number = crate::value::parse_int(&raw);
        number
            .map(|at| Some(Index::At(at)))
            .ok_or(fault(start..end, "an index is a number, `*` or a variable"))
    }

    fn transformations(&mut self) -> Result<Vec<Transformation>, SpecError> {
        let mut found = Vec::new();
        while self.peek() == Some(b'{') {
            let (start, end) = self.balanced(b'{', b'}', "no `}` for this `{`")?;
            found.push(transformation(self.text.slice(start..end), start)?);
            self.skip_blank(true);
        }
        Ok(found)
    }

    /// What stands between a sign and its counterpart; steps over both.
    fn balanced(
        &mut self,
        open: u8,
        close: u8,
        missing: &'static str,
    ) -> Result<(usize, usize), SpecError> {
        let start = self.at + 1;
        let mut depth = 0_usize;
        for (offset, byte) in self.text[self.at..].iter().enumerate() {
            if *byte == open {
                depth += 1;
            } else if *byte == close {
                depth -= 1;
                if depth == 0 {
                    self.at += offset + 1;
                    return Ok((start, self.at - 1));
                }
            }
        }
        Err(fault(self.at..self.at + 1, missing))
    }
}

fn transformation(text: Bytes, offset: usize) -> Result<Transformation, SpecError> {
    let comma = text.iter().position(|byte| *byte == b',');
    let head = trim(&text, 0, comma.unwrap_or(text.len()));
    let Some(dot) = head.iter().position(|byte| *byte == b'.') else {
        return Err(fault(
            offset..offset + text.len(),
            "a transformation is `{class.name}`",
        ));
    };
    Ok(Transformation {
        class: head.slice(..dot),
        name: head.slice(dot + 1..),
        params: comma.map(|comma| text.slice(comma + 1..)),
        text,
    })
}

fn trim(text: &Bytes, start: usize, end: usize) -> Bytes {
    let raw = text.slice(start..end);
    let trimmed = raw.trim_ascii();
    raw.slice_ref(trimmed)
}

fn fault(at: Range<usize>, what: &'static str) -> SpecError {
    SpecError { at, what }
}
