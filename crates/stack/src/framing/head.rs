//! Finds the empty line, looking at every byte once however the stream is cut.

use super::FaultKind;

/// How far a head has been looked at.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Everything before it is in order, or nothing was since `bad`.
    at: usize,
    /// Where the current line begins.
    line: usize,
    /// What is wrong with it. It is read on to its end, so that the refusal is the same however the
    /// stream is cut.
    bad: Option<FaultKind>,
}

/// What a scan found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The head goes on behind what has arrived.
    More,
    /// The head ends here, its empty line included.
    End(usize),
    /// This is not the head of a message. It ends here, by any reading of its line ends.
    Bad(FaultKind, usize),
}

impl HeadScan {
    /// Goes on where the last scan stopped. `buffer` begins with the message.
    pub(super) fn advance(&mut self, buffer: &[u8], max_head_bytes: usize) -> Scanned {
        let visible = buffer
            .get(..buffer.len().min(max_head_bytes))
            .unwrap_or(buffer);
        if self.bad.is_none()
            && let Some(end) = self.strict(visible)
        {
            return Scanned::End(end);
        }
        if let Some(kind) = self.bad
            && let Some(end) = self.lenient(visible)
        {
            return Scanned::Bad(kind, end);
        }
        match buffer.len() >= max_head_bytes {
            true => Scanned::Bad(FaultKind::HeadTooLarge, visible.len()),
            false => Scanned::More,
        }
    }

    /// The end by the rules, or a note of what breaks them.
    fn strict(&mut self, visible: &[u8]) -> Option<usize> {
        while let Some(found) =
            memchr::memchr3(b'\r', b'\n', 0, visible.get(self.at..).unwrap_or_default())
        {
            let at = self.at + found;
            self.at = at;
            match (visible.get(at), visible.get(at + 1)) {
                (Some(b'\r'), Some(b'\n')) => {}
                // It waits for its line feed.
                (Some(b'\r'), None) => return None,
                (Some(b'\r'), _) => self.bad = Some(FaultKind::BareCarriageReturn),
                (Some(b'\n'), _) => self.bad = Some(FaultKind::BareLineFeed),
                _ => self.bad = Some(FaultKind::Nul),
            }
            if self.bad.is_some() {
                return None;
            }
            if at == self.line {
                return Some(at + 2);
            }
            self.at = at + 2;
            self.line = at + 2;
        }
        self.at = visible.len();
        None
    }

    /// The end of a head that is refused: the first line that looks empty.
    fn lenient(&mut self, visible: &[u8]) -> Option<usize> {
        while let Some(found) = memchr::memchr(b'\n', visible.get(self.at..).unwrap_or_default()) {
            let at = self.at + found;
            let line = visible.get(self.line..at).unwrap_or_default();
            (self.at, self.line) = (at + 1, at + 1);
            if matches!(line, b"" | b"\r") {
                return Some(at + 1);
            }
        }
        self.at = visible.len();
        None
    }
}
