//! The promise that no edit breaks the header section.

/// Makes the header lines in `out` from `start` on whole again; one scan and false when they are.
pub(super) fn repair(out: &mut Vec<u8>, start: usize) -> bool {
    if is_clean(&out[start..]) {
        return false;
    }
    let text = out.split_off(start);
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if is_blank(line) {
            continue;
        }
        // Blanks in front would fold the first line into the start line.
        let blanks = line.iter().take_while(|&&byte| is_space(byte)).count();
        let line = if out.len() == start {
            &line[blanks..]
        } else {
            line
        };
        let mut before = 0;
        for &byte in line {
            let bare = byte == b'\r' || byte == 0 && before != b'\\';
            out.push(if bare { b'?' } else { byte });
            before = byte;
        }
        out.extend_from_slice(b"\r\n");
    }
    true
}

/// Whether `text` is whole lines, each with something in it and no stray CR, LF or NUL.
pub(super) fn is_clean(text: &[u8]) -> bool {
    if text.first().is_some_and(|&byte| is_space(byte)) {
        return false;
    }
    let mut at = 0;
    while at < text.len() {
        let Some(len) = memchr::memchr3(b'\r', b'\n', 0, &text[at..]) else {
            return false;
        };
        if is_blank(&text[at..at + len]) || text.get(at + len..at + len + 2) != Some(b"\r\n") {
            return false;
        }
        at += len + 2;
    }
    true
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|&byte| is_space(byte))
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Span};
    use bytes::Bytes;

    #[test]
    fn whole_lines_and_parts_of_values_keep_lines() {
        let text = "A sip:x SIP/2.0\r\nTo: <sip:x>\r\nX: a\r\n b\r\nY: c\r\n\r\nbody";
        let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default());
        let message = message.expect("well-formed");
        let at = |part: &str| text.find(part).expect("there");
        for (start, end, put, keeps) in [
            (at("To"), at("X:"), "", true),
            (at("To"), at("X:"), "To: <sip:y>\r\n", true),
            (at("Y:"), at("\r\nbody"), "", true),
            (at("\r\nbody"), at("\r\nbody"), "Z: 1\r\n", true),
            (at("<sip"), at(">") + 1, "sip:y", true),
            (at("c\r"), at("c\r") + 1, "", true),
            (at("body"), at("body") + 1, "\r\n\n", true),
            (at("To"), at("X:"), "Z: 1", false),
            (at("To"), at("X:"), "\r\n", false),
            (at("To"), at("X:"), " folded\r\n", false),
            (at("To"), at("To") + 3, "", false),
            (at("<sip"), at("X:"), "", false),
            (at("<sip"), at("<sip"), "a\r\nZ: 1", false),
            (at("o: "), at("o: "), "x", false),
            (at("\n b"), at("\n b"), "x", false),
        ] {
            let Span { start, end } = Span::from(start..end);
            let op = Op {
                start,
                end,
                text: Bytes::from_static(put.as_bytes()),
            };
            assert_eq!(keeps_lines(&message, &op), keeps, "{op:?}");
        }
    }
}
