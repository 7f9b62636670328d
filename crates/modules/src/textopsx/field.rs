//! `NAME[INDEX].PARAM`: which value or parameter of a header is meant, and where values stand.

use bytes::Bytes;
use policy::{Argument, Prepare, Problem, Written, problem};
use sip::{Message, Params, Span};

/// A value or parameter of a header.
pub(super) struct Field {
    pub(super) name: Bytes,
    pub(super) index: Index,
    pub(super) param: Option<Bytes>,
}

/// Which of the values, over all header lines of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// None was written.
    None,
    /// 1 is the first, -1 the last.
    At(i32),
    /// `*`.
    All,
}

impl Argument for Field {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<Field, Problem> {
        let source = written.map(Written::source).unwrap_or_default();
        Field::parse(&source).ok_or_else(|| {
            problem(format!(
                "expected NAME[INDEX].PARAM, found \"{}\"",
                String::from_utf8_lossy(&source)
            ))
        })
    }
}

impl Field {
    fn parse(source: &Bytes) -> Option<Field> {
        let text = source.trim_ascii();
        let end = text
            .iter()
            .position(|byte| b"[.".contains(byte))
            .unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let mut index = Index::None;
        if let Some(inner) = rest.strip_prefix(b"[") {
            let close = inner.iter().position(|byte| *byte == b']')?;
            index = match inner.get(..close)?.trim_ascii() {
                b"*" => Index::All,
                number => Index::At(
                    std::str::from_utf8(number)
                        .ok()?
                        .parse()
                        .ok()
                        .filter(|number| *number != 0)?,
                ),
            };
            rest = inner.get(close + 1..)?;
        }
        let param = match rest {
            [] => None,
            [b'.', param @ ..] if !param.is_empty() => Some(source.slice_ref(param)),
            _ => return None,
        };
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_!%*+`'~".contains(byte);
        let is_valid = !name.is_empty() && name.iter().all(is_name);
        is_valid.then(|| Field {
            name: source.slice_ref(name),
            index,
            param,
        })
    }
}

/// One value of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// From behind the comma (or the start of the header's value) to before the next one, blanks
    /// included.
    pub(super) span: Span,
    /// The header line.
    pub(super) header: Span,
    /// It is the first of its line.
    pub(super) first: bool,
    /// It is the last of its line.
    pub(super) last: bool,
}

impl Place {
    /// The value without blanks around it.
    pub(super) fn trimmed(&self, message: &Message) -> Span {
        let text = self.span.of(message.bytes());
        let lead = text.len() - text.trim_ascii_start().len();
        let start = self.span.start as usize + lead;
        Span::from(start..start + text.trim_ascii().len())
    }

    /// What goes when the value is removed: the whole line where it stands alone, else one comma
    /// with it.
    pub(super) fn removal(&self) -> Span {
        match (self.first, self.last) {
            (true, true) => self.header,
            (_, false) => Span {
                start: self.span.start,
                end: self.span.end + 1,
            },
            (false, true) => Span {
                start: self.span.start - 1,
                end: self.span.end,
            },
        }
    }
}

/// The values of all headers of that name, in order.
pub(super) fn places(message: &Message, name: &[u8]) -> Vec<Place> {
    let mut found = Vec::new();
    for header in message.named(name) {
        let value = header.value_span;
        let mut start = value.start;
        let commas = top_level_commas(value.of(message.bytes()));
        for comma in commas.iter().map(|at| value.start + at).chain([value.end]) {
            let place = Place {
                span: Span { start, end: comma },
                header: header.span,
                first: start == value.start,
                last: comma == value.end,
            };
            found.push(place);
            start = comma + 1;
        }
    }
    found
}

/// Those places that the index means.
pub(super) fn chosen(places: Vec<Place>, index: Index) -> Vec<Place> {
    let one = |number: i32| match usize::try_from(number) {
        Ok(number) => number.checked_sub(1),
        Err(_) => usize::try_from(number.unsigned_abs())
            .ok()
            .and_then(|back| places.len().checked_sub(back)),
    };
    let position = match index {
        Index::All => return places,
        Index::None => Some(0),
        Index::At(number) => one(number),
    };
    position
        .and_then(|position| places.get(position))
        .copied()
        .into_iter()
        .collect()
}

/// A parameter of a value: from its semicolon to its end.
pub(super) fn param_span(message: &Message, place: &Place, name: &[u8]) -> Option<Span> {
    let value = place.trimmed(message);
    let text = value.of(message.bytes());
    let behind_uri = text
        .iter()
        .rposition(|byte| *byte == b'>')
        .map_or(0, |close| close + 1);
    let semicolon = behind_uri
        + text
            .get(behind_uri..)?
            .iter()
            .position(|byte| *byte == b';')?;
    let param = Params::new(text.get(semicolon..)?).find_name(name)?;
    let found = Span::find(message.bytes(), param.raw)?;
    let before = message.bytes().get(..found.start as usize)?;
    let start = before.iter().rposition(|byte| *byte == b';')?;
    Some(Span::from(start..found.end as usize))
}

/// Commas outside of quotes and angle brackets.
fn top_level_commas(text: &[u8]) -> Vec<u32> {
    let mut commas = Vec::new();
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for (at, byte) in (0..).zip(text) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            b',' if !quoted && !bracketed => commas.push(at),
            _ => {}
        }
    }
    commas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        for (text, expected) in [
            ("foo", Some((Index::None, None))),
            ("foo[2]", Some((Index::At(2), None))),
            ("foo[-1].bar", Some((Index::At(-1), Some("bar")))),
            ("foo[*].bar", Some((Index::All, Some("bar")))),
            ("foo.bar", Some((Index::None, Some("bar")))),
            ("foo[0]", None),
            ("foo[x]", None),
            ("foo[1", None),
            ("foo.", None),
            ("", None),
        ] {
            let field = Field::parse(&Bytes::from(text));
            let field = field.map(|field| {
                (
                    field.index,
                    field
                        .param
                        .map(|param| String::from_utf8_lossy(&param).into_owned()),
                )
            });
            assert_eq!(
                field,
                expected.map(|(index, param)| (index, param.map(str::to_owned))),
                "{text}"
            );
        }
    }
}
