//! How often what was found.

use super::lists::Colour;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    UserAgent,
    Country,
    FromDomain,
    ToDomain,
    ContactDomain,
    Ip,
    FromName,
    ToName,
    /// After a line for names of contacts, which nobody looks at.
    FromUser = 9,
    ToUser,
    ContactUser,
}

/// The lines of `secfilter.stats`, in the order of [`Check`].
const TITLES: [&str; 12] = [
    "user-agent",
    "country",
    "from domain",
    "to domain",
    "contact domain",
    "IP address",
    "from name",
    "to name",
    "contact name",
    "from user",
    "to user",
    "contact user",
];

/// The numbers since the start or the last reset.
#[derive(Default)]
pub(super) struct Counts {
    black: [AtomicU64; 12],
    white: [AtomicU64; 12],
    destinations: AtomicU64,
    injections: AtomicU64,
}

impl Counts {
    /// Something was found on a list.
    pub(super) fn found(&self, check: Check, colour: Colour) {
        let lists = match colour {
            Colour::Black => &self.black,
            Colour::White => &self.white,
        };
        if let Some(count) = lists.get(check as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A destination was refused.
    pub(super) fn destination(&self) {
        self.destinations.fetch_add(1, Ordering::Relaxed);
    }

    /// Something looked like SQL.
    pub(super) fn injection(&self) {
        self.injections.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins anew.
    pub(super) fn reset(&self) {
        let lists = self.black.iter().chain(&self.white);
        for count in lists.chain([&self.destinations, &self.injections]) {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// The numbers as Kamailio prints them.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        section(
            &mut text,
            "Blocked messages (blacklist)",
            &rows(&self.black),
        );
        text.push('\n');
        section(
            &mut text,
            "Allowed messages (whitelist)",
            &rows(&self.white),
        );
        text.push('\n');
        let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let others = [
            ("Destinations   ".to_owned(), number(&self.destinations)),
            ("SQL injection  ".to_owned(), number(&self.injections)),
        ];
        section(&mut text, "Other blocked messages", &others);
        text
    }
}

fn rows(counts: &[AtomicU64]) -> Vec<(String, u64)> {
    let counts = TITLES.iter().zip(counts);
    counts
        .map(|(title, count)| (format!("By {title}"), count.load(Ordering::Relaxed)))
        .collect()
}

fn section(text: &mut String, title: &str, rows: &[(String, u64)]) {
    let longest = rows.iter().map(|(title, _)| title.len()).max().unwrap_or(0);
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{title}\n{}", "=".repeat(title.len()));
    for (title, count) in rows {
        let _ = writeln!(text, "[+] {title:longest$}: {count}");
    }
}
