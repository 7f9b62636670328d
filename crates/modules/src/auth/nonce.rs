//! Nonces: a time, a number and keyed MACs. What was handed out is not kept anywhere.
//!
//! `base64(created u32 · id u32 · MAC(created, id, realm) 12 bytes [· MAC(…, message parts) 8 bytes])`.
//! The second MAC is there where `auth_checks_*` bind the nonce to parts of the message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What a nonce is bound to besides time and realm (`auth_checks_*`); bits as in Kamailio.
pub(super) mod checks {
    /// The Request-URI.
    pub(in super::super) const URI: u32 = 1;
    /// The Call-ID.
    pub(in super::super) const CALL_ID: u32 = 2;
    /// The From tag.
    pub(in super::super) const FROM_TAG: u32 = 4;
    /// The source address.
    pub(in super::super) const SOURCE: u32 = 8;
}

const FIRST_MAC: usize = 12;
const SECOND_MAC: usize = 8;
const PLAIN: usize = 8 + FIRST_MAC;
/// Base64 digits of the longest nonce.
const DIGITS: usize = (PLAIN + SECOND_MAC).div_ceil(3) * 4;

/// Makes and opens nonces.
pub(super) struct Nonces {
    /// The keyed hash before its first octet: a copy of it saves half of each MAC.
    keyed: Option<Hmac<Sha256>>,
}

/// A nonce that we made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonce {
    /// Unix seconds, modulo 2^32.
    pub(super) created_s: u32,
    /// Its number, for the tables of used nonces.
    pub(super) id: u32,
}

/// A nonce as it is sent.
#[derive(Clone, Copy)]
pub(super) struct Text {
    digits: [u8; DIGITS],
    len: usize,
}

/// Why a nonce is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// We did not make it, or not for this realm.
    Forged,
    /// It was made for another message than `auth_checks_*` allow.
    Elsewhere,
}

impl Nonces {
    /// `secret` is the parameter, or what the process drew; `binding` something that others who
    /// know the secret do not have, where a nonce must come back to this process.
    pub(super) fn new(secret: &[u8], binding: &[u8]) -> Nonces {
        let key = mac(keyed(secret), &[b"digest nonce", binding]);
        Nonces { keyed: keyed(&key) }
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.keyed.clone(), parts)
    }

    /// Makes a nonce; `parts` is the text of the message it is bound to, none without checks.
    pub(super) fn make(&self, nonce: Nonce, realm: &[u8], parts: Option<&[u8]>) -> Text {
        let mut bytes = [0; PLAIN + SECOND_MAC];
        bytes[..4].copy_from_slice(&nonce.created_s.to_be_bytes());
        bytes[4..8].copy_from_slice(&nonce.id.to_be_bytes());
        let first = self.mac(&[b"1", &bytes[..8], realm]);
        bytes[8..PLAIN].copy_from_slice(&first[..FIRST_MAC]);
        let Some(parts) = parts else {
            return Text::of(&bytes[..PLAIN]);
        };
        let second = self.mac(&[b"2", &bytes[..PLAIN], parts]);
        bytes[PLAIN..].copy_from_slice(&second[..SECOND_MAC]);
        Text::of(&bytes)
    }

    /// Opens a nonce that came back.
    pub(super) fn open(
        &self,
        text: &[u8],
        realm: &[u8],
        parts: Option<&[u8]>,
    ) -> Result<Nonce, Refused> {
        let mut bytes = [0; PLAIN + SECOND_MAC];
        // Nothing longer than a nonce of ours is decoded.
        let len = BASE64
            .decode_slice(text, &mut bytes)
            .map_err(|_| Refused::Forged)?;
        let bytes = bytes.get(..len).unwrap_or_default();
        let (plain, second) = bytes.split_at_checked(PLAIN).ok_or(Refused::Forged)?;
        let (head, first) = plain.split_at(8);
        let expected = self.mac(&[b"1", head, realm]);
        if !same(first, &expected[..FIRST_MAC]) {
            return Err(Refused::Forged);
        }
        if let Some(parts) = parts {
            let expected = self.mac(&[b"2", plain, parts]);
            if !same(second, &expected[..SECOND_MAC]) {
                return Err(Refused::Elsewhere);
            }
        }
        let number = |at: usize| {
            head.get(at..at + 4)?
                .try_into()
                .ok()
                .map(u32::from_be_bytes)
        };
        match (number(0), number(4)) {
            (Some(created_s), Some(id)) => Ok(Nonce { created_s, id }),
            _ => Err(Refused::Forged),
        }
    }
}

impl Text {
    fn of(bytes: &[u8]) -> Text {
        let mut digits = [0; DIGITS];
        // What is longer than the longest of ours does not happen.
        let len = BASE64.encode_slice(bytes, &mut digits).unwrap_or_default();
        Text { digits, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

impl Nonce {
    /// True where it is older than `expire_s`, or further in the future than `drift_s`.
    pub(super) fn is_stale(self, now_s: u64, expire_s: u32, drift_s: u32) -> bool {
        // Both clocks are cut to 32 bits; their difference is right for 68 years either way.
        let age_s = (now_s as u32).wrapping_sub(self.created_s) as i32;
        i64::from(age_s) > i64::from(expire_s) || i64::from(age_s) < -i64::from(drift_s)
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// HMAC takes keys of any length: there is always one.
fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    Hmac::new_from_slice(key).ok()
}

/// HMAC-SHA256 over the parts, each with its length before it.
fn mac(keyed: Option<Hmac<Sha256>>, parts: &[&[u8]]) -> [u8; 32] {
    let Some(mut mac) = keyed else {
        return [0; 32];
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Nonce = Nonce {
        created_s: 1_700_000_000,
        id: 7,
    };

    #[test]
    fn only_our_nonces_open() {
        let ours = Nonces::new(b"secret", b"");
        let text = ours.make(ONE, b"r", None);
        assert_eq!(ours.open(text.as_bytes(), b"r", None), Ok(ONE));
        assert_eq!(ours.open(text.as_bytes(), b"s", None), Err(Refused::Forged));
        let others = Nonces::new(b"other", b"");
        assert_eq!(
            others.open(text.as_bytes(), b"r", None),
            Err(Refused::Forged)
        );
        for at in 0..text.as_bytes().len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(ours.open(&bent, b"r", None).is_err(), "{at}");
        }
        for junk in ["", "A", "abcdef", "\u{0}", &"A".repeat(20_000)] {
            assert_eq!(ours.open(junk.as_bytes(), b"r", None), Err(Refused::Forged));
        }
    }

    #[test]
    fn a_bound_nonce_opens_for_its_message_only() {
        let ours = Nonces::new(b"secret", b"");
        let text = ours.make(ONE, b"r", Some(b"here"));
        assert_eq!(ours.open(text.as_bytes(), b"r", Some(b"here")), Ok(ONE));
        assert_eq!(
            ours.open(text.as_bytes(), b"r", Some(b"there")),
            Err(Refused::Elsewhere)
        );
        let plain = ours.make(ONE, b"r", None);
        assert_eq!(
            ours.open(plain.as_bytes(), b"r", Some(b"here")),
            Err(Refused::Elsewhere)
        );
    }

    #[test]
    fn nonces_expire_and_do_not_come_from_the_future() {
        let at = |now_s| ONE.is_stale(now_s, 300, 3);
        let made = u64::from(ONE.created_s);
        assert!(!at(made) && !at(made + 300) && at(made + 301));
        assert!(!at(made - 3) && at(made - 4));
    }
}
