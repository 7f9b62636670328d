//! Finds the empty line, looking at every byte once however the stream is cut.

use super::FaultKind;

/// How far a head has been looked at.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Everything before it is in order.
    at: usize,
    /// Where the current line begins.
    line: usize,
}

/// What a scan found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The head goes on behind what has arrived.
    More,
    /// The head ends here, its empty line included.
    End(usize),
    /// This is not the head of a message.
    Bad(FaultKind),
}

impl HeadScan {
    /// Goes on where the last scan stopped. `buffer` begins with the message.
    pub(super) fn advance(&mut self, buffer: &[u8], max_head_bytes: usize) -> Scanned {
        let visible = buffer
            .get(..buffer.len().min(max_head_bytes))
            .unwrap_or(buffer);
        while let Some(found) =
            memchr::memchr3(b'\r', b'\n', 0, visible.get(self.at..).unwrap_or_default())
        {
            let at = self.at + found;
            match (visible.get(at), visible.get(at + 1)) {
                (Some(b'\r'), Some(b'\n')) => {}
                (Some(b'\r'), None) => {
                    self.at = at;
                    break;
                }
                (Some(b'\r'), _) => return Scanned::Bad(FaultKind::BareCarriageReturn),
                (Some(b'\n'), _) => return Scanned::Bad(FaultKind::BareLineFeed),
                _ => return Scanned::Bad(FaultKind::Nul),
            }
            if at == self.line {
                return Scanned::End(at + 2);
            }
            self.at = at + 2;
            self.line = at + 2;
        }
        self.unfinished(buffer, visible, max_head_bytes)
    }

    fn unfinished(&mut self, buffer: &[u8], visible: &[u8], max_head_bytes: usize) -> Scanned {
        if buffer.len() >= max_head_bytes {
            return Scanned::Bad(FaultKind::HeadTooLarge);
        }
        // A carriage return that waits for its line feed is looked at again.
        if visible.last() != Some(&b'\r') {
            self.at = visible.len();
        }
        Scanned::More
    }
}
