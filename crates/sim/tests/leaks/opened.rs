//! Takes one masking step back: the masks in one header become what they stand for.
//!
//! Kamailio's encoding is known to everybody who knows the key, so what a message would tell without a step can be
//! made of the message with it, by a decoder that shares nothing with the one under test.

use md5::{Digest, Md5};

/// The masking steps, each by the header it hides in.
pub(crate) const STEPS: [&str; 9] = [
    "Via",
    "Contact",
    "Record-Route",
    "Call-ID",
    "Replaces",
    "Join",
    "Target-Dialog",
    "In-Reply-To",
    "Refer-To",
];

/// Opens the masks of one key.
pub(crate) struct Opener {
    symbols: [u8; 64],
}

impl Opener {
    pub(crate) fn new(key: &str) -> Opener {
        Opener {
            symbols: shuffled(key.as_bytes()),
        }
    }

    /// A message with the masks in the headers of this name opened.
    pub(crate) fn open(&self, octets: &[u8], header: &str) -> Vec<u8> {
        let text = String::from_utf8_lossy(octets);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let lines = head.split("\r\n").map(|line| match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case(header) => {
                format!("{name}:{}", self.opened(value))
            }
            _ => line.to_owned(),
        });
        let lines: Vec<String> = lines.collect();
        format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
    }

    fn opened(&self, value: &str) -> String {
        let mut text = value.to_owned();
        for prefix in ["line=sr-", "branch=z9hG4bKsr-", "!!:", "%21%21%3A"] {
            let mut parts = text.split(prefix);
            let mut out = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let of_code = |c: char| c.is_ascii_alphanumeric() || ".-*".contains(c);
                let end = part.find(|c| !of_code(c)).unwrap_or(part.len());
                out += &self.plain(&part[..end]);
                out += &part[end..];
            }
            text = out;
        }
        text
    }

    fn plain(&self, code: &str) -> String {
        let code = code.trim_end_matches('*').bytes();
        let values = code.filter_map(|c| self.symbols.iter().position(|symbol| *symbol == c));
        let bits: Vec<bool> = values
            .flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1))
            .collect();
        let octets = bits.chunks_exact(8);
        let octet = |bits: &[bool]| {
            bits.iter()
                .fold(0, |octet, bit| octet << 1 | u8::from(*bit))
        };
        String::from_utf8_lossy(&octets.map(octet).collect::<Vec<u8>>()).into_owned()
    }
}

/// The symbols as 5.6.3 shuffles them.
fn shuffled(key: &[u8]) -> [u8; 64] {
    let mut symbols = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    let digest = Md5::digest([key, key].concat());
    let crc = key.iter().fold(0xffff_u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0x8408
            } else {
                crc >> 1
            }
        })
    });
    for last in (2..=64_usize).rev() {
        let i = usize::from(!crc) + last + key.len();
        let word: [u8; 4] = std::array::from_fn(|at| digest[i % 4 * 4 + at]);
        let octet = i32::from(key[i % key.len()].cast_signed()).cast_unsigned();
        let r = u32::from_le_bytes(word).wrapping_add(octet) % last as u32;
        symbols.swap(r as usize, last - 1);
    }
    symbols
}

#[test]
fn what_kamailio_made_is_opened() {
    let opener = Opener::new("my secret here");
    let contact =
        b"X\r\nContact: <sip:10.1.1.10;line=sr-ORylIHvlTJS.IXenCXNciHvPItcZTMWfC6m.T5**>\r\n\r\n";
    let opened = opener.open(contact, "Contact");
    assert_eq!(
        opened,
        b"X\r\nContact: <sip:10.1.1.10;sip:105@192.168.178.27:40416>\r\n\r\n"
    );
    assert_eq!(opener.open(contact, "Via"), contact);
}
