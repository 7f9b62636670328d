//! Saying something.

use super::Player;
use crate::phone::{Author, Said, reply, request};
use crate::scenario::{Form, Says, Send, Who};
use crate::text::fill;
use crate::{Heard, Way, World};

impl<W: World> Player<'_, W> {
    pub(super) fn send(&mut self, send: &Send) -> Result<(), String> {
        let said = match &send.says {
            Says::Request {
                method,
                uri,
                digest,
            } => {
                let uri = uri.as_ref().map(|uri| fill(uri, &self.names)).transpose()?;
                let what = (method.as_str(), uri.as_deref());
                self.say_request(&send.who, what, digest.as_ref(), &send.form)?
            }
            Says::Reply { status, phrase, to } => {
                let what = (*status, phrase.as_str());
                self.say_reply(&send.who, what, to.as_deref(), &send.form)?
            }
            Says::Again(word) => self.say_again(&send.who, word.as_deref())?,
            Says::File(name) => {
                let path = self.scenario.directory().join(name);
                let octets = crate::disk::read(&path)?;
                self.say_raw(&send.who, octets, &send.form)?
            }
            Says::Raw => {
                let lines = send.form.lines.iter();
                let lines = lines.map(|line| Ok(fill(line, &self.names)? + "\r\n"));
                let octets = lines.collect::<Result<String, String>>()?.into_bytes();
                self.say_raw(&send.who, octets, &send.form)?
            }
        };
        let sent = Heard::new(&said.octets);
        for capture in &send.form.captures {
            let kept = capture.hold(&sent, said.way.to, &mut self.names);
            kept.map_err(|found| format!("nothing to keep: {found}"))?;
        }
        self.deliver(&send.who, said)
    }

    fn deliver(&mut self, who: &Who, said: Said) -> Result<(), String> {
        let number = self.phone(who)?;
        self.journal
            .said(self.world.now_ms(), &who.agent, &said.octets);
        self.world.send(number, said.way, said.octets.clone())?;
        let dialogs = &mut self.phones[number].dialogs;
        dialogs
            .entry(who.dialog.clone())
            .or_default()
            .said
            .push(said);
        Ok(())
    }

    fn say_request(
        &mut self,
        who: &Who,
        (method, uri): (&str, Option<&str>),
        digest: Option<&crate::scenario::Digest>,
        form: &Form,
    ) -> Result<Said, String> {
        let number = self.phone(who)?;
        let way = self.way(number, form)?;
        let token = format!("{:012x}", self.tokens.u64(..1 << 48));
        let phone = &mut self.phones[number];
        let dialog = phone.dialogs.entry(who.dialog.clone()).or_default();
        let author = Author {
            agent: &phone.agent,
            proto: way.proto,
            token,
            names: &self.names,
        };
        let octets = request(&author, dialog, (method, uri), digest, form)?;
        let word = method.to_owned();
        Ok(Said { word, way, octets })
    }

    fn say_reply(
        &mut self,
        who: &Who,
        (status, phrase): (u16, &str),
        to: Option<&str>,
        form: &Form,
    ) -> Result<Said, String> {
        let number = self.phone(who)?;
        let mut way = self.way(number, form)?;
        let phone = &mut self.phones[number];
        let dialog = phone.dialogs.entry(who.dialog.clone()).or_default();
        let request = dialog.last_heard(to).cloned();
        let request = request.ok_or("no request was heard that could be answered")?;
        way.connection = request.connection;
        if form.to.is_none() {
            way.to = request.source;
        }
        let names = (form, &self.names);
        let octets = reply(
            &phone.agent,
            dialog,
            &request.heard,
            (status, phrase),
            names,
        )?;
        let word = status.to_string();
        Ok(Said { word, way, octets })
    }

    fn say_again(&mut self, who: &Who, word: Option<&str>) -> Result<Said, String> {
        let number = self.phone(who)?;
        let dialog = self.phones[number].dialogs.get(&who.dialog);
        let said = dialog.map_or(&[][..], |dialog| &dialog.said);
        let wanted = |said: &&Said| word.is_none_or(|word| said.word == word);
        let found = said.iter().rev().find(wanted);
        found
            .cloned()
            .ok_or_else(|| "that was not said before".to_owned())
    }

    fn say_raw(&mut self, who: &Who, octets: Vec<u8>, form: &Form) -> Result<Said, String> {
        let number = self.phone(who)?;
        let way = self.way(number, form)?;
        let word = octets
            .split(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        let word = String::from_utf8_lossy(word).into_owned();
        Ok(Said { word, way, octets })
    }

    fn way(&self, number: usize, form: &Form) -> Result<Way, String> {
        let agent = &self.phones[number].agent;
        let to = match &form.to {
            Some(text) => {
                let text = fill(text, &self.names)?;
                text.parse()
                    .map_err(|_| format!("`{text}` is no address with a port"))?
            }
            None => agent.server,
        };
        Ok(Way {
            proto: form.by.unwrap_or(agent.proto),
            to,
            connection: None,
        })
    }
}
