//! Scripts that check credentials against a database in memory.

use crate::testing::{Bench, Served};
use policy::AvpName;
use script::Value;
use sip::digest::{self, Hash};
use std::sync::Arc;
use store::{Cell, Memory, Name, Operation, Store, Write, name, schema};

/// Alice with everything; Bob with SHA-256 alone; Carol without a password.
fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::new(store::Limits::default()));
    let tables = vec![
        &schema::SUBSCRIBER,
        &schema::SUBSCRIBER_SHA256,
        &schema::VERSION,
    ];
    store::wait(store.as_ref(), Operation::CreateTables(tables)).unwrap();
    let of = |hash, user: &str| {
        digest::ha1(hash, user.as_bytes(), b"r.test", b"secret")
            .as_str()
            .to_owned()
    };
    let (users, sha) = (name!("subscriber"), name!("subscriber_sha256"));
    insert(
        &store,
        &users,
        &[
            ("username", "alice"),
            ("domain", "r.test"),
            ("password", "secret"),
            ("ha1", &of(Hash::Md5, "alice")),
            ("ha1b", &of(Hash::Md5, "alice@r.test")),
        ],
    );
    insert(
        &store,
        &users,
        &[("username", "carol"), ("domain", "r.test")],
    );
    insert(
        &store,
        &sha,
        &[
            ("username", "alice"),
            ("domain", "r.test"),
            ("ha1", &of(Hash::Sha256, "alice")),
            ("ha1b", &of(Hash::Sha256, "alice@r.test")),
        ],
    );
    insert(
        &store,
        &sha,
        &[
            ("username", "bob"),
            ("domain", "r.test"),
            ("ha1", &of(Hash::Sha256, "bob")),
        ],
    );
    store
}

fn insert(store: &Arc<dyn Store>, table: &Name, row: &[(&'static str, &str)]) {
    let row = row
        .iter()
        .map(|(column, text)| (Name::parse(column).unwrap(), Cell::text(text)));
    let write = Write::Insert {
        table: table.clone(),
        row: row.collect(),
    };
    store::wait(store.as_ref(), Operation::Write(write)).unwrap();
}

const PLAIN: &str = "modparam(\"auth_db\", \"calculate_ha1\", yes)\nmodparam(\"auth_db\", \"password_column\", \"password\")\n";

/// A server whose INFO gives a nonce.
struct Desk {
    bench: Bench,
    nonce: String,
}

impl Desk {
    fn new(params: &str, script: &str) -> Desk {
        let text = format!(
            "loadmodule \"auth.so\"\nloadmodule \"auth_db.so\"\nmodparam(\"auth_db\", \"db_url\", \"memory://x\")\n{params}
             request_route {{ if (method == \"INFO\") {{ www_challenge(\"r.test\", \"0\"); exit; }} {script} }}"
        );
        let bench = Bench::with_store(&text, database());
        let asked = bench.serve(bench.context(&request("INFO", "")));
        let line = &asked.replies.first().expect("a challenge").2;
        let nonce = line
            .split("nonce=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let nonce = nonce.expect("a nonce").to_owned();
        Desk { bench, nonce }
    }

    fn serve(&self, header: &str, user: &str, password: &str, hash: Hash) -> Served {
        let message = self.asking(header, user, password, hash);
        self.bench.serve(self.bench.context(&message))
    }

    /// A request with credentials for the nonce.
    fn asking(&self, header: &str, user: &str, password: &str, hash: Hash) -> String {
        let nonce = &self.nonce;
        let ha1 = digest::ha1(hash, user.as_bytes(), b"r.test", password.as_bytes());
        let ha2 = digest::ha2(hash, b"OPTIONS", b"sip:x", None, b"");
        let response =
            digest::response(hash, ha1.as_bytes(), nonce.as_bytes(), None, ha2.as_bytes());
        let algorithm = if hash == Hash::Sha256 {
            "SHA-256"
        } else {
            "MD5"
        };
        let line = format!(
            "{header}: Digest username=\"{user}\", realm=\"r.test\", nonce=\"{nonce}\", uri=\"sip:x\", response=\"{}\", algorithm={algorithm}\n",
            response.as_str()
        );
        request("OPTIONS", &line)
    }

    /// The code of a check, and the tables that it asked.
    fn asked(&self, user: &str, hash: Hash) -> (Vec<i32>, Vec<String>) {
        let tables = std::cell::RefCell::new(Vec::new());
        let message = self.asking("Authorization", user, "wrong", hash);
        let served = self
            .bench
            .serve_with(self.bench.context(&message), |operation| {
                let Operation::Select(select) = operation else {
                    panic!("{operation:?}");
                };
                tables.borrow_mut().push(select.table.to_string());
                true
            });
        (served.ran.codes, tables.into_inner())
    }

    fn codes(&self, user: &str, password: &str) -> Vec<i32> {
        self.serve("Authorization", user, password, Hash::Md5)
            .ran
            .codes
    }
}

fn request(method: &str, lines: &str) -> String {
    format!(
        "{method} sip:bob@r.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:alice@r.test>;tag=f\nTo: <sip:bob@r.test>\nCall-ID: c1\nCSeq: 1 {method}\n{lines}Content-Length: 0\n\n"
    )
}

const WWW: &str = "www_authenticate(\"r.test\", \"subscriber\"); rc();";

#[test]
fn passwords_in_the_clear_verify() {
    let desk = Desk::new(PLAIN, WWW);
    for (user, password, code) in [
        ("alice", "secret", 1),
        ("alice@r.test", "secret", 1),
        ("alice@elsewhere", "secret", 1),
        ("alice", "x", -2),
        ("zed", "secret", -3),
        ("", "secret", -3),
        ("x' OR '1'='1", "secret", -3),
        ("carol", "", -2),
    ] {
        assert_eq!(desk.codes(user, password), [code], "{user}");
    }
    assert_eq!(
        desk.bench
            .serve(desk.bench.context(&request("OPTIONS", "")))
            .ran
            .codes,
        [-5]
    );
}

#[test]
fn stored_ha1_values_verify() {
    let desk = Desk::new("", WWW);
    for (user, password, code) in [
        ("alice", "secret", 1),
        ("alice@r.test", "secret", 1),
        ("alice@elsewhere", "secret", -2),
        ("alice", "x", -2),
        ("carol", "", -2),
        ("zed", "secret", -3),
    ] {
        assert_eq!(desk.codes(user, password), [code], "{user}");
    }
}

#[test]
fn domains_belong_to_users_where_it_is_wished() {
    let desk = Desk::new(
        &format!("{PLAIN}modparam(\"auth_db\", \"use_domain\", 1)\n"),
        WWW,
    );
    assert_eq!(desk.codes("alice", "secret"), [1]);
    assert_eq!(desk.codes("alice@r.test", "secret"), [1]);
    assert_eq!(desk.codes("alice@elsewhere", "secret"), [-3]);
}

#[test]
fn sha_256_values_lie_beside() {
    let desk = Desk::new("modparam(\"auth\", \"algorithm\", \"SHA-256,MD5\")\n", WWW);
    let codes = |user, password, hash| desk.serve("Authorization", user, password, hash).ran.codes;
    for (user, password, hash, code) in [
        ("alice", "secret", Hash::Sha256, 1),
        ("alice@r.test", "secret", Hash::Sha256, 1),
        ("alice", "secret", Hash::Md5, 1),
        ("alice", "x", Hash::Sha256, -2),
        ("bob", "secret", Hash::Sha256, 1),
        ("bob", "secret", Hash::Md5, -3),
        ("carol", "", Hash::Sha256, -2),
        ("zed", "secret", Hash::Sha256, -3),
    ] {
        assert_eq!(codes(user, password, hash), [code], "{user} {hash:?}");
    }
}

#[test]
fn credentials_are_loaded_into_avps() {
    let load =
        "modparam(\"auth_db\", \"load_credentials\", \"$avp(i:12)=ha1b; $avp(d)=domain; ha1\")\n";
    let desk = Desk::new(&format!("{PLAIN}{load}"), WWW);
    let served = desk.serve("Authorization", "alice", "secret", Hash::Md5);
    let avp =
        |served: &Served, name: AvpName| served.ran.context.vars.avps.value(&name, 0).cloned();
    let text = |name: &'static str| AvpName::Text(bytes::Bytes::from_static(name.as_bytes()));
    assert_eq!(avp(&served, text("d")), Some(Value::Str("r.test".into())));
    assert!(avp(&served, AvpName::Number(12)).is_some() && avp(&served, text("ha1")).is_some());
    let wrong = desk.serve("Authorization", "alice", "x", Hash::Md5);
    assert_eq!(avp(&wrong, text("d")), None);
    let force = "modparam(\"auth_db\", \"force_generate_avps\", 1)\n";
    let desk = Desk::new(&format!("{PLAIN}{load}{force}"), WWW);
    let wrong = desk.serve("Authorization", "alice", "x", Hash::Md5);
    assert!(avp(&wrong, text("d")).is_some());
}

#[test]
fn auth_check_chooses_the_header_and_compares_the_user() {
    let desk = Desk::new(
        PLAIN,
        "auth_check(\"r.test\", \"subscriber\", \"1\"); rc();",
    );
    let codes = |header, user| desk.serve(header, user, "secret", Hash::Md5).ran.codes;
    assert_eq!(codes("Proxy-Authorization", "alice"), [1]);
    assert_eq!(codes("Authorization", "alice"), [-5]);
    let nobody = Desk::new(PLAIN, "proxy_authorize(\"$out(x)\", \"subscriber\"); rc();");
    let served = nobody.serve("Proxy-Authorization", "alice", "secret", Hash::Md5);
    assert_eq!(served.ran.codes, [-1]);
}

#[test]
fn a_database_that_fails_is_an_error() {
    let desk = Desk::new(
        &format!("loadmodule \"pv.so\"\n{PLAIN}"),
        "$var(t) = \"nosuch\"; www_authenticate(\"r.test\", \"$var(t)\"); rc();",
    );
    assert_eq!(desk.codes("alice", "secret"), [-1]);
    let desk = Desk::new(PLAIN, WWW);
    let line = "Authorization: Digest username=\"alice\", realm=\"r.test\", nonce=\"N\", uri=\"sip:x\", response=\"00000000000000000000000000000000\"\n";
    let message = request("OPTIONS", &line.replace('N', &desk.nonce));
    let served = desk
        .bench
        .serve_with(desk.bench.context(&message), |_| false);
    assert_eq!(served.ran.codes, [-1]);
    assert!(
        served
            .ran
            .log
            .iter()
            .any(|line| line.contains("did not answer")),
        "{:?}",
        served.ran.log
    );
}

#[test]
fn subscribers_are_found() {
    for (uri, flags, code) in [
        ("sip:alice@r.test", 0, 1),
        ("sip:alice@x", 0, 1),
        ("sip:alice@r.test", 1, 1),
        ("sip:alice@x", 1, -2),
        ("sip:zed@r.test", 0, -2),
        ("sip:r.test", 0, -2),
        ("junk", 0, -1),
    ] {
        let load = "modparam(\"auth_db\", \"load_credentials\", \"domain\")\n";
        let script = format!("is_subscriber(\"{uri}\", \"subscriber\", \"{flags}\"); rc();");
        let desk = Desk::new(load, &script);
        let served = desk
            .bench
            .serve(desk.bench.context(&request("OPTIONS", "")));
        assert_eq!(served.ran.codes, [code], "{uri} {flags}");
        let name = AvpName::Text("domain".into());
        assert_eq!(
            served.ran.context.vars.avps.value(&name, 0).is_some(),
            code == 1,
            "{uri}"
        );
    }
}

#[test]
fn it_needs_auth_before_it() {
    let script = "loadmodule \"auth_db.so\"\nrequest_route { exit; }";
    assert!(crate::testing::problems(script).contains("auth"));
}

#[test]
fn an_absent_user_takes_as_many_questions_as_a_wrong_password() {
    const HASHES: &str = "modparam(\"auth_db\", \"password_column\", \"ha1\")\nmodparam(\"auth\", \"algorithm\", \"SHA-256,MD5\")\n";
    let desk = Desk::new(
        &format!("{HASHES}modparam(\"auth_db\", \"use_domain\", 1)\n"),
        "www_authenticate(\"r.test\", \"subscriber\"); rc();",
    );
    for (hash, tables) in [
        (Hash::Md5, &["subscriber"][..]),
        (Hash::Sha256, &["subscriber", "subscriber_sha256"]),
    ] {
        let (code, asked) = desk.asked("alice", hash);
        assert_eq!(
            (code, asked),
            (
                vec![-2],
                tables.iter().map(|table| (*table).to_owned()).collect()
            )
        );
        let (code, asked) = desk.asked("nobody", hash);
        assert_eq!(
            (code, asked),
            (
                vec![-3],
                tables.iter().map(|table| (*table).to_owned()).collect()
            )
        );
    }
}

#[test]
fn a_table_that_the_script_names_needs_its_version() {
    let script = |table: &str| {
        format!(
            "loadmodule \"auth.so\"\nloadmodule \"auth_db.so\"\nmodparam(\"auth_db\", \"db_url\", \"memory://x\")\n\
             request_route {{ www_authorize(\"r.test\", \"{table}\"); }}"
        )
    };
    drop(Bench::with_store(&script("subscriber"), database()));
    let start = || Bench::with_store(&script("users"), database());
    let said = std::panic::catch_unwind(start).err().expect("no start");
    let said = said.downcast_ref::<String>().expect("a sentence");
    let wanted = "module auth_db: invalid version 0 for table users found";
    assert!(said.starts_with(wanted), "{said}");
}
