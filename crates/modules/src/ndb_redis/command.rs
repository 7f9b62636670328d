//! The words of a command: a text split at spaces, with arguments in the places of `%s`.

use bytes::{Bytes, BytesMut};
use store::keys::Command;

/// The words; an argument is never split, whatever is in it. `%%` is a percent sign.
pub(super) fn words(text: &[u8], arguments: &[Bytes]) -> Command {
    let mut arguments = arguments.iter();
    let words = text
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    words.map(|word| filled(word, &mut arguments)).collect()
}

fn filled<'a>(word: &[u8], arguments: &mut impl Iterator<Item = &'a Bytes>) -> Bytes {
    let mut text = BytesMut::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let (before, after) = rest.split_at(at);
        text.extend_from_slice(before);
        rest = match after {
            [_, b's', rest @ ..] => {
                text.extend_from_slice(arguments.next().map_or(b"%s", |it| it));
                rest
            }
            [_, b'%', rest @ ..] => {
                text.extend_from_slice(b"%");
                rest
            }
            _ => {
                text.extend_from_slice(b"%");
                after.get(1..).unwrap_or_default()
            }
        };
    }
    text.extend_from_slice(rest);
    text.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_arguments_are_not() {
        let split = |text: &str, arguments: &[&'static str]| -> Vec<String> {
            let arguments: Vec<Bytes> = arguments.iter().map(|it| Bytes::from(*it)).collect();
            let words = words(text.as_bytes(), &arguments);
            words
                .iter()
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect()
        };
        assert_eq!(split("  GET   foo ", &[]), ["GET", "foo"]);
        assert_eq!(
            split("SET k:%s %s", &["a b", "c\r\nd"]),
            ["SET", "k:a b", "c\r\nd"]
        );
        assert_eq!(
            split("SET a 100%% %d %s %", &[]),
            ["SET", "a", "100%", "%d", "%s", "%"]
        );
        assert_eq!(split("GET %s", &[""]), ["GET", ""]);
        assert!(split("", &[]).is_empty());
    }
}
