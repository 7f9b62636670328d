//! One registered contact, packed: a server holds one for each phone.

use crate::{ConnectionId, ContactKey, Destination, Q, Registered, Xavps};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// What a [`Binding`] is made from; empty texts are those that are not set.
#[derive(Clone, Debug, Default)]
pub struct Registration<'a> {
    /// The contact URI.
    pub contact: &'a [u8],
    /// Where the REGISTER really came from, as a URI, where that differs (`received`).
    pub received: &'a [u8],
    /// The Path, as one comma-separated value (RFC 3327).
    pub path: &'a [u8],
    /// Call-ID of the REGISTER.
    pub call_id: &'a [u8],
    /// `+sip.instance`, with its angle brackets.
    pub instance: &'a [u8],
    /// Record id, unique in the world.
    pub ruid: &'a [u8],
    /// `User-Agent` of the REGISTER; shared between bindings.
    pub user_agent: Arc<[u8]>,
    /// Our socket it came in on, `udp:127.0.0.1:5060`; shared between bindings.
    pub socket: Arc<[u8]>,
    /// When it ends, in Unix seconds; 0 is for ever.
    pub expires_s: u64,
    /// When it was last changed, in Unix seconds.
    pub modified_s: u64,
    /// Preference.
    pub q: Q,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// Flags of the record.
    pub flags: u32,
    /// Branch flags, set again when the binding is looked up.
    pub branch_flags: u32,
    /// Methods the contact allows, a bit each (`method_filtering`); `u32::MAX` is all.
    pub methods: u32,
    /// `reg-id`, 0 for none.
    pub reg_id: u32,
    /// The server that took it.
    pub server_id: i32,
    /// The stream connection it came over.
    pub connection: Option<ConnectionId>,
    /// The fields of the XAVP that `xavp_contact` names.
    pub attributes: Option<Box<Xavps>>,
}

/// A contact that somebody registered. It never changes: a REGISTER that refreshes it makes a new
/// one with the same record id.
///
/// The texts lie in one allocation; what many phones share is shared. See the memory budget of
/// module `usrloc`.
#[derive(Debug)]
pub struct Binding {
    /// Contact, received, path, Call-ID, instance and ruid in a row.
    text: Bytes,
    /// Where each but the last of them ends.
    ends: [u32; 5],
    user_agent: Arc<[u8]>,
    socket: Arc<[u8]>,
    attributes: Option<Box<Xavps>>,
    /// `u64::MAX` is none.
    connection: u64,
    expires_s: u32,
    modified_s: u32,
    cseq: u32,
    flags: u32,
    branch_flags: u32,
    methods: u32,
    reg_id: u32,
    server_id: i32,
    q: Q,
    state: AtomicU8,
    /// A keepalive request is under way.
    is_asked: AtomicBool,
    /// When it last answered one, or when the first one left; Unix seconds, 0 for never.
    heard_s: AtomicU32,
    roundtrip_us: AtomicU32,
}

/// Whether the database knows a binding as it is (`State` in `ul.dump`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BindingState {
    /// The database does not know it.
    New = 0,
    /// The database knows it as it is.
    Synced = 1,
    /// The database knows an older state.
    Dirty = 2,
}

impl Binding {
    /// Packs a registration.
    pub fn new(from: Registration<'_>) -> Binding {
        let texts = [
            from.contact,
            from.received,
            from.path,
            from.call_id,
            from.instance,
            from.ruid,
        ];
        // As long as what goes in, so that it becomes a `Bytes` as it stands.
        let mut text = Vec::with_capacity(texts.iter().map(|text| text.len()).sum());
        let mut ends = [0; 5];
        for (index, part) in texts.iter().enumerate() {
            text.extend_from_slice(part);
            if let Some(end) = ends.get_mut(index) {
                *end = small(text.len());
            }
        }
        Binding {
            text: Bytes::from(text),
            ends,
            user_agent: from.user_agent,
            socket: from.socket,
            attributes: from.attributes,
            connection: from.connection.map_or(u64::MAX, |id| id.0),
            expires_s: seconds(from.expires_s),
            modified_s: seconds(from.modified_s),
            cseq: from.cseq,
            flags: from.flags,
            branch_flags: from.branch_flags,
            methods: from.methods,
            reg_id: from.reg_id,
            server_id: from.server_id,
            q: from.q,
            state: AtomicU8::new(BindingState::New as u8),
            is_asked: AtomicBool::new(false),
            heard_s: AtomicU32::new(0),
            roundtrip_us: AtomicU32::new(0),
        }
    }

    /// The registration it was made from, to make a changed one.
    pub fn registration(&self) -> Registration<'_> {
        Registration {
            contact: self.contact(),
            received: self.part(1),
            path: self.part(2),
            call_id: self.call_id(),
            instance: self.part(4),
            ruid: self.ruid(),
            user_agent: self.user_agent.clone(),
            socket: self.socket.clone(),
            expires_s: self.expires_s(),
            modified_s: self.modified_s(),
            q: self.q,
            cseq: self.cseq,
            flags: self.flags,
            branch_flags: self.branch_flags,
            methods: self.methods,
            reg_id: self.reg_id,
            server_id: self.server_id,
            connection: self.connection(),
            attributes: self.attributes.clone(),
        }
    }

    /// What tells it from other contacts of its user.
    pub fn key(&self) -> ContactKey<'_> {
        ContactKey {
            uri: self.contact(),
            instance: self.instance().unwrap_or_default(),
            reg_id: self.reg_id(),
            call_id: self.call_id(),
            path: self.path().unwrap_or_default(),
        }
    }

    /// The contact URI.
    pub fn contact(&self) -> &[u8] {
        self.part(0)
    }

    /// Where the REGISTER really came from, as a URI, where that differs.
    pub fn received(&self) -> Option<&[u8]> {
        filled(self.part(1))
    }

    /// The Path, as one comma-separated value.
    pub fn path(&self) -> Option<&[u8]> {
        filled(self.part(2))
    }

    /// Call-ID of the REGISTER.
    pub fn call_id(&self) -> &[u8] {
        self.part(3)
    }

    /// `+sip.instance`, with its angle brackets.
    pub fn instance(&self) -> Option<&[u8]> {
        filled(self.part(4))
    }

    /// Record id, unique in the world.
    pub fn ruid(&self) -> &[u8] {
        self.part(5)
    }

    /// `User-Agent` of the REGISTER.
    pub fn user_agent(&self) -> &[u8] {
        &self.user_agent
    }

    /// Our socket it came in on, `udp:127.0.0.1:5060`; empty where unknown.
    pub fn socket(&self) -> &[u8] {
        &self.socket
    }

    /// The fields of the XAVP that `xavp_contact` names.
    pub fn attributes(&self) -> Option<&Xavps> {
        self.attributes.as_deref()
    }

    /// The stream connection it came over.
    pub fn connection(&self) -> Option<ConnectionId> {
        (self.connection != u64::MAX).then_some(ConnectionId(self.connection))
    }

    /// When it ends, in Unix seconds; 0 is for ever.
    pub fn expires_s(&self) -> u64 {
        self.expires_s.into()
    }

    /// When it was last changed, in Unix seconds.
    pub fn modified_s(&self) -> u64 {
        self.modified_s.into()
    }

    /// Preference.
    pub fn q(&self) -> Q {
        self.q
    }

    /// CSeq of the REGISTER.
    pub fn cseq(&self) -> u32 {
        self.cseq
    }

    /// Flags of the record.
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// Branch flags, set again when the binding is looked up.
    pub fn branch_flags(&self) -> u32 {
        self.branch_flags
    }

    /// Methods the contact allows, a bit each; `u32::MAX` is all.
    pub fn methods(&self) -> u32 {
        self.methods
    }

    /// `reg-id`, 0 for none.
    pub fn reg_id(&self) -> u32 {
        self.reg_id
    }

    /// The server that took it.
    pub fn server_id(&self) -> i32 {
        self.server_id
    }

    /// True while it may be used.
    pub fn is_alive(&self, now_s: u64) -> bool {
        self.expires_s == 0 || self.expires_s() > now_s
    }

    /// Whether the database knows it as it is.
    pub fn state(&self) -> BindingState {
        match self.state.load(Ordering::Acquire) {
            1 => BindingState::Synced,
            2 => BindingState::Dirty,
            _ => BindingState::New,
        }
    }

    /// Says whether the database knows it as it is.
    pub fn set_state(&self, state: BindingState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// A keepalive request leaves; false while another one is under way. Silence counts from the first.
    pub fn ask(&self, now_s: u64) -> bool {
        let never = self.heard_s.load(Ordering::Relaxed) == 0;
        let asks = !self.is_asked.swap(true, Ordering::AcqRel);
        if asks && never {
            self.heard_s.store(seconds(now_s), Ordering::Relaxed);
        }
        asks
    }

    /// A keepalive request was answered.
    pub fn answered(&self, now_s: u64, roundtrip_us: u64) {
        self.heard_s.store(seconds(now_s), Ordering::Relaxed);
        self.roundtrip_us.store(
            u32::try_from(roundtrip_us).unwrap_or(u32::MAX),
            Ordering::Relaxed,
        );
    }

    /// A keepalive request is over, answered or not.
    pub fn asked(&self) {
        self.is_asked.store(false, Ordering::Release);
    }

    /// When it last showed that it is there, in Unix seconds: by an answer, or by a REGISTER.
    pub fn last_keepalive_s(&self) -> u64 {
        match self.heard_s.load(Ordering::Relaxed) {
            0 => self.modified_s(),
            heard_s => heard_s.into(),
        }
    }

    /// For how many seconds keepalive requests have had no answer.
    pub fn silence_s(&self, now_s: u64) -> u64 {
        match self.heard_s.load(Ordering::Relaxed) {
            0 => 0,
            heard_s => now_s.saturating_sub(heard_s.into()),
        }
    }

    /// How long the last answer to a keepalive request took, in microseconds; 0 before there was one.
    pub fn roundtrip_us(&self) -> u32 {
        self.roundtrip_us.load(Ordering::Relaxed)
    }

    /// Takes the measured round trip of the state before a refresh.
    pub fn keep_roundtrip(&self, before: &Binding) {
        self.roundtrip_us
            .store(before.roundtrip_us(), Ordering::Relaxed);
    }

    /// Bytes on the heap that belong to this binding alone, without the shared texts.
    pub fn heap_bytes(&self) -> usize {
        self.text.len() + self.attributes.as_ref().map_or(0, |_| size_of::<Xavps>())
    }

    /// A branch to this contact. With a Path its first URI is the next hop, else `received` is.
    pub fn destination(&self) -> Destination {
        let path = self.path().map(|path| self.text.slice_ref(path));
        let first_hop = path.as_ref().and_then(first_uri);
        Destination {
            uri: self.text.slice_ref(self.contact()),
            dst_uri: first_hop.or_else(|| self.received().map(|uri| self.text.slice_ref(uri))),
            path,
            q: self.q,
            flags: self.branch_flags,
            socket: None,
            connection: self.connection(),
            registered: Some(Arc::new(self.registered())),
        }
    }

    fn registered(&self) -> Registered {
        let instance = self.instance();
        Registered {
            ruid: Some(self.text.slice_ref(self.ruid())),
            instance: instance.map(|instance| self.text.slice_ref(instance)),
            reg_id: self.reg_id,
            user_agent: filled(&self.user_agent).map(Bytes::copy_from_slice),
        }
    }

    /// A text of the binding that outlives it, without a copy.
    pub fn share(&self, part: &[u8]) -> Bytes {
        if part.is_empty() {
            Bytes::new()
        } else {
            self.text.slice_ref(part)
        }
    }

    fn part(&self, index: usize) -> &[u8] {
        let end_of = |index: usize| {
            self.ends
                .get(index)
                .map_or(self.text.len(), |end| *end as usize)
        };
        let start = index.checked_sub(1).map_or(0, end_of);
        self.text.get(start..end_of(index)).unwrap_or_default()
    }
}

/// The URI of the first address in a Path.
fn first_uri(path: &Bytes) -> Option<Bytes> {
    let first = sip::split_values(path).next()?;
    let uri = sip::NameAddr::parse(first).ok()?.uri;
    Some(path.slice_ref(uri))
}

fn filled(text: &[u8]) -> Option<&[u8]> {
    (!text.is_empty()).then_some(text)
}

/// A time as it is stored: Unix seconds fit until 2106.
fn seconds(unix_s: u64) -> u32 {
    u32::try_from(unix_s).unwrap_or(u32::MAX)
}

/// A length as it is stored; no SIP message reaches the bound.
fn small(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding::new(Registration {
            contact: b"sip:a@10.0.0.1",
            path: b"<sip:1.2.3.4;lr>,<sip:5.6.7.8;lr>",
            call_id: b"c1",
            ruid: b"uloc-1",
            received: b"sip:9.9.9.9:5",
            q: Q(500),
            connection: Some(ConnectionId(7)),
            ..Registration::default()
        })
    }

    #[test]
    fn texts_come_out_as_they_went_in() {
        let binding = binding();
        assert_eq!(binding.contact(), b"sip:a@10.0.0.1");
        assert_eq!(binding.received(), Some(&b"sip:9.9.9.9:5"[..]));
        assert_eq!(binding.call_id(), b"c1");
        assert_eq!(binding.instance(), None);
        assert_eq!(binding.ruid(), b"uloc-1");
        assert_eq!(binding.connection(), Some(ConnectionId(7)));
        let again = Binding::new(binding.registration());
        assert_eq!(
            (again.contact(), again.ruid(), again.q()),
            (binding.contact(), binding.ruid(), Q(500))
        );
    }

    #[test]
    fn the_first_hop_of_the_path_wins_over_received() {
        let destination = binding().destination();
        assert_eq!(destination.dst_uri.as_deref(), Some(&b"sip:1.2.3.4;lr"[..]));
        assert_eq!(
            destination.path.as_deref(),
            Some(&b"<sip:1.2.3.4;lr>,<sip:5.6.7.8;lr>"[..])
        );
    }

    #[test]
    fn silence_counts_from_the_first_request_and_ends_with_an_answer() {
        let binding = binding();
        assert_eq!(binding.silence_s(1000), 0);
        assert!(binding.ask(1000));
        assert!(!binding.ask(1010), "one at a time");
        assert_eq!(binding.silence_s(1030), 30);
        binding.asked();
        assert!(binding.ask(1030));
        assert_eq!(binding.silence_s(1040), 40);
        binding.answered(1041, 7000);
        assert_eq!((binding.silence_s(1045), binding.roundtrip_us()), (4, 7000));
        assert_eq!(binding.last_keepalive_s(), 1041);
    }

    #[test]
    fn a_binding_is_small() {
        assert!(size_of::<Binding>() <= 144, "{}", size_of::<Binding>());
    }
}
