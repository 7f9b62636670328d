//! Bytes as characters of a SIP token: six bits a character, `A-Z a-z 0-9 - _`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::COOKIE;

/// Cookie and kind.
const HEAD: usize = COOKIE.len() + 1;
/// The head, and 26 bytes of a transaction in 35 characters.
const MAX_TEXT: usize = HEAD + 35;
/// More bytes than any token has.
const MAX_BYTES: usize = 32;

/// A branch parameter, ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    text: [u8; MAX_TEXT],
    len: usize,
}

impl Token {
    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// A token of this kind that stands for 26 bytes at most.
    pub(super) fn new(kind: u8, bytes: &[u8]) -> Self {
        let mut text = [0; MAX_TEXT];
        text[..COOKIE.len()].copy_from_slice(COOKIE);
        text[COOKIE.len()] = kind;
        let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text[HEAD..]);
        Token {
            text,
            len: HEAD + written.unwrap_or_default(),
        }
    }
}

/// Exactly `N` bytes, or `None`. Bits left over must be zero: each value has one text.
pub(super) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(6) {
        return None;
    }
    let mut bytes = [0; MAX_BYTES];
    URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    bytes.first_chunk().copied()
}
