//! Texts with variables in module parameters: prepared once every module has started.

use crate::{Context, Problem, Text, Words};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};

/// A text of a parameter, such as `log_extra` of module `acc`. Cheap to clone.
#[derive(Clone, Default)]
pub struct LateText(Arc<OnceLock<Text>>);

impl LateText {
    /// The text now; a variable that is null is empty. Empty before everything has started.
    pub fn get(&self, context: &mut Context) -> Bytes {
        self.0
            .get()
            .map(|text| text.get(context))
            .unwrap_or_default()
    }

    /// The value now: a single variable keeps its type and may be null.
    pub fn value(&self, context: &mut Context) -> script::Value {
        self.0
            .get()
            .map(|text| text.value(context))
            .unwrap_or_default()
    }

    /// Gives the one variable that the text is a value; false where it is none, or cannot be written.
    pub fn set(&self, context: &mut Context, value: script::Value) -> bool {
        self.0.get().is_some_and(|text| text.set(context, value))
    }
}

/// A text that waits to be prepared.
pub struct Unprepared {
    /// `module.parameter`, for the finding.
    pub name: String,
    /// As written.
    pub text: Bytes,
    /// Where it goes.
    pub slot: LateText,
}

impl Unprepared {
    /// Prepares the text.
    ///
    /// # Errors
    /// The finding, with the parameter's name.
    pub fn prepare(self, words: &Words<'_>) -> Result<(), Problem> {
        let text = words.prepare(|prepare| prepare.text(&self.text));
        let text = text.map_err(|mut problem| {
            problem.message = format!("{}: {}", self.name, problem.message);
            problem
        })?;
        // A slot is made once with its text, so nobody was here before.
        let _first = self.slot.0.set(text);
        Ok(())
    }
}
