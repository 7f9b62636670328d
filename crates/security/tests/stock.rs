//! Kamailio's stock file, as Debian installs it; where it is not installed there is nothing to test.

#![allow(clippy::disallowed_methods, reason = "a file of the system is read")]

mod support;

use support::{audited, codes, of};

fn stock() -> Option<String> {
    std::fs::read_to_string("/etc/kamailio/kamailio.cfg").ok()
}

#[test]
fn without_toggles_it_is_an_open_relay() {
    let Some(text) = stock() else { return };
    let (_, report) = audited(&of(&text), &[]);
    let codes = codes(&of(&text), &[]);
    assert_eq!(
        codes,
        ["E0601", "E0604", "W0605", "W0609", "W0617"],
        "{report}"
    );
    for part in [
        "open relay",
        "if (!t_relay()) {",
        "route(WITHINDLG);",
        "sign_key",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

#[test]
fn a_limit_for_strangers_does_not_make_it_better() {
    let Some(text) = stock() else { return };
    let found = codes(&of(&text), &["WITH_ANTIFLOOD", "WITH_NAT"]);
    assert_eq!(found, ["E0601", "E0604", "W0617"]);
}

#[test]
fn with_authentication_it_is_none() {
    let Some(text) = stock() else { return };
    let rest = [
        "WITH_NAT",
        "WITH_ALIASDB",
        "WITH_SPEEDDIAL",
        "WITH_MULTIDOMAIN",
        "WITH_PRESENCE",
        "WITH_TLS",
        "WITH_JSONRPC",
        "WITH_USRLOCDB",
        "WITH_ACCDB",
        "WITH_BLOCK3XX",
        "WITH_BLOCK401407",
        "WITH_PSTN",
        "WITH_DEBUG",
        "WITH_RTPENGINE",
        "WITH_NATSIPPING",
        "WITH_MSGREBUILD",
    ];
    let always = ["WITH_MYSQL", "WITH_AUTH", "WITH_ANTIFLOOD"];
    let expected = ["W0602", "W0613", "W0617"];
    assert_eq!(codes(&of(&text), &always), expected);
    assert_eq!(
        codes(&of(&text), &[&always[..], &["WITH_IPAUTH"]].concat()),
        expected
    );
    for toggle in rest {
        let toggles = [&always[..], &["WITH_IPAUTH", toggle]].concat();
        let (_, report) = audited(&of(&text), &toggles);
        assert_eq!(codes(&of(&text), &toggles), expected, "{toggle}:\n{report}");
    }
    let all = [&always[..], &["WITH_IPAUTH"], &rest[..]].concat();
    let (_, report) = audited(&of(&text), &all);
    assert_eq!(codes(&of(&text), &all), expected, "{report}");
}

#[test]
fn a_gateway_without_authentication_is_toll_fraud() {
    let Some(text) = stock() else { return };
    assert!(codes(&of(&text), &["WITH_PSTN"]).contains(&"W0603".to_owned()));
}

#[test]
fn what_the_findings_ask_for_ends_them() {
    let Some(text) = stock() else { return };
    let better = text
        .replace(
            "modparam(\"auth_db\", \"calculate_ha1\", yes)",
            "modparam(\"auth_db\", \"calculate_ha1\", 0)",
        )
        .replace(
            "\"password_column\", \"password\"",
            "\"password_column\", \"ha1\"",
        )
        + "\nserver_signature=no\nmodparam(\"rr\", \"sign_key\", \"a long secret of your own\")\n";
    let (lines, report) = audited(&of(&better), &["WITH_MYSQL", "WITH_AUTH", "WITH_ANTIFLOOD"]);
    assert!(lines.is_empty(), "{report}");
}

/// A file in the middle of an edit is judged as far as it can be read.
#[test]
fn no_line_is_needed() {
    let Some(text) = stock() else { return };
    let lines: Vec<&str> = text.lines().collect();
    for left_out in (0..lines.len()).step_by(5) {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        let text: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        let memory = of(&text);
        let mut parsed = script::parse(&memory, "main.cfg", &script::Options::default());
        for finding in security::audit(&mut parsed, &memory) {
            assert!(script::explain(finding.code).is_some(), "{finding:?}");
        }
    }
}
