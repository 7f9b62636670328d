//! Hashes of text.

use sha2::Digest;

/// The digest in small hexadecimal digits.
pub(super) fn digest_hex<D: Digest>(text: &[u8]) -> Vec<u8> {
    super::base::hexa(&D::digest(text))
}

/// The short hash that Kamailio's tables use and `{s.corehash}` shows: four octets at a time as a
/// number, each added after being mixed with itself shifted, then the sum mixed once.
pub(super) fn core_hash(text: &[u8]) -> u32 {
    let mut sum = 0_u32;
    for chunk in text.chunks(4) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        sum = sum.wrapping_add(word ^ (word >> 3));
    }
    sum.wrapping_add(sum >> 11)
        .wrapping_add(sum >> 13)
        .wrapping_add(sum >> 23)
}

#[cfg(test)]
mod tests {
    use super::core_hash;

    #[test]
    fn the_short_hash_is_kamailios() {
        for (text, hash) in [
            ("Hello, World", 114_333_856),
            ("x", 119),
            ("abcd", 1_834_959_896),
            ("abcde", 1_834_960_001),
        ] {
            assert_eq!(core_hash(text.as_bytes()), hash, "{text}");
        }
    }
}
