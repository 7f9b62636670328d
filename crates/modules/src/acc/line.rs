//! The log line.

use super::facts::{Event, Facts};
use super::{Logic, clock};
use policy::Context;
use std::fmt::Write;

impl Logic {
    /// Writes the line of an event.
    pub(super) fn log(&self, context: &mut Context, event: Event, facts: &Facts) {
        if !context.config.logger.enabled(self.params.level) {
            return;
        }
        let text = self.line(context, event, facts);
        let facility = self.params.facility.clone();
        context.write_log(self.params.level, "acc", text, facility);
    }

    fn line(&self, context: &mut Context, event: Event, facts: &Facts) -> String {
        let mut line = String::with_capacity(256);
        line.push_str(event.words());
        // Writing into a text cannot fail.
        let _ = write!(line, "timestamp={}", context.now.unix_s());
        for (name, value) in clock::log_fields(&self.params, &self.surroundings, context.now) {
            push(&mut line, name, value.as_bytes());
        }
        for (name, value) in [
            ("method", &facts.method),
            ("from_tag", &facts.from_tag),
            ("to_tag", &facts.to_tag),
            ("call_id", &facts.call_id),
            ("code", &facts.code),
            ("reason", &facts.reason),
        ] {
            push(&mut line, name, value);
        }
        for (name, text) in &self.log_extra {
            let value = text.get(context);
            push(&mut line, name, &value);
        }
        for leg in self.legs(context) {
            for ((name, _), value) in self.params.legs.iter().zip(leg) {
                push(&mut line, name, &value.to_text());
            }
        }
        line
    }
}

/// `;name=value`.
fn push(line: &mut String, name: &str, value: &[u8]) {
    line.push(';');
    line.push_str(name);
    line.push('=');
    push_printable(line, value);
}

/// A value; control characters, which would end or forge a line, become `?`.
pub(super) fn push_printable(line: &mut String, value: &[u8]) {
    // Nearly every value is printable ASCII, which is copied as it stands.
    let is_plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if let (true, Ok(text)) = (is_plain, std::str::from_utf8(value)) {
        return line.push_str(text);
    }
    let text = String::from_utf8_lossy(value);
    line.extend(text.chars().map(|c| if c.is_control() { '?' } else { c }));
}
