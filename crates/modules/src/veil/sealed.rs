//! The sealed encoding: deterministic authenticated encryption (AES-SIV, RFC 5297) under a key derived from
//! `mask_key`.
//!
//! The same value has the same mask on every node with the key, so nothing is stored. A mask tells nothing
//! but the length and whether two values are the same; one that was not made with the key, or for
//! another kind of value, does not open.

use super::mask::Kind;
use aes::Aes128Enc;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cmac::digest::CtOutput;
use cmac::{Cmac, Mac};
use ctr::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use dbl::Dbl;
use hkdf::Hkdf;
use sha2::Sha256;

/// Seals and opens values with one key.
///
/// Everything that the key alone decides is computed once: for each value that would be more work than the value is.
pub(crate) struct Seal {
    mac: Cmac<Aes128Enc>,
    cipher: Aes128Enc,
    /// What S2V (RFC 5297 section 2.4) comes to before the value, for each kind.
    starts: [Block; 4],
}

type Block = cmac::digest::Output<Cmac<Aes128Enc>>;

/// Octets of the synthetic initialization vector, which is the tag and stands before the rest.
const IV: usize = 16;

impl Seal {
    /// The seal of this `mask_key`.
    pub(crate) fn new(mask_key: &[u8]) -> Seal {
        let mut keys = [[0; 16]; 2];
        let derived = Hkdf::<Sha256>::new(Some(b"ringwall topoh"), mask_key);
        // HKDF refuses only outputs above 8160 octets.
        let _fits = derived.expand(b"aes-128-siv", keys.as_flattened_mut());
        Seal::of_keys(keys, Kind::ALL.map(Kind::label))
    }

    /// The seal of the two halves of a key of AES-SIV, where each kind has that label as associated data.
    fn of_keys([for_mac, for_cipher]: [[u8; 16]; 2], labels: [&[u8]; 4]) -> Seal {
        let mac = <Cmac<Aes128Enc> as KeyInit>::new(&for_mac.into());
        let of = |octets: &[u8]| mac.clone().chain_update(octets).finalize().into_bytes();
        let start = |label| {
            let mut state = of(&[0; IV]).dbl();
            xor(&mut state, &of(label));
            state
        };
        Seal {
            starts: labels.map(start),
            cipher: Aes128Enc::new(&for_cipher.into()),
            mac,
        }
    }

    /// Appends the mask of `plain`: 16 octets more, in base64url.
    pub(crate) fn seal(&self, kind: Kind, plain: &[u8], out: &mut Vec<u8>) {
        let tag = self.tag(kind, plain);
        let mut sealed = Vec::with_capacity(IV + plain.len());
        sealed.extend_from_slice(&tag);
        sealed.extend_from_slice(plain);
        self.crypt(tag, sealed.get_mut(IV..).unwrap_or_default());
        let start = out.len();
        out.resize(start + (sealed.len() * 4).div_ceil(3), 0);
        let place = out.get_mut(start..).unwrap_or_default();
        let written = URL_SAFE_NO_PAD.encode_slice(&sealed, place).unwrap_or(0);
        out.truncate(start + written);
    }

    /// Appends the value of a mask; false, and nothing, where it was not sealed with this key for this kind.
    pub(crate) fn open(&self, kind: Kind, mask: &[u8], out: &mut Vec<u8>) -> bool {
        let Ok(mut sealed) = URL_SAFE_NO_PAD.decode(mask) else {
            return false;
        };
        let Some((tag, plain)) = sealed.split_first_chunk_mut::<IV>() else {
            return false;
        };
        let tag = Block::from(*tag);
        self.crypt(tag, plain);
        // They are compared in constant time.
        let made = CtOutput::<Cmac<Aes128Enc>>::new(self.tag(kind, plain));
        let is_ours = made == CtOutput::new(tag);
        if is_ours {
            out.extend_from_slice(plain);
        }
        is_ours
    }

    /// S2V of the label and the value.
    fn tag(&self, kind: Kind, plain: &[u8]) -> Block {
        let [via, uri, call_id, reference] = self.starts;
        let mut state = match kind {
            Kind::Via => via,
            Kind::Uri => uri,
            Kind::CallId => call_id,
            Kind::Reference => reference,
        };
        let mut mac = self.mac.clone();
        match plain.split_last_chunk::<IV>() {
            Some((before, end)) => {
                mac.update(before);
                xor(&mut state, end);
            }
            None => {
                state = state.dbl();
                xor(&mut state, plain);
                xor(state.get_mut(plain.len()..).unwrap_or_default(), &[0x80]);
            }
        }
        mac.chain_update(state).finalize().into_bytes()
    }

    /// AES-CTR from the tag on, with two of its bits off (RFC 5297 section 2.5): there and back.
    fn crypt(&self, tag: Block, text: &mut [u8]) {
        let counter = u128::from_be_bytes(tag.into()) & !(1 << 63 | 1 << 31);
        let iv = Block::from(counter.to_be_bytes());
        let keystream = ctr::CtrCore::<_, ctr::flavors::Ctr128BE>::inner_iv_init(&self.cipher, &iv);
        keystream.apply_keystream_partial(text.into());
    }
}

fn xor(state: &mut [u8], octets: &[u8]) {
    for (state, octet) in state.iter_mut().zip(octets) {
        *state ^= octet;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5297, appendix A.1.
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
        let key = hex("fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff");
        let (halves, _) = key.as_chunks::<16>();
        let data = hex("10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627");
        let seal = Seal::of_keys([halves[0], halves[1]], [&data; 4]);
        let plain = hex("11223344 55667788 99aabbcc ddee");
        let mut mask = Vec::new();
        seal.seal(Kind::Via, &plain, &mut mask);
        assert_eq!(
            URL_SAFE_NO_PAD.decode(&mask).unwrap(),
            hex("85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c")
        );
        assert_eq!(opened(&seal, Kind::Via, &mask), Some(plain));
    }

    fn opened(seal: &Seal, kind: Kind, mask: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let is_ours = seal.open(kind, mask, &mut out);
        assert!(is_ours || out.is_empty());
        is_ours.then_some(out)
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
        let open = |key: &str, kind, mask: &[u8]| opened(&Seal::new(key.as_bytes()), kind, mask);
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
    fn another_implementation_makes_the_same() {
        use aes_siv::KeyInit;
        let keys = [[7; 16], [9; 16]];
        let labels: [&[u8]; 4] = [b"via", b"uri", b"call-id", b"reference"];
        let seal = Seal::of_keys(keys, labels);
        let mut other = aes_siv::siv::Aes128Siv::new(keys.as_flattened().into());
        for length in 0..100 {
            let plain = vec![b'x'; length];
            let sealed = other.encrypt([labels[2]], &plain).expect("sealed");
            let mut mask = Vec::new();
            seal.seal(Kind::CallId, &plain, &mut mask);
            assert_eq!(
                mask,
                URL_SAFE_NO_PAD.encode(sealed).into_bytes(),
                "{length}"
            );
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
