//! Who answered an INVITE provisionally: requests may go to them before anybody takes the call (RFC 3262, RFC
//! 3311).

use super::call::Leg;
use smallvec::SmallVec;

/// The ends of the early dialogs of one INVITE, by tag.
#[derive(Default)]
pub(super) struct EarlyLegs(SmallVec<[Leg; 1]>);

impl EarlyLegs {
    /// The most octets of all texts together: twenty phones that ring have room. Whoever comes later is not
    /// known, and his early dialog is none.
    const MOST_OCTETS: usize = 4096;

    /// The one with this tag.
    pub(super) fn find(&self, tag: &[u8]) -> Option<&Leg> {
        self.0.iter().find(|leg| leg.tag() == tag)
    }

    /// Keeps one more; the first word of each counts.
    pub(super) fn note(&mut self, leg: Leg) {
        let octets: usize = self.0.iter().map(Leg::octets).sum();
        let has_room = octets + leg.octets() <= Self::MOST_OCTETS;
        if has_room && !leg.tag().is_empty() && self.find(leg.tag()).is_none() {
            self.0.push(leg);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_provisionally_is_known_while_there_is_room() {
        let mut early = EarlyLegs::default();
        let leg = |tag: String| Leg::new(tag.as_bytes(), &[b'x'; 1000], b"").expect("a short leg");
        for tag in 0..9 {
            early.note(leg(format!("t{tag}")));
            early.note(leg(format!("t{tag}")));
        }
        early.note(Leg::default());
        for (tag, is_known) in [("t0", true), ("t3", true), ("t4", false), ("", false)] {
            assert_eq!(early.find(tag.as_bytes()).is_some(), is_known, "{tag}");
        }
    }
}
