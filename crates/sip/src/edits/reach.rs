//! How far a change reaches.

use super::repair::is_clean;
use super::{Edits, Op};
use crate::{HeaderId, Message, lex};

impl Edits {
    /// Whether what was inserted, replaced or removed may change, add or take away a header that `concerns` is true of, by
    /// its name and its octets. Where that is hard to tell it may. What a hop adds of its own (Via, Record-Route, Route, the
    /// noted source) does not count.
    pub fn may_reach(&self, message: &Message, concerns: impl Fn(HeaderId, &[u8]) -> bool) -> bool {
        let reaches = |op: &Op| op.may_reach(message, &concerns);
        self.ops.iter().any(reaches)
    }

    /// Whether every change leaves the header lines that are there whole, so that they need no repair.
    pub(super) fn keeps_lines(&self, message: &Message) -> bool {
        let keeps = |op: &Op| {
            op.is_in_body(message)
                || op.stays_in_line(message.bytes())
                || op.is_of_whole_lines(message)
        };
        self.ops.iter().all(keeps)
    }
}

impl Op {
    fn may_reach(&self, message: &Message, concerns: impl Fn(HeaderId, &[u8]) -> bool) -> bool {
        if self.is_in_body(message) {
            return false;
        }
        if self.is_insertion_of_lines(message) {
            return !all_lines(&self.text, |name| !concerns(HeaderId::lookup(name), name));
        }
        let Some(header) = message.header_at(self.start) else {
            return true;
        };
        let is_removed =
            self.text.is_empty() && (self.start, self.end) == (header.span.start, header.span.end);
        let is_in_value =
            self.start >= header.value_span.start && self.stays_in_line(message.bytes());
        !(is_removed || is_in_value) || concerns(header.id, header.name)
    }

    fn is_in_body(&self, message: &Message) -> bool {
        self.start as usize >= message.body_offset()
    }

    fn is_insertion_of_lines(&self, message: &Message) -> bool {
        self.start == self.end
            && (message.headers_start()..=message.headers_end()).contains(&(self.start as usize))
            && octet_before(message.bytes(), self.start) == Some(b'\n')
    }

    /// It takes whole header lines, or none, and brings whole ones, or nothing.
    fn is_of_whole_lines(&self, message: &Message) -> bool {
        let begins_line = |at: u32| octet_before(message.bytes(), at) == Some(b'\n');
        let is_fold = |at: usize| matches!(message.bytes().get(at), Some(b' ' | b'\t'));
        let (start, end) = (self.start as usize, self.end as usize);
        let section = message.headers_start()..=message.headers_end();
        section.contains(&start)
            && section.contains(&end)
            && begins_line(self.start)
            && begins_line(self.end)
            && !is_fold(start)
            && !is_fold(end)
            && (self.text.is_empty() || is_clean(&self.text))
    }

    /// It begins behind the first octet of a line and neither takes nor brings a line end, what quotes a NUL, or all that a
    /// folded line has.
    fn stays_in_line(&self, source: &[u8]) -> bool {
        let goes = source.get(self.start as usize..self.end as usize);
        let before = octet_before(source, self.start);
        let empties = matches!(before, Some(b' ' | b'\t')) && self.text.trim_ascii().is_empty();
        !empties
            && source.get(self.end as usize) != Some(&0)
            && before.is_some_and(|octet| !matches!(octet, b'\r' | b'\n'))
            && goes.is_some_and(|goes| !has_line_end(goes))
            && !has_line_end(&self.text)
    }
}

fn octet_before(source: &[u8], at: u32) -> Option<u8> {
    source.get((at as usize).checked_sub(1)?).copied()
}

fn has_line_end(text: &[u8]) -> bool {
    // Hardly any text has an octet as low, and that is told at once.
    lex::any(text, |octet| octet <= b'\r') && memchr::memchr3(b'\r', b'\n', 0, text).is_some()
}

/// Whether `text` is lines of headers, and something holds of each name.
fn all_lines(text: &[u8], holds: impl Fn(&[u8]) -> bool) -> bool {
    let Some(lines) = text.strip_suffix(b"\n") else {
        return false;
    };
    let mut names = lines.split(|&byte| byte == b'\n').map(|line| {
        let end = memchr::memchr(b':', line)?;
        line.get(..end).map(<[u8]>::trim_ascii_end)
    });
    let is_begun = |name: &[u8]| {
        name.first()
            .is_some_and(|first| !first.is_ascii_whitespace())
    };
    names.all(|name| name.is_some_and(|name| is_begun(name) && holds(name)))
}

#[cfg(test)]
mod tests {
    use crate::{Edits, HeaderId, Limits, Message, Span};

    const TEXT: &str = "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nContact: <sip:a@x>\r\n\
        Max-Forwards: 70\r\nX-Note: a\r\n\tb\r\n\r\nbody";

    #[test]
    fn what_uncovers_a_nul_or_empties_a_fold_is_repaired() {
        let text = "OPTIONS sip:b@x SIP/2.0\r\nX-A: \"\\\0\"\r\nX-B: a\r\n b\r\n\r\n";
        let message = Message::parse(text.into(), &Limits::default()).expect("well-formed");
        for (old, wanted) in [("\\", "X-A: \"?\""), ("b\r", "X-B: a\r\n\r\n")] {
            let start = text.find(old).expect("there");
            let mut edits = Edits::new();
            edits.replace(Span::from(start..start + 1), "");
            let made = edits.to_bytes(&message);
            let made = String::from_utf8_lossy(&made);
            assert!(made.contains(wanted), "{made:?}");
        }
    }

    /// What becomes of the part of a message that `old` is, and whether a Contact or a header X-Mark may be reached.
    fn reaches(old: &str, new: &str) -> bool {
        let message = Message::parse(TEXT.into(), &Limits::default()).expect("well-formed");
        let start = TEXT.find(old).expect("there");
        let mut edits = Edits::new();
        edits.replace(Span::from(start..start + old.len()), new.to_owned());
        edits.may_reach(&message, |id, name| {
            id == HeaderId::Contact || name.eq_ignore_ascii_case(b"x-mark")
        })
    }

    #[test]
    fn what_lies_elsewhere_is_not_reached() {
        for (old, new) in [
            ("70", "69"),
            ("Max-Forwards: 70\r\n", ""),
            ("body", "Contact: x"),
        ] {
            assert!(!reaches(old, new), "{old:?}");
        }
    }

    #[test]
    fn what_may_become_such_a_header_is_reached() {
        for (old, new) in [
            ("<sip:a@x>", "<sip:b@y>"),
            ("Contact: <sip:a@x>\r\n", ""),
            ("Max-Forwards", "Contact"),
            ("70", "70\r\nContact: <sip:c@z>"),
            ("70\r\n", "70"),
            ("a\r\n\tb", "a"),
        ] {
            assert!(reaches(old, new), "{old:?} {new:?}");
        }
    }

    #[test]
    fn inserted_lines_are_known_by_their_names() {
        let inserted = |lines: &str| {
            let message = Message::parse(TEXT.into(), &Limits::default()).expect("well-formed");
            let mut edits = Edits::new();
            edits.append_header(&message, lines);
            edits.may_reach(&message, |id, name| {
                id == HeaderId::Contact || name.eq_ignore_ascii_case(b"x-mark")
            })
        };
        for (lines, reaches) in [
            ("P-Hint: outbound\r\n", false),
            ("P-Hint: a\nReason: b\n", false),
            ("P-Hint: a\r\nm: <sip:c@z>\r\n", true),
            ("X-Mark : a\r\n", true),
            (" folded: on\r\n", true),
            ("no header\r\n", true),
        ] {
            assert_eq!(inserted(lines), reaches, "{lines:?}");
        }
    }

    #[test]
    fn whole_lines_and_parts_of_lines_leave_lines_whole() {
        let message = Message::parse(TEXT.into(), &Limits::default()).expect("well-formed");
        for (old, new, keeps) in [
            ("Contact: <sip:a@x>\r\n", "", true),
            ("Contact: <sip:a@x>\r\n", "m: <sip:b@y>\r\n", true),
            ("X-Note: a\r\n\tb\r\n", "", true),
            ("sip:a@x", "sip:b@y", true),
            ("body", "\r\n\n", true),
            ("Contact: <sip:a@x>\r\n", "Z: 1", false),
            ("Contact: <sip:a@x>\r\n", "\r\n", false),
            ("Contact: <sip:a@x>\r\n", " folded\r\n", false),
            ("Max-Forwards: 70\r\nX-Note: a\r\n", "", false),
            ("<sip:a@x>\r\n", "", false),
            ("<sip:a@x>", "a\r\nZ: 1", false),
            ("Contact: ", "", false),
        ] {
            let start = TEXT.find(old).expect("there");
            let mut edits = Edits::new();
            edits.replace(Span::from(start..start + old.len()), new);
            assert_eq!(edits.keeps_lines(&message), keeps, "{old:?} {new:?}");
        }
    }
}
