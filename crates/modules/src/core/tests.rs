//! The core as a configuration sees it.

use super::Core;
use crate::testing;
use policy::{Entry, ParamValue};

const REQUEST: &str = "INVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\n\
    From: <sip:x@y.example>;tag=1\nTo: \"Bob\" <sip:bob@b.example>\nCall-ID: c\nCSeq: 1 INVITE\n\
    Content-Length: 0\n\n";

#[test]
fn every_parameter_takes_a_value() {
    let loaded = (Entry::of::<Core>().load)();
    for parameter in loaded.manifest().parameters {
        let mut loaded = (Entry::of::<Core>().load)();
        let value = match parameter.name {
            "cfgengine" => ParamValue::Text("native".into()),
            "udp_mtu_try_proto" => ParamValue::Text("TCP".into()),
            name if name.ends_with("_header") => ParamValue::Text("Name: value".into()),
            _ => ParamValue::Int(1),
        };
        let taken = loaded.set_param(parameter.name, &value);
        assert!(taken.is_ok(), "{}: {taken:?}", parameter.name);
    }
}

#[test]
fn a_word_that_is_none_of_the_few_is_an_error() {
    let mut loaded = (Entry::of::<Core>().load)();
    for (name, word, fits) in [
        ("udp_mtu_try_proto", "tls", true),
        ("udp_mtu_try_proto", "SCTP", true),
        ("udp_mtu_try_proto", "WS", false),
        ("udp_mtu_try_proto", "none", false),
        ("cfgengine", "default", true),
        ("cfgengine", "lua", false),
    ] {
        let taken = loaded.set_param(name, &ParamValue::Text(word.into()));
        assert_eq!(taken.is_ok(), fits, "{name}={word}");
    }
}

#[test]
fn a_header_of_ours_is_a_header_line() {
    let mut loaded = (Entry::of::<Core>().load)();
    for (text, fits) in [
        ("Server: x", true),
        ("", true),
        ("Server", false),
        ("Server: x\r\nX: y", false),
        ("A B: x", false),
    ] {
        let taken = loaded.set_param("server_header", &ParamValue::Text(text.into()));
        assert_eq!(taken.is_ok(), fits, "{text}: {taken:?}");
    }
}

#[test]
fn a_parameter_that_means_nothing_is_named_in_its_line() {
    let loaded = (Entry::of::<Core>().load)();
    let manifest = loaded.manifest();
    let memlog = manifest
        .parameters
        .iter()
        .find(|parameter| parameter.name == "memlog");
    let doc = memlog.map(|parameter| parameter.doc).unwrap_or_default();
    assert_eq!(
        doc,
        "Accepted; means nothing here, because memory is the system's."
    );
}

#[test]
fn flags_have_numbers_and_names() {
    let ran = testing::run(
        "loadmodule \"pv.so\"\nflags FLT_ACC:1\nrequest_route {\n\
         setflag(FLT_ACC); setflag(5); resetflag(5);\n\
         if (isflagset(FLT_ACC)) note(\"yes\");\nif (isflagset(5)) note(\"no\");\nnote(\"$mf\"); }",
        REQUEST,
    );
    assert_eq!(ran.notes, ["yes", "2"]);
}

#[test]
fn forward_asks_for_a_next_hop() {
    let ran = testing::run("request_route { forward(\"10.0.0.9\", 5080); }", REQUEST);
    let Some(policy::Effect::Forward(Some(hop))) = ran.effect else {
        panic!("no wish to forward");
    };
    assert_eq!(
        (hop.host.as_ref(), hop.port, hop.proto),
        (&b"10.0.0.9"[..], 5080, None)
    );
}

#[test]
fn selects_read_the_message() {
    let ran = testing::run(
        "loadmodule \"pv.so\"\nmy.gw = \"10.0.0.1\" desc \"gateway\"\nrequest_route {\n\
         if (@to.name == \"\\\"Bob\\\"\") note(\"name\");\nnote(\"$sel(via[1].host) $sel(cseq.num)\"); }",
        REQUEST,
    );
    assert_eq!(ran.notes, ["name", "10.0.0.1 1"]);
    assert!(
        testing::problems("request_route { if (@nothing.here == 1) { exit; } }").contains("select")
    );
}

#[test]
fn log_lines_of_the_core_stay_one_line() {
    let ran = testing::run(
        "request_route { log(\"one\\ntwo\\n\"); log(2, \"three\"); }",
        REQUEST,
    );
    assert_eq!(ran.log, ["ERROR core: one\\ntwo", "INFO core: three"]);
}

#[test]
fn a_parameter_that_means_nothing_is_said_once() {
    let mut params = super::Params::default();
    let idle = super::idle::find("memlog").expect("a parameter without a meaning");
    super::idle::note(&mut params, idle);
    super::idle::note(&mut params, idle);
    assert_eq!(params.idle.len(), 1);
}

#[test]
fn an_address_is_never_compared_with_a_name() {
    for condition in ["src_ip == \"gw.example.test\"", "dst_ip != gw"] {
        let found = testing::problems(&format!("request_route {{ if ({condition}) {{ exit; }} }}"));
        assert!(found.contains("names are not looked up"), "{found}");
    }
    let found = testing::problems("request_route { exec(\"date\"); }");
    assert!(found.contains("exec"), "{found}");
}
