use crate::testing::{problems, run};

const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\nContact: <sip:a@b;x=y>;q=0.5;expires=3, <sip:c@d>;q=1\n\
    Supported: path, 100rel\nX: 0\nX: 1, 2\nY: a, c\nY: b\nZ: a;b=1;c=2, d;b;e\nZ: <sip:x;b=3>;b=4\nW: a, b, c\n\n";

/// Call, return code, the line looked for and what it becomes (`-`: it is gone), as Kamailio 5.6.3
/// sends it.
const CASES: [(&str, i32, &str, &str); 29] = [
    (
        "append_hf_value(\"Supported\", \"timer\")",
        1,
        "W: a, b, c\r\nS",
        "W: a, b, c\r\nSupported: timer\r\n\r\n",
    ),
    (
        "append_hf_value(\"Supported[1]\", \"xx\")",
        1,
        "Supp",
        "Supported: path,xx, 100rel\r\n",
    ),
    (
        "append_hf_value(\"Nope[-1]\", \"v\")",
        1,
        "Nope",
        "Nope: v\r\n\r\n",
    ),
    (
        "append_hf_value(\"Supported[9]\", \"v\")",
        1,
        "W: a, b, c\r\nS",
        "W: a, b, c\r\nSupported: v\r\n\r\n",
    ),
    (
        "insert_hf_value(\"Bar\", \"one\")",
        1,
        "Bar",
        "Bar: one\r\n\r\n",
    ),
    (
        "insert_hf_value(\"Supported[2]\", \"two\")",
        1,
        "Supp",
        "Supported: path,two, 100rel\r\n",
    ),
    (
        "insert_hf_value(\"Y\", \"two\")",
        1,
        "Y: ",
        "Y: two\r\nY: a, c\r\n",
    ),
    (
        "remove_hf_value(\"Supported\")",
        1,
        "Supp",
        "Supported:  100rel\r\n",
    ),
    (
        "remove_hf_value(\"Nope\")",
        -1,
        "Supp",
        "Supported: path, 100rel\r\n",
    ),
    (
        "remove_hf_value(\"Contact.q\")",
        1,
        "Cont",
        "Contact: <sip:a@b;x=y>;expires=3, <sip:c@d>;q=1\r\n",
    ),
    (
        "remove_hf_value(\"Contact.x\")",
        -1,
        "Cont",
        "Contact: <sip:a@b;x=y>;q=0.5;expires=3, <sip:c@d>;q=1\r\n",
    ),
    (
        "remove_hf_value(\"X[-1]\")",
        1,
        "X: 0\r\nX",
        "X: 0\r\nX: 1\r\nY",
    ),
    ("remove_hf_value(\"Y[*]\")", 1, "Y: ", "-"),
    (
        "remove_hf_value(\"Z[*].b\")",
        1,
        "Z",
        "Z: a;c=2, d;e\r\nZ: <sip:x;b=3>\r\n",
    ),
    ("remove_hf_value(\"W[2]\")", 1, "W", "W: a, c\r\n"),
    ("remove_hf_value(\"W[9]\")", -1, "W", "W: a, b, c\r\n"),
    (
        "assign_hf_value(\"Supported\", \"timer\")",
        1,
        "Supp",
        "Supported: timer, 100rel\r\n",
    ),
    (
        "assign_hf_value(\"X[-1]\", \"n\")",
        1,
        "X: 0\r\nX",
        "X: 0\r\nX: 1, n\r\n",
    ),
    (
        "assign_hf_value(\"Z.b\", \"9\")",
        1,
        "Z",
        "Z: a;b=9;c=2, d;b;e\r\n",
    ),
    (
        "assign_hf_value(\"Z.n\", \"9\")",
        1,
        "Z",
        "Z: a;b=1;c=2;n=9, d;b;e\r\n",
    ),
    (
        "assign_hf_value(\"Z[*].q\", \"\")",
        1,
        "Z",
        "Z: a;b=1;c=2;q, d;b;e;q\r\nZ: <sip:x;b=3>;b=4;q\r\n",
    ),
    (
        "assign_hf_value(\"W[3].p\", \"\")",
        1,
        "W",
        "W: a, b, c;p\r\n",
    ),
    ("assign_hf_value(\"Nope\", \"x\")", -1, "Nope", "-"),
    (
        "include_hf_value(\"Supported\", \"path\")",
        1,
        "Supp",
        "Supported: path, 100rel\r\n",
    ),
    (
        "exclude_hf_value(\"Supported\", \"100rel\"); include_hf_value(\"Supported\", \"new\")",
        1,
        "Supp",
        "Supported: path,new\r\n",
    ),
    (
        "include_hf_value(\"Newh\", \"v1\")",
        1,
        "Newh",
        "Newh: v1\r\n",
    ),
    ("exclude_hf_value(\"Nope\", \"v1\")", 1, "Nope", "-"),
    (
        "hf_value_exists(\"k\", \"PATH\")",
        1,
        "Supp",
        "Supported: path, 100rel\r\n",
    ),
    (
        "hf_value_exists(\"Supported\", \"nope\")",
        -1,
        "Supp",
        "Supported: path, 100rel\r\n",
    ),
];

#[test]
fn values_come_and_go() {
    for (call, code, start, expected) in CASES {
        let ran = run(
            &format!("loadmodule \"textopsx\"\nrequest_route {{ {call}; rc(); }}"),
            MESSAGE,
        );
        assert_eq!(ran.codes, [code], "{call}");
        let found = ran
            .sent
            .find(&format!("\r\n{start}"))
            .map_or("-", |at| &ran.sent[at + 2..]);
        assert!(found.starts_with(expected), "{call}: {found}");
    }
}

#[test]
fn several_values_are_added_around_one() {
    let script = "loadmodule \"textopsx\"\nrequest_route { append_hf_value(\"Supported[1]\", \"xx\"); insert_hf_value(\"Supported[2]\", \"two\"); }";
    assert!(
        run(script, MESSAGE)
            .sent
            .contains("Supported: path,xx,two, 100rel\r\n")
    );
}

#[test]
fn a_select_tells_too() {
    let script = "loadmodule \"textopsx\"\nrequest_route { if (@hf_value_exists.supported.path == \"1\") { note(\"yes\"); } if (@hf_value_exists.supported.nope == \"1\") { note(\"no\"); } }";
    assert_eq!(run(script, MESSAGE).notes, ["yes"]);
}

#[test]
fn a_field_that_means_nothing_is_refused_at_load() {
    for call in [
        "assign_hf_value(\"Y[*]\", \"\")",
        "append_hf_value(\"Y.b\", \"\")",
        "remove_hf_value(\"Y[0]\")",
    ] {
        assert!(
            problems(&format!(
                "loadmodule \"textopsx\"\nrequest_route {{ {call}; }}"
            ))
            .contains("E0405"),
            "{call}"
        );
    }
}
