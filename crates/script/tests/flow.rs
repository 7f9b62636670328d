//! Control flow: what Kamailio 5.6.3 was seen to log for the same file, and waits everywhere.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use script::{EndKind, Fault, Limits, Machine, Program, RouteKind, Step, Value, resolve};
use support::{Recorder, Words, line_of, parse};

fn program(text: &str) -> Program<Recorder> {
    let parsed = parse(text);
    let resolved = resolve(&parsed, &Words::default());
    let found: Vec<String> = parsed
        .diagnostics
        .iter()
        .chain(&resolved.diagnostics)
        .map(|found| line_of(found, &parsed.sources))
        .collect();
    resolved
        .program
        .unwrap_or_else(|| panic!("{}", found.join("\n")))
}

/// Runs to the end; each wait is answered with the next code.
fn run(program: &Program<Recorder>, route: &str, answers: &[i32]) -> (Vec<String>, EndKind, i32) {
    let mut host = Recorder::default();
    let kind = if route.is_empty() {
        RouteKind::Request
    } else {
        RouteKind::Sub
    };
    let start = program.route(kind, route).unwrap();
    let mut machine = Machine::new(program, start, Limits::default());
    let mut step = machine.run(program, &mut host);
    let mut answers = answers.iter();
    loop {
        match step {
            Step::Ended(end) => return (host.log, end.kind, end.code),
            Step::Waiting(effect) => {
                host.log.push(format!("(waits for {effect})"));
                step = machine.answer(program, &mut host, *answers.next().unwrap());
            }
        }
    }
}

fn log_of(body: &str, answers: &[i32]) -> String {
    run(
        &program(&format!("request_route {{ {body} }}")),
        "",
        answers,
    )
    .0
    .join("; ")
}

#[test]
fn the_observed_file_logs_what_kamailio_logs() {
    let program = program(include_str!("corpus/flow.cfg"));
    let expected = include_str!("corpus/flow.log");
    let mut found = String::new();
    for number in 1..=19 {
        let mut host = Recorder::default();
        host.avps
            .insert("n".into(), Value::from(Bytes::from(format!("T{number}"))));
        let start = program.route(RouteKind::Request, "").unwrap();
        let _ = Machine::new(&program, start, Limits::default()).run(&program, &mut host);
        for line in host.log.iter().filter(|line| !line.starts_with("! ")) {
            found.push_str(line);
            found.push('\n');
        }
    }
    let differs = found
        .lines()
        .zip(expected.lines())
        .find(|(here, there)| here != there);
    assert_eq!(differs, None);
    assert_eq!(found, expected);
}

#[test]
fn a_wait_in_a_condition_resumes_there() {
    let body =
        r#"if (!wait("a") && wait("b")) { xlog("both"); } else { xlog("not"); } xlog("on");"#;
    assert_eq!(
        log_of(body, &[-1, 2]),
        "(waits for a); (a gave -1); (waits for b); (b gave 2); both; on"
    );
    assert_eq!(log_of(body, &[1]), "(waits for a); (a gave 1); not; on");
    assert_eq!(
        log_of(body, &[-1, -3]),
        "(waits for a); (a gave -1); (waits for b); (b gave -3); not; on"
    );
}

#[test]
fn a_wait_answered_with_0_ends_the_script() {
    let body = r#"if (wait("a")) { xlog("in"); } xlog("on");"#;
    let (log, kind, _) = run(&program(&format!("request_route {{ {body} }}")), "", &[0]);
    assert_eq!(log, ["(waits for a)", "(a gave 0)"]);
    assert_eq!(kind, EndKind::Exit);
}

#[test]
fn a_wait_in_switch_while_assignment_and_nested_routes() {
    let switch = r#"switch (wait("s")) { case 1: xlog("one"); break; default: xlog("other"); }"#;
    assert_eq!(log_of(switch, &[7]), "(waits for s); (s gave 7); one");
    let rounds = r#"$var(i) = 0; while (wait("w") && $var(i) < 9) { $var(i) = $var(i) + 1; }
        xlog("i=$var(i)");"#;
    assert_eq!(
        log_of(rounds, &[1, 1, -1]),
        "(waits for w); (w gave 1); (waits for w); (w gave 1); (waits for w); (w gave -1); i=2"
    );
    let assigned = r#"$var(x) = wait("v"); xlog("x=$var(x) rc=$rc");"#;
    assert_eq!(
        log_of(assigned, &[-4]),
        "(waits for v); (v gave -4); x=-4 rc=-4"
    );
    let nested = program(
        r#"request_route { if (route(A)) { xlog("yes"); } xlog("end"); }
        route[A] { route(B); return $rc; } route[B] { wait("deep"); return 3; }"#,
    );
    let (log, ..) = run(&nested, "", &[1]);
    assert_eq!(log, ["(waits for deep)", "(deep gave 1)", "yes", "end"]);
}

#[test]
fn a_call_can_run_a_route_and_see_how_it_ended() {
    let text = r#"request_route { if (run("B")) { xlog("sent"); } else { xlog("dropped"); } }
        branch_route[B] { xlog("branch"); wait("x"); END }"#;
    for (end, seen) in [
        (
            "drop;",
            [
                "branch",
                "(waits for x)",
                "(x gave 1)",
                "(route ended: Drop 1)",
                "dropped",
            ],
        ),
        (
            "exit;",
            [
                "branch",
                "(waits for x)",
                "(x gave 1)",
                "(route ended: Exit 1)",
                "sent",
            ],
        ),
        (
            "return -2;",
            [
                "branch",
                "(waits for x)",
                "(x gave 1)",
                "(route ended: Returned -2)",
                "sent",
            ],
        ),
    ] {
        let (log, kind, _) = run(&program(&text.replace("END", end)), "", &[1]);
        assert_eq!(log, seen);
        assert_eq!(kind, EndKind::Returned);
    }
}

#[test]
fn exit_and_drop_leave_all_routes() {
    for (word, kind) in [
        ("exit", EndKind::Exit),
        ("drop", EndKind::Drop),
        ("stop()", EndKind::Exit),
        ("abort()", EndKind::Drop),
    ] {
        let text = format!(
            "request_route {{ route(A); xlog(\"never\"); }} route[A] {{ while (1) {{ route(B); }} }}
            route[B] {{ switch (1) {{ case 1: {word}; }} }}"
        );
        let (log, ended, _) = run(&program(&text), "", &[]);
        assert!(log.is_empty(), "{log:?}");
        assert_eq!(ended, kind, "{word}");
    }
}

#[test]
fn steps_are_bounded() {
    let program = program("request_route { while (1) { while (1) { $var(x) = $var(x) + 1; } } }");
    let start = program.route(RouteKind::Request, "").unwrap();
    let mut host = Recorder::default();
    let limits = Limits {
        steps: 1000,
        while_loops: 0,
        ..Limits::default()
    };
    let step = Machine::new(&program, start, limits).run(&program, &mut host);
    assert!(matches!(step, Step::Ended(end) if end.kind == EndKind::Aborted));
    assert_eq!(host.log, [format!("! {}", Fault::Steps)]);
}

#[test]
fn an_empty_loop_body_spends_steps_too() {
    let program = program("request_route { while (1) ; }");
    let start = program.route(RouteKind::Request, "").unwrap();
    let limits = Limits {
        while_loops: 0,
        ..Limits::default()
    };
    let step = Machine::new(&program, start, limits).run(&program, &mut Recorder::default());
    assert!(matches!(step, Step::Ended(end) if end.kind == EndKind::Aborted));
}

#[test]
fn an_assignment_in_a_condition_assigns() {
    let log = log_of(
        r#"if ($var(x) = 3) xlog("x=$var(x)"); if ($var(y) = 0) xlog("no");"#,
        &[],
    );
    assert_eq!(log, "x=3");
}

#[test]
fn blocks_without_a_name_run_one_after_the_other() {
    let program = program(
        r#"request_route { xlog("one"); } route[A] { xlog("a"); } request_route { xlog("two"); route(A); }"#,
    );
    assert_eq!(run(&program, "", &[]).0, ["one", "two", "a"]);
}

#[test]
fn a_missing_route_fails_and_the_script_goes_on() {
    let log = log_of(r#"if (route(NOPE)) xlog("yes"); else xlog("no");"#, &[]);
    assert_eq!(log, "! route <NOPE> not found; no");
}

#[test]
fn machines_can_be_sent_to_other_threads() {
    fn is_send<T: Send>() {}
    is_send::<Machine<Recorder>>();
    is_send::<Program<Recorder>>();
}
