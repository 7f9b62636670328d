//! What is said at the start about settings that cannot be honoured.

use super::{ANSWER, Secure, text_of, written};
use ringwall_e2e::{Authority, Scratch, Secured, ports, ringwall};
use std::process::Command;

#[test]
fn a_method_without_a_version_loads_loudly_and_refuses_everybody() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let file = authority.issue("server.test", |_| {});
    for (method, says, enters) in [
        (
            "TLSv1",
            "ERROR: tls: ./tls.cfg: line 2: tls_method TLSv1: no such version is offered, every handshake is refused; write TLSv1.2+",
            false,
        ),
        (
            "TLSv1.1",
            "ERROR: tls: ./tls.cfg: line 2: tls_method TLSv1.1: no such version",
            false,
        ),
        (
            "TLSv1+",
            "WARNING: tls: ./tls.cfg: line 2: tls_method TLSv1+: versions below 1.2 are not offered",
            true,
        ),
        (
            "TLSv1.1+",
            "WARNING: tls: ./tls.cfg: line 2: tls_method TLSv1.1+",
            true,
        ),
    ] {
        let profiles = format!(
            "[server:default]\nmethod = {method}\ncertificate = {}\n",
            file.display()
        );
        let secure = Secure::start(&scratch, method, &profiles, ANSWER);
        let printed = secure.server.printed();
        assert!(printed.contains(says), "{method}: {printed}");
        let answered = Secured::connect(secure.tls_port(), &[]).ask().is_some();
        assert_eq!(answered, enters, "{method}");
    }
}

#[test]
fn what_is_not_offered_is_said_with_file_and_line() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let file = authority.issue("server.test", |_| {});
    let file = file.display();
    for (settings, says) in [
        (
            "method = SSLv3".to_owned(),
            "line 2: SSLv3 is broken and not offered; use TLSv1.2+",
        ),
        ("method = SSLv2".to_owned(), "line 2: SSLv2 is broken"),
        (
            "cipher_list = RC4-MD5".to_owned(),
            "line 2: cipher_list \"RC4-MD5\" leaves no cipher that is offered",
        ),
        (
            format!("certificate = {}", old_version(&scratch)),
            "line 1: ",
        ),
        (
            format!("certificate = {}", old_version(&scratch)),
            "it is of X.509 version 1; make one of version 3",
        ),
        (
            format!("certificate = {file}\nca_list = nowhere.pem"),
            "nowhere.pem: cannot be read",
        ),
        (
            format!("certificate = {file}\ncrl = {file}"),
            "no revocation list found",
        ),
        (
            format!("certificate = {file}\nprivate_key = /engine:label"),
            "line 3: /engine:label: keys in devices are not there",
        ),
    ] {
        let said = refusal(&scratch, &format!("[server:default]\n{settings}\n"));
        assert!(
            said.contains("tls.cfg: ") && said.contains(says),
            "{settings}: {said}"
        );
    }
}

#[test]
fn what_is_used_all_the_same_is_warned_about() {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let own = rcgen_authority(&scratch);
    let file = authority.issue("server.test", |_| {});
    for (name, settings, says) in [
        (
            "authority",
            format!("certificate = {own}"),
            "this is the certificate of an authority (CA:TRUE)",
        ),
        (
            "ciphers",
            format!(
                "certificate = {}\ncipher_list = ECDHE-ECDSA-AES256-GCM-SHA384:RC4-SHA",
                file.display()
            ),
            "line 3: cipher_list: nothing that is offered is called RC4-SHA",
        ),
        (
            "nobody",
            format!("certificate = {}\nverify_certificate = yes", file.display()),
            "neither ca_list nor ca_path names an authority: none will be valid",
        ),
    ] {
        let profiles = format!("[server:default]\n{settings}\n");
        let secure = Secure::start(&scratch, name, &profiles, ANSWER);
        let printed = secure.server.printed();
        assert!(printed.contains(says), "{printed}");
        assert!(Secured::connect(secure.tls_port(), &[]).ask().is_some());
    }
}

/// A certificate that may sign others, with its key.
fn rcgen_authority(scratch: &Scratch) -> String {
    openssl(
        scratch,
        "own",
        &["-addext", "basicConstraints=critical,CA:TRUE"],
    )
}

/// A certificate of X.509 version 1 with its key.
fn old_version(scratch: &Scratch) -> String {
    let dir = scratch.path();
    let run = |arguments: &[&str]| {
        let status = Command::new("openssl")
            .args(arguments)
            .current_dir(dir)
            .output();
        assert!(
            status.expect("openssl runs").status.success(),
            "{arguments:?}"
        );
    };
    run(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "v1.key",
        "-out",
        "v1.csr",
        "-subj",
        "/CN=v1.test",
    ]);
    run(&[
        "x509", "-req", "-in", "v1.csr", "-signkey", "v1.key", "-out", "v1.crt", "-days", "9",
    ]);
    join(scratch, "v1")
}

fn openssl(scratch: &Scratch, name: &str, more: &[&str]) -> String {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let subject = format!("/CN={name}.test");
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", &subject,
        ])
        .args(["-keyout", &key, "-out", &certificate])
        .args(more)
        .current_dir(scratch.path())
        .output();
    assert!(made.expect("openssl runs").status.success());
    join(scratch, name)
}

fn join(scratch: &Scratch, name: &str) -> String {
    let read = |end: &str| {
        std::fs::read_to_string(scratch.join(&format!("{name}.{end}"))).expect("a file")
    };
    let both = read("crt") + &read("key");
    scratch
        .write(&format!("{name}.pem"), &both)
        .display()
        .to_string()
}

/// What a server says that does not start with these profiles.
fn refusal(scratch: &Scratch, profiles: &str) -> String {
    let (dir, port) = (scratch.path(), ports::block(2));
    let file = written(dir, profiles, ANSWER);
    // One that starts all the same is ended.
    let output = Command::new("timeout")
        .arg("10")
        .arg(ringwall())
        .arg("-f")
        .arg(file)
        .args(["-DD", "-E", "-w"])
        .arg(dir)
        .arg(format!("-ltls:127.0.0.1:{port}"))
        .output()
        .expect("the binary runs");
    assert!(!output.status.success(), "it starts: {}", text_of(&output));
    text_of(&output)
}
