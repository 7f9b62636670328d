//! Checks with the lists that were played through Kamailio 5.6.3, and what it said.

use crate::testing::Bench;
use serde_json::json;
use std::sync::Arc;
use store::{Memory, Operation, Store, Write, name};

const ROWS: [(i64, i64, &str); 14] = [
    (0, 0, "friendly-scanner"),
    (0, 0, "sipcli"),
    (1, 0, "sipcli-ok"),
    (0, 1, "ps"),
    (1, 1, "es"),
    (0, 2, "evil.com"),
    (1, 2, "good.com"),
    (0, 3, "127.0.0.1"),
    (0, 4, "evil"),
    (0, 4, "bad"),
    (1, 4, "good"),
    (1, 4, "fine"),
    (2, 0, "555123"),
    (2, 1, "777"),
];

fn bench(params: &str, statements: &str) -> Bench {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    for (action, kind, data) in ROWS {
        let write = Write::Insert {
            table: name!("secfilter"),
            row: vec![
                (name!("action"), action.into()),
                (name!("type"), kind.into()),
                (name!("data"), data.into()),
            ],
        };
        store::wait(store.as_ref(), Operation::Write(write)).expect("a row");
    }
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"secfilter\"\nmodparam(\"secfilter\", \"db_url\", \"memory://\")\n{params}\nroute {{\n{statements}\n}}\n"
    );
    Bench::with_store(&script, store)
}

fn message(from: &str, to: &str, rest: &str) -> String {
    format!(
        "OPTIONS sip:555123@h SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: {from};tag=1\nTo: {to}\nCall-ID: 1\nCSeq: 1 OPTIONS\n{rest}\n"
    )
}

fn codes(statements: &str, from: &str, to: &str, rest: &str) -> Vec<i32> {
    let bench = bench("", statements);
    bench.run(&message(from, to, rest)).codes
}

#[test]
fn white_lists_come_first_and_names_before_users_before_domains() {
    let check = |from: &str, to: &str, contact: &str| {
        codes(
            "secf_check_from_hdr(); rc(); secf_check_to_hdr(); rc(); secf_check_contact_hdr(); rc();",
            from,
            to,
            &format!("Contact: {contact}\n"),
        )
    };
    for (from, to, contact, seen) in [
        (
            r#""good" <sip:fine@h>"#,
            r#""evil" <sip:x@good.com>"#,
            r#""evil" <sip:bad@good.com>"#,
            [4, -4, -2],
        ),
        (
            r#""evil" <sip:bad@good.com>"#,
            r#""good" <sip:x@evil.com>"#,
            r#""good" <sip:x@evil.com>, <sip:bad@h>"#,
            [-4, 4, -2],
        ),
        (
            "<sip:x@good.com>",
            r#""x" <sip:good@evil.com>"#,
            "<sip:x@h>, <sip:bad@h>",
            [3, 2, -2],
        ),
        (
            "<sip:bob@EVIL.com.org>",
            "<sip:bob@xevil.com>",
            "<sip:a@EVIL.com>",
            [-3, 1, -3],
        ),
        (
            r#""evil" <sip:goodguy@evil.com>"#,
            "goodguy <sip:evil@h>",
            "*",
            [2, 4, 1],
        ),
        (
            r#""GoodGuy" <sip:evil@evil.com>"#,
            r#""evil" <sip:evil@evil.com>"#,
            "<sip:evilx@h>",
            [4, -4, -2],
        ),
        ("<tel:123>", "<sip:h>", "<sip:h>", [1, 1, 1]),
    ] {
        assert_eq!(check(from, to, contact), seen, "{from} {to} {contact}");
    }
}

#[test]
fn agents_addresses_countries_and_destinations() {
    let statements = r#"secf_check_ip(); rc(); secf_check_ua(); rc(); secf_check_country("PSX"); rc();
        secf_check_country("es"); rc(); secf_check_country("de"); rc(); secf_check_country("777"); rc();
        secf_check_dst($rU); rc(); secf_check_dst("5551234"); rc();"#;
    let check = |agent: &str| codes(statements, "<sip:a@h>", "<sip:b@h>", agent);
    assert_eq!(check(""), [-2, 1, -2, 2, 1, -2, -2, 1]);
    assert_eq!(check("User-Agent: SIPCLI/1.8\n").get(1), Some(&-2));
    assert_eq!(check("User-Agent: sipcli-ok/2\n").get(1), Some(&2));
    assert_eq!(check("User-Agent: my sipcli\n").get(1), Some(&1));
    let loose = bench(
        r#"modparam("secfilter", "dst_exact_match", 0)"#,
        r#"secf_check_dst("5551234"); rc();"#,
    );
    assert_eq!(
        loose.run(&message("<sip:a@h>", "<sip:b@h>", "")).codes,
        [-2]
    );
}

#[test]
fn text_like_sql_ends_the_script() {
    let statements = r#"$var(q) = "a'b"; secf_check_sqli_hdr("$var(q)"); rc(); secf_check_sqli_hdr($fU); rc(); secf_check_sqli_all(); rc();"#;
    let check = |from: &str, to: &str, rest: &str| codes(statements, from, to, rest);
    assert_eq!(check("<sip:a@h>", "<sip:b@h;a=--b>", ""), [-1, 1, 1]);
    assert_eq!(
        check(r#""a-b = # ;" <sip:a@h>"#, "<sip:b@h>", ""),
        [-1, 1, 1]
    );
    assert_eq!(check("<sip:a@h>", "<sip:x%27@h>", ""), [-1, 1]);
    assert_eq!(check("<sip:a@h>", "<sip:x@h--i>", ""), [-1, 1]);
    assert_eq!(check(r#""a\"b" <sip:a@h>"#, "<sip:b@h>", ""), [-1, 1]);
    assert_eq!(
        check(
            "<sip:a@h>",
            "<sip:b@h>",
            "Contact: <sip:x@h>, <sip:b'd@h>\n"
        ),
        [-1, 1]
    );
    assert_eq!(
        check("<sip:a@h>", "<sip:b@h>", "User-Agent: x%60y\n"),
        [-1, 1]
    );
    assert_eq!(check("<sip:a--@h>", "<sip:b@h>", ""), [-1, -1]);
}

#[test]
fn commands_change_lists_and_tell_numbers() {
    let bench = bench(
        "",
        "secf_check_ua(); rc(); secf_check_dst(\"12345\"); rc(); secf_check_sqli_hdr(\"'\"); secf_check_to_hdr(); rc();",
    );
    let agent = message("<sip:a@h>", "<sip:new@h>", "User-Agent: newone\n");
    assert_eq!(bench.run(&agent).codes, [1, 1, 1]);
    let say = |name: &str, params| bench.rpc(name, params).map_err(|error| error.message);
    assert_eq!(
        say("secfilter.add_bl", json!(["ua", "newone"])),
        Ok(json!("Values (ua, newone) inserted into blacklist"))
    );
    assert_eq!(
        say("secfilter.add_wl", json!(["user", "new"])),
        Ok(json!("Values (user, new) inserted into whitelist"))
    );
    assert_eq!(
        say("secfilter.add_dst", json!([12345])),
        Ok(json!("Values (12345) inserted into blacklist destinations"))
    );
    assert_eq!(
        say("secfilter.add_bl", json!(["foo", "x"])),
        Err("Error inserting values in the blacklist".to_owned())
    );
    assert!(
        say("secfilter.add_bl", json!([])).is_err_and(|why| why.starts_with("Invalid Parameters"))
    );
    assert_eq!(bench.run(&agent).codes, [-2, -2, 2]);
    let stats = say("secfilter.stats", json!([])).expect("numbers");
    let stats = stats.as_str().expect("a text");
    assert!(stats.starts_with("Blocked messages (blacklist)\n============================\n[+] By user-agent    : 1\n[+] By country       : 0\n"), "{stats}");
    assert!(
        stats.contains("Allowed messages (whitelist)")
            && stats.contains("[+] By to user       : 1\n"),
        "{stats}"
    );
    assert!(
        stats.ends_with("[+] Destinations   : 1\n[+] SQL injection  : 2\n"),
        "{stats}"
    );
    assert_eq!(
        say("secfilter.print", json!(["ua"])),
        Ok(
            json!({"User-agent": {"Blacklisted": ["friendly-scanner", "sipcli", "newone"], "Whitelisted": ["sipcli-ok"]}})
        )
    );
    assert_eq!(
        say("secfilter.reload", json!([])),
        Ok(json!("Data reloaded"))
    );
    assert_eq!(bench.run(&agent).codes, [1, 1, 1]);
    assert_eq!(
        say("secfilter.stats_reset", json!([])),
        Ok(json!("The statistics has been reset"))
    );
    assert!(say("secfilter.stats", json!([])).is_ok_and(|text| !text.to_string().contains(": 1")));
}

#[test]
fn lists_that_are_not_read_yet_cannot_be_changed() {
    let script = "loadmodule \"secfilter\"\nmodparam(\"secfilter\", \"db_url\", \"memory://\")\nrequest_route { exit; }\n";
    let bench = Bench::with_late_store(script, Arc::new(Memory::standard()));
    let add = || bench.rpc("secfilter.add_bl", json!(["user", "mallory"]));
    assert!(add().is_err_and(|why| why.message.contains("not read yet")));
    bench.run_start_tasks(|_| true);
    add().expect("added");
}
