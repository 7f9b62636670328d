//! A file of rules, `from [EXCEPT from] : uri [EXCEPT uri]`, as in hosts.allow.

use script::Regex;

/// The rules of one file, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

/// Who may reach whom.
#[derive(Debug)]
struct Rule {
    left: Side,
    right: Side,
}

/// Expressions of which one must match and exceptions of which none may.
#[derive(Debug)]
struct Side {
    any_of: Vec<Expression>,
    none_of: Vec<Expression>,
}

#[derive(Debug)]
enum Expression {
    /// `ALL`
    All,
    Matches(Regex),
}

impl Rules {
    /// Reads a file; each line that is no rule is left out and named, as `line 3: …`.
    pub(crate) fn parse(text: &[u8]) -> (Rules, Vec<String>) {
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            match rule(line) {
                Ok(rule) => rules.extend(rule),
                Err(why) => wrong.push(format!("line {}: {why}", number + 1)),
            }
        }
        (Rules(rules), wrong)
    }

    /// True where a rule fits both.
    pub(super) fn fit(&self, left: &[u8], right: &[u8]) -> bool {
        self.0
            .iter()
            .any(|rule| rule.left.fits(left) && rule.right.fits(right))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Side {
    fn fits(&self, text: &[u8]) -> bool {
        let matches = |expression: &Expression| match expression {
            Expression::All => true,
            Expression::Matches(regex) => regex.matches(text) == Ok(true),
        };
        self.any_of.iter().any(matches) && !self.none_of.iter().any(matches)
    }
}

fn rule(line: &[u8]) -> Result<Option<Rule>, String> {
    let mut words = Words(line);
    let Some(first) = words.next()? else {
        return Ok(None);
    };
    let (left, end) = side(first, &mut words)?;
    if end != Some(Word::Colon) {
        return Err("expected a colon".to_owned());
    }
    let first = words.next()?.ok_or("nothing stands behind the colon")?;
    let (right, end) = side(first, &mut words)?;
    match end {
        None => Ok(Some(Rule { left, right })),
        Some(_) => Err("a second colon".to_owned()),
    }
}

/// Expressions and exceptions, and what ended them.
fn side<'a>(first: Word<'a>, words: &mut Words<'a>) -> Result<(Side, Option<Word<'a>>), String> {
    let (any_of, end) = list(first, words)?;
    if end != Some(Word::Bare(b"EXCEPT")) {
        let none_of = Vec::new();
        return Ok((Side { any_of, none_of }, end));
    }
    let first = words.next()?.ok_or("nothing stands behind EXCEPT")?;
    let (none_of, end) = list(first, words)?;
    Ok((Side { any_of, none_of }, end))
}

/// Expressions with commas between them, and the word behind the last.
fn list<'a>(
    first: Word<'a>,
    words: &mut Words<'a>,
) -> Result<(Vec<Expression>, Option<Word<'a>>), String> {
    let mut expressions = vec![expression(first)?];
    loop {
        match words.next()? {
            Some(Word::Comma) => {
                let next = words.next()?.ok_or("nothing stands behind a comma")?;
                expressions.push(expression(next)?);
            }
            end => return Ok((expressions, end)),
        }
    }
}

fn expression(word: Word<'_>) -> Result<Expression, String> {
    match word {
        Word::Bare(b"ALL") => Ok(Expression::All),
        Word::Quoted(source) => Regex::compile(source)
            .map(Expression::Matches)
            .map_err(|error| {
                let source = String::from_utf8_lossy(source);
                format!("bad regular expression {source}: {error}")
            }),
        _ => Err("expected ALL or an expression in quotes".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Bare(&'a [u8]),
    Quoted(&'a [u8]),
    Comma,
    Colon,
}

/// The words that are left of a line; a `#` ends it.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<Option<Word<'a>>, String> {
        self.0 = self.0.trim_ascii_start();
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        let word = match first {
            b'#' => {
                self.0 = &[];
                return Ok(None);
            }
            b',' => (Word::Comma, rest),
            b':' => (Word::Colon, rest),
            b'"' => {
                let end = rest.iter().position(|byte| *byte == b'"');
                let (inner, rest) = rest.split_at(end.ok_or("a quote is not closed")?);
                (Word::Quoted(inner), rest.get(1..).unwrap_or_default())
            }
            _ => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",:\"#".contains(byte);
                let end = self.0.iter().position(is_end).unwrap_or(self.0.len());
                let (bare, rest) = self.0.split_at(end);
                (Word::Bare(bare), rest)
            }
        };
        self.0 = word.1;
        Ok(Some(word.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_exceptions() {
        let (rules, wrong) = Rules::parse(
            br#"# who : where
ALL : "^sip:361[0-9]*@abc\.com$" EXCEPT "^sip:361[0-9]*3@abc\.com$", "4@abc"

"^sip:carol@", "^sip:dave@" EXCEPT "other" : ALL # and a remark
"#,
        );
        assert_eq!((rules.len(), wrong.len()), (2, 0));
        for (left, right, fits) in [
            ("sip:x", "sip:361@abc.com", true),
            ("sip:x", "SIP:361@ABC.COM", true),
            ("sip:x", "sip:3613@abc.com", false),
            ("sip:x", "sip:3614@abc.com", false),
            ("sip:carol@x", "sip:9@y", true),
            ("sip:dave@other", "sip:9@y", false),
        ] {
            assert_eq!(
                rules.fit(left.as_bytes(), right.as_bytes()),
                fits,
                "{left} {right}"
            );
        }
    }

    #[test]
    fn lines_that_are_no_rules_are_named() {
        let text = b"foo : ALL\nALL ALL\nALL :\n\"(\" : ALL\nALL : All\nALL : ALL : ALL\n\"x : ALL\nALL : ALL";
        let (rules, wrong) = Rules::parse(text);
        assert_eq!(rules.len(), 1);
        assert_eq!(wrong.len(), 7);
        assert_eq!(
            wrong.get(2).map(String::as_str),
            Some("line 3: nothing stands behind the colon")
        );
    }
}
