//! Bytes as characters of a SIP token: six bits a character, `A-Z a-z 0-9 - _`.

use super::COOKIE;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The inverse of [`ALPHABET`], 255 for what is not in it.
const VALUES: [u8; 256] = values();
/// Cookie, kind, and 26 bytes of a transaction in 35 characters.
const MAX_TEXT: usize = 7 + 1 + 35;

/// A branch parameter, ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    text: [u8; MAX_TEXT],
    len: usize,
    /// Bits not yet written, in the low `pending` bits.
    bits: u32,
    pending: u32,
}

impl Token {
    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    pub(super) fn begin(kind: u8) -> Self {
        let mut token = Token {
            text: [0; MAX_TEXT],
            len: 0,
            bits: 0,
            pending: 0,
        };
        COOKIE.iter().for_each(|b| token.put(*b));
        token.put(kind);
        token
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bits = ((self.bits << 8) | u32::from(*byte)) & 0x3fff;
            self.pending += 8;
            while self.pending >= 6 {
                self.pending -= 6;
                self.put_bits(self.bits >> self.pending);
            }
        }
    }

    pub(super) fn finish(mut self) -> Self {
        if self.pending > 0 {
            self.put_bits(self.bits << (6 - self.pending));
        }
        self.bits = 0;
        self.pending = 0;
        self
    }

    fn put_bits(&mut self, bits: u32) {
        self.put(ALPHABET[(bits & 63) as usize]);
    }

    fn put(&mut self, character: u8) {
        if let Some(place) = self.text.get_mut(self.len) {
            *place = character;
            self.len += 1;
        }
    }
}

/// Exactly `N` bytes, or `None`. Bits left over must be zero: each value has one text.
pub(super) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(6) {
        return None;
    }
    let mut bytes = [0; N];
    let mut places = bytes.iter_mut();
    let (mut bits, mut pending) = (0u32, 0u32);
    for character in text {
        let value = VALUES[usize::from(*character)];
        if value > 63 {
            return None;
        }
        bits = ((bits << 6) | u32::from(value)) & 0x3fff;
        pending += 6;
        if pending >= 8 {
            pending -= 8;
            *places.next()? = (bits >> pending) as u8;
        }
    }
    (bits & ((1 << pending) - 1) == 0).then_some(bytes)
}

const fn values() -> [u8; 256] {
    let mut values = [255; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        values[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    values
}
