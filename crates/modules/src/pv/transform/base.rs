//! Texts in other alphabets: hexadecimal, base 58, GSM 7-bit.

/// In small hexadecimal digits.
pub(super) fn hexa(text: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| {
        b"0123456789abcdef"
            .get(usize::from(nibble))
            .copied()
            .unwrap_or(b'0')
    };
    text.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// From hexadecimal digits of any case; none for anything else.
pub(super) fn hexa_back(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.chunks_exact(2)
        .map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?))
        .collect()
}

/// The longest text in base 58, whose cost grows with the square of the length.
const LONGEST_58: usize = 1024;

/// In base 58, the alphabet of Bitcoin; none for texts that are too long.
pub(super) fn base58(text: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if text.len() > LONGEST_58 {
        return None;
    }
    let mut number: Vec<u8> = Vec::with_capacity(text.len() * 2);
    for &byte in text {
        let mut carry = u32::from(byte);
        for digit in &mut number {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).ok()?;
            carry /= 58;
        }
        while carry > 0 {
            number.push(u8::try_from(carry % 58).ok()?);
            carry /= 58;
        }
    }
    let zeros = text.iter().take_while(|byte| **byte == 0).count();
    number.extend(std::iter::repeat_n(0, zeros));
    number
        .iter()
        .rev()
        .map(|digit| DIGITS.get(usize::from(*digit)).copied())
        .collect()
}

/// Packed as GSM 7-bit characters, in capital hexadecimal digits.
pub(super) fn gsm7(text: &[u8]) -> Vec<u8> {
    let (mut packed, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for &byte in text {
        held |= u32::from(byte & 0x7f) << bits;
        bits += 7;
        if bits >= 8 {
            packed.push((held & 0xff) as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        packed.push((held & 0xff) as u8);
    }
    hexa(&packed).to_ascii_uppercase()
}

/// Unpacked from GSM 7-bit characters in hexadecimal digits.
pub(super) fn gsm7_back(text: &[u8]) -> Option<Vec<u8>> {
    let packed = hexa_back(text)?;
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in packed {
        held |= u32::from(byte) << bits;
        bits += 8;
        while bits >= 7 {
            out.push((held & 0x7f) as u8);
            held >>= 7;
            bits -= 7;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_are_those_seen_in_kamailio() {
        let text = b"Hello, World";
        assert_eq!(hexa(text), b"48656c6c6f2c20576f726c64");
        assert_eq!(hexa_back(&hexa(text)).as_deref(), Some(&text[..]));
        assert_eq!(hexa_back(b"4"), None);
        assert_eq!(base58(text).as_deref(), Some(&b"2NEpo7TZsLBYdvo5V"[..]));
        assert_eq!(gsm7(text), b"C8329BFD6681AE6F399B0C");
        assert_eq!(gsm7_back(&gsm7(text)).as_deref(), Some(&text[..]));
    }
}
