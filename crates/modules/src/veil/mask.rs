//! What a value looks like outside, and back: one of three ways to encode it.

use super::alphabet::Alphabet;
use super::sealed::Seal;

/// What a value is. A mask is made for one kind and read as that kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Via value.
    Via,
    /// The URI of a Contact, Record-Route or Refer-To.
    Uri,
    /// A Call-ID.
    CallId,
    /// A Call-ID that a header refers to, behind the octet that says how it is to be delivered.
    Reference,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 4] = [Kind::Via, Kind::Uri, Kind::CallId, Kind::Reference];

    /// What a seal is bound to.
    pub(crate) fn label(self) -> &'static [u8] {
        match self {
            Kind::Via => b"via",
            Kind::Uri => b"uri",
            Kind::CallId => b"call-id",
            Kind::Reference => b"reference",
        }
    }
}

/// `mask_mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As Kamailio 5.6.3 does.
    #[default]
    Kamailio,
    /// Sealed.
    Sealed,
    /// Seals, and reads both.
    Migrate,
}

/// Encodes and decodes values.
pub(crate) struct Mask {
    mode: Mode,
    alphabet: Alphabet,
    seal: Seal,
}

impl Mask {
    /// The masks that `mask_key` makes.
    pub(crate) fn new(mode: Mode, mask_key: &[u8]) -> Mask {
        Mask {
            mode,
            alphabet: Alphabet::new(mask_key),
            seal: Seal::new(mask_key),
        }
    }

    /// The masks of `mask_key`, of which `random` is a key of this process where values are sealed.
    pub(crate) fn of_param(mode: Mode, mask_key: &[u8], secret: &[u8; 32]) -> Mask {
        match mode == Mode::Sealed && mask_key == b"random" {
            true => Mask::new(mode, secret),
            false => Mask::new(mode, mask_key),
        }
    }

    /// Appends the code of a value.
    pub(crate) fn encode(&self, kind: Kind, plain: &[u8], out: &mut Vec<u8>) {
        match self.mode {
            Mode::Kamailio => self.alphabet.encode(plain, out),
            Mode::Sealed | Mode::Migrate => self.seal.seal(kind, plain, out),
        }
    }

    /// Appends the value of a code; false, and nothing, where it was not made with our key, as far as the mode can tell, or
    /// cannot stand where it would.
    pub(crate) fn decode(&self, kind: Kind, code: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let is_ours = match self.mode {
            Mode::Kamailio => self.alphabet.decode(code, out),
            Mode::Sealed => self.seal.open(kind, code, out),
            Mode::Migrate => self.seal.open(kind, code, out) || self.alphabet.decode(code, out),
        };
        let is_value = is_ours && is_sound(kind, out.get(start..).unwrap_or_default());
        if !is_value {
            out.truncate(start);
        }
        is_value
    }
}

/// True where a value can stand in a message as what it is said to be.
fn is_sound(kind: Kind, plain: &[u8]) -> bool {
    match kind {
        Kind::Via => is_printed(plain, b' ', *b",") && sip::Via::parse(plain).is_ok(),
        Kind::Uri => is_printed(plain, b'!', *b"<>") && has_scheme(plain),
        Kind::CallId => is_printed(plain, b'!', []),
        Kind::Reference => matches!(plain, [1 | 2, rest @ ..] if is_sound(Kind::CallId, rest)),
    }
}

/// Printed octets from `least` on `but` these, and tabs where that is a blank; any of UTF-8.
fn is_printed<const N: usize>(plain: &[u8], least: u8, but: [u8; N]) -> bool {
    let excepted = |byte: u8| but.iter().fold(false, |any, but| any | (byte == *but));
    let wrong = |byte: u8| (byte < least) | (byte == 0x7f) | excepted(byte);
    // A loop that always goes to the end is vector code.
    let is_odd = plain.iter().fold(false, |any, &byte| any | wrong(byte));
    let with_tabs = || least == b' ' && !plain.iter().any(|&byte| wrong(byte) && byte != b'\t');
    !plain.is_empty() && (!is_odd || with_tabs())
}

/// Contacts may have any scheme (`tel:`), but they have one.
fn has_scheme(uri: &[u8]) -> bool {
    let Some((scheme, [_, _, ..])) = memchr::memchr(b':', uri).map(|at| uri.split_at(at)) else {
        return false;
    };
    if scheme.eq_ignore_ascii_case(b"sip") || scheme.eq_ignore_ascii_case(b"sips") {
        return sip::Uri::parse(uri).is_ok();
    }
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(mode: Mode, kind: Kind, plain: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Mask::new(mode, b"0123456789abcdef").encode(kind, plain.as_bytes(), &mut out);
        out
    }

    #[test]
    fn a_changeover_reads_both_and_seals() {
        let plain = "sip:alice@10.0.0.1;transport=tcp";
        let reads = |by: Mode, made: Mode| {
            let code = encoded(made, Kind::Uri, plain);
            let mask = Mask::new(by, b"0123456789abcdef");
            let mut out = Vec::new();
            mask.decode(Kind::Uri, &code, &mut out) && out == plain.as_bytes()
        };
        assert!(reads(Mode::Migrate, Mode::Kamailio) && reads(Mode::Migrate, Mode::Sealed));
        assert!(!reads(Mode::Sealed, Mode::Kamailio) && !reads(Mode::Kamailio, Mode::Sealed));
        let sealed = encoded(Mode::Sealed, Kind::Uri, plain);
        assert_eq!(encoded(Mode::Migrate, Kind::Uri, plain), sealed);
    }

    #[test]
    fn what_cannot_stand_there_is_no_value() {
        let wrong = [
            (Kind::Uri, "no scheme"),
            (Kind::Uri, "sip:a@1.2.3.4\r\nX: y"),
            (Kind::Uri, "sip:a@1.2.3.4>;x"),
            (Kind::Uri, "sip:"),
            (Kind::Uri, ""),
            (Kind::Via, "SIP/2.0/UDP 1.2.3.4, SIP/2.0/UDP 5.6.7.8"),
            (Kind::Via, "sip:a@1.2.3.4"),
            (Kind::CallId, "a b"),
            (Kind::CallId, ""),
        ];
        for (kind, plain) in wrong {
            for mode in [Mode::Kamailio, Mode::Sealed, Mode::Migrate] {
                let mask = Mask::new(mode, b"0123456789abcdef");
                let mut out = Vec::new();
                let opens = mask.decode(kind, &encoded(mode, kind, plain), &mut out);
                assert!(!opens && out.is_empty(), "{plain}");
            }
        }
    }
}
