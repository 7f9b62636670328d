//! The contacts of a REGISTER as they stand in it.

use policy::Q;
use sip::{HeaderId, Message, NameAddr};
use smallvec::SmallVec;

/// What the Contact headers ask for.
#[derive(Debug)]
pub(super) enum Asked<'a> {
    /// No Contact: the bindings are asked for.
    Nothing,
    /// `*`: all bindings shall go.
    Everything,
    /// These, in the order in which Kamailio handles them: the last of each header first.
    Contacts(Contacts<'a>),
}

/// Contacts of a REGISTER; mostly there is one.
pub(super) type Contacts<'a> = SmallVec<[NameAddr<'a>; 1]>;

/// Why Contact headers cannot be taken: the text of `P-Registrar-Error` is in [`super::Failure`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ContactError {
    /// Not parseable, or empty.
    Malformed,
    /// `*` with an Expires that is not 0.
    StarExpires,
    /// `*` with other contacts.
    StarWithOthers,
    /// A URI is longer than `contact_max_size`.
    TooLong,
}

/// Reads the Contact headers.
pub(super) fn asked(message: &Message, longest: usize) -> Result<Asked<'_>, ContactError> {
    let mut contacts = Contacts::new();
    let mut has_star = false;
    for header in message.all(HeaderId::Contact) {
        let start = contacts.len();
        let mut is_empty = true;
        for value in sip::split_values(header.value) {
            is_empty = false;
            if value.first() == Some(&b'*') && value.get(1).is_none_or(|byte| *byte == b';') {
                has_star = true;
            } else {
                contacts.push(NameAddr::parse(value).map_err(|_| ContactError::Malformed)?);
            }
        }
        if is_empty {
            return Err(ContactError::Malformed);
        }
        if let Some(of_header) = contacts.get_mut(start..) {
            of_header.reverse();
        }
    }
    if has_star {
        return star(message, &contacts);
    }
    if contacts.iter().any(|contact| contact.uri.len() > longest) {
        return Err(ContactError::TooLong);
    }
    Ok(if contacts.is_empty() {
        Asked::Nothing
    } else {
        Asked::Contacts(contacts)
    })
}

fn star<'a>(message: &Message, contacts: &[NameAddr<'_>]) -> Result<Asked<'a>, ContactError> {
    if !contacts.is_empty() || message.is_repeated(HeaderId::Contact) {
        return Err(ContactError::StarWithOthers);
    }
    match message
        .header(HeaderId::Expires)
        .and_then(|header| seconds(header.value))
    {
        Some(0) => Ok(Asked::Everything),
        _ => Err(ContactError::StarExpires),
    }
}

/// Seconds as `expires` gives them; none where it is no number.
pub(super) fn seconds(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii();
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all_digits
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

/// The value of a `q` parameter: more than three decimals are cut off; an empty one is unset.
pub(super) fn preference(text: &[u8]) -> Option<Q> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Some(Q::UNSET);
    }
    let (whole, decimals) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, &b""[..]),
    };
    let is_number = whole.iter().chain(decimals).all(u8::is_ascii_digit);
    let whole = whole
        .iter()
        .position(|byte| *byte != b'0')
        .map_or(&b""[..], |at| whole.get(at..).unwrap_or_default());
    let thousandths = (0..3).fold(0, |sum, at| {
        sum * 10 + i16::from(decimals.get(at).map_or(0, |digit| digit.wrapping_sub(b'0')))
    });
    match whole {
        _ if !is_number => None,
        b"" => Some(Q(thousandths)),
        b"1" if thousandths == 0 => Some(Q(1000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_as_kamailio_reads_them() {
        let good = [
            ("1.000", 1000),
            ("0.0", 0),
            (".5", 500),
            ("0.9999", 999),
            ("00.5", 500),
            ("", -1),
            (" 0.5", 500),
            ("0.12345", 123),
        ];
        for (text, q) in good {
            assert_eq!(preference(text.as_bytes()), Some(Q(q)), "{text}");
        }
        for text in ["1.5", "-1", "0.5x", "2", "abc"] {
            assert_eq!(preference(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_digits() {
        for (text, s) in [
            ("60", Some(60)),
            ("  90", Some(90)),
            ("61x", None),
            ("0x10", None),
            ("4294967296", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text.as_bytes()), s, "{text}");
        }
    }
}
