//! What the functions return, with the source 127.0.0.1:5062 over UDP.

use crate::testing::{Bench, UNIX_MS};
use policy::Proto;
use policy::blocklist::reason;

const HEAD: &str = "modparam(\"core\", \"use_dst_blocklist\", 1)\nloadmodule \"blst.so\"\n";

fn message(header: &str) -> String {
    format!(
        "OPTIONS sip:b@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\n\
         From: <sip:a@example.test>;tag=1\nTo: <sip:b@example.test>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\
         Max-Forwards: 70\n{header}Content-Length: 0\n\n"
    )
}

/// The return codes of a route, and for how many seconds its sender was listed then.
fn played(route: &str, header: &str) -> (Vec<i32>, Option<u64>) {
    let bench = Bench::new(&format!("{HEAD}request_route {{ {route} }}"));
    let codes = bench.run(&message(header)).codes;
    let entries = bench.states.blocklist().entries(UNIX_MS);
    let listed = entries
        .first()
        .map(|entry| (entry.until_ms - UNIX_MS) / 1000);
    assert!(entries.iter().all(|entry| entry.reasons == reason::ASKED));
    assert!(
        entries
            .iter()
            .all(|entry| entry.place.transport == Some(Proto::Udp))
    );
    (codes, listed)
}

#[test]
fn a_source_is_listed_for_as_long_as_was_said() {
    assert_eq!(played("blst_add(\"30\"); rc();", ""), (vec![1], Some(30)));
    assert_eq!(played("blst_add(0); rc();", ""), (vec![1], Some(60)));
    assert_eq!(played("blst_add(); rc();", ""), (vec![1], Some(60)));
}

#[test]
fn retry_after_says_how_long_within_bounds() {
    let route = "blst_add_retry_after(\"30\", \"300\"); rc();";
    assert_eq!(played(route, ""), (vec![-1], None));
    assert_eq!(played(route, "Retry-After: 5\n"), (vec![1], Some(30)));
    assert_eq!(
        played(route, "Retry-After: 120;duration=9\n"),
        (vec![1], Some(120))
    );
    assert_eq!(played(route, "Retry-After: 900\n"), (vec![1], Some(300)));
}

#[test]
fn a_source_is_found_and_taken_off() {
    let route = "blst_is_blocklisted(); rc(); blst_add(); blst_is_blacklisted(); rc(); \
                 blst_del(); rc(); blst_del(); rc(); blst_is_blocklisted(); rc();";
    assert_eq!(played(route, ""), (vec![-1, 1, 1, -1, -1], None));
}

#[test]
fn reasons_to_ignore_are_set_and_taken_back() {
    let left = |route: &str| {
        let bench = Bench::new(&format!("{HEAD}request_route {{ {route} }}"));
        bench.run(&message("")).context.armed.unlisted_reasons
    };
    assert_eq!(left("blst_set_ignore(6);"), 6);
    assert_eq!(left("blst_set_ignore(); blst_clear_ignore(16);"), 0xef);
    assert_eq!(left("blst_set_ignore(); blst_clear_ignore();"), 0);
    assert_eq!(left("blst_rpl_set_ignore(6);"), 0);
}

#[test]
fn without_use_dst_blocklist_nothing_is_listed() {
    let bench = Bench::new(
        "loadmodule \"blst.so\"\nrequest_route { blst_add(); rc(); blst_is_blocklisted(); rc(); }",
    );
    assert_eq!(bench.run(&message("")).codes, [-1, -1]);
    assert!(bench.states.blocklist().is_empty());
}
