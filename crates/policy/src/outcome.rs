//! What a script function answers: a code, a wish, or a route to run first.

use crate::{Answer, Context, Effect};
use script::RouteId;

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
}

impl From<i32> for Outcome {
    fn from(code: i32) -> Outcome {
        Outcome::Code(code)
    }
}

impl From<bool> for Outcome {
    fn from(yes: bool) -> Outcome {
        if yes { Outcome::TRUE } else { Outcome::FALSE }
    }
}
