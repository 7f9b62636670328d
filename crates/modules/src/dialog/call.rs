//! One dialog: who talks with whom, how far they are, and what scripts keep with it.

use super::early::EarlyLegs;
use super::profile::Link;
use super::state::State;
use super::texts::{Did, Texts};
use bytes::Bytes;
use parking_lot::Mutex;
use policy::{Flow, NextHop, Proto};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A dialog. What never changes can be read without a lock; the rest is locked for moments, never
/// across a wish or the lock of a chain.
pub(super) struct Dialog {
    /// Its name in Record-Route and for operators.
    pub(super) did: Did,
    /// The keyed hash of its Call-ID.
    pub(super) hash: u64,
    /// When its INVITE came, in Unix seconds.
    pub(super) init_s: u64,
    texts: Texts<5>,
    /// What changes.
    pub(super) live: Mutex<Live>,
}

/// What a dialog begins with.
pub(super) struct Beginning<'a> {
    /// The Call-ID.
    pub(super) call_id: &'a [u8],
    /// The caller's tag.
    pub(super) from_tag: &'a [u8],
    /// The URI of From.
    pub(super) from_uri: &'a [u8],
    /// The URI of To.
    pub(super) to_uri: &'a [u8],
    /// The Request-URI.
    pub(super) request_uri: &'a [u8],
}

/// The two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Who sent the INVITE.
    Caller,
    /// Who answered it.
    Callee,
}

impl Side {
    /// The one at the other end.
    pub(super) fn other(self) -> Side {
        match self {
            Side::Caller => Side::Callee,
            Side::Callee => Side::Caller,
        }
    }
}

/// The part of a dialog that changes.
pub(super) struct Live {
    /// How far it is.
    pub(super) state: State,
    /// When the 2xx passed, in Unix seconds; 0 before.
    pub(super) start_s: u64,
    /// When it ended; 0 before.
    pub(super) end_s: u64,
    /// Seconds it may last from the 2xx, or from the last request that prolonged it.
    pub(super) lifetime_s: u32,
    /// When that time is over, in Unix seconds; 0 while it does not run.
    pub(super) timeout_s: u64,
    /// When the next keep-alive request is due; 0 for never.
    pub(super) ka_next_s: u64,
    /// Keep-alive requests without an answer, by side.
    pub(super) ka_failed: [u8; 2],
    /// Flags of the script, bit 0 is flag 0 (`dlg_setflag()`).
    pub(super) flags: u32,
    /// Switches, numbered as in column `iflags`; see the constants of [`Live`].
    pub(super) switches: u32,
    /// A BYE passed.
    pub(super) has_bye: bool,
    /// The database has a row of it.
    pub(super) is_stored: bool,
    /// It changed since it was written to the database.
    pub(super) is_dirty: bool,
    /// `route[…]` to run at timeout.
    pub(super) timeout_route: Option<Arc<str>>,
    /// The caller's end.
    pub(super) caller: Leg,
    /// The callee's end, empty before the 2xx.
    pub(super) callee: Leg,
    /// Who answered provisionally, until one of them takes the call.
    pub(super) early: Option<Box<EarlyLegs>>,
    /// `$dlg_var(…)`, the oldest first.
    pub(super) vars: Vec<(Bytes, Bytes)>,
    /// The profiles it is in.
    pub(super) links: Vec<Link>,
}

/// One end of a dialog.
#[derive(Clone, Default)]
pub(super) struct Leg {
    texts: Texts<3>,
    /// The CSeq number of its last request; 0 where it sent none.
    pub(super) cseq: u32,
    /// The socket of ours that it talks to.
    pub(super) socket: Option<Sock>,
    /// Where its packets came from when it last took part in a change of the call, and how; a database
    /// does not tell.
    pub(super) peer: Option<Peer>,
}

/// A socket of ours, as it outlives a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sock {
    /// The transport.
    pub(super) proto: Proto,
    /// The address.
    pub(super) addr: SocketAddr,
}

/// Where packets come from, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// The address.
    pub(super) ip: IpAddr,
    port: u16,
    proto: Proto,
}

impl Dialog {
    /// A dialog whose INVITE came just now; none where its texts are too long.
    pub(super) fn new(
        did: Did,
        hash: u64,
        init_s: u64,
        beginning: &Beginning<'_>,
        live: Live,
    ) -> Option<Dialog> {
        let texts = Texts::new([
            beginning.call_id,
            beginning.from_tag,
            beginning.from_uri,
            beginning.to_uri,
            beginning.request_uri,
        ])?;
        Some(Dialog {
            did,
            hash,
            init_s,
            texts,
            live: Mutex::new(live),
        })
    }

    /// The Call-ID.
    pub(super) fn call_id(&self) -> &[u8] {
        self.texts.part(0)
    }

    /// The caller's tag.
    pub(super) fn caller_tag(&self) -> &[u8] {
        self.texts.part(1)
    }

    /// The URI of From in the INVITE.
    pub(super) fn caller_uri(&self) -> &[u8] {
        self.texts.part(2)
    }

    /// The URI of To in the INVITE.
    pub(super) fn callee_uri(&self) -> &[u8] {
        self.texts.part(3)
    }

    /// The Request-URI of the INVITE when the dialog was made.
    pub(super) fn request_uri(&self) -> &[u8] {
        self.texts.part(4)
    }

    /// Which side sent a message with these tags; none where they are not of this dialog. Before the
    /// 2xx the callee's tag is not known, so the caller's is compared alone.
    pub(super) fn sender(&self, from_tag: &[u8], to_tag: &[u8]) -> Option<Side> {
        let live = self.live.lock();
        let callee = live.callee.tag();
        let is_callee = |tag: &[u8]| callee.is_empty() || callee == tag;
        if self.caller_tag() == from_tag && is_callee(to_tag) {
            return Some(Side::Caller);
        }
        (self.caller_tag() == to_tag && is_callee(from_tag)).then_some(Side::Callee)
    }
}

impl Live {
    /// A BYE goes to both sides when the time is over (`$dlg_ctx(timeout_bye)`).
    pub(super) const TIMEOUT_BYE: u32 = 1;
    /// The caller gets keep-alive requests.
    pub(super) const KA_SRC: u32 = 2;
    /// The callee gets keep-alive requests.
    pub(super) const KA_DST: u32 = 4;
    /// Requests within the dialog do not prolong it.
    pub(super) const NO_RESET: u32 = 8;
    /// Requests of the caller leave with a higher CSeq number, by `$dlg_var(cseq_diff)`.
    pub(super) const CSEQ_DIFF: u32 = 16;

    /// The most variables of one dialog; one more is refused with an error line. With a value of
    /// [`Live::MOST_VALUE`] octets each that is 64 kB, which only the script decides.
    pub(super) const MOST_VARS: usize = 32;
    /// The longest value of a variable, in octets.
    pub(super) const MOST_VALUE: usize = 2048;

    /// What a dialog begins as.
    pub(super) fn new(caller: Leg, lifetime_s: u32) -> Live {
        Live {
            state: State::Unconfirmed,
            start_s: 0,
            end_s: 0,
            lifetime_s,
            timeout_s: 0,
            ka_next_s: 0,
            ka_failed: [0; 2],
            flags: 0,
            switches: 0,
            has_bye: false,
            is_stored: false,
            is_dirty: true,
            timeout_route: None,
            caller,
            callee: Leg::default(),
            early: None,
            vars: Vec::new(),
            links: Vec::new(),
        }
    }

    /// The end of `side`.
    pub(super) fn leg(&self, side: Side) -> &Leg {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    /// The end of `side` with this tag; before the 2xx it is one of those who answered provisionally.
    pub(super) fn leg_of(&self, side: Side, tag: &[u8]) -> Option<&Leg> {
        match (side, self.callee.tag()) {
            (Side::Callee, []) => self.early.as_ref()?.find(tag),
            _ => Some(self.leg(side)),
        }
    }

    /// Keeps what a provisional reply tells of its sender.
    pub(super) fn note_early(&mut self, leg: Leg) {
        if self.state.is_pending() {
            self.early.get_or_insert_default().note(leg);
        }
    }

    /// The same, to change it.
    pub(super) fn leg_mut(&mut self, side: Side) -> &mut Leg {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
    }

    /// True where the switch is on.
    pub(super) fn has(&self, switch: u32) -> bool {
        self.switches & switch != 0
    }

    /// The value of a variable.
    pub(super) fn var(&self, name: &[u8]) -> Option<&Bytes> {
        let found = self.vars.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }

    /// Sets a variable, or removes it; false where a bound is reached.
    pub(super) fn set_var(&mut self, name: &[u8], value: Option<Bytes>) -> bool {
        self.is_dirty = true;
        let Some(value) = value else {
            self.vars.retain(|(own, _)| own != name);
            return true;
        };
        if value.len() > Self::MOST_VALUE {
            return false;
        }
        // What a message lends would keep all of it in memory.
        let value = Bytes::copy_from_slice(&value);
        if let Some((_, own)) = self.vars.iter_mut().find(|(own, _)| own == name) {
            *own = value;
            return true;
        }
        if self.vars.len() >= Self::MOST_VARS {
            return false;
        }
        self.vars.push((Bytes::copy_from_slice(name), value));
        true
    }
}

impl Leg {
    /// An end; none where its texts are too long.
    pub(super) fn new(tag: &[u8], contact: &[u8], routes: &[u8]) -> Option<Leg> {
        Some(Leg {
            texts: Texts::new([tag, contact, routes])?,
            cseq: 0,
            socket: None,
            peer: None,
        })
    }

    /// The octets of its texts.
    pub(super) fn octets(&self) -> usize {
        self.texts.octets()
    }

    /// Its tag.
    pub(super) fn tag(&self) -> &[u8] {
        self.texts.part(0)
    }

    /// The URI of its Contact: where requests to it go.
    pub(super) fn contact(&self) -> &[u8] {
        self.texts.part(1)
    }

    /// The Route values on the way to it, with commas between them.
    pub(super) fn routes(&self) -> &[u8] {
        self.texts.part(2)
    }

    /// Another way to it; the old one stays where it is too long.
    pub(super) fn reroute(&mut self, routes: &[u8]) {
        if let Some(texts) = Texts::new([self.tag(), self.contact(), routes]) {
            self.texts = texts;
        }
    }

    /// Another Contact (RFC 3261 section 12.2); the old one stays where it is too long.
    pub(super) fn refresh(&mut self, contact: &[u8]) {
        if contact != self.contact()
            && let Some(texts) = Texts::new([self.tag(), contact, self.routes()])
        {
            self.texts = texts;
        }
    }
}

impl Peer {
    /// The peer's end of a flow.
    pub(super) fn of(flow: &Flow) -> Peer {
        Peer {
            ip: flow.peer.ip(),
            port: flow.peer.port(),
            proto: flow.proto,
        }
    }

    /// `sip:127.0.0.1:5060;transport=udp`.
    pub(super) fn uri(self) -> String {
        let addr = SocketAddr::new(self.ip, self.port);
        format!("sip:{addr};transport={}", self.proto.name())
    }
}

impl Sock {
    /// The socket of ours that a flow belongs to.
    pub(super) fn of(flow: &Flow) -> Sock {
        Sock {
            proto: flow.proto,
            addr: flow.local,
        }
    }

    /// Reads `udp:127.0.0.1:5060`.
    pub(super) fn parse(text: &[u8]) -> Option<Sock> {
        let text = std::str::from_utf8(text).ok()?;
        let (proto, addr) = text.split_once(':')?;
        Some(Sock {
            proto: Proto::parse(proto.as_bytes())?,
            addr: addr.parse().ok()?,
        })
    }

    /// The same, for requests of our own.
    pub(super) fn hop(self) -> NextHop {
        NextHop {
            proto: Some(self.proto),
            host: self.addr.ip().to_string().into(),
            port: self.addr.port(),
        }
    }
}

impl std::fmt::Display for Sock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.proto.via_name().to_ascii_lowercase();
        write!(f, "{name}:{}", self.addr)
    }
}
