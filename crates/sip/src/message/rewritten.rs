//! A message made of another: what stayed is not read again.

use super::index::Index;
use super::scan::{self, Section};
use super::start_line::{self, StartLine};
use super::typed::Typed;
use super::{Defects, Message};
use crate::{Limits, ParseError, Span};
use bytes::Bytes;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// Octets that were made of a message, and which of its octets stand in them.
#[derive(Clone, Debug, Default)]
pub struct Rewritten {
    bytes: Bytes,
    kept: Kept,
    /// See [`Rewritten::of_sound_values`].
    is_sound: bool,
}

/// Runs of octets that were kept, in order.
pub(crate) type Kept = SmallVec<[Run; 12]>;

/// A run of octets that stand in the new text as they stand in the old.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// Where they stand in the old text.
    pub(crate) old: Span,
    /// Where the first of them stands in the new one.
    pub(crate) new_start: u32,
}

impl Run {
    /// Where an octet of this run stands in the new text.
    pub(super) fn place(self, old: u32) -> Option<u32> {
        old.checked_sub(self.old.start)?.checked_add(self.new_start)
    }

    /// By how much offsets grow within the header section, where a step back is a large number that wraps.
    pub(super) fn shift(self) -> u16 {
        // Only the low half counts there.
        self.new_start.wrapping_sub(self.old.start) as u16
    }
}

/// Octets as nobody knows them.
impl From<Bytes> for Rewritten {
    fn from(bytes: Bytes) -> Rewritten {
        Rewritten::new(bytes, Kept::new())
    }
}

impl Rewritten {
    pub(crate) fn new(bytes: Bytes, kept: Kept) -> Rewritten {
        Rewritten {
            bytes,
            kept,
            is_sound: false,
        }
    }

    /// The same, where every change took lines away that [`Message::check`] does not ask for, or put a value in place of
    /// another: the Request-URI, a Via below the first, a Call-ID, an address of Route, Record-Route or Contact. Whoever
    /// says so has checked that each is what it stands for, is printed, and no longer than the one before. Then they are
    /// not checked once more, but whether the Request-URI is one of SIP without headers is.
    pub fn of_sound_values(self) -> Rewritten {
        Rewritten {
            is_sound: true,
            ..self
        }
    }

    /// Whether [`Rewritten::of_sound_values`] was said.
    pub(super) fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// A text with some ranges replaced. They must come in order and not overlap; one that does not is passed over.
    pub fn splice<'a>(
        text: &[u8],
        changes: impl Iterator<Item = (Span, &'a [u8])> + Clone,
    ) -> Rewritten {
        // What is allocated is what is written, so that it becomes `Bytes` as it stands.
        let added = changes.clone().map(|(_, new)| new.len()).sum::<usize>();
        let removed = changes.clone().map(|(old, _)| old.len()).sum::<usize>();
        let mut out = Vec::with_capacity((text.len() + added).saturating_sub(removed));
        let (mut kept, mut done) = (Kept::new(), 0);
        let mut keep = |out: &mut Vec<u8>, old: Span| {
            let new_start = Span::from(out.len()..out.len()).start;
            out.extend_from_slice(old.of(text));
            kept.push(Run { old, new_start });
        };
        for (old, new) in changes {
            if old.start >= done {
                keep(&mut out, Span::new(done, old.start));
                out.extend_from_slice(new);
                done = old.end;
            }
        }
        keep(&mut out, Span::new(done, Span::from(0..text.len()).end));
        Rewritten::new(out.into(), kept)
    }

    /// The octets.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The octets alone.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The message that the octets are, as [`Message::parse`] reads it within `limits` of ours
    /// ([`Limits::of_ours`]). `former` is the message that they were made of: lines that were kept whole are not
    /// read again, which is most of the work.
    ///
    /// # Errors
    /// As those of [`Message::parse`].
    pub fn read(&self, former: &Message, limits: &Limits) -> Result<Arc<Message>, ParseError> {
        match former.follow(self) {
            Some(message) => Ok(message),
            None => Message::parse(self.bytes.clone(), &limits.of_ours()).map(Arc::new),
        }
    }
}

impl Message {
    /// The message that these octets are; none where it must be parsed to know that.
    fn follow(&self, made: &Rewritten) -> Option<Arc<Message>> {
        if self.defects != Defects::default() {
            return None;
        }
        // It is filled where it will lie: a message is some hundred octets of index, which are not moved about.
        let mut shared = Arc::new(Message {
            bytes: made.bytes.clone(),
            start: self.follow_start(made)?,
            index: Index::new(),
            defects: Defects::default(),
            typed: Typed::default(),
            length: Ok(None),
        });
        let message = Arc::get_mut(&mut shared)?;
        self.follow_headers(made, &message.start, &mut message.index)?;
        message.typed.carry(self, &message.index, &made.kept);
        match made.is_sound {
            // Neither the body nor how long it is has changed, and what stood behind it was cut off then.
            true => message.length = self.length,
            false => message.cut_behind_body(),
        }
        Some(shared)
    }

    fn follow_start(&self, made: &Rewritten) -> Option<StartLine> {
        let first = made.kept.first()?;
        let is_same = first.old.start == 0 && first.new_start == 0;
        if is_same && first.old.end as usize >= self.headers_start() {
            return Some(self.start);
        }
        let section = Section::new(&made.bytes);
        start_line::parse(made.bytes.get(..section.line_end(0).ok()?)?).ok()
    }

    fn follow_headers(&self, made: &Rewritten, start: &StartLine, index: &mut Index) -> Option<()> {
        let mut follower = Follower {
            section: Section::new(&made.bytes),
            index,
            at: usize::from(start.end) + 2,
        };
        let (mut line, mut head) = (0, Run::default());
        for run in &made.kept {
            // A line that begins before the run was cut by a change.
            let from = self.index.line_from(line, run.old.start);
            if from == line + 1 {
                let cut = self.index.span(line);
                if cut.end > run.old.end {
                    // By another one too.
                    continue;
                }
                follower.stretch_line(&self.index, line, (head, *run))?;
            }
            let behind = self.index.lines_up_to(from, run.old.end);
            if from < behind {
                follower.move_lines(&self.index, from..behind, *run)?;
            }
            (line, head) = (behind, *run);
        }
        follower.finish()
    }
}

/// Goes through the new text.
struct Follower<'a> {
    section: Section<'a>,
    index: &'a mut Index,
    at: usize,
}

impl Follower<'_> {
    /// Reads what is new before lines that were kept in one run, then takes these over.
    fn move_lines(&mut self, former: &Index, lines: Range<usize>, run: Run) -> Option<()> {
        let first = former.span(lines.start);
        let last = former.span(lines.end - 1);
        self.read_to(run.place(first.start)? as usize)?;
        let end = u16::try_from(run.place(last.end)?).ok()?;
        let has_room = self.index.len() + lines.len() <= MOST_LINES;
        if !has_room {
            return None;
        }
        self.index.extend_moved(former, lines, run.shift());
        self.at = usize::from(end);
        Some(())
    }

    /// Takes over a line of which only parts of the value changed, between a run that it begins in and one that it ends in. Any
    /// other is left to be read.
    fn stretch_line(
        &mut self,
        former: &Index,
        line: usize,
        (head, tail): (Run, Run),
    ) -> Option<()> {
        let Some((entry, end)) = former.stretched(line, (head, tail)) else {
            return Some(());
        };
        self.read_to(usize::from(entry.start))?;
        let value = usize::from(entry.value_start)..usize::from(entry.value_end);
        let value = self.section.text.get(value).unwrap_or_default();
        if is_plain(value) && self.index.len() < MOST_LINES {
            self.index.push(entry);
            self.at = usize::from(end);
        }
        Some(())
    }

    /// Reads whole lines up to exactly there.
    fn read_to(&mut self, end: usize) -> Option<()> {
        while self.at < end {
            self.read_line()?;
        }
        (self.at == end).then_some(())
    }

    fn read_line(&mut self) -> Option<()> {
        if self.index.len() >= MOST_LINES {
            return None;
        }
        self.at = scan::line(self.section, self.at, self.index).ok()?;
        Some(())
    }

    fn finish(mut self) -> Option<()> {
        while self.section.get(self.at)? != b'\r' {
            self.read_line()?;
        }
        self.section.line_end(self.at).ok()?;
        self.index.finish(u16::try_from(self.at).ok()?);
        // As [`Message::parse`] counts them.
        let most = usize::from(u8::MAX);
        scan::has_at_most(most, self.index, self.section.text).then_some(())
    }
}

/// Whether a value has no line end, and no blanks around it.
fn is_plain(value: &[u8]) -> bool {
    let is_blank = |octet: Option<&u8>| octet.is_none_or(|octet| matches!(octet, b' ' | b'\t'));
    !is_blank(value.first())
        && !is_blank(value.last())
        && memchr::memchr3(b'\r', b'\n', 0, value).is_none()
}

/// The index counts lines in an octet.
const MOST_LINES: usize = 254;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edits, HeaderId};

    const INVITE: &str = include_str!("../../benches/invite.sip");

    fn invite() -> Message {
        let bytes = Bytes::from_static(INVITE.as_bytes());
        Message::parse(bytes, &Limits::default()).expect("well-formed")
    }

    /// The message, and whether what was read of the former's common headers was taken over.
    fn followed(former: &Message, made: &Rewritten) -> Option<(Arc<Message>, bool)> {
        let message = former.follow(made)?;
        let knows = message.typed.is_known();
        Some((message, knows))
    }

    #[test]
    fn a_hop_is_followed_without_parsing() {
        let former = invite();
        let mut edits = Edits::new();
        edits
            .set_via("SIP/2.0/UDP p;branch=z9hG4bKn")
            .expect("clean");
        edits.note_source("192.0.2.1".parse().ok(), Some(9));
        edits.add_record_route("<sip:p;lr>").expect("clean");
        let (message, _) = followed(&former, &edits.rewrite(&former)).expect("followed");
        assert_eq!(message.headers().count(), former.headers().count() + 2);
        assert_eq!(message.vias().count(), 2);
        assert_eq!(message.body(), former.body());
    }

    #[test]
    fn what_was_read_is_taken_over_where_it_stays() {
        let former = invite();
        assert_eq!(former.check(), Ok(()));
        let of = |id| former.header(id).expect("there").value_span;
        let with =
            |span: Span| Rewritten::splice(former.bytes(), [(span, &b"x@y"[..])].into_iter());
        let (message, knows) = followed(&former, &with(of(HeaderId::CallId))).expect("followed");
        assert!(knows && message.call_id() == Ok(b"x@y"));
        let cseq = message.cseq().map(|cseq| cseq.number);
        assert_eq!(cseq, former.cseq().map(|cseq| cseq.number));
        for id in [HeaderId::From, HeaderId::To, HeaderId::CSeq, HeaderId::Via] {
            let (_, knows) = followed(&former, &with(of(id))).expect("followed");
            assert!(!knows, "{id:?}");
        }
    }

    /// INVITE with parts of its text replaced, in order.
    fn replaced(former: &Message, changes: &[(&str, &str)]) -> Rewritten {
        let changes = changes.iter().map(|(old, new)| {
            let start = INVITE.find(old).expect("there");
            (Span::from(start..start + old.len()), new.as_bytes())
        });
        Rewritten::splice(former.bytes(), changes)
    }

    #[test]
    fn a_line_that_changed_is_where_parsing_finds_it() {
        let former = invite();
        let lines = |message: &Message| {
            let headers = message.headers();
            let places = headers.map(|header| (header.id, header.span, header.value_span));
            places.collect::<Vec<_>>()
        };
        let changes: [&[(&str, &str)]; 10] = [
            &[("pc33", "proxy"), ("nashds8", "n")],
            &[("CSeq: ", "CSeq:    ")],
            &[("314159", " 1"), ("Alice", "A")],
            &[("314159 INVITE", "1 INVITE  ")],
            &[("\r\nMax-Forwards: 70", "")],
            &[("Max-Forwards", "X")],
            &[("70", "")],
            &[("70", "70\r\nX-New: 1")],
            &[("70\r\nTo: Bob", "70\r\n\tfolded\r\nTo: B")],
            &[("Bob", "Robert"), ("tag=1928301774", "tag=1"), ("262", "0")],
        ];
        for changes in changes {
            let made = replaced(&former, changes);
            let parsed = Message::parse(made.bytes().clone(), &Limits::default());
            let parsed = parsed.expect("well-formed");
            let message = former.follow(&made).expect("followed");
            assert_eq!(lines(&message), lines(&parsed), "{changes:?}");
        }
    }

    #[test]
    fn octets_that_nobody_knows_are_parsed() {
        let former = invite();
        let made = Rewritten::from(former.bytes().clone());
        assert!(former.follow(&made).is_none());
        assert!(made.read(&former, &Limits::default()).is_ok());
    }
}
