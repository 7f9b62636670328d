//! The machine that runs a program.
//!
//! Control is flat: frames, a program counter and a value stack, all owned, so that a run can stop
//! at any call, be stored, and go on when the answer is there.

use smallvec::SmallVec;

use crate::expr::{binary, unary};
use crate::host::{EndKind, Fault, Flow, Host};
use crate::program::{Instruction, Program, RouteId};
use crate::source::Span;
use crate::value::Value;

mod routes;

/// What bounds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Statements and loop rounds of one run, waits included. A run that needs more is ended as by
    /// `exit`, with [`Fault::Steps`].
    pub steps: u32,
    /// Routes within routes. A call beyond it fails with -1, with [`Fault::RouteDepth`].
    pub route_depth: usize,
    /// Rounds of one `while` (core parameter `max_while_loops`); 0 is no bound but `steps`. A loop
    /// that needs more is left, with [`Fault::WhileLoops`].
    pub while_loops: u32,
}

impl Default for Limits {
    /// Kamailio's 256 routes and 100 rounds; steps are a million.
    fn default() -> Self {
        Self {
            steps: 1_000_000,
            route_depth: 256,
            while_loops: 100,
        }
    }
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// It is over.
    Ended(End),
    /// It waits for this; go on with [`Machine::answer`].
    Waiting(E),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The way.
    pub kind: EndKind,
    /// The last return code of the route.
    pub code: i32,
}

/// One run of a program. Owned by whoever waits.
pub struct Machine<H: Host> {
    frames: SmallVec<[Frame<H::Resume>; 4]>,
    stack: SmallVec<[Value; 4]>,
    loops: SmallVec<[u32; 2]>,
    pc: u32,
    /// `$rc`: what the last call or route gave.
    retcode: i32,
    /// What the route gives if it ends now: the code of the last statement.
    last: i32,
    steps: u32,
    limits: Limits,
    waiting: Option<Pending<H::Resume>>,
}

struct Frame<R> {
    ret: u32,
    stack: u32,
    loops: u32,
    caller: Caller<R>,
}

/// Who gets the end of a route.
enum Caller<R> {
    /// Nobody: it is the route that the run began with.
    Start,
    /// A `route()` of the script.
    Script,
    /// A call that asked for it; and whether the script wants the code of that call.
    Call(R, bool),
}

struct Pending<R> {
    resume: R,
    wanted: bool,
}

enum Outcome<E> {
    Go,
    Ended(End),
    Waiting(E),
}

impl<H: Host> Machine<H> {
    /// A machine that will start with `route`.
    #[must_use]
    pub fn new(program: &Program<H>, route: RouteId, limits: Limits) -> Self {
        let mut machine = Self::blank(limits);
        machine.enter(program, route, Caller::Start);
        machine
    }

    /// A machine without a route, which waits for the answer to a call from outside the script. What
    /// that call comes to is the end of the run.
    #[must_use]
    pub fn waiting(resume: H::Resume, limits: Limits) -> Self {
        let waiting = Pending {
            resume,
            wanted: false,
        };
        Self {
            waiting: Some(waiting),
            ..Self::blank(limits)
        }
    }

    fn blank(limits: Limits) -> Self {
        Self {
            frames: SmallVec::new(),
            stack: SmallVec::new(),
            loops: SmallVec::new(),
            pc: 0,
            retcode: 0,
            last: 1,
            steps: limits.steps,
            limits,
            waiting: None,
        }
    }

    /// Runs until the end or the first wait. A machine that is over ends again at once.
    pub fn run(&mut self, program: &Program<H>, host: &mut H) -> Step<H::Effect> {
        while !self.frames.is_empty() {
            match self.step(program, host) {
                Outcome::Go => {}
                Outcome::Ended(end) => return Step::Ended(end),
                Outcome::Waiting(effect) => return Step::Waiting(effect),
            }
        }
        Step::Ended(End {
            kind: EndKind::Returned,
            code: self.last,
        })
    }

    /// Whether it waits for an answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Goes on with the answer to what it waits for. Without a wait it just runs on.
    pub fn answer(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        answer: H::Answer,
    ) -> Step<H::Effect> {
        self.answer_with(program, host, |host, resume| host.resume(resume, answer))
    }

    /// Goes on where the caller itself deals with what the call had kept: `with` says how the call
    /// goes on. Without a wait it just runs on.
    pub fn answer_with(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        with: impl FnOnce(&mut H, H::Resume) -> Flow<H::Effect, H::Resume>,
    ) -> Step<H::Effect> {
        if let Some(pending) = self.waiting.take() {
            let flow = with(host, pending.resume);
            match self.flow(program, host, flow, pending.wanted) {
                Outcome::Go => {}
                Outcome::Ended(end) => return Step::Ended(end),
                Outcome::Waiting(effect) => return Step::Waiting(effect),
            }
        }
        self.run(program, host)
    }

    fn step(&mut self, program: &Program<H>, host: &mut H) -> Outcome<H::Effect> {
        let at = self.pc as usize;
        let Some(instruction) = program.code.get(at) else {
            return self.finish(program, host, EndKind::Returned);
        };
        self.pc += 1;
        match instruction {
            Instruction::Statement => return self.statement(program, host, at),
            Instruction::Push(expr) => {
                let value = expr.eval(host);
                let value = self.value_or_fault(program, host, at, value);
                self.stack.push(value);
            }
            Instruction::Call(call) => {
                let flow = host.call(call);
                return self.flow(program, host, flow, true);
            }
            Instruction::CallOnly(call) => {
                let flow = host.call(call);
                return self.flow(program, host, flow, false);
            }
            Instruction::Route(route) => self.call_route(program, host, *route, at),
            Instruction::RouteNamed => self.call_named(program, host, at),
            Instruction::Jump(target) => self.pc = *target,
            Instruction::Unless(condition, target) => match condition.eval(host) {
                Ok(value) if value.is_true() => {}
                Ok(_) => self.pc = *target,
                Err(fault) => {
                    host.fault(fault, span_at(program, at));
                    self.pc = *target;
                }
            },
            Instruction::Assign(variable, op, expr) => {
                let value = expr.eval(host);
                self.assign(program, host, at, (variable, *op), value);
            }
            Instruction::PopReturn => {
                let code = self.pop().to_int();
                return self.return_code(program, host, clamp(code));
            }
            Instruction::Return(Some(code)) => return self.return_code(program, host, *code),
            Instruction::Return(None) => return self.finish(program, host, EndKind::Returned),
            Instruction::Exit => return self.unwind(program, host, EndKind::Exit),
            Instruction::Drop => return self.unwind(program, host, EndKind::Drop),
            other => self.operate(program, host, other, at),
        }
        Outcome::Go
    }

    /// The instructions that only work on the stacks.
    fn operate(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        instruction: &Instruction<H>,
        at: usize,
    ) {
        match instruction {
            Instruction::Truth => self.replace(|top| Value::bool(top.is_true())),
            Instruction::Nonzero => self.replace(|top| Value::bool(top.is_nonzero())),
            Instruction::Unary(op) => self.replace(|top| unary(*op, top)),
            Instruction::Pop => drop(self.stack.pop()),
            Instruction::PopLast => self.last = clamp(self.pop().to_int()),
            Instruction::Last(code) => self.last = *code,
            Instruction::Binary(op) => {
                let right = self.pop();
                let left = self.pop();
                let value = binary(*op, &left, &right);
                let value = self.value_or_fault(program, host, at, value);
                self.stack.push(value);
            }
            Instruction::Match(regex) => {
                let subject = self.pop().to_text();
                let value = regex.matches(&subject).map(Value::bool);
                let value = self.value_or_fault(program, host, at, value);
                self.stack.push(value);
            }
            Instruction::PopUnless(target) => self.pop_unless(*target),
            Instruction::AndElse(target) => self.short_circuit(false, *target),
            Instruction::OrElse(target) => self.short_circuit(true, *target),
            Instruction::PopAssign(variable, op) => {
                let value = self.pop();
                self.assign(program, host, at, (variable, *op), Ok(value));
            }
            Instruction::CaseInt(number, target) => {
                self.case(*target, |top| top.to_int() == *number);
            }
            Instruction::CaseText(text, target) => self.case(*target, |top| top.to_text() == text),
            Instruction::CaseRegex(regex, target) => {
                self.case(*target, |top| {
                    regex.matches(&top.to_text()).unwrap_or(false)
                });
            }
            Instruction::LoopEnter => self.loops.push(0),
            Instruction::LoopRound(target) => self.round(program, host, at, *target),
            Instruction::LoopLeave => drop(self.loops.pop()),
            _ => {}
        }
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_default()
    }

    fn replace(&mut self, with: impl FnOnce(&Value) -> Value) {
        if let Some(top) = self.stack.last_mut() {
            *top = with(top);
        }
    }

    fn pop_unless(&mut self, target: u32) {
        if !self.pop().is_true() {
            self.pc = target;
        }
    }

    fn short_circuit(&mut self, on: bool, target: u32) {
        if self.stack.last().is_some_and(|top| top.is_nonzero() == on) {
            self.replace(|_| Value::bool(on));
            self.pc = target;
        } else {
            self.stack.pop();
        }
    }

    fn case(&mut self, target: u32, matches: impl FnOnce(&Value) -> bool) {
        if self.stack.last().is_some_and(matches) {
            self.stack.pop();
            self.pc = target;
        }
    }

    fn value_or_fault(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        at: usize,
        value: Result<Value, Fault>,
    ) -> Value {
        value.unwrap_or_else(|fault| {
            host.fault(fault, span_at(program, at));
            Value::Null
        })
    }

    /// A value that could not be evaluated is not assigned.
    fn assign(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        at: usize,
        (variable, op): (&H::Var, crate::ast::AssignOp),
        value: Result<Value, Fault>,
    ) {
        if let Err(fault) = value.and_then(|value| host.assign(variable, op, value)) {
            host.fault(fault, span_at(program, at));
        }
    }

    fn statement(&mut self, program: &Program<H>, host: &mut H, at: usize) -> Outcome<H::Effect> {
        host.step(span_at(program, at));
        self.last = 1;
        self.spend(program, host, at)
    }

    fn spend(&mut self, program: &Program<H>, host: &mut H, at: usize) -> Outcome<H::Effect> {
        if self.steps == 0 {
            host.fault(Fault::Steps, span_at(program, at));
            self.frames.clear();
            return Outcome::Ended(End {
                kind: EndKind::Aborted,
                code: self.last,
            });
        }
        self.steps -= 1;
        Outcome::Go
    }

    fn round(&mut self, program: &Program<H>, host: &mut H, at: usize, target: u32) {
        let bound = self.limits.while_loops;
        let Some(rounds) = self.loops.last_mut() else {
            return;
        };
        *rounds += 1;
        let rounds = *rounds;
        if bound > 0 && rounds > bound {
            host.fault(Fault::WhileLoops, span_at(program, at));
            self.pc = target;
        }
    }
}

impl<H: Host> std::fmt::Debug for Machine<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("frames", &self.frames.len())
            .field("pc", &self.pc)
            .field("waiting", &self.waiting.is_some())
            .finish()
    }
}

fn span_at<H: Host>(program: &Program<H>, at: usize) -> Span {
    program.spans.get(at).copied().unwrap_or_default()
}

fn clamp(code: i64) -> i32 {
    i32::try_from(crate::lex::wrap(code)).unwrap_or(0)
}
