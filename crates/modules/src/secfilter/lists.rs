//! What is blocked and what is allowed, by kind.

use store::{Cell, Name, Rows};

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    UserAgent,
    Country,
    Domain,
    Ip,
    User,
}

/// Every kind: its word in commands, its title, its number in the table.
pub(super) const KINDS: [(Kind, &str, &str, i64); 5] = [
    (Kind::UserAgent, "ua", "User-agent", 0),
    (Kind::Country, "country", "Country", 1),
    (Kind::Domain, "domain", "Domain", 2),
    (Kind::Ip, "ip", "IP Address", 3),
    (Kind::User, "user", "User", 4),
];

impl Kind {
    /// The kind of a word such as `ua`.
    pub(super) fn named(word: &str) -> Option<Kind> {
        KINDS
            .iter()
            .find(|(_, name, ..)| *name == word)
            .map(|(kind, ..)| *kind)
    }
}

/// Black or white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Black,
    White,
}

/// The lists. Values of a kind are few, so they are compared one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    black: [Vec<Vec<u8>>; 5],
    white: [Vec<Vec<u8>>; 5],
    pub(super) destinations: Vec<Vec<u8>>,
    /// The table was not read yet: everything is blocked.
    is_unread: bool,
}

impl Lists {
    /// What nobody has read yet.
    pub(super) fn unread() -> Lists {
        Lists {
            is_unread: true,
            ..Lists::default()
        }
    }

    /// Whether nobody has read them yet.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// The values of a kind.
    pub(super) fn of(&self, kind: Kind, colour: Colour) -> &[Vec<u8>] {
        let lists = match colour {
            Colour::Black => &self.black,
            Colour::White => &self.white,
        };
        lists.get(kind as usize).map_or(&[], Vec::as_slice)
    }

    /// Adds a value.
    pub(super) fn add(&mut self, kind: Kind, colour: Colour, value: &[u8]) {
        let lists = match colour {
            Colour::Black => &mut self.black,
            Colour::White => &mut self.white,
        };
        if let Some(list) = lists.get_mut(kind as usize) {
            list.push(value.to_vec());
        }
    }

    /// True where a value of the list is a prefix of the text, in any case.
    pub(super) fn has_prefix_of(&self, kind: Kind, colour: Colour, text: &[u8]) -> bool {
        if self.is_unread {
            return colour == Colour::Black;
        }
        self.of(kind, colour)
            .iter()
            .any(|value| begins(text, value))
    }

    /// True where the number is a blocked destination, or with `exact` off begins with one.
    pub(super) fn blocks_destination(&self, number: &[u8], exact: bool) -> bool {
        let is_meant =
            |value: &Vec<u8>| begins(number, value) && (!exact || number.len() == value.len());
        self.is_unread || self.destinations.iter().any(is_meant)
    }
}

fn begins(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|front| front.eq_ignore_ascii_case(prefix))
}

/// The table's columns.
#[derive(Clone)]
pub(super) struct Columns {
    pub(super) table: Name,
    pub(super) action: Name,
    pub(super) kind: Name,
    pub(super) data: Name,
}

/// The rows as lists, and which rows mean nothing. Action 0 blocks, 1 allows, and
/// 2 is a destination where the type is 0.
pub(super) fn lists(rows: &Rows, columns: &Columns) -> (Lists, Vec<String>) {
    let (mut lists, mut wrong) = (Lists::default(), Vec::new());
    for row in 0..rows.len() {
        let number = |column| rows.cell(row, column).and_then(Cell::as_int);
        let data = rows.cell(row, &columns.data).and_then(Cell::as_bytes);
        let kind = number(&columns.kind).unwrap_or(-1);
        let known = KINDS.iter().find(|(.., number)| *number == kind);
        let (Some(action), Some((kind, ..)), Some(data)) = (number(&columns.action), known, data)
        else {
            wrong.push(format!("row {}: unknown action or type", row + 1));
            continue;
        };
        // An empty value would be a prefix of everything.
        if data.is_empty() {
            wrong.push(format!("row {}: it has no data", row + 1));
            continue;
        }
        match (action, *kind) {
            (2, Kind::UserAgent) => lists.destinations.push(data.to_vec()),
            (1, kind) => lists.add(kind, Colour::White, data),
            (0 | 2, kind) => lists.add(kind, Colour::Black, data),
            _ => wrong.push(format!("row {}: unknown action or type", row + 1)),
        }
    }
    (lists, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_count_in_any_case() {
        let mut lists = Lists::default();
        lists.add(Kind::UserAgent, Colour::Black, b"sipcli");
        lists.destinations.push(b"555123".to_vec());
        let found = |text: &[u8]| lists.has_prefix_of(Kind::UserAgent, Colour::Black, text);
        assert!(found(b"SIPCLI/1.8") && found(b"sipcli"));
        assert!(!found(b"my sipcli") && !found(b"sip") && !found(b""));
        assert!(!lists.has_prefix_of(Kind::User, Colour::Black, b"sipcli"));
        assert!(lists.blocks_destination(b"555123", true));
        assert!(!lists.blocks_destination(b"5551234", true));
        assert!(lists.blocks_destination(b"5551234", false));
    }

    #[test]
    fn before_the_table_is_read_everything_is_blocked() {
        let lists = Lists::unread();
        assert!(lists.has_prefix_of(Kind::Ip, Colour::Black, b"192.0.2.1"));
        assert!(!lists.has_prefix_of(Kind::Ip, Colour::White, b"192.0.2.1"));
        assert!(lists.blocks_destination(b"5551234", true));
    }
}
