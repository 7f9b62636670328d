//! Entering and leaving routes, and what calls answer.

use super::{Caller, End, Frame, Machine, Outcome, Pending, span_at};
use crate::host::{EndKind, Fault, Flow, Host, RouteEnd};
use crate::program::{Program, RouteId};
use crate::value::Value;

impl<H: Host> Machine<H> {
    pub(super) fn call_named(&mut self, program: &Program<H>, host: &mut H, at: usize) {
        let name = self.pop().to_text();
        match program.by_name.get(&name) {
            Some(route) => self.call_route(program, host, *route, at),
            None => {
                let name = String::from_utf8_lossy(&name).into_owned();
                host.fault(Fault::NoSuchRoute(name), span_at(program, at));
                self.stack.push(Value::Int(-1));
            }
        }
    }

    pub(super) fn call_route(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        route: RouteId,
        at: usize,
    ) {
        if self.frames.len() >= self.limits.route_depth {
            host.fault(Fault::RouteDepth, span_at(program, at));
            self.settle(host, -1, true);
            return;
        }
        self.enter(program, route, Caller::Script);
    }

    pub(super) fn enter(
        &mut self,
        program: &Program<H>,
        route: RouteId,
        caller: Caller<H::Resume>,
    ) {
        let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.frames.push(Frame {
            ret: self.pc,
            stack: length(self.stack.len()),
            loops: length(self.loops.len()),
            caller,
        });
        self.pc = program
            .routes
            .get(route.index())
            .map_or(u32::MAX, |info| info.entry);
        self.last = 1;
    }

    /// Notes the code of a call or route, and pushes it if somebody wants it.
    pub(super) fn settle(&mut self, host: &mut H, code: i32, wanted: bool) {
        self.retcode = code;
        host.set_retcode(code);
        if wanted {
            self.stack.push(Value::Int(i64::from(code)));
        } else {
            self.last = code;
        }
    }

    pub(super) fn flow(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        flow: Flow<H::Effect, H::Resume>,
        wanted: bool,
    ) -> Outcome<H::Effect> {
        match flow {
            Flow::Done(0) => {
                self.settle(host, 0, false);
                self.unwind(program, host, EndKind::Exit)
            }
            Flow::Done(code) => {
                self.settle(host, code, wanted);
                Outcome::Go
            }
            Flow::Exit => self.unwind(program, host, EndKind::Exit),
            Flow::Drop => self.unwind(program, host, EndKind::Drop),
            Flow::Wait(effect, resume) => {
                self.waiting = Some(Pending { resume, wanted });
                Outcome::Waiting(effect)
            }
            Flow::Run(route, resume) => self.run_for_call(program, host, route, (resume, wanted)),
        }
    }

    pub(super) fn run_for_call(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        route: RouteId,
        (resume, wanted): (H::Resume, bool),
    ) -> Outcome<H::Effect> {
        let at = self.pc.saturating_sub(1) as usize;
        if self.frames.len() >= self.limits.route_depth {
            host.fault(Fault::RouteDepth, span_at(program, at));
            let end = RouteEnd {
                kind: EndKind::Aborted,
                code: -1,
            };
            let flow = host.route_ended(resume, end);
            return match flow {
                Flow::Run(..) => self.unwind(program, host, EndKind::Exit),
                flow => self.flow(program, host, flow, wanted),
            };
        }
        self.enter(program, route, Caller::Call(resume, wanted));
        self.spend(program, host, at)
    }

    /// `return 0` ends the script, as observed.
    pub(super) fn return_code(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        code: i32,
    ) -> Outcome<H::Effect> {
        self.last = code;
        if code == 0 {
            return self.unwind(program, host, EndKind::Exit);
        }
        self.finish(program, host, EndKind::Returned)
    }

    /// The current route ends.
    pub(super) fn finish(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        kind: EndKind,
    ) -> Outcome<H::Effect> {
        let code = self.last;
        let Some(frame) = self.frames.pop() else {
            return Outcome::Ended(End { kind, code });
        };
        self.stack.truncate(frame.stack as usize);
        self.loops.truncate(frame.loops as usize);
        self.pc = frame.ret;
        match frame.caller {
            Caller::Start => {
                self.frames.clear();
                host.set_retcode(code);
                Outcome::Ended(End { kind, code })
            }
            Caller::Script => {
                self.settle(host, code, true);
                Outcome::Go
            }
            Caller::Call(resume, wanted) => {
                let flow = host.route_ended(resume, RouteEnd { kind, code });
                self.flow(program, host, flow, wanted)
            }
        }
    }

    /// `exit` and `drop`: the routes of the script end up to the one that somebody else began.
    pub(super) fn unwind(
        &mut self,
        program: &Program<H>,
        host: &mut H,
        kind: EndKind,
    ) -> Outcome<H::Effect> {
        while let Some(Frame {
            caller: Caller::Script,
            ..
        }) = self.frames.last()
        {
            self.frames.pop();
        }
        self.finish(program, host, kind)
    }
}
