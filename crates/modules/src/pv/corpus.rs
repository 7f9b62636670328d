//! Variables and transformations against what Kamailio 5.6.3 answered (`corpus.txt`).

use crate::testing;

/// What a line of the corpus expects.
struct Case<'a> {
    expression: &'a str,
    text: String,
    is_null: bool,
    is_number: bool,
}

#[test]
fn values_are_those_of_kamailio() {
    let corpus = include_str!("corpus.txt");
    let cases: Vec<Case<'_>> = corpus.lines().filter_map(case).collect();
    let ran = testing::run(&script(corpus, &cases), include_str!("corpus.sip"));
    assert_eq!(ran.notes.len(), cases.len() * 3, "{:?}", ran.log);
    let mut wrong = Vec::new();
    for (case, notes) in cases.iter().zip(ran.notes.chunks(3)) {
        let expected = [
            format!("[{}]", case.text),
            case.is_null.to_string(),
            case.is_number.to_string(),
        ];
        if notes != expected {
            wrong.push(format!(
                "{}: expected {expected:?}, found {notes:?}",
                case.expression
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn case(line: &str) -> Option<Case<'_>> {
    let line = Some(line).filter(|line| line.starts_with('$'))?;
    let (is_number, arrow) = (
        line.contains(NUMBER),
        if line.contains(NUMBER) {
            NUMBER
        } else {
            " => "
        },
    );
    let (expression, value) = line.split_once(arrow)?;
    let is_null = matches!(value, "<null>" | "\\0");
    Some(Case {
        expression,
        text: unescaped(value),
        is_null,
        is_number,
    })
}

/// Stands before a value that is a number in Kamailio.
const NUMBER: &str = " =#> ";

/// A script that notes each expression inside a text, whether it is null, and whether it is a number.
fn script(corpus: &str, cases: &[Case<'_>]) -> String {
    let mut script = String::from(
        "loadmodule \"pv.so\"\nloadmodule \"xlog.so\"\n\
         modparam(\"pv\", \"shvset\", \"sstr=s:shared\")\n\
         modparam(\"pv\", \"varset\", \"vint=i:7\")\n\
         modparam(\"pv\", \"avp_aliases\", \"mail=s:email;num=i:100\")\nrequest_route {\n",
    );
    for statement in corpus.lines().filter_map(|line| line.strip_prefix("! ")) {
        script.push_str(statement);
        script.push('\n');
    }
    for case in cases {
        let quoted = case.expression.replace('\\', "\\\\").replace('"', "\\\"");
        script.push_str(&format!("note(\"[{quoted}]\");\n"));
        for test in [
            format!("{} == $null", case.expression),
            format!("typeof(\"{quoted}\", \"int\")"),
        ] {
            script.push_str(&format!(
                "if ({test}) note(\"true\"); else note(\"false\");\n"
            ));
        }
    }
    script.push_str("}\n");
    script
}

#[test]
fn assignments_do_what_kamailio_does() {
    let mut wrong = Vec::new();
    for line in include_str!("writes.txt").lines() {
        let Some((statements, rest)) = line.split_once(" ;; ").filter(|_| !line.starts_with('#'))
        else {
            continue;
        };
        let (text, expected) = rest.split_once(" => ").expect("an expected text");
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let script = format!(
            "loadmodule \"pv.so\"\nrequest_route {{\n{statements}\nnote(\"[{quoted}]\");\n}}\n"
        );
        let ran = testing::run(&script, include_str!("corpus.sip"));
        if ran.notes != [format!("[{}]", unescaped(expected))] {
            wrong.push(format!("{line}: found {:?} {:?}", ran.notes, ran.log));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn unescaped(text: &str) -> String {
    text.replace("\\0", "")
        .replace("\\\\", "\0")
        .replace("\\r", "\r")
        .replace("\\n", "\n")
        .replace('\0', "\\")
}
