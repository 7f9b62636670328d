//! What the machine costs for a statement: `cargo bench -p ringwall-script`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run stops")]

#[path = "../tests/support/mod.rs"]
mod support;

use divan::{Bencher, black_box};
use script::{Limits, Machine, Program, RouteKind, Step, resolve};
use support::{Recorder, Words, parse};

/// Twenty statements of the usual kinds: calls, conditions, a route, variables.
const SCRIPT: &str = r#"
request_route {
    if (!is_method("OPTIONS")) { exit; }
    if (code(1) && is_method("OPTIONS")) { setflag(1); }
    route(TWO);
    if ($rU == "bob") { exit; }
    if ($rU == "alice" && code(1)) { setflag(2); }
    $var(a) = 5;
    $var(b) = $var(a) + 7;
    if ($var(b) > 11) { setflag(3); }
    if (!t_relay()) { reply("500", "Error"); }
    exit;
}
route[TWO] {
    if (code(-1)) { exit; }
    if (is_method("INVITE")) { exit; }
    setflag(4);
    return 1;
}
"#;

fn main() {
    divan::main();
}

fn program(text: &str) -> Program<Recorder> {
    let resolved = resolve(&parse(text), &Words::default());
    resolved.program.expect("a script without errors")
}

#[divan::bench]
fn twenty_statements(bencher: Bencher) {
    let program = program(SCRIPT);
    let start = program.route(RouteKind::Request, "").expect("its start");
    let mut host = Recorder::default();
    bencher.bench_local(|| {
        let mut machine = Machine::new(black_box(&program), start, Limits::default());
        matches!(machine.run(&program, &mut host), Step::Ended(_))
    });
}

/// What every run has to do before and after the statements.
#[divan::bench]
fn one_statement(bencher: Bencher) {
    let program = program("request_route { exit; }");
    let start = program.route(RouteKind::Request, "").expect("its start");
    let mut host = Recorder::default();
    bencher.bench_local(|| {
        let mut machine = Machine::new(black_box(&program), start, Limits::default());
        matches!(machine.run(&program, &mut host), Step::Ended(_))
    });
}
