//! HA1, HA2 and response, RFC 7616 section 3.4.

use super::Qop;
use md5::{Digest, Md5};
use sha2::Sha256;
use smallvec::SmallVec;
use std::fmt;
use std::ops::BitAnd;
use subtle::{Choice, ConstantTimeEq};

/// The hash behind an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// MD5, 32 hexadecimal digits.
    Md5,
    /// SHA-256, 64 hexadecimal digits (RFC 8760).
    Sha256,
}

/// A digest algorithm by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm<'a> {
    /// A known one.
    Known {
        /// Its hash.
        hash: Hash,
        /// Whether HA1 takes in both nonces (`-sess`).
        session: bool,
    },
    /// Any other name.
    Other(&'a [u8]),
}

impl<'a> Algorithm<'a> {
    /// MD5.
    pub const MD5: Self = Self::Known {
        hash: Hash::Md5,
        session: false,
    };
    /// SHA-256.
    pub const SHA256: Self = Self::Known {
        hash: Hash::Sha256,
        session: false,
    };

    /// The one of that name, in any case.
    pub fn parse(name: &'a [u8]) -> Self {
        let known = |hash, session| Self::Known { hash, session };
        match name {
            _ if name.eq_ignore_ascii_case(b"MD5") => known(Hash::Md5, false),
            _ if name.eq_ignore_ascii_case(b"MD5-sess") => known(Hash::Md5, true),
            _ if name.eq_ignore_ascii_case(b"SHA-256") => known(Hash::Sha256, false),
            _ if name.eq_ignore_ascii_case(b"SHA-256-sess") => known(Hash::Sha256, true),
            _ => Self::Other(name),
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'a [u8] {
        match self {
            Self::Known {
                hash: Hash::Md5,
                session: false,
            } => b"MD5",
            Self::Known {
                hash: Hash::Md5,
                session: true,
            } => b"MD5-sess",
            Self::Known {
                hash: Hash::Sha256,
                session: false,
            } => b"SHA-256",
            Self::Known {
                hash: Hash::Sha256,
                session: true,
            } => b"SHA-256-sess",
            Self::Other(name) => name,
        }
    }

    /// Its hash; `None` for an unknown algorithm.
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::Known { hash, .. } => Some(hash),
            Self::Other(_) => None,
        }
    }
}

/// A hash value in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha(SmallVec<[u8; 64]>);

impl Ha {
    /// The hexadecimal digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The hexadecimal digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Ha {
    /// HA1 is as good as a password, so no hash value is ever printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha(..)")
    }
}

impl Hash {
    /// The hash of `parts` joined by colons.
    pub fn of(self, parts: &[&[u8]]) -> Ha {
        match self {
            Self::Md5 => joined::<Md5>(parts),
            Self::Sha256 => joined::<Sha256>(parts),
        }
    }

    /// How many hexadecimal digits it has.
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 => 64,
        }
    }
}

/// HA1 of a user and password.
pub fn ha1(hash: Hash, username: &[u8], realm: &[u8], password: &[u8]) -> Ha {
    hash.of(&[username, realm, password])
}

/// HA1 of a `-sess` algorithm, from the plain HA1.
pub fn ha1_session(hash: Hash, ha1: &[u8], nonce: &[u8], cnonce: &[u8]) -> Ha {
    hash.of(&[ha1, nonce, cnonce])
}

/// HA2; `body` counts for auth-int only.
pub fn ha2(hash: Hash, method: &[u8], uri: &[u8], qop: Option<Qop<'_>>, body: &[u8]) -> Ha {
    match qop {
        Some(Qop::AuthInt) => hash.of(&[method, uri, hash.of(&[body]).as_bytes()]),
        _ => hash.of(&[method, uri]),
    }
}

/// The response. `protection` is nonce count, client nonce and quality of protection as sent;
/// `None` computes it as RFC 2069 did.
pub fn response(
    hash: Hash,
    ha1: &[u8],
    nonce: &[u8],
    protection: Option<(&[u8], &[u8], Qop<'_>)>,
    ha2: &[u8],
) -> Ha {
    match protection {
        Some((nc, cnonce, qop)) => hash.of(&[ha1, nonce, nc, cnonce, qop.name(), ha2]),
        None => hash.of(&[ha1, nonce, ha2]),
    }
}

/// Whether two hexadecimal hashes are the same, letters in any case, in time that depends on
/// their length alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let both = |(a, b): (&u8, &u8)| a.to_ascii_lowercase().ct_eq(&b.to_ascii_lowercase());
    let all = a.iter().zip(b).map(both);
    a.len() == b.len() && all.fold(Choice::from(1), Choice::bitand).into()
}

fn joined<D: Digest>(parts: &[&[u8]]) -> Ha {
    let mut digest = D::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    let hash = digest.finalize();
    let mut digits = [0; 64];
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(&hash) {
        *pair = [hex(byte >> 4), hex(byte & 15)];
    }
    Ha(SmallVec::from_buf_and_len(digits, 2 * hash.len().min(32)))
}

const fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}
