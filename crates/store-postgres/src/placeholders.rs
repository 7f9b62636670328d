//! `?` of the contract as `$1`, `$2` of PostgreSQL.

use std::fmt::Write as _;

/// The statement with numbers for its `?`; those within quotes stay.
pub(crate) fn numbered(sql: &str) -> String {
    let (mut text, mut number, mut quote) = (String::with_capacity(sql.len() + 8), 0, None);
    for letter in sql.chars() {
        match (letter, quote) {
            ('?', None) => {
                number += 1;
                // Writing to a string cannot fail.
                let _ = write!(text, "${number}");
                continue;
            }
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            _ => {}
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn only_places_get_numbers() {
        assert_eq!(
            numbered("select '?', \"?\" from t where a = ? and b = 'it''s ?' or c = ?"),
            "select '?', \"?\" from t where a = $1 and b = 'it''s ?' or c = $2"
        );
    }
}
