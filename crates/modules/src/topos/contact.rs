//! Contacts that name a dialog instead of a person: made, and found again in a Request-URI.

use bytes::Bytes;
use policy::{Context, Proto, Socket, XavpValue};
use sha2::{Digest, Sha256};
use sip::{NameAddr, Scheme, Uri};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// What every name of a dialog begins with, behind the letter that tells the end: as in Kamailio.
pub(super) const PREFIX: &[u8] = b"tpsh-";

/// The end of a dialog that a name was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Who began it: `atpsh-…`.
    Caller,
    /// Who answered: `btpsh-…`.
    Callee,
}

/// The name of a dialog, as it stood in a Request-URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Who was given it, and sends now.
    pub(super) sender: End,
    /// The name without the letter.
    pub(super) uuid: Bytes,
}

/// Where a name stands in a Contact (`contact_mode`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// 0: it is the user.
    #[default]
    User,
    /// 1: it is a parameter; the users are those of the first request.
    Parameter,
    /// 2: it is a parameter; the users are fields of the XAVU.
    Fields {
        /// What callers see: `xavu_field_b_contact`.
        caller: Bytes,
        /// What callees see: `xavu_field_a_contact`.
        callee: Bytes,
    },
}

/// How Contacts are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    pub(super) mode: Mode,
    /// `cparam_name`.
    pub(super) param: Bytes,
    /// `contact_host`.
    pub(super) host: Option<Bytes>,
    /// `xavu_cfg`.
    pub(super) xavu: Option<Bytes>,
    /// `xavu_field_contact_host`.
    pub(super) host_field: Option<Bytes>,
}

/// Where the other side finds us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    is_sips: bool,
    host: Bytes,
    port: Option<u16>,
    transport: Option<Bytes>,
}

/// Names that nobody can guess: whoever knows one can send to the dialog's other end.
pub(super) struct Names {
    secret: [u8; 32],
    count: AtomicU64,
}

impl Names {
    pub(super) fn new(secret: [u8; 32]) -> Names {
        Names {
            secret,
            count: AtomicU64::new(0),
        }
    }

    /// The next one: `tpsh-` and 128 bits of a hash over a secret, the time and a count.
    pub(super) fn next(&self, now_ms: u64) -> Bytes {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let hash = Sha256::new()
            .chain_update(self.secret)
            .chain_update(now_ms.to_be_bytes())
            .chain_update(count.to_be_bytes())
            .finalize();
        let mut name = String::with_capacity(PREFIX.len() + 32);
        name.push_str("tpsh-");
        for octet in hash.iter().take(16) {
            let _ = write!(name, "{octet:02x}");
        }
        name.into()
    }
}

impl Style {
    /// The dialog that a Request-URI names; none where it names something else.
    pub(super) fn find(&self, uri: &[u8]) -> Option<Key> {
        let uri = Uri::parse(uri).ok().filter(Uri::is_sip)?;
        let name = match self.mode {
            Mode::User => uri.user?,
            _ => uri.param(&self.param)?.value?,
        };
        let (letter, uuid) = name.split_first()?;
        let sender = match letter {
            b'a' => End::Caller,
            b'b' => End::Callee,
            _ => return None,
        };
        uuid.starts_with(PREFIX).then(|| Key {
            sender,
            uuid: Bytes::copy_from_slice(uuid),
        })
    }

    /// The Contact for one end, `<sip:atpsh-…@host>`. `users` are the users of modes 1: of the Request-URI as
    /// it came, for the caller, and of the Contact, for the callee.
    pub(super) fn shown(
        &self,
        end: End,
        uuid: &[u8],
        place: &Place,
        context: &Context,
        users: (Option<&[u8]>, Option<&[u8]>),
    ) -> Bytes {
        let letter = match end {
            End::Caller => b'a',
            End::Callee => b'b',
        };
        let user = match (&self.mode, end) {
            (Mode::User, _) => None,
            (Mode::Parameter, End::Caller) => users.0.map(Bytes::copy_from_slice),
            (Mode::Parameter, End::Callee) => users.1.map(Bytes::copy_from_slice),
            (Mode::Fields { caller, .. }, End::Caller) => self.field(context, caller),
            (Mode::Fields { callee, .. }, End::Callee) => self.field(context, callee),
        };
        let mut out = Vec::with_capacity(96);
        out.extend_from_slice(if place.is_sips { b"<sips:" } else { b"<sip:" });
        if self.mode == Mode::User {
            out.push(letter);
            out.extend_from_slice(uuid);
            out.push(b'@');
        } else if let Some(user) = user.filter(|user| is_user(user)) {
            out.extend_from_slice(&user);
            out.push(b'@');
        }
        self.write_place(place, context, &mut out);
        if self.mode != Mode::User {
            out.push(b';');
            out.extend_from_slice(&self.param);
            out.extend_from_slice(&[b'=', letter]);
            out.extend_from_slice(uuid);
        }
        out.push(b'>');
        out.into()
    }

    fn write_place(&self, place: &Place, context: &Context, out: &mut Vec<u8>) {
        let field = self.host_field.as_ref();
        let host = field
            .and_then(|field| self.field(context, field))
            .or_else(|| self.host.clone())
            .filter(|host| is_host(host))
            .unwrap_or_else(|| place.host.clone());
        out.extend_from_slice(&host);
        if let Some(port) = place.port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
        if let Some(transport) = &place.transport {
            out.extend_from_slice(b";transport=");
            out.extend_from_slice(transport);
        }
    }

    /// A field of the XAVU that `xavu_cfg` names.
    fn field(&self, context: &Context, name: &[u8]) -> Option<Bytes> {
        let root = self.xavu.as_ref()?;
        let xavus = &context.home.as_deref().unwrap_or(context).vars.xavus;
        match xavus.fields(root, 0)?.entry(name, 0)? {
            XavpValue::Plain(value) => Some(value.to_text()),
            XavpValue::Fields(_) => None,
        }
    }
}

impl Place {
    /// Where a Record-Route of ours says that we are.
    pub(super) fn of_route(route: &[u8]) -> Option<Place> {
        let address = NameAddr::parse(route).ok()?;
        let uri = address.parse_uri().ok()?;
        Some(Place {
            is_sips: uri.scheme == Scheme::Sips,
            host: Bytes::copy_from_slice(uri.host),
            port: uri.port,
            transport: uri
                .param(b"transport")
                .and_then(|param| param.value)
                .map(Bytes::copy_from_slice),
        })
    }

    /// Where a socket says that it is.
    pub(super) fn of_socket(socket: &Socket) -> Place {
        Place {
            is_sips: false,
            host: socket.host.clone(),
            port: Some(socket.port),
            transport: (socket.proto != Proto::Udp)
                .then(|| Bytes::from_static(socket.proto.name().as_bytes())),
        }
    }
}

/// RFC 3261 section 25.1, `user`: what cannot end it.
fn is_user(user: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()%&=+$,;?/".contains(byte);
    !user.is_empty() && user.iter().all(fits)
}

/// A name, or an address with its brackets; a port may follow.
pub(super) fn is_host(host: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    !host.is_empty() && host.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_say_nothing() {
        let names = Names::new([7; 32]);
        let (one, two) = (names.next(5), names.next(5));
        assert_ne!(one, two);
        assert!(one.starts_with(PREFIX) && one.len() == 37, "{one:?}");
        assert_ne!(Names::new([8; 32]).next(5), one);
    }

    #[test]
    fn a_name_is_found_where_the_mode_says() {
        let by_user = Style::default();
        let by_param = Style {
            mode: Mode::Parameter,
            param: Bytes::from_static(b"tps"),
            ..Style::default()
        };
        let key = |sender| Key {
            sender,
            uuid: Bytes::from_static(b"tpsh-1"),
        };
        for (uri, user, param) in [
            ("sip:atpsh-1@a.test", Some(End::Caller), None),
            ("sip:btpsh-1@a.test;transport=tcp", Some(End::Callee), None),
            ("sip:bob@a.test;tps=atpsh-1", None, Some(End::Caller)),
            ("sip:ctpsh-1@a.test", None, None),
            ("sip:a@a.test;tps=tpsh-1", None, None),
            ("tel:+1", None, None),
        ] {
            assert_eq!(by_user.find(uri.as_bytes()), user.map(key), "{uri}");
            assert_eq!(by_param.find(uri.as_bytes()), param.map(key), "{uri}");
        }
    }

    #[test]
    fn a_place_is_read_from_a_record_route() {
        let place = Place::of_route(b"<sips:[::1]:5061;transport=tls;lr;ftag=x>").unwrap();
        assert_eq!(
            place,
            Place {
                is_sips: true,
                host: Bytes::from_static(b"[::1]"),
                port: Some(5061),
                transport: Some(Bytes::from_static(b"tls")),
            }
        );
    }
}
