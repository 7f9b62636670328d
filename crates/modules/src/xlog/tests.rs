//! Lines as they reach the log.

use crate::testing;

const REQUEST: &str = "OPTIONS sip:a@b.example SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\n\
    From: <sip:x@y.example>;tag=1\nTo: <sip:a@b.example>\nCall-ID: c\nCSeq: 1 OPTIONS\n\
    User-Agent: phone\tone\nContent-Length: 0\n\n";

fn log(params: &str, statements: &str) -> Vec<String> {
    let script = format!(
        "loadmodule \"pv.so\"\nloadmodule \"xlog.so\"\n{params}\nrequest_route {{\n{statements}\n}}\n"
    );
    testing::run(&script, REQUEST).log
}

#[test]
fn levels_and_forms_are_those_of_kamailio() {
    for (statement, line) in [
        (r#"xlog("a $rm\n");"#, "ERROR <script>: a OPTIONS"),
        (r#"xlog("L_INFO", "b\n");"#, "INFO <script>: b"),
        (
            r#"xlog("LOG_LOCAL3", "L_WARN", "c\n");"#,
            "WARNING <script>: c",
        ),
        (
            r#"$var(l) = 2; xlog("$var(l)", "d\n");"#,
            "INFO <script>: d",
        ),
        (r#"xlog("$hdr(None)");"#, "ERROR <script>: <null>"),
        (r#"xalert("e");"#, "ALERT <script>: e"),
        (r#"xbug("e");"#, "BUG <script>: e"),
        (r#"xcrit("e");"#, "CRITICAL <script>: e"),
        (r#"xerr("e");"#, "ERROR <script>: e"),
        (r#"xwarn("e");"#, "WARNING <script>: e"),
        (r#"xnotice("e");"#, "NOTICE <script>: e"),
        (r#"xinfo("e");"#, "INFO <script>: e"),
        (r#"xdbg("e");"#, "DEBUG <script>: e"),
        (r#"xlog("in\nside\n");"#, "ERROR <script>: in\\nside"),
    ] {
        assert_eq!(log("", statement), [line], "{statement}");
    }
}

#[test]
fn the_prefix_can_be_changed_and_computed() {
    let fixed = log(r#"modparam("xlog", "prefix", "-x: ")"#, r#"xinfo("a");"#);
    assert_eq!(fixed, ["INFO : -x: a"]);
    let computed = log(
        "modparam(\"xlog\", \"prefix\", \"$rm: \")\nmodparam(\"xlog\", \"prefix_mode\", 1)",
        r#"xinfo("a");"#,
    );
    assert_eq!(computed, ["INFO : OPTIONS: a"]);
}

#[test]
fn filters_and_sizes_are_kept() {
    assert!(log("", r#"xlogm("L_INFO", "a");"#).is_empty());
    let other = log(
        r#"modparam("xlog", "methods_filter", 1)"#,
        r#"xlogm("L_INFO", "a");"#,
    );
    assert_eq!(other, ["INFO <script>: a"]);
    assert_eq!(
        log(
            r#"modparam("xlog", "buf_size", 4)"#,
            r#"xinfo("abcdefgh");"#
        ),
        ["INFO <script>: abcd"]
    );
}
