//! Connections that others open.

use super::{ANSWER, Secure, header};
use rcgen::{DnType, SanType};
use ringwall_e2e::{Authority, Scratch, Secured, field, shown};

/// Answers with every variable and select that fits into a header.
fn telling(names: &[&str]) -> String {
    let lines: String = names
        .iter()
        .map(|name| {
            let plain = name.replace(['.', '_'], "-");
            let read = match name.contains('.') {
                true => format!("$sel({name})"),
                false => format!("${name}"),
            };
            format!("\tappend_to_reply(\"X-{plain}: {read}\\r\\n\");\n")
        })
        .collect();
    format!(
        "request_route {{\n{lines}\txlog(\"L_WARN\", \"described $tls_description\");\n\tif (is_peer_verified()) {{ append_to_reply(\"X-function: yes\\r\\n\"); }}\n\tif (proto == TLS) {{ sl_send_reply(\"200\", \"Here\"); }} else {{ sl_send_reply(\"200\", \"There\"); }}\n}}\n"
    )
}

fn told(head: &str, name: &str) -> String {
    let plain = name.replace(['.', '_'], "-");
    header(head, &format!("X-{plain}")).unwrap_or_default()
}

#[test]
fn variables_and_selects_tell_of_both_certificates() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let server = authority.issue("server.test", |_| {});
    let phone = authority.issue("phone.test", |params| {
        for (kind, value) in [
            (DnType::CountryName, "DE"),
            (DnType::StateOrProvinceName, "Berlin"),
            (DnType::LocalityName, "Mitte"),
            (DnType::OrganizationName, "Org"),
            (DnType::OrganizationalUnitName, "Unit"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        let text = |text: &str| text.to_owned().try_into().expect("a name");
        params.subject_alt_names = vec![
            SanType::DnsName(text("phone.test")),
            SanType::Rfc822Name(text("mail@phone.test")),
            SanType::URI(text("sip:phone.test")),
            SanType::IpAddress([192, 0, 2, 7].into()),
        ];
    });
    let serial = |path| {
        let hex = field(path, "-serial");
        u128::from_str_radix(&hex[hex.len().saturating_sub(30)..], 16).map(|n| (hex.len(), n))
    };
    let expected: &[(&str, &str)] = &[
        ("tls_version", "TLSv1.3"),
        ("tls_cipher_info", "TLS_AES_256_GCM_SHA384"),
        ("tls_cipher_bits", "256"),
        ("tls_peer_server_name", "asked.test"),
        ("tls_peer_verified", "1"),
        ("tls_peer_revoked", "0"),
        ("tls_peer_expired", "0"),
        ("tls_peer_selfsigned", "0"),
        ("tls_peer_version", "2"),
        ("tls_my_version", "2"),
        ("tls_peer_subject", "<null>"),
        ("tls_my_issuer", "<null>"),
        ("tls_peer_subject_cn", "phone.test"),
        ("tls_peer_subject_country", "DE"),
        ("tls_peer_subject_state", "Berlin"),
        ("tls_peer_subject_locality", "Mitte"),
        ("tls_peer_subject_organization", "Org"),
        ("tls_peer_subject_unit", "Unit"),
        ("tls_peer_subject_uid", "<null>"),
        ("tls_peer_issuer_cn", "root"),
        ("tls_peer_issuer_organization", "<null>"),
        ("tls_my_subject_cn", "server.test"),
        ("tls_my_subject_unit", "<null>"),
        ("tls_my_issuer_cn", "root"),
        ("tls_peer_san_email", "mail@phone.test"),
        ("tls_peer_san_hostname", "phone.test"),
        ("tls_peer_san_uri", "sip:phone.test"),
        ("tls_peer_san_ip", "192.0.2.7"),
        ("tls_my_san_hostname", "server.test"),
        ("tls_my_san_uri", "<null>"),
        ("tls.version", "TLSv1.3"),
        ("tls.cipher.bits", "256"),
        ("tls.peer.verified", "1"),
        ("tls.peer.self_signed", "0"),
        ("tls.peer.subject.cn", "phone.test"),
        ("tls.peer.subject.organizationName", "Org"),
        ("tls.peer.issuer.cn", "root"),
        ("tls.peer.dns", "phone.test"),
        ("tls.peer.ip", "192.0.2.7"),
        ("tls.my.subject.cn", "server.test"),
    ];
    let more = [
        "tls_peer_notBefore",
        "tls_peer_notAfter",
        "tls_peer_serial",
        "tls_my_serial",
        "tls.peer.not_after",
        "tls.my.sn",
        "tls_peer_urlencoded_cert",
        "tls_my_urlencoded_cert",
    ];
    let names: Vec<_> = expected.iter().map(|(name, _)| *name).chain(more).collect();
    let profiles = format!(
        "[server:default]\ncertificate = {}\nverify_client = on\nca_list = {}\n",
        server.display(),
        authority.path().display()
    );
    let secure = Secure::start(&scratch, "tells", &profiles, &telling(&names));
    let file = phone.display().to_string();
    let arguments = ["-cert", &file, "-key", &file, "-servername", "asked.test"];
    let head = Secured::connect(secure.tls_port(), &arguments)
        .ask()
        .expect("an answer");
    for (name, value) in expected {
        assert_eq!(told(&head, name), *value, "{name}\n{head}");
    }
    assert_eq!(header(&head, "X-function").as_deref(), Some("yes"));
    for (name, path, what) in [
        ("tls_peer_notBefore", &phone, "-startdate"),
        ("tls_peer_notAfter", &phone, "-enddate"),
        ("tls.peer.not_after", &phone, "-enddate"),
    ] {
        assert_eq!(told(&head, name), field(path, what), "{name}");
    }
    for (name, path) in [
        ("tls_peer_serial", &phone),
        ("tls_my_serial", &server),
        ("tls.my.sn", &server),
    ] {
        let number = told(&head, name);
        assert!(
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
            "{number}"
        );
        // The low digits in binary are those of the low hexadecimal ones.
        let (_, low) = serial(path).expect("a number");
        let last: u128 = number[number.len().saturating_sub(5)..]
            .parse()
            .expect("digits");
        assert_eq!(last % 32, low % 32, "{name}");
    }
    let begin = "-----BEGIN%20CERTIFICATE-----%0aMII";
    for name in ["tls_peer_urlencoded_cert", "tls_my_urlencoded_cert"] {
        assert!(told(&head, name).starts_with(begin), "{head}");
    }
    let described = "described TLS_AES_256_GCM_SHA384         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD";
    let printed = secure.server.printed();
    assert!(printed.contains(described), "{printed}");
}

#[test]
fn phones_without_a_certificate_are_anonymous_or_refused() {
    let scratch = Scratch::new();
    let (authority, strange) = (
        Authority::create(&scratch, "root"),
        Authority::create(&scratch, "strange"),
    );
    let server = authority.issue("server.test", |_| {});
    let known = authority.issue("known.test", |params| params.serial_number = Some(8.into()));
    let revoked = authority.issue("revoked.test", |params| {
        params.serial_number = Some(7.into())
    });
    let foreign = strange.issue("foreign.test", |_| {});
    let list = authority.revoke(&[7]);
    for (demand, anonymous, a_foreign_one, a_revoked_one) in [
        ("verify_client = on", None, None, None),
        ("require_certificate = yes", None, None, None),
        ("verify_certificate = yes", Some("00"), None, None),
        (
            "verify_client = optional_no_ca",
            Some("00"),
            Some("00"),
            Some("01"),
        ),
        ("verify_client = off", Some("00"), Some("00"), Some("00")),
    ] {
        let profiles = format!(
            "[server:default]\ncertificate = {}\n{demand}\nca_list = {}\ncrl = {}\n",
            server.display(),
            authority.path().display(),
            list.display()
        );
        let script = "request_route {\n\tappend_to_reply(\"X-peer: $tls_peer_verified$tls_peer_revoked\\r\\n\");\n\tsl_send_reply(\"200\", \"Here\");\n}\n";
        let secure = Secure::start(&scratch, &demand.replace([' ', '='], ""), &profiles, script);
        let ask = |certificate: Option<&std::path::Path>| {
            let file = certificate.map(|path| path.display().to_string());
            let arguments = match &file {
                Some(file) => vec!["-cert", file, "-key", file],
                None => vec![],
            };
            let head = Secured::connect(secure.tls_port(), &arguments).ask()?;
            header(&head, "X-peer")
        };
        let verified = match demand.ends_with("off") {
            true => "00",
            false => "10",
        };
        assert_eq!(ask(Some(&known)).as_deref(), Some(verified), "{demand}");
        assert_eq!(ask(None).as_deref(), anonymous, "{demand}");
        assert_eq!(ask(Some(&foreign)).as_deref(), a_foreign_one, "{demand}");
        assert_eq!(ask(Some(&revoked)).as_deref(), a_revoked_one, "{demand}");
    }
}

#[test]
fn the_profile_is_chosen_by_name_and_the_certificate_by_its_key() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let usual = authority.issue("usual.test", |_| {});
    let rsa = authority.issue_rsa("rsa.test");
    let named = authority.issue("named.test", |_| {});
    let profiles = format!(
        "[server:default]\ncertificate = {},{}\n[server:any]\nserver_name = named.test\nserver_name_mode = 1\ncertificate = {}\nmethod = TLSv1.2\ncipher_list = ECDHE-ECDSA-AES128-GCM-SHA256\n",
        usual.display(),
        rsa.display(),
        named.display()
    );
    let secure = Secure::start(&scratch, "names", &profiles, ANSWER);
    let subject = |arguments: &[&str]| shown(secure.tls_port(), arguments, &["-subject"]);
    for (arguments, name) in [
        (&["-servername", "other.test"][..], "usual.test"),
        (&["-noservername"], "usual.test"),
        (&["-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"], "rsa.test"),
        (&["-tls1_2", "-cipher", "aRSA"], "rsa.test"),
        (&["-servername", "named.test"], "named.test"),
        (&["-servername", "a.b.named.test"], "named.test"),
    ] {
        let text = subject(arguments);
        assert!(text.ends_with(name), "{arguments:?}: {text}");
    }
    for arguments in [
        &["-servername", "named.test", "-tls1_3"][..],
        &[
            "-servername",
            "named.test",
            "-cipher",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ],
        &["-tls1_1"],
    ] {
        assert_eq!(subject(arguments), "", "{arguments:?}");
    }
}

#[test]
fn a_reload_leaves_connections_alone() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let (old, new) = (
        authority.issue("old.test", |_| {}),
        authority.issue("new.test", |_| {}),
    );
    let profiles =
        |file: &std::path::Path| format!("[server:default]\ncertificate = {}\n", file.display());
    let secure = Secure::start(&scratch, "reload", &profiles(&old), ANSWER);
    let subject = || shown(secure.tls_port(), &[], &["-subject"]);
    let mut phone = Secured::connect(secure.tls_port(), &[]);
    assert!(phone.ask().is_some());
    secure.write_profiles(&profiles(&new));
    assert!(subject().ends_with("old.test"));
    let (done, said) = secure.rpc(&["tls.reload"]);
    assert!(
        done && said.contains("Ok. TLS configuration reloaded."),
        "{said}"
    );
    assert!(subject().ends_with("new.test"));
    assert!(phone.ask().is_some(), "the connection stays");
    secure.write_profiles("[server:default]\ncertificate = missing.pem\n");
    let (done, said) = secure.rpc(&["tls.reload"]);
    assert!(!done && said.contains("missing.pem"), "{said}");
    assert!(subject().ends_with("new.test"));
    assert!(phone.ask().is_some(), "the connection stays");
}

#[test]
fn commands_tell_of_connections_and_settings() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let file = authority.issue("server.test", |_| {});
    let profiles = format!("[server:default]\ncertificate = {}\n", file.display());
    let secure = Secure::start(&scratch, "commands", &profiles, ANSWER);
    let mut phone = Secured::connect(secure.tls_port(), &[]);
    assert!(phone.ask().is_some());
    for (command, words) in [
        (
            "tls.list",
            &["127.0.0.1", "TLS_AES_256_GCM_SHA384", "established"][..],
        ),
        (
            "tls.info",
            &[
                "max_connections",
                "2048",
                "opened_connections",
                "handshakes_refused",
            ],
        ),
        ("tls.options", &["TLSv1.2+", "./tls.cfg", "verify_depth"]),
    ] {
        let (done, said) = secure.rpc(&[command]);
        assert!(done, "{said}");
        for word in words {
            assert!(said.contains(word), "{command}: {said}");
        }
    }
}
