//! What the texts of the repository have and leave out.

use crate::shell;

/// Every module tells operators of itself.
pub(super) fn readmes(files: &[String], found: &mut Vec<String>) {
    let folders = files
        .iter()
        .filter_map(|path| {
            path.strip_prefix("crates/modules/src/")?
                .strip_suffix("/mod.rs")
        })
        .filter(|folder| !folder.contains('/'));
    for folder in folders {
        let readme = format!("crates/modules/src/{folder}/README.md");
        if !files.contains(&readme) {
            found.push(format!("{readme} is missing"));
        }
    }
}

/// A text speaks of the project, not of who wrote it or on which machine.
pub(super) fn words(path: &str, found: &mut Vec<String>) {
    // The messages of the RFCs are as they are, and what is not UTF-8 is no text.
    let Some(text) = (!path.starts_with("tests/torture/"))
        .then(|| shell::read(path).ok())
        .flatten()
    else {
        return;
    };
    for (number, line) in text.lines().enumerate() {
        let line = line.to_ascii_lowercase();
        for word in foreign(&line) {
            found.push(format!("{path}:{} speaks of `{word}`", number + 1));
        }
    }
}

fn foreign(line: &str) -> impl Iterator<Item = &'static str> {
    FOREIGN.into_iter().filter(move |word| {
        line.match_indices(word)
            .any(|(at, _)| is_whole(line, at, word))
    })
}

/// True where no letter goes on after the word: `leading` is not `lead`.
fn is_whole(line: &str, at: usize, word: &str) -> bool {
    let next = line[at + word.len()..].bytes().next();
    word.ends_with('/') || !next.is_some_and(|byte| byte.is_ascii_alphabetic())
}

/// Put together of halves, so that this file passes its own check.
const FOREIGN: [&str; 9] = [
    concat!("/wo", "rk/"),
    concat!("/tmp/br", "ief"),
    concat!("the le", "ad"),
    concat!("an assis", "tant"),
    concat!("the assis", "tant"),
    concat!("language mo", "del"),
    concat!("clau", "de"),
    concat!("anthro", "pic"),
    concat!("issues sh", "ow"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_where_they_are_whole() {
        let lead = concat!("says the le", "ad.");
        assert_eq!(foreign(lead).count(), 1);
        assert_eq!(foreign("without the leading zero").count(), 0);
        assert_eq!(foreign(concat!("in /wo", "rk/main")).count(), 1);
    }
}
