//! From the text of an input to its octets.

/// Replaces names in braces by what `named` says, and `{text*count}` by repetitions; a `#` in the text is
/// the number of the repetition.
pub(super) fn filled(
    line: &str,
    named: &impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| format!("`{line}` is not closed"))?;
        text += before;
        text += &match name.rsplit_once('*') {
            Some((part, count)) => repeated(part, count)?,
            None => named(name)?,
        };
        rest = after;
    }
    Ok(text + rest)
}

fn repeated(part: &str, count: &str) -> Result<String, String> {
    let count: usize = count
        .parse()
        .map_err(|_| format!("`{count}` is no number"))?;
    if !part.contains('#') {
        return Ok(part.repeat(count));
    }
    Ok((0..count)
        .map(|number| part.replace('#', &number.to_string()))
        .collect())
}

/// `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` are the octets they stand for.
pub(super) fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'\\' {
            octets.push(*first);
            rest = after;
            continue;
        }
        let (octet, length) =
            escape(after).ok_or_else(|| format!("an escape that means nothing in {text:.60}"))?;
        octets.push(octet);
        rest = &after[length..];
    }
    Ok(octets)
}

/// The octet, and how long its escape is behind the backslash.
fn escape(after: &[u8]) -> Option<(u8, usize)> {
    Some(match after {
        [b'r', ..] => (b'\r', 1),
        [b'n', ..] => (b'\n', 1),
        [b't', ..] => (b'\t', 1),
        [b'0', ..] => (0, 1),
        [b'\\', ..] => (b'\\', 1),
        [b'x', high, low, ..] => {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).ok()?;
            (u8::from_str_radix(digits, 16).ok()?, 3)
        }
        _ => return None,
    })
}

/// Puts the length of the body where `mark` stands.
pub(super) fn with_length(octets: Vec<u8>, mark: &str) -> Vec<u8> {
    let position = |wanted: &[u8]| {
        let mut windows = octets.windows(wanted.len());
        windows.position(|window| window == wanted)
    };
    let (Some(at), Some(end)) = (position(mark.as_bytes()), position(b"\r\n\r\n")) else {
        return octets;
    };
    let length = octets.len() - end - 4;
    [
        &octets[..at],
        length.to_string().as_bytes(),
        &octets[at + mark.len()..],
    ]
    .concat()
}
