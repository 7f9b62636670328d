//! A whole configuration: read, resolved against a host that knows every name, run within limits.
//! No panic; every finding lies in its file and has a page.
#![no_main]

use libfuzzer_sys::fuzz_target;
use script::{
    Access, AssignOp, CallSpec, Fault, FileError, Files, Flow, Function, Host, Keyword, Limits,
    Machine, Opened, Options, Problem, RouteEnd, RouteKind, SelectSpec, Site, Span, Step, Test,
    Traits, Value, VarSpec, Vocabulary,
};

fuzz_target!(|text: &[u8]| {
    let parsed = script::parse(&One(text), "main.cfg", &Options::default());
    let resolved = script::resolve(&parsed, &Anything);
    for found in parsed.diagnostics.iter().chain(&resolved.diagnostics) {
        let file = parsed.sources.file(found.span.file);
        assert!(file.is_some_and(|file| found.span.end as usize <= file.text().len()));
        assert!(script::explain(found.code).is_some(), "{}", found.code);
    }
    let Some(program) = resolved.program else { return };
    let Some(start) = program.route(RouteKind::Request, "") else { return };
    let limits = Limits { steps: 1000, ..Limits::default() };
    let mut machine = Machine::new(&program, start, limits);
    let mut step = machine.run(&program, &mut Nobody);
    for answer in 0..3000 {
        match step {
            Step::Ended(_) => return,
            Step::Waiting(()) => step = machine.answer(&program, &mut Nobody, answer % 3 - 1),
        }
    }
    panic!("the run does not end");
});

/// Every path is the same text.
struct One<'a>(&'a [u8]);

impl Files for One<'_> {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        if includer.is_some() {
            return Err(FileError::NotFound);
        }
        Ok(Opened { path: path.to_owned(), text: self.0.to_vec() })
    }
}

/// Knows every name.
struct Anything;

impl Vocabulary for Anything {
    type Host = Nobody;

    fn variable(&self, spec: &VarSpec, _: Access, _: Site) -> Result<usize, Problem> {
        Ok(spec.name.len())
    }

    fn select(&self, spec: &SelectSpec, _: Site) -> Result<usize, Problem> {
        Ok(spec.parts.len())
    }

    fn keyword(&self, _: Keyword, _: Site) -> Result<usize, Problem> {
        Ok(1)
    }

    fn word(&self, _: Keyword, word: &[u8]) -> Option<Value> {
        Some(Value::Int(word.len() as i64))
    }

    fn test(&self, _: &Test<'_>, _: Site) -> Result<usize, Problem> {
        Ok(0)
    }

    fn function(&self, call: CallSpec<'_, usize>) -> Result<Function<Self>, Problem> {
        let traits = Traits { waits: call.args.len() == 1, ..Traits::default() };
        Ok(Function { call: call.args.len(), traits, enters: Vec::new() })
    }

    fn event_route(&self, _: &str) -> Result<(), Problem> {
        Ok(())
    }
}

/// A host without a world.
struct Nobody;

impl Host for Nobody {
    type Var = usize;
    type Call = usize;
    type Effect = ();
    type Resume = ();
    type Answer = i32;

    fn read(&mut self, variable: &usize) -> Value {
        match variable % 4 {
            0 => Value::Null,
            1 => Value::Int(*variable as i64),
            2 => Value::text("12"),
            _ => Value::text("text"),
        }
    }

    fn assign(&mut self, _: &usize, _: AssignOp, _: Value) -> Result<(), Fault> {
        Ok(())
    }

    fn call(&mut self, call: &usize) -> Flow<(), ()> {
        match call {
            1 => Flow::Wait((), ()),
            arguments => Flow::Done(*arguments as i32 - 2),
        }
    }

    fn resume(&mut self, (): (), answer: i32) -> Flow<(), ()> {
        Flow::Done(answer)
    }

    fn route_ended(&mut self, (): (), end: RouteEnd) -> Flow<(), ()> {
        Flow::Done(end.code)
    }

    fn set_retcode(&mut self, _: i32) {}

    fn fault(&mut self, _: Fault, _: Span) {}
}
