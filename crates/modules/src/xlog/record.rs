//! Lines that cannot break out of their record: one event is one line, whatever a peer sent.

/// The text of a record: without the line ends at its end, with every other control octet
/// escaped, and no longer than `longest` octets. Colours of `$C` stay where `colours` allows them.
pub(super) fn record(text: &[u8], longest: usize, colours: bool) -> String {
    let mut text = text;
    while let [shorter @ .., b'\n' | b'\r'] = text {
        text = shorter;
    }
    let text = text.get(..longest).unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        push_valid(&mut out, chunk.valid(), colours);
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

fn push_valid(out: &mut String, text: &str, colours: bool) {
    if !text.chars().any(char::is_control) {
        return out.push_str(text);
    }
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if let Some(sequence) = colour(rest) {
            if colours {
                out.push_str(sequence);
            }
            rest = rest.get(sequence.len()..).unwrap_or_default();
            continue;
        }
        rest = rest.get(char.len_utf8()..).unwrap_or_default();
        match char {
            '\t' => out.push('\t'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            char if char.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            char => out.push(char),
        }
    }
}

/// The colour sequence at the front, exactly as `$C` writes it: a peer can write one too, but
/// nothing worse than a colour comes of it.
fn colour(text: &str) -> Option<&str> {
    let body = text.strip_prefix("\x1b[")?;
    let end = body.find('m').filter(|end| *end <= LONGEST_COLOUR)?;
    let numbers = body.get(..end)?;
    let clean = numbers
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b';');
    text.get(..end + 3).filter(|_| clean)
}

/// Octets between `ESC [` and `m`.
const LONGEST_COLOUR: usize = 8;

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        for (text, expected) in [
            (&b"plain\n"[..], "plain"),
            (b"two\r\n\n", "two"),
            (b"in\nside", "in\\nside"),
            (
                b"fake\r\n 0(1) ERROR: <script>: Blocking 1.2.3.4",
                "fake\\r\\n 0(1) ERROR: <script>: Blocking 1.2.3.4",
            ),
            (
                b"nul\0 bell\x07 esc\x1b[2J del\x7f",
                "nul\\x00 bell\\x07 esc\\x1b[2J del\\x7f",
            ),
            (b"tab\tstays \xc3\xa4 \xff", "tab\tstays \u{e4} \\xff"),
            ("c1 \u{9b}2J".as_bytes(), "c1 \\x9b2J"),
            (b"\x1b[0;31;42mred\x1b[0;39;49m", "red"),
        ] {
            assert_eq!(record(text, 100, false), expected);
        }
        assert_eq!(record(b"\x1b[0;31;42mred", 100, true), "\x1b[0;31;42mred");
        assert_eq!(record(b"0123456789", 4, false), "0123");
    }
}
