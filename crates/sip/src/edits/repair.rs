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
