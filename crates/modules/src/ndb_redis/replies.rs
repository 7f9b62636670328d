//! What servers said to one request, and the commands it keeps for a pipeline.

use bytes::Bytes;
use store::keys::{Command, Said};

/// Replies by name, and commands by server.
#[derive(Default)]
pub(super) struct Replies {
    kept: Vec<(Bytes, Said)>,
    pending: Vec<(Bytes, Pending)>,
}

/// A command that waits for `redis_execute()`.
pub(super) struct Pending {
    pub(super) reply: Bytes,
    pub(super) command: Command,
}

/// Names that one request may use, and commands that it may keep; Kamailio keeps 1000 commands.
const MOST: usize = 1000;

impl Replies {
    /// Keeps a reply in the place of the former one.
    pub(super) fn keep(&mut self, name: Bytes, said: Said) {
        self.free(&name);
        if self.kept.len() < MOST {
            self.kept.push((name, said));
        }
    }

    /// Forgets a reply; true where there was one.
    pub(super) fn free(&mut self, name: &[u8]) -> bool {
        let before = self.kept.len();
        self.kept.retain(|(other, _)| other.as_ref() != name);
        self.kept.len() < before
    }

    /// The reply under a name.
    pub(super) fn said(&self, name: &[u8]) -> Option<&Said> {
        let found = self.kept.iter().find(|(other, _)| other.as_ref() == name);
        found.map(|(_, said)| said)
    }

    /// Keeps a command; false where there are too many.
    pub(super) fn append(&mut self, server: Bytes, pending: Pending) -> bool {
        self.free(&pending.reply);
        let has_room = self.pending.len() < MOST;
        if has_room {
            self.pending.push((server, pending));
        }
        has_room
    }

    /// Takes the commands for a server.
    pub(super) fn take_pending(&mut self, server: &[u8]) -> Vec<Pending> {
        let all = std::mem::take(&mut self.pending).into_iter();
        let (wanted, others) = all.partition(|(of, _)| of.as_ref() == server);
        self.pending = others;
        let wanted: Vec<(Bytes, Pending)> = wanted;
        wanted.into_iter().map(|(_, pending)| pending).collect()
    }
}
