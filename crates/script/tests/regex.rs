//! Regular expressions against glibc, which matches them for Kamailio.
#![allow(clippy::unwrap_used)]

use script::{Regex, RegexFlags};

const TABLE: &str = include_str!("corpus/regex.txt");

/// Where the engines differ, with the reason: what is compared is only whether they match, and where.
fn only_whole(pattern: &str) -> bool {
    // POSIX gives the longest text to the earlier groups; here the first alternative decides between
    // divisions of one and the same whole match. With back-references the first match counts.
    pattern.contains('(')
}

#[test]
fn matches_are_those_of_glibc() {
    let mut wrong = Vec::new();
    let (mut checked, mut groups_differ) = (0, 0);
    for line in TABLE.lines().filter(|line| !line.starts_with("# ")) {
        let mut columns = line.split('\t');
        let (pattern, text, expected) = (
            columns.next().unwrap(),
            columns.next().unwrap(),
            columns.next().unwrap(),
        );
        checked += 1;
        let found = spans(pattern, text);
        if found == expected {
            continue;
        }
        let whole = |spans: &str| spans.split(' ').next().map(str::to_owned);
        if only_whole(pattern) && whole(&found) == whole(expected) {
            groups_differ += 1;
            continue;
        }
        wrong.push(format!(
            "{pattern:?} on {text:?}: glibc {expected}, here {found}"
        ));
    }
    assert!(checked > 5000);
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(groups_differ < 200, "{groups_differ}");
}

fn spans(pattern: &str, text: &str) -> String {
    let Ok(regex) = Regex::compile(pattern.as_bytes()) else {
        return "error".to_owned();
    };
    if text == "*" {
        return "compiled".to_owned();
    }
    let text = text.replace("\\n", "\n").replace("\\\\", "\\");
    let captures = regex.captures(text.as_bytes(), 0).unwrap();
    assert_eq!(
        regex.matches(text.as_bytes()).unwrap(),
        captures.is_some(),
        "{pattern} {text}"
    );
    let Some(groups) = captures else {
        return "-".to_owned();
    };
    assert_eq!(
        regex.find(text.as_bytes(), 0).unwrap(),
        groups[0],
        "{pattern} {text}"
    );
    let show = |group: &Option<std::ops::Range<usize>>| match group {
        Some(range) => format!("{}-{}", range.start, range.end),
        None => "x".to_owned(),
    };
    groups.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn flags_are_those_of_regcomp() {
    let exact = RegexFlags {
        ignore_case: false,
        newline: false,
    };
    assert!(
        !Regex::with_flags(b"ABC", exact)
            .unwrap()
            .matches(b"abc")
            .unwrap()
    );
    let lines = RegexFlags {
        ignore_case: true,
        newline: true,
    };
    let regex = Regex::with_flags(b"^b.*$", lines).unwrap();
    assert_eq!(regex.find(b"a\nbc\nd", 0).unwrap(), Some(2..4));
}

#[test]
fn time_is_bounded() {
    let text = vec![b'a'; 60_000];
    assert!(
        !Regex::compile(b"(a*)*(a*)*(a*)*b")
            .unwrap()
            .matches(&text)
            .unwrap()
    );
    let slow = Regex::compile(b"(a*)*(a*)*\\1c").unwrap();
    assert!(
        slow.matches(&text[..2000]).is_err(),
        "back-references give up"
    );
    assert!(Regex::compile(b"((((a{1000}){1000}){1000}){1000})").is_err());
}

#[test]
fn any_bytes_are_text() {
    let regex = Regex::compile(b"^\xff.$").unwrap();
    assert!(regex.matches(b"\xff\xfe").unwrap());
    let back = Regex::compile(b"(\xe9)\\1").unwrap();
    assert_eq!(back.find(b"a\xe9\xe9", 0).unwrap(), Some(1..3));
}
