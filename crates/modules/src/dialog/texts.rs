//! Texts of a dialog, several in one piece of memory, and its name on the wire.

/// `N` texts in one allocation.
#[derive(Clone, Debug)]
pub(super) struct Texts<const N: usize> {
    bytes: Box<[u8]>,
    ends: [u16; N],
}

impl<const N: usize> Texts<N> {
    /// The most octets of all texts together. A dialog has four such pieces, so that it never takes
    /// more than 16 kB; one of an ordinary call takes about 300 octets.
    pub(super) const MOST: usize = 4096;

    /// Copies the texts; none where they are longer than [`Texts::MOST`] together.
    pub(super) fn new(parts: [&[u8]; N]) -> Option<Texts<N>> {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        let mut ends = [0; N];
        for (part, end) in parts.iter().zip(&mut ends) {
            bytes.extend_from_slice(part);
            *end = u16::try_from(bytes.len())
                .ok()
                .filter(|end| usize::from(*end) <= Self::MOST)?;
        }
        Some(Texts {
            bytes: bytes.into(),
            ends,
        })
    }

    /// The octets of all together.
    pub(super) fn octets(&self) -> usize {
        self.bytes.len()
    }

    /// The text at `index`; empty where there is none.
    pub(super) fn part(&self, index: usize) -> &[u8] {
        let start = match index {
            0 => 0,
            index => self.ends.get(index - 1).copied().unwrap_or(0),
        };
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.bytes
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default()
    }
}

impl<const N: usize> Default for Texts<N> {
    fn default() -> Texts<N> {
        Texts {
            bytes: Box::default(),
            ends: [0; N],
        }
    }
}

/// The name of a dialog: `h_entry` and `h_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Did {
    /// The chain it was made in.
    pub(super) entry: u32,
    /// Its number there.
    pub(super) id: u32,
}

impl Did {
    /// Reads `93d.2e01`: two hexadecimal numbers, the lowest digit first, as Kamailio writes them
    /// into Record-Route.
    pub(super) fn parse(text: &[u8]) -> Option<Did> {
        let dot = text.iter().position(|byte| *byte == b'.')?;
        let (entry, id) = text.split_at(dot);
        Some(Did {
            entry: number(entry)?,
            id: number(id.get(1..)?)?,
        })
    }

    /// Writes it in the same form.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        digits(self.entry, out);
        out.push(b'.');
        digits(self.id, out);
    }
}

fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    text.iter().rev().try_fold(0_u32, |sum, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(sum << 4 | digit)
    })
}

fn digits(mut number: u32, out: &mut Vec<u8>) {
    loop {
        let digit = char::from_digit(number & 15, 16).unwrap_or('0');
        out.push(digit as u8);
        number >>= 4;
        if number == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_as_they_went_in() {
        let texts = Texts::new([b"one".as_ref(), b"", b"three"]).expect("short texts");
        assert_eq!(texts.part(0), b"one");
        assert_eq!(texts.part(1), b"");
        assert_eq!(texts.part(2), b"three");
        assert_eq!(texts.part(3), b"");
        let long = vec![b'x'; Texts::<1>::MOST + 1];
        assert!(Texts::new([long.as_slice()]).is_none());
    }

    #[test]
    fn a_name_has_its_lowest_digit_first() {
        let did = Did {
            entry: 3385,
            id: 4322,
        };
        let mut text = Vec::new();
        did.write(&mut text);
        assert_eq!(text, b"93d.2e01");
        assert_eq!(Did::parse(b"93d.2e01"), Some(did));
        assert_eq!(Did::parse(b"0.0"), Some(Did { entry: 0, id: 0 }));
        for odd in ["", ".", "1", "1.", ".1", "g.1", "1.123456789", "1.2.3"] {
            assert_eq!(Did::parse(odd.as_bytes()), None, "{odd}");
        }
    }
}
