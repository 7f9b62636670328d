//! Kamailio's encoding: base64 in an alphabet that the key shuffles.
//!
//! It hides nothing from who tries: a few masks of known addresses give the alphabet away, and nothing
//! tells a mask of ours from one of a stranger. It is here so that Kamailio and Ringwall can stand side by side.

use md5::{Digest, Md5};

/// The symbols before they are shuffled.
const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";

/// Fills the last four symbols where the text is no multiple of three octets.
const PADDING: u8 = b'*';

/// No symbol of the alphabet: more than the bits of a group, whatever it is joined with.
const NO_SYMBOL: u32 = 1 << 24;

/// The alphabet of one key, in both directions.
pub(crate) struct Alphabet {
    /// Of each twelve bits: 8 KiB, half the steps.
    pairs: Box<[[u8; 2]; 4096]>,
    /// What each symbol stands for in each place of a group of four, or [`NO_SYMBOL`].
    values: Box<[[u32; 256]; 4]>,
    /// The symbol of zeros.
    zero: u8,
}

impl Alphabet {
    /// Shuffles the symbols as 5.6.3 does with this `mask_key`, which is not empty.
    pub(crate) fn new(key: &[u8]) -> Alphabet {
        let symbols = shuffled(key);
        let mut values = Box::new([[NO_SYMBOL; 256]; 4]);
        for (table, shift) in values.iter_mut().zip([18, 12, 6, 0]) {
            for (value, symbol) in (0..).zip(symbols) {
                table[usize::from(symbol)] = value << shift;
            }
        }
        let pair = |bits: usize| [bits >> 6, bits & 63].map(|at| symbols.get(at).copied());
        let mut pairs = Box::new([[PADDING; 2]; 4096]);
        for (bits, slot) in pairs.iter_mut().enumerate() {
            *slot = pair(bits).map(|symbol| symbol.unwrap_or(PADDING));
        }
        Alphabet {
            pairs,
            values,
            zero: symbols[0],
        }
    }

    /// Appends the code of `plain`.
    pub(crate) fn encode(&self, plain: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + plain.len().div_ceil(3) * 4, PADDING);
        let (places, _) = out
            .get_mut(start..)
            .unwrap_or_default()
            .as_chunks_mut::<4>();
        let (groups, rest) = plain.as_chunks::<3>();
        for ([a, b, c], place) in groups.iter().zip(places.iter_mut()) {
            *place = self.symbols_of(word(*a, *b, *c));
        }
        let last = match rest {
            [a] => word(*a, 0, 0),
            [a, b] => word(*a, *b, 0),
            _ => return,
        };
        if let Some(place) = places.last_mut() {
            let filled = self.symbols_of(last).into_iter().take(rest.len() + 1);
            place
                .iter_mut()
                .zip(filled)
                .for_each(|(place, symbol)| *place = symbol);
        }
    }

    /// Appends the text of a code; false, and nothing, where it is not one.
    pub(crate) fn decode(&self, code: &[u8], out: &mut Vec<u8>) -> bool {
        let (groups, []) = code.as_chunks::<4>() else {
            return false;
        };
        let Some((last, groups)) = groups.split_last() else {
            return true;
        };
        let start = out.len();
        out.resize(start + groups.len() * 3, 0);
        let (places, _) = out
            .get_mut(start..)
            .unwrap_or_default()
            .as_chunks_mut::<3>();
        let mut seen = 0;
        for (group, place) in groups.iter().zip(places) {
            let word = self.word_of(*group);
            seen |= word;
            let [_, octets @ ..] = word.to_be_bytes();
            *place = octets;
        }
        // What is padded counts as zeros, and is cut off.
        let (symbols, len) = match *last {
            [a, b, PADDING, PADDING] => ([a, b, self.zero, self.zero], 1),
            [a, b, c, PADDING] => ([a, b, c, self.zero], 2),
            whole => (whole, 3),
        };
        let word = self.word_of(symbols);
        let [_, octets @ ..] = word.to_be_bytes();
        out.extend_from_slice(octets.get(..len).unwrap_or_default());
        let is_code = (seen | word) < NO_SYMBOL;
        if !is_code {
            out.truncate(start);
        }
        is_code
    }

    /// What four symbols stand for.
    #[inline]
    fn word_of(&self, [a, b, c, d]: [u8; 4]) -> u32 {
        let [first, second, third, fourth] = &*self.values;
        let at = usize::from;
        first[at(a)] | second[at(b)] | third[at(c)] | fourth[at(d)]
    }

    fn symbols_of(&self, word: u32) -> [u8; 4] {
        let pair = |bits: u32| self.pairs[bits as usize & 4095];
        let ([a, b], [c, d]) = (pair(word >> 12), pair(word));
        [a, b, c, d]
    }
}

fn word(a: u8, b: u8, c: u8) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}

/// From the last symbol to the second, each changes places with one that the key chooses.
fn shuffled(key: &[u8]) -> [u8; 64] {
    let digest = Md5::new().chain_update(key).chain_update(key).finalize();
    let (words, _) = digest.as_chunks::<4>();
    let crc = u32::from(crc16(key));
    let mut symbols = *SYMBOLS;
    for last in (2..=64_u32).rev() {
        let i = crc as usize + last as usize + key.len();
        let m = words.get(i % 4).map_or(0, |word| u32::from_le_bytes(*word));
        let k = i.checked_rem(key.len()).and_then(|at| key.get(at));
        // The octet of the key has a sign there.
        let k = k.map_or(0, |&octet| i32::from(octet.cast_signed()).cast_unsigned());
        let r = m.wrapping_add(k) % last;
        symbols.swap(r as usize, last as usize - 1);
    }
    symbols
}

/// CRC-16/X-25.
fn crc16(octets: &[u8]) -> u16 {
    let crc = octets.iter().fold(0xffff_u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| match crc & 1 {
            1 => crc >> 1 ^ 0x8408,
            _ => crc >> 1,
        })
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(key: &str, plain: &str) -> String {
        let mut out = Vec::new();
        Alphabet::new(key.as_bytes()).encode(plain.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Behind octets that stay, whatever comes.
    fn decoded(alphabet: &Alphabet, code: &[u8]) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        let is_code = alphabet.decode(code, &mut out);
        let text = out.split_off(6);
        assert!(out == b"before" && (is_code || text.is_empty()));
        is_code.then_some(text)
    }

    /// What 5.6.3 made of these texts.
    const MADE: [(&str, &str, &str); 6] = [
        (
            "my secret here",
            "sip:105@192.168.178.27:40416",
            "ORylIHvlTJS.IXenCXNciHvPItcZTMWfC6m.T5**",
        ),
        (
            "YouDoHaveToChangeThisKey",
            "sip:alice@127.0.0.1:23001;ob",
            "mUuGcIfx.Tvu8qnavaYGhDBe4E7a4bBG4EWij-**",
        ),
        (
            "YouDoHaveToChangeThisKey",
            "sip:127.0.0.9;lr",
            "mUuGcDnavaYGhDBecEWxm-**",
        ),
        (
            "YouDoHaveToChangeThisKey",
            "989804978-40416-6@BJC.BGI.BHI.CH",
            "cE-kcqB2cEmYhE8GvqnUhEtB86Rqh6lHppkFpn6e82-*",
        ),
        (
            "YouDoHaveToChangeThisKey",
            "SIP/2.0/TCP 127.0.0.1:23003;TH=div;branch=z9hG4bKm4",
            "L2u8hbNe4FKL8gB-4ENPhDBe4FYycDNb4qBbcgdN1TdR0DWQmIfejU-KCDu7dbdQpU22",
        ),
        (
            "YouDoHaveToChangeThisKey",
            "c3@127.0.0.9",
            "jbvB4ENPhDBe4FYk",
        ),
    ];

    #[test]
    fn codes_are_those_of_kamailio() {
        for (key, plain, code) in MADE {
            assert_eq!(encoded(key, plain), code, "{plain}");
            let back = decoded(&Alphabet::new(key.as_bytes()), code.as_bytes());
            assert_eq!(back.as_deref(), Some(plain.as_bytes()));
        }
    }

    /// The Via that the slides of 2012 print, where the text of the PDF has a capital `M` for an `m`.
    #[test]
    fn the_via_of_the_slides() {
        let via = "SIP/2.0/UDP 192.168.178.27:40416;TH=div;branch=z9hG4bK321149767";
        let printed =
            "JfyMiMenCtp4urS5CX1ZiHvRItc.TM5nCHOBT6SfCXN94v5pswyRIRDZN80HU6gBI8LqTwDiCMe.CXm0TMNP";
        assert_eq!(
            encoded("my secret here", via),
            printed.replacen('M', "m", 1)
        );
    }

    #[test]
    fn every_length_comes_back() {
        let alphabet = Alphabet::new(b"\xf0\x9f\x94\x91");
        let plain: Vec<u8> = (0..=255).collect();
        for end in 0..plain.len() {
            let mut code = Vec::new();
            alphabet.encode(&plain[..end], &mut code);
            assert_eq!(decoded(&alphabet, &code).as_deref(), Some(&plain[..end]));
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let alphabet = Alphabet::new(b"my secret here");
        for wrong in [
            "A", "AB", "ABC", "A***", "****", "AB_D", "A*BC", "ABCDE", "AB**ABCD",
        ] {
            assert_eq!(decoded(&alphabet, wrong.as_bytes()), None, "{wrong}");
        }
    }
}
