//! The context as the script machine's host.

use crate::{Answer, Call, Context, Continuation, Effect, Level, Outcome, Var};
use script::{AssignOp, End, Fault, Flow, Host, RouteEnd, Span, Value};

impl Host for Context {
    type Var = Var;
    type Call = Call;
    type Effect = Effect;
    type Resume = Continuation;
    type Answer = Answer;

    fn read(&mut self, variable: &Var) -> Value {
        variable.read(self)
    }

    fn assign(&mut self, variable: &Var, op: AssignOp, value: Value) -> Result<(), Fault> {
        if variable.write(self, op, value) {
            return Ok(());
        }
        let name = String::from_utf8_lossy(variable.source()).into_owned();
        Err(Fault::Refused(format!("cannot assign {name}")))
    }

    fn call(&mut self, call: &Call) -> Flow<Effect, Continuation> {
        flow_of((call.run)(self))
    }

    fn resume(&mut self, resume: Continuation, answer: Answer) -> Flow<Effect, Continuation> {
        go_on(self, resume, answer)
    }

    fn route_ended(&mut self, resume: Continuation, end: RouteEnd) -> Flow<Effect, Continuation> {
        let end = End {
            kind: end.kind,
            code: end.code,
        };
        flow_of(resume(self, Answer::Route(end)))
    }

    fn set_retcode(&mut self, code: i32) {
        self.retcode = code;
    }

    fn fault(&mut self, fault: Fault, at: Span) {
        let place = self.config.place(at);
        self.log(Level::Err, "core", || format!("{place}: {fault}"));
    }

    fn step(&mut self, at: Span) {
        if let Some(tracer) = self.config.tracer.clone() {
            tracer.step(self, at);
        }
    }
}

/// Goes on with a function whose wish was answered.
pub fn go_on(
    context: &mut Context,
    resume: Continuation,
    answer: Answer,
) -> Flow<Effect, Continuation> {
    flow_of(resume(context, answer))
}

fn flow_of(outcome: Outcome) -> Flow<Effect, Continuation> {
    match outcome {
        Outcome::Code(code) => Flow::Done(code),
        Outcome::Exit => Flow::Exit,
        Outcome::Ask(effect, then) => Flow::Wait(effect, then),
        Outcome::Run(route, then) => Flow::Run(route, then),
    }
}
