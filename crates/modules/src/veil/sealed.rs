//! The sealed encoding: deterministic authenticated encryption (AES-SIV, RFC 5297) under a key derived from
//! `mask_key`.
//!
//! The same value has the same mask on every node with the key, so nothing is stored. A mask tells nothing
//! but the length and whether two values are the same; one that was not made with the key, or for
//! another kind of value, does not open.

use super::mask::Kind;
use aes_siv::aead::KeyInit;
use aes_siv::siv::Aes128Siv;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use sha2::Sha256;

/// Seals and opens values with one key.
pub(crate) struct Seal {
    key: [u8; 32],
}

impl Seal {
    /// The seal of this `mask_key`.
    pub(crate) fn new(mask_key: &[u8]) -> Seal {
        let mut key = [0; 32];
        let derived = Hkdf::<Sha256>::new(Some(b"ringwall topoh"), mask_key);
        // HKDF refuses only outputs above 8160 octets.
        let _fits = derived.expand(b"aes-128-siv", &mut key);
        Seal { key }
    }

    /// Appends the mask of `plain`: 16 octets more, in base64url.
    pub(crate) fn seal(&self, kind: Kind, plain: &[u8], out: &mut Vec<u8>) {
        let Ok(sealed) = self.cipher().encrypt([kind.label()], plain) else {
            return;
        };
        let start = out.len();
        out.resize(start + (sealed.len() * 4).div_ceil(3), 0);
        let place = out.get_mut(start..).unwrap_or_default();
        let written = URL_SAFE_NO_PAD.encode_slice(&sealed, place).unwrap_or(0);
        out.truncate(start + written);
    }

    /// The value of a mask; none where it was not sealed with this key for this kind.
    pub(crate) fn open(&self, kind: Kind, mask: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(mask).ok()?;
        self.cipher()
            .decrypt_in_place([kind.label()], &mut sealed)
            .ok()?;
        Some(sealed)
    }

    /// The cipher is changed by its use, and setting it up costs less than a lock that workers share.
    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new(&self.key.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5297, appendix A.1, against the library that is used.
    #[test]
    fn the_vector_of_the_rfc() {
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<u8> = text
                .bytes()
                .filter_map(|digit| char::from(digit).to_digit(16))
                .map(|digit| digit as u8)
                .collect();
            digits
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[high, low]| high << 4 | low)
                .collect()
        };
        let key: [u8; 32] =
            hex("fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff")
                .try_into()
                .unwrap();
        let data = hex("10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627");
        let sealed =
            Aes128Siv::new(&key.into()).encrypt([data], &hex("11223344 55667788 99aabbcc ddee"));
        assert_eq!(
            sealed.unwrap(),
            hex("85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c")
        );
    }

    fn sealed(key: &str, kind: Kind, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Seal::new(key.as_bytes()).seal(kind, plain, &mut out);
        out
    }

    #[test]
    fn what_is_sealed_opens_with_the_key_and_for_its_kind_alone() {
        let plain = b"sip:alice@10.0.0.1:5070";
        let mask = sealed("k", Kind::Uri, plain);
        let open = |key: &str, kind, mask: &[u8]| Seal::new(key.as_bytes()).open(kind, mask);
        assert_eq!(open("k", Kind::Uri, &mask).as_deref(), Some(&plain[..]));
        assert_eq!(open("other", Kind::Uri, &mask), None);
        assert_eq!(open("k", Kind::Via, &mask), None);
        assert_eq!(
            mask,
            sealed("k", Kind::Uri, plain),
            "the same on every node"
        );
        for at in 0..mask.len() {
            let mut forged = mask.clone();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open("k", Kind::Uri, &forged), None, "octet {at}");
            assert_eq!(open("k", Kind::Uri, &mask[..at]), None);
        }
    }

    #[test]
    fn a_mask_is_sixteen_octets_longer_before_base64_and_of_harmless_letters() {
        for length in [0, 1, 15, 16, 17, 40, 300] {
            let mask = sealed("k", Kind::CallId, &vec![b'x'; length]);
            assert_eq!(mask.len(), ((length + 16) * 4).div_ceil(3));
            let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
            assert!(mask.iter().all(harmless));
        }
    }
}
