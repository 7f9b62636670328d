use crate::testing::{Bench, problems, run};
use policy::{AvpName, XavpValue, Xavps};
use script::Value;
use serde_json::json;

const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\nContact: <sip:a@b>\nContent-Length: 3\n\nv=0";

#[test]
fn statements_are_traced() {
    let script = "loadmodule \"debugger\"\nmodparam(\"debugger\", \"cfgtrace\", 1)\nmodparam(\"debugger\", \"log_level_name\", \"run\")\nrequest_route {\n rc();\n route(A); }\nroute[A] { rc(); }";
    let log = run(script, MESSAGE).log;
    assert_eq!(
        log[0],
        "ERROR debugger: run: *** cfgtrace:dbg_cfg_trace(): request_route=[DEFAULT_ROUTE] c=[test.cfg] l=5"
    );
    assert!(
        log.iter()
            .any(|line| line.ends_with("request_route=[A] c=[test.cfg] l=7")),
        "{log:?}"
    );
}

#[test]
fn the_trace_is_switched_while_running() {
    let bench = Bench::new("loadmodule \"debugger\"\nrequest_route { rc(); }");
    assert!(bench.run(MESSAGE).log.is_empty());
    assert_eq!(bench.rpc("dbg.trace", json!(["on"])), Ok(json!("200 ok")));
    assert_eq!(bench.run(MESSAGE).log.len(), 1);
    assert!(bench.rpc("dbg.trace", json!(["x"])).is_err());
}

#[test]
fn modules_have_levels_of_their_own() {
    let script = "loadmodule \"debugger\"\nloadmodule \"maxfwd\"\nmodparam(\"debugger\", \"mod_level_mode\", 1)\nmodparam(\"debugger\", \"mod_level\", \"maxfwd=-3\")\nrequest_route { is_maxfwd_lt(1); rc(); }";
    let bench = Bench::new(script);
    let message = "OPTIONS sip:b@x SIP/2.0\nMax-Forwards: x\n\n";
    assert!(bench.run(message).log.is_empty());
    assert_eq!(
        bench.rpc("dbg.get_mod_level", json!(["maxfwd"])),
        Ok(json!({ "maxfwd": -3 }))
    );
    assert_eq!(
        bench.rpc("dbg.get_mod_level", json!(["core"])),
        Ok(json!({ "core": 3 }))
    );
    assert_eq!(
        bench.rpc("dbg.set_mod_level", json!(["maxfwd", 3])),
        Ok(json!("200 ok"))
    );
    assert_eq!(bench.run(message).log.len(), 1);
}

#[test]
fn variables_are_dumped() {
    let bench =
        Bench::new("loadmodule \"debugger\"\nrequest_route { dbg_pv_dump(30, \"L_ERR\"); rc(); }");
    let mut context = bench.context(MESSAGE);
    for number in [2, 3] {
        context
            .vars
            .avps
            .add(AvpName::Text("more".into()), Value::Int(number));
    }
    let mut fields = Xavps::default();
    fields.add("a".into(), XavpValue::Plain(Value::text("hi")));
    context
        .vars
        .xavps
        .add("x".into(), XavpValue::Fields(fields));
    let ran = bench.run_in(context);
    assert_eq!(ran.codes, [1]);
    assert_eq!(
        ran.log,
        ["ERROR debugger: {\"$avp(more)\":[3,2],\"$xavp(x)\":[{\"a\":[\"hi\"]}]}"]
    );
}

#[test]
fn a_message_is_shown_with_its_changes() {
    let script = "loadmodule \"debugger\"\nloadmodule \"textops\"\nrequest_route { append_hf(\"P: h\\r\\n\"); remove_hf(\"Contact\"); replace_body(\"0\", \"1\"); dbg_sip_msg(); rc(); dbg_sip_msg(\"L_ERR\", \"LOG_LOCAL0\"); }";
    let ran = run(script, MESSAGE);
    assert_eq!((ran.codes, ran.log.len()), (vec![1], 2));
    let expected = "OPTIONS sip:b@x SIP/2.0\r\nContent-Length: 3\r\nP: h\r\n\r\nv=1\n\
        ------------------------------ SIP header diffs -------------------------------\n\
        - Contact: <sip:a@b>\nP: h\n\
        ------------------------------- SIP body diffs --------------------------------\n- v=0\nv=1\n";
    assert!(ran.log[0].contains(expected), "{}", ran.log[0]);
}

#[test]
fn what_is_not_possible_is_refused_at_load() {
    let script = "loadmodule \"debugger\"\nmodparam(\"debugger\", \"breakpoint\", 1)\nrequest_route { dbg_breakpoint(1); }";
    assert!(
        problems(script).contains("only 0 is possible"),
        "{}",
        problems(script)
    );
    let script = "loadmodule \"debugger\"\nmodparam(\"debugger\", \"mod_level\", \"x\")\nrequest_route { dbg_breakpoint(1); }";
    assert!(problems(script).contains("expected module=level"));
}
