//! Expressions against what Kamailio 5.6.3 was seen to make of them.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use script::{Limits, Machine, RouteKind, Value, resolve};
use support::{Recorder, Words, parse};

/// Kamailio adds numbers where a number is wanted, even when the sum begins with text. Here the sum is
/// the same wherever it stands.
const DIFFERENT: [&str; 1] = ["$avp(sabc)+$avp(i5)+1"];

const TABLE: &str = include_str!("corpus/expressions.txt");

#[test]
fn every_expression_gives_what_kamailio_gives() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with("# ")) {
        let (expression, expected) = line.split_once("  =>  ").unwrap();
        let found = evaluate(&expression.replace('⏎', "\n"));
        checked += 1;
        if DIFFERENT.contains(&expression) {
            assert_ne!(found, expected, "{expression} does not differ any more");
            continue;
        }
        if found != expected {
            wrong.push(format!(
                "{expression}\n  Kamailio: {expected}\n  here:     {found}"
            ));
        }
    }
    assert!(checked > 250, "only {checked} expressions");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The three columns of the table.
fn evaluate(expression: &str) -> String {
    let text = format!(
        "request_route {{ $var(z) = 7; $avp(r) = {expression}; $avp(s) = $avp(r) + 1; \
         $avp(k) = 0; if ({expression}) $avp(k) = 1; }}\n\
         route[R5] {{ return 5; }} route[RM5] {{ return -5; }} route[RNONE] {{ return; }}\n\
         route[RFALL] {{ $var(q) = 1; }}\n"
    );
    let parsed = parse(text);
    let resolved = resolve(&parsed, &Words::default());
    let Some(program) = resolved.program else {
        let errors = parsed.diagnostics.iter().chain(&resolved.diagnostics);
        return errors
            .filter(|found| found.is_error())
            .map(|found| found.code)
            .next()
            .unwrap()
            .into();
    };
    let mut host = Recorder {
        avps: fixtures(),
        ..Recorder::default()
    };
    let start = program.route(RouteKind::Request, "").unwrap();
    let _ = Machine::new(&program, start, Limits::default()).run(&program, &mut host);
    let show = |name: &'static str| match host.avps.get(name.as_bytes()) {
        None | Some(Value::Null) => "<null>".to_owned(),
        Some(value) => String::from_utf8_lossy(&value.to_text()).into_owned(),
    };
    format!("{} | {} | {}", show("r"), show("s"), show("k"))
}

fn fixtures() -> std::collections::BTreeMap<Bytes, Value> {
    let numbers = [
        ("i0", 0),
        ("i1", 1),
        ("i2", 2),
        ("i5", 5),
        ("im1", -1),
        ("im7", -7),
        ("im8", -8),
        ("i32", 32),
        ("i40", 40),
        ("ibig", 2_147_483_647),
    ];
    let texts = [
        ("s0", "0"),
        ("s1", "1"),
        ("s5", "5"),
        ("s01", "01"),
        ("s05", "05"),
        ("s9", "9"),
        ("s10", "10"),
        ("sabc", "abc"),
        ("sABC", "ABC"),
        ("sabd", "abd"),
        ("s12abc", "12abc"),
        ("s0x10", "0x10"),
        ("s010", "010"),
        ("sp12", " 12"),
        ("s12p", "12 "),
        ("sbig", "99999999999"),
        ("sempty", ""),
        ("sbad", "a("),
        ("ip", "127.0.0.1"),
    ];
    let numbers = numbers
        .into_iter()
        .map(|(name, number)| (name, Value::Int(number)));
    let texts = texts
        .into_iter()
        .map(|(name, text)| (name, Value::text(text)));
    numbers
        .chain(texts)
        .map(|(name, value)| (Bytes::from(name), value))
        .collect()
}

#[test]
fn text_becomes_numbers_as_observed() {
    for (text, number) in [
        ("+12", 12),
        ("-0x10", 0),
        ("2147483648", 0),
        ("-2147483648", -2_147_483_648),
        ("0x", 0),
        ("4294967295", 0),
        ("0xffffffff", -1),
        ("-", 0),
        ("1000000000000", 0),
        ("010", 10),
        (" 1", 0),
    ] {
        assert_eq!(Value::text(text).to_int(), number, "{text}");
    }
}
