//! Numbers of any length, as PostgreSQL sends them.

use store::Cell;

/// A `numeric`: how many digits to the base of 10,000, the power of the first, the sign, how many
/// decimals are shown, and the digits; 16 bits each. A whole number that fits is one, another is the
/// nearest number with a fraction; infinities and what is no number are none.
pub(crate) fn read(bytes: &[u8]) -> Option<Cell> {
    let (words, rest) = bytes.as_chunks::<2>();
    let mut words = words.iter().map(|word| u16::from_be_bytes(*word));
    let (count, power, sign) = (words.next()?, words.next()?, words.next()?);
    let _decimals = words.next()?;
    let negative = match sign {
        0x0000 => false,
        0x4000 => true,
        _ => return None,
    };
    if !rest.is_empty() || words.len() != usize::from(count) {
        return None;
    }
    let mut exponent = i32::from(power.cast_signed());
    let (mut whole, mut real) = (Some(0_i64), 0.0_f64);
    for digit in words {
        real += f64::from(digit) * 10_000_f64.powi(exponent);
        whole = match exponent {
            0.. => i64::checked_pow(10_000, exponent.unsigned_abs())
                .and_then(|unit| unit.checked_mul(digit.into()))
                .and_then(|part| whole?.checked_add(part)),
            _ if digit == 0 => whole,
            _ => None,
        };
        exponent -= 1;
    }
    Some(match whole {
        Some(whole) => Cell::Int(if negative { -whole } else { whole }),
        None => Cell::Real(if negative { -real } else { real }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_are_read() {
        let expected: &[(&[u16], Option<Cell>)] = &[
            (&[0, 0, 0, 0], Some(Cell::Int(0))),
            (&[1, 0, 0, 0, 42], Some(Cell::Int(42))),
            (&[2, 1, 0x4000, 0, 1, 2345], Some(Cell::Int(-12_345))),
            (&[1, 0xffff, 0, 1, 5000], Some(Cell::Real(0.5))),
            (&[0, 0, 0xc000, 0], None),
            (&[2, 0, 0, 0, 1], None),
            (&[1, 5, 0, 0, 1], Some(Cell::Real(1e20))),
        ];
        for (words, cell) in expected {
            assert_eq!(read(&sent(words)), *cell, "{words:?}");
        }
        assert_eq!(read(b""), None);
    }
}
