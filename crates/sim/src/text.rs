//! Texts of a play: names in braces, durations, words in quotes.

use std::collections::BTreeMap;

/// What `{name}` stands for.
pub(crate) type Names = BTreeMap<String, String>;

/// Replaces each `{name}`. Braces around anything but a name, as in `\d{3}`, stay.
///
/// # Errors
/// The name nobody knows.
pub(crate) fn fill(text: &str, names: &Names) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        match after.find('}').map(|close| &after[..close]) {
            Some(name) if is_name(name) => {
                let value = names
                    .get(name)
                    .ok_or_else(|| format!("nothing is known as {{{name}}}"))?;
                out.push_str(value);
                rest = &after[name.len() + 1..];
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Reads `200ms`, `4s`, `2m` as milliseconds.
pub(crate) fn duration_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no duration: write `200ms`, `4s` or `2m`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    digits
        .parse::<u64>()
        .map(|number| number * factor)
        .map_err(|_| wrong())
}

/// Splits at blanks as a shell does: quotes, single or double, hold a word together.
pub(crate) fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("the quote {open} is not closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        let names = Names::from([("bob".to_owned(), "127.0.0.1:5072".to_owned())]);
        assert_eq!(
            fill("<sip:b@{bob}> \\d{3} {", &names).as_deref(),
            Ok("<sip:b@127.0.0.1:5072> \\d{3} {")
        );
        assert!(fill("{eve}", &names).is_err());
    }

    #[test]
    fn durations_have_units() {
        for (text, ms) in [("200ms", 200), ("4s", 4000), ("2m", 120_000)] {
            assert_eq!(duration_ms(text), Ok(ms));
        }
        for text in ["4", "s", "4h", "-1s"] {
            assert!(duration_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quotes_hold_words_together() {
        let split = words("a 'b c' d=\"e f\" ''");
        assert_eq!(
            split,
            Ok(["a", "b c", "d=e f", ""].map(str::to_owned).to_vec())
        );
        assert!(words("'a").is_err());
    }
}
