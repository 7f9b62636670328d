//! The expressions of `#!ifexp` and `#!defexp`.

use bytes::Bytes;

/// Parentheses and signs nested deeper are refused.
const DEEPEST: usize = 64;

/// What an expression yields.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Number(f64),
    Text(String),
}

impl Operand {
    /// Other than 0 and the empty text.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(0.0),
        }
    }
}

/// Looks a name up: what it stands for, empty if it is only defined.
type Lookup<'a> = &'a dyn Fn(&[u8]) -> Option<Bytes>;

/// Evaluates an expression. A name is what it stands for; one that is defined without a value is
/// 1, one that is not defined 0.
pub(super) fn evaluate(text: &[u8], lookup: Lookup<'_>) -> Result<Operand, String> {
    let mut reader = Reader {
        text,
        at: 0,
        lookup,
        depth: 0,
    };
    let value = reader.level(0)?;
    reader.skip_blank();
    if reader.at < text.len() {
        return Err("text after the expression".to_owned());
    }
    Ok(value)
}

/// Operators from the loosest to the tightest; the longer first within a level.
const LEVELS: [&[&str]; 6] = [
    &["||"],
    &["&&"],
    &["==", "!=", "=~"],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    lookup: Lookup<'a>,
    depth: usize,
}

impl Reader<'_> {
    fn level(&mut self, level: usize) -> Result<Operand, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.level(level + 1)?;
            left = apply(operator, &left, &right);
        }
        Ok(left)
    }

    fn skip_blank(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        self.skip_blank();
        let rest = self.text.get(self.at..)?;
        let found = operators
            .iter()
            .find(|operator| rest.starts_with(operator.as_bytes()))?;
        self.at += found.len();
        Some(found)
    }

    fn unary(&mut self) -> Result<Operand, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deep".to_owned());
        }
        self.skip_blank();
        let value = match self.text.get(self.at) {
            Some(b'!') => {
                self.at += 1;
                Operand::Number(f64::from(u8::from(!self.unary()?.is_true())))
            }
            Some(b'-') => {
                self.at += 1;
                Operand::Number(-self.unary()?.number())
            }
            Some(b'(') => {
                self.at += 1;
                let inner = self.level(0)?;
                if self.operator(&[")"]).is_none() {
                    return Err("expected `)`".to_owned());
                }
                inner
            }
            Some(quote @ (b'"' | b'\'')) => self.quoted(*quote)?,
            Some(_) => self.word()?,
            None => return Err("expected an operand".to_owned()),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn quoted(&mut self, quote: u8) -> Result<Operand, String> {
        let rest = &self.text[self.at + 1..];
        let length = rest
            .iter()
            .position(|byte| *byte == quote)
            .ok_or("string never closed")?;
        self.at += length + 2;
        Ok(Operand::Text(
            String::from_utf8_lossy(&rest[..length]).into_owned(),
        ))
    }

    fn word(&mut self) -> Result<Operand, String> {
        let rest = &self.text[self.at..];
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let length = rest.iter().take_while(|byte| is_word(byte)).count();
        if length == 0 {
            return Err(format!(
                "`{}` is no operand",
                String::from_utf8_lossy(&rest[..1])
            ));
        }
        self.at += length;
        let word = &rest[..length];
        if let Ok(number) = String::from_utf8_lossy(word).parse() {
            return Ok(Operand::Number(number));
        }
        if word == b"defined" {
            return self.defined();
        }
        Ok(match (self.lookup)(word) {
            None => Operand::Number(0.0),
            Some(value) if value.is_empty() => Operand::Number(1.0),
            Some(value) => {
                let text = String::from_utf8_lossy(&value);
                let text = text.trim_matches(|sign| matches!(sign, '"' | '\''));
                text.parse()
                    .map_or_else(|_| Operand::Text(text.to_owned()), Operand::Number)
            }
        })
    }

    fn defined(&mut self) -> Result<Operand, String> {
        let enclosed = self.operator(&["("]).is_some();
        self.skip_blank();
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .take_while(|byte| crate::lex::is_name_byte(**byte))
            .count();
        self.at += length;
        if enclosed && self.operator(&[")"]).is_none() {
            return Err("expected `)`".to_owned());
        }
        Ok(Operand::Number(f64::from(u8::from(
            (self.lookup)(&rest[..length]).is_some(),
        ))))
    }
}

fn apply(operator: &str, left: &Operand, right: &Operand) -> Operand {
    let (a, b) = (left.number(), right.number());
    let texts = matches!((left, right), (Operand::Text(_), _) | (_, Operand::Text(_)));
    let truth = |truth: bool| f64::from(u8::from(truth));
    Operand::Number(match operator {
        "||" => truth(left.is_true() || right.is_true()),
        "&&" => truth(left.is_true() && right.is_true()),
        "==" if texts => truth(left.to_text() == right.to_text()),
        "!=" if texts => truth(left.to_text() != right.to_text()),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "=~" => {
            let regex = crate::regex::Regex::compile(right.to_text().as_bytes());
            truth(regex.is_ok_and(|r| r.matches(left.to_text().as_bytes()).unwrap_or(false)))
        }
        "<=" => truth(a <= b),
        ">=" => truth(a >= b),
        "<" => truth(a < b),
        ">" => truth(a > b),
        "+" if texts => return Operand::Text(left.to_text() + &right.to_text()),
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "%" if b != 0.0 => a % b,
        _ => 0.0,
    })
}
