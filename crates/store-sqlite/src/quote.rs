//! String literals by SQLite's rules.

/// The literal, quotes included. SQLite doubles a quote and knows no other escape. Text that is not
/// UTF-8 or holds a NUL (which would end the statement) is spelled in hexadecimal.
pub fn literal(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
        _ => {
            let digits: String = text.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("CAST(X'{digits}' AS TEXT)")
        }
    }
}
