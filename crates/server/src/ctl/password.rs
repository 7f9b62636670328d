//! Passwords: asked for, read, or made up.

use std::io::{BufRead, IsTerminal};

/// A password and where it came from.
pub(super) enum Password {
    /// A person knows it.
    Known(String),
    /// It was made up and must be shown once.
    MadeUp(String),
}

/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// So many of them are 93 bits.
const LENGTH: usize = 16;

impl Password {
    /// The password itself.
    pub(super) fn text(&self) -> &str {
        match self {
            Password::Known(text) | Password::MadeUp(text) => text,
        }
    }

    /// What the person is told.
    pub(super) fn shown(&self) -> String {
        match self {
            Password::Known(_) => "password set".to_owned(),
            Password::MadeUp(text) => format!("password {text} (shown this once)"),
        }
    }
}

/// Asks twice on a terminal; an empty answer, or no terminal, makes one up.
///
/// # Errors
/// A sentence, where the two differ or nothing can be read.
pub(super) fn ask(from_stdin: bool) -> Result<Password, String> {
    if from_stdin {
        return read();
    }
    if !std::io::stdin().is_terminal() {
        return Ok(make_up());
    }
    let prompt = |text: &str| rpassword::prompt_password(text).map_err(|error| error.to_string());
    let first = prompt("Password (empty: one is made up): ")?;
    if first.is_empty() {
        return Ok(make_up());
    }
    if first == prompt("Again: ")? {
        Ok(Password::Known(first))
    } else {
        Err("the two differ; nothing is changed".to_owned())
    }
}

fn read() -> Result<Password, String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("standard input has no password".to_owned());
    }
    Ok(Password::Known(password.to_owned()))
}

fn make_up() -> Password {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let [byte] = crate::load::random::<1>();
        // Bytes beyond a multiple of the alphabet would make its first letters more likely.
        let usable = 256 - 256 % ALPHABET.len();
        if usize::from(byte) < usable {
            let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len());
            text.extend(letter.map(|letter| char::from(*letter)));
        }
    }
    Password::MadeUp(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_differ_and_are_long() {
        let (one, two) = (make_up(), make_up());
        assert_eq!(one.text().len(), LENGTH);
        assert_ne!(one.text(), two.text());
        assert!(one.shown().contains(one.text()));
    }
}
