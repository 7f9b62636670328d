//! What a script function answers: a code, a wish, or a route to run first.

use crate::{Answer, Context, Effect, Level};
use script::RouteId;
use std::sync::Arc;
use store::{Operation, Store};

/// What goes on once the answer to a wish is there.
pub type Continuation = Box<dyn FnOnce(&mut Context, Answer) -> Outcome + Send>;

/// The result of a script function.
///
/// Waiting is a value: a function that needs a table, a name server or the transaction layer says
/// so and is called again with the answer. Nothing blocks.
pub enum Outcome {
    /// Done: the return code the script sees in `$rc`. Zero ends the script, as `exit` does.
    Code(i32),
    /// The script ends here, as with `exit`.
    Exit,
    /// Something only the edge or the world outside can do; the continuation gets its answer.
    Ask(Effect, Continuation),
    /// Run a route first; the continuation gets [`Answer::Route`].
    Run(RouteId, Continuation),
}

impl Outcome {
    /// Success, as most functions return it.
    pub const TRUE: Outcome = Outcome::Code(1);
    /// Failure, as most functions return it.
    pub const FALSE: Outcome = Outcome::Code(-1);

    /// Asks for something whose answer is the return code.
    pub fn ask(effect: Effect) -> Outcome {
        Outcome::Ask(effect, Box::new(|_, answer| Outcome::Code(answer.code())))
    }

    /// Asks for something and goes on with `then`.
    pub fn ask_then(
        effect: Effect,
        then: impl FnOnce(&mut Context, Answer) -> Outcome + Send + 'static,
    ) -> Outcome {
        Outcome::Ask(effect, Box::new(then))
    }

    /// Asks a database and goes on with what it said. Where it fails or does not answer in time,
    /// the log of `module` says so and the function returns `failed`.
    pub fn query(
        module: &'static str,
        store: Arc<dyn Store>,
        operation: impl Into<Operation>,
        failed: i32,
        then: impl FnOnce(&mut Context, store::Outcome) -> Outcome + Send + 'static,
    ) -> Outcome {
        Outcome::ask_then(Effect::store(store, operation), move |context, answer| {
            let why = match answer {
                Answer::Store(Ok(outcome)) => return then(context, outcome),
                Answer::Store(Err(error)) => format!("failed to query database: {error}"),
                _ => "the database did not answer in time".to_owned(),
            };
            context.log(Level::Err, module, || why);
            Outcome::Code(failed)
        })
    }
}

impl From<i32> for Outcome {
    fn from(code: i32) -> Outcome {
        Outcome::Code(code)
    }
}

impl From<bool> for Outcome {
    fn from(yes: bool) -> Outcome {
        // The code alone is written; one of two constants would be copied whole.
        Outcome::Code(if yes { 1 } else { -1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_moved_in_a_few_registers() {
        // Every call of a function makes one, and the machine passes it on several times.
        let octets = size_of::<Outcome>();
        assert!(octets <= 80, "{octets}");
    }
}
