//! Expecting something.

use super::journal::quoted;
use super::{Letter, Player};
use crate::phone::HeardRequest;
use crate::scenario::{Expect, Step, StepKind, Wanted, Who};
use crate::text::fill;
use crate::{Heard, What, World};

impl<W: World> Player<'_, W> {
    /// Waits for the next message of an agent's dialog, which must be the one expected.
    pub(super) fn expect(&mut self, expect: &Expect) -> Result<(), String> {
        let number = self.phone(&expect.who)?;
        let since = self.step_ended_ms;
        let deadline = since + expect.within_ms + self.world.patience_ms();
        let letter = loop {
            if let Some(letter) = self.next_letter(number, expect) {
                break letter;
            }
            if self.world.now_ms() >= deadline {
                return Err(format!("{} got nothing", expect.who.agent));
            }
            let arrivals = self.world.run_until(deadline);
            self.take_in(arrivals);
        };
        let came_after = letter.arrival.at_ms.saturating_sub(since);
        if came_after + EARLY_MS < expect.after_ms {
            return Err(format!("it came after {came_after} ms already"));
        }
        self.matches(expect, &letter)
            .map_err(|wrong| format!("{wrong}\n\n{}", quoted(&letter.heard.message)))?;
        self.learn(number, &expect.who, letter);
        Ok(())
    }

    /// Expectations that hold in any order.
    pub(super) fn expect_all(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut open: Vec<&Expect> = Vec::new();
        for step in steps {
            match &step.kind {
                StepKind::Expect(expect) => open.push(expect),
                _ => return Err("only expectations stand in `unordered`".to_owned()),
            }
        }
        let longest = open
            .iter()
            .map(|expect| expect.within_ms)
            .max()
            .unwrap_or(0);
        let deadline = self.step_ended_ms + longest + self.world.patience_ms();
        while !open.is_empty() {
            if self.take_one(&mut open)? {
                continue;
            }
            if self.world.now_ms() >= deadline {
                return Err(format!("{} of them did not come", open.len()));
            }
            let arrivals = self.world.run_until(deadline);
            self.take_in(arrivals);
        }
        Ok(())
    }

    /// Takes a message that fulfils one of the expectations.
    fn take_one(&mut self, open: &mut Vec<&Expect>) -> Result<bool, String> {
        for index in 0..open.len() {
            let expect = open[index];
            let number = self.phone(&expect.who)?;
            self.drop_noise(number, expect);
            let inbox = &self.phones[number].inbox;
            for place in 0..inbox.len() {
                let letter = &self.phones[number].inbox[place];
                if self.matches_silently(expect, letter) {
                    let letter = self.phones[number].inbox.remove(place);
                    let letter = letter.ok_or("the inbox has changed")?;
                    self.matches(expect, &letter)?;
                    self.learn(number, &expect.who, letter);
                    open.remove(index);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Nothing comes.
    pub(super) fn silence(&mut self, who: &Who, for_ms: u64) -> Result<(), String> {
        let number = self.phone(who)?;
        self.let_pass(self.step_ended_ms + for_ms);
        let since = self.step_ended_ms;
        let counts = |letter: &&Letter| letter.arrival.at_ms > since || letter.is_news();
        match self.phones[number].inbox.iter().find(counts) {
            Some(letter) => Err(format!(
                "{} got this:\n\n{}",
                who.agent,
                quoted(&letter.heard.message)
            )),
            None => Ok(()),
        }
    }

    /// The server closes a connection.
    pub(super) fn closed(&mut self, who: &Who, within_ms: u64) -> Result<(), String> {
        let number = self.phone(who)?;
        let deadline = self.step_ended_ms + within_ms + self.world.patience_ms();
        loop {
            let inbox = &mut self.phones[number].inbox;
            if let Some(place) = inbox.iter().position(|l| l.arrival.what == What::Closed) {
                inbox.remove(place);
                return Ok(());
            }
            if self.world.now_ms() >= deadline {
                return Err("the connection is still open".to_owned());
            }
            let arrivals = self.world.run_until(deadline);
            self.take_in(arrivals);
        }
    }

    /// The next message that the expectation is about.
    fn next_letter(&mut self, number: usize, expect: &Expect) -> Option<Letter> {
        self.drop_noise(number, expect);
        let phone = &self.phones[number];
        let place = phone.inbox.iter().position(|letter| {
            letter.arrival.what != What::Closed
                && (!expect.again || letter.is_copy)
                && self.belongs(number, &expect.who, &letter.heard)
        })?;
        self.phones[number].inbox.remove(place)
    }

    /// Throws away copies and 100 Trying, unless they are what is expected.
    fn drop_noise(&mut self, number: usize, expect: &Expect) {
        let trying = matches!(expect.wanted, Wanted::Reply { status: 100, .. });
        self.phones[number].inbox.retain(|letter| {
            (!letter.is_copy || expect.again) && (letter.heard.status() != Some(100) || trying)
        });
    }

    /// True where a message is one of this dialog: by its Call-ID, or because no other dialog of the
    /// agent knows it.
    fn belongs(&self, number: usize, who: &Who, heard: &Heard) -> bool {
        let call_id = heard.value("Call-ID").unwrap_or_default();
        let dialogs = &self.phones[number].dialogs;
        let owner = dialogs.iter().find(|(_, dialog)| dialog.call_id == call_id);
        owner.is_none_or(|(name, _)| *name == who.dialog)
    }

    fn matches_silently(&self, expect: &Expect, letter: &Letter) -> bool {
        let mut names = self.names.clone();
        is_wanted(&expect.wanted, &letter.heard, &names).is_ok()
            && expect.checks.iter().all(|check| {
                check
                    .what
                    .hold(&letter.heard, letter.arrival.source, &mut names)
                    .is_ok()
            })
    }

    fn matches(&mut self, expect: &Expect, letter: &Letter) -> Result<(), String> {
        is_wanted(&expect.wanted, &letter.heard, &self.names)?;
        let mut wrong = String::new();
        for check in &expect.checks {
            let held = check
                .what
                .hold(&letter.heard, letter.arrival.source, &mut self.names);
            if let Err(found) = held {
                wrong += &format!("- {}\n+ {found}\n", check.text);
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn learn(&mut self, number: usize, who: &Who, letter: Letter) {
        let tag = format!("t{:012x}", self.tokens.u64(..1 << 48));
        let dialogs = &mut self.phones[number].dialogs;
        let dialog = dialogs.entry(who.dialog.clone()).or_default();
        if letter.heard.status().is_some() {
            dialog.hear_reply(&letter.heard);
        } else {
            let request = HeardRequest {
                heard: letter.heard,
                source: letter.arrival.source,
                connection: letter.arrival.connection,
            };
            dialog.hear_request(request, &tag);
        }
    }
}

/// Clocks of real subjects and of the player differ by some milliseconds.
const EARLY_MS: u64 = 60;

fn is_wanted(wanted: &Wanted, heard: &Heard, names: &crate::text::Names) -> Result<(), String> {
    let (right, text) = match wanted {
        Wanted::Request { method, uri } => {
            let uri = uri.as_ref().map(|uri| fill(uri, names)).transpose()?;
            let right = heard.status().is_none()
                && heard.method() == method
                && uri.as_ref().is_none_or(|uri| heard.uri() == uri);
            (right, format!("{method} {}", uri.unwrap_or_default()))
        }
        Wanted::Reply { status, phrase } => {
            let right = heard.status() == Some(*status)
                && phrase
                    .as_ref()
                    .is_none_or(|phrase| heard.phrase() == phrase);
            (
                right,
                format!("{status} {}", phrase.clone().unwrap_or_default()),
            )
        }
    };
    if right {
        Ok(())
    } else {
        Err(format!("- {}\n+ {}", text.trim(), heard.line))
    }
}
