//! Credentials made as a client makes them, checked in virtual time.

use super::nonce::Nonces;
use super::settings::Params;
use super::{Digest, State, codes, hasher};
use crate::testing::{Bench, problems};
use policy::{Answer, Claim, Context, DigestAuth, Effect, Outcome, Secret, TransactionAction};
use sip::HeaderId;
use sip::digest::{self, Algorithm, Hash, Qop};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// A client that knows a password.
struct Client {
    user: &'static str,
    password: &'static str,
    realm: &'static str,
    algorithm: &'static str,
    qop: Option<&'static str>,
    nc: &'static str,
    body: &'static str,
    method: &'static str,
}

const ALICE: Client = Client {
    user: "alice",
    password: "secret",
    realm: "r.test",
    algorithm: "",
    qop: None,
    nc: "00000001",
    body: "",
    method: "OPTIONS",
};

const COUNTED: Client = Client {
    qop: Some("auth"),
    ..ALICE
};

impl Client {
    /// `username="…", …` for an OPTIONS to `sip:bob@r.test`.
    fn fields(&self, nonce: &str) -> String {
        let named = Algorithm::parse(self.algorithm.as_bytes());
        let (hash, session) = match named {
            Algorithm::Known { hash, session } => (hash, session),
            Algorithm::Other(_) => (Hash::Md5, false),
        };
        let (user, realm) = (self.user.as_bytes(), self.realm.as_bytes());
        let mut ha1 = digest::ha1(hash, user, realm, self.password.as_bytes());
        if session {
            ha1 = digest::ha1_session(hash, ha1.as_bytes(), nonce.as_bytes(), b"c");
        }
        let qop = self.qop.map(|name| Qop::parse(name.as_bytes()));
        let ha2 = digest::ha2(
            hash,
            self.method.as_bytes(),
            b"sip:bob@r.test",
            qop,
            self.body.as_bytes(),
        );
        let protection = qop.map(|qop| (self.nc.as_bytes(), &b"c"[..], qop));
        let nonce_bytes = nonce.as_bytes();
        let response = digest::response(
            hash,
            ha1.as_bytes(),
            nonce_bytes,
            protection,
            ha2.as_bytes(),
        );
        let (user, realm, response) = (self.user, self.realm, response.as_str());
        let mut text = format!(
            "username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"sip:bob@r.test\", response=\"{response}\""
        );
        if !self.algorithm.is_empty() {
            text += &format!(", algorithm={}", self.algorithm);
        }
        if let Some(qop) = self.qop {
            text += &format!(", qop={qop}, nc={}, cnonce=\"c\"", self.nc);
        }
        text
    }

    fn request(&self, nonce: &str) -> String {
        request_of(
            self.method,
            &format!("Authorization: Digest {}\n", self.fields(nonce)),
            self.body,
        )
    }
}

/// An OPTIONS with more header lines.
fn request(lines: &str, body: &str) -> String {
    request_of("OPTIONS", lines, body)
}

fn request_of(method: &str, lines: &str, body: &str) -> String {
    format!(
        "{method} sip:bob@r.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:alice@r.test>;tag=f\nTo: <sip:bob@r.test>\nCall-ID: c1\nCSeq: 1 {method}\n{lines}Content-Length: {}\n\n{body}",
        body.len()
    )
}

/// A server without a script.
struct Desk {
    digest: Arc<Digest>,
    bench: Bench,
}

impl Desk {
    fn new(params: Params) -> Desk {
        let state = State {
            next: AtomicU32::new(1),
            counts: super::used::Used::new(params.counts_order),
            one_time: super::used::Used::new(params.one_time_order),
            hasher: hasher(&[3; 32]),
        };
        let tracked = params.nonce_count || params.one_time_nonce;
        let digest = Arc::new(Digest {
            nonces: Nonces::new(b"secret", b""),
            state: tracked.then(|| Arc::new(state)),
            params,
            bans: policy::BansLink::default(),
        });
        let bench = Bench::new("request_route { exit; }");
        Desk { digest, bench }
    }

    fn at(&self, message: &str, after_s: u64) -> Context {
        let mut context = self.bench.context(message);
        context.now.unix_ms += after_s * 1000;
        context
    }

    fn nonce(&self) -> String {
        let mut context = self.at(&request("", ""), 0);
        let nonce = self.digest.new_nonce(&mut context, b"r.test");
        String::from_utf8(nonce.as_bytes().to_vec()).unwrap()
    }

    fn check(&self, client: &Client, nonce: &str) -> i32 {
        self.judge(&mut self.at(&client.request(nonce), 0))
    }

    /// The code for a server that knows alice's password.
    fn judge(&self, context: &mut Context) -> i32 {
        self.judge_with(context, |claim| match claim.user().as_ref() {
            b"alice" => Secret::Password(b"secret"),
            _ => Secret::Absent { stored_ha1: false },
        })
    }

    fn judge_with(
        &self,
        context: &mut Context,
        secret: impl FnOnce(&Claim) -> Secret<'static> + Send + 'static,
    ) -> i32 {
        let digest = self.digest.clone();
        let verify = move |context: &mut Context, claim| match claim {
            Err(code) => Outcome::Code(code),
            Ok(claim) => {
                let secret = secret(&claim);
                let done = Box::new(|_: &mut Context, code| Outcome::Code(code));
                digest.verify(context, &claim, secret, done)
            }
        };
        let digest = self.digest.clone();
        let (header, verify) = (HeaderId::Authorization, Box::new(verify));
        granted(context, |context| {
            digest.claim(context, header, b"r.test", None, verify)
        })
    }
}

/// The code that comes of an outcome where no transaction is known and each place in the table is free.
fn granted(context: &mut Context, begin: impl FnOnce(&mut Context) -> Outcome) -> i32 {
    let mut outcome = begin(context);
    loop {
        outcome = match outcome {
            Outcome::Code(code) => return code,
            Outcome::Ask(Effect::Transaction(TransactionAction::Hold), then) => {
                then(context, Answer::Code(1))
            }
            Outcome::Ask(Effect::Transaction(TransactionAction::Check), then) => {
                then(context, Answer::Code(-1))
            }
            _ => panic!("no other wish"),
        };
    }
}

#[test]
fn codes_are_those_of_kamailio() {
    let desk = Desk::new(Params::default());
    let nonce = desk.nonce();
    let good = ALICE.fields(&nonce);
    for (client, code) in [
        (ALICE, codes::OK),
        (COUNTED, codes::OK),
        (
            Client {
                qop: Some("auth-int"),
                body: "hi",
                ..ALICE
            },
            codes::OK,
        ),
        (
            Client {
                algorithm: "md5",
                ..ALICE
            },
            codes::OK,
        ),
        (
            Client {
                algorithm: "MD5-sess",
                ..COUNTED
            },
            codes::OK,
        ),
        (
            Client {
                user: "alice@r.test",
                ..ALICE
            },
            codes::OK,
        ),
        (
            Client {
                password: "x",
                ..ALICE
            },
            codes::WRONG_PASSWORD,
        ),
        (
            Client {
                user: "zed",
                ..ALICE
            },
            codes::NO_USER,
        ),
        (
            Client {
                realm: "other",
                ..ALICE
            },
            codes::NO_CREDENTIALS,
        ),
        (
            Client {
                algorithm: "SHA-256",
                ..ALICE
            },
            codes::ERROR,
        ),
        (
            Client {
                algorithm: "foo",
                ..ALICE
            },
            codes::ERROR,
        ),
    ] {
        assert_eq!(
            desk.check(&client, &nonce),
            code,
            "{} {}",
            client.user,
            client.algorithm
        );
    }
    for (header, code) in [
        (String::new(), codes::NO_CREDENTIALS),
        (
            "Authorization: Basic abc\n".to_owned(),
            codes::NO_CREDENTIALS,
        ),
        (
            format!("Proxy-Authorization: Digest {good}\n"),
            codes::NO_CREDENTIALS,
        ),
        ("Authorization: Digest u\n".to_owned(), codes::ERROR),
        (
            "Authorization: Digest username=\"a\n".to_owned(),
            codes::ERROR,
        ),
        (
            format!("Authorization: Digest {good}, username=\"bob\"\n"),
            codes::ERROR,
        ),
        (
            format!("Authorization: Digest {good}, qop=auth\n"),
            codes::ERROR,
        ),
        (
            format!("Authorization: Digest {}\n", ALICE.fields("abcdef")),
            codes::ERROR,
        ),
        (
            format!(
                "Authorization: Digest {}\n",
                ALICE.fields(&"A".repeat(2_000))
            ),
            codes::ERROR,
        ),
        (
            format!("Authorization: Digest {good}{}\n", ",p=1".repeat(100)),
            codes::ERROR,
        ),
        (
            format!("Authorization: Digest u\nAuthorization: Digest {good}\n"),
            codes::ERROR,
        ),
        (
            format!(
                "Authorization: Digest {}\nAuthorization: Digest {good}\n",
                Client {
                    realm: "x",
                    ..ALICE
                }
                .fields(&nonce)
            ),
            codes::OK,
        ),
    ] {
        assert_eq!(
            desk.judge(&mut desk.at(&request(&header, ""), 0)),
            code,
            "{header:.80}"
        );
    }
}

#[test]
fn ack_and_cancel_need_none() {
    let desk = Desk::new(Params::default());
    for (method, code) in [
        ("ACK", 1),
        ("CANCEL", 1),
        ("PRACK", -5),
        ("MESSAGE", -5),
        ("FOO", -5),
    ] {
        let mut context = desk.at(&request_of(method, "", ""), 0);
        assert_eq!(desk.judge(&mut context), code, "{method}");
    }
}

#[test]
fn sha_256_verifies_where_it_is_offered() {
    let params = Params {
        algorithms: super::settings::algorithms("SHA-256,MD5").unwrap(),
        ..Params::default()
    };
    let desk = Desk::new(params);
    let nonce = desk.nonce();
    for algorithm in ["SHA-256", "SHA-256-sess", "MD5", ""] {
        let client = Client {
            algorithm,
            ..COUNTED
        };
        assert_eq!(desk.check(&client, &nonce), codes::OK, "{algorithm}");
    }
    let params = Params {
        algorithms: super::settings::algorithms("SHA-256").unwrap(),
        ..Params::default()
    };
    let desk = Desk::new(params);
    let nonce = desk.nonce();
    assert_eq!(desk.check(&ALICE, &nonce), codes::ERROR);
}

#[test]
fn nonces_expire_in_virtual_time() {
    let desk = Desk::new(Params::default());
    let message = ALICE.request(&desk.nonce());
    for (after_s, code) in [(0, codes::OK), (300, codes::OK), (301, codes::STALE)] {
        assert_eq!(
            desk.judge(&mut desk.at(&message, after_s)),
            code,
            "{after_s}"
        );
    }
    // Stale comes before the password.
    let wrong = Client {
        password: "x",
        ..ALICE
    }
    .request(&desk.nonce());
    assert_eq!(desk.judge(&mut desk.at(&wrong, 301)), codes::STALE);
    let mut later = desk.at(&request("", ""), 10);
    let future = desk.digest.new_nonce(&mut later, b"r.test");
    let future = std::str::from_utf8(future.as_bytes()).unwrap();
    assert_eq!(desk.check(&ALICE, future), codes::STALE);
}

#[test]
fn nonce_counts_rise() {
    let params = Params {
        nonce_count: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let nonce = desk.nonce();
    let mut password = "secret";
    for (nc, code) in [
        ("00000001", codes::OK),
        ("00000002", codes::OK),
        ("00000005", codes::OK),
        ("00000004", codes::STALE),
        ("000000ff", codes::OK),
        ("00000100", codes::STALE),
        ("zz", codes::ERROR),
    ] {
        assert_eq!(
            desk.check(
                &Client {
                    nc,
                    password,
                    ..COUNTED
                },
                &nonce
            ),
            code,
            "{nc}"
        );
    }
    // A wrong password uses nothing up.
    let nonce = desk.nonce();
    password = "x";
    assert_eq!(
        desk.check(
            &Client {
                password,
                ..COUNTED
            },
            &nonce
        ),
        codes::WRONG_PASSWORD
    );
    assert_eq!(desk.check(&COUNTED, &nonce), codes::OK);
    // Without qop there is no count, and other checks decide.
    assert_eq!(desk.check(&ALICE, &desk.nonce()), codes::OK);
}

#[test]
fn qop_may_be_required() {
    let params = Params {
        require_qop: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let made_up = Client {
        qop: Some("foo"),
        ..COUNTED
    };
    assert_eq!(desk.check(&ALICE, &desk.nonce()), codes::ERROR);
    assert_eq!(desk.check(&made_up, &desk.nonce()), codes::ERROR);
    assert_eq!(desk.check(&COUNTED, &desk.nonce()), codes::OK);
}

#[test]
fn a_retransmission_is_no_replay() {
    let params = Params {
        nonce_count: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let register = Client {
        method: "REGISTER",
        ..COUNTED
    };
    let message = register.request(&desk.nonce());
    assert_eq!(desk.judge(&mut desk.at(&message, 0)), codes::OK);
    assert_eq!(desk.judge(&mut desk.at(&message, 32)), codes::OK);
    assert_eq!(desk.judge(&mut desk.at(&message, 33)), codes::STALE);
    let mut elsewhere = desk.at(&message, 1);
    elsewhere.flow.peer = "127.0.0.9:5062".parse().unwrap();
    assert_eq!(desk.judge(&mut elsewhere), codes::STALE);
    let changed = message.replace("branch=z9hG4bK1", "branch=z9hG4bK2");
    assert_eq!(desk.judge(&mut desk.at(&changed, 1)), codes::STALE);
    // What would be done a second time is for its transaction to absorb.
    let message = COUNTED.request(&desk.nonce());
    assert_eq!(desk.judge(&mut desk.at(&message, 0)), codes::OK);
    assert_eq!(desk.judge(&mut desk.at(&message, 1)), codes::STALE);
}

/// What a check wishes before it is done, with the answers to those wishes.
fn wishes(desk: &Desk, message: &str, answer: i32) -> (Vec<String>, Option<i32>) {
    let mut context = desk.at(message, 0);
    let digest = desk.digest.clone();
    let done = Box::new(|_: &mut Context, code| Outcome::Code(code));
    let verify = Box::new(move |context: &mut Context, claim| match claim {
        Err(code) => Outcome::Code(code),
        Ok(claim) => digest.verify(context, &claim, Secret::Password(b"secret"), done),
    });
    let (header, digest) = (HeaderId::Authorization, desk.digest.clone());
    let mut outcome = digest.claim(&mut context, header, b"r.test", None, verify);
    let mut wishes = Vec::new();
    loop {
        outcome = match outcome {
            Outcome::Ask(Effect::Transaction(wish), then) => {
                wishes.push(format!("{wish:?}"));
                then(&mut context, Answer::Code(answer))
            }
            Outcome::Code(code) => return (wishes, Some(code)),
            _ => return (wishes, None),
        };
    }
}

#[test]
fn the_transaction_is_there_before_a_use_is_noted() {
    let params = Params {
        nonce_count: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let message = COUNTED.request(&desk.nonce());
    let told = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    // A retransmission that came while the first was being checked ends, and uses nothing up.
    assert_eq!(wishes(&desk, &message, 0), (told(&["Hold"]), None));
    // Without room for a transaction the check goes on.
    assert_eq!(
        wishes(&desk, &message, -1),
        (told(&["Hold"]), Some(codes::OK))
    );
    assert_eq!(wishes(&desk, &message, 0), (told(&["Check"]), None));
    assert_eq!(
        wishes(&desk, &message, -1),
        (told(&["Check"]), Some(codes::STALE))
    );
    let wrong = Client {
        password: "x",
        ..COUNTED
    };
    let wrong = wrong.request(&desk.nonce());
    assert_eq!(
        wishes(&desk, &wrong, 0),
        (told(&[]), Some(codes::WRONG_PASSWORD))
    );
    let plain = Desk::new(Params::default());
    let message = ALICE.request(&plain.nonce());
    assert_eq!(wishes(&plain, &message, 0), (told(&[]), Some(codes::OK)));
}

#[test]
fn one_time_nonces_are_used_once() {
    let params = Params {
        one_time_nonce: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let nonce = desk.nonce();
    let wrong = Client {
        password: "x",
        ..ALICE
    };
    assert_eq!(desk.check(&wrong, &nonce), codes::WRONG_PASSWORD);
    assert_eq!(desk.check(&ALICE, &nonce), codes::OK);
    let again = ALICE.request(&nonce).replace("z9hG4bK1", "z9hG4bK2");
    assert_eq!(desk.judge(&mut desk.at(&again, 0)), codes::NONCE_REUSED);
}

#[test]
fn a_nonce_is_bound_as_checks_say() {
    let params = Params {
        checks_no_dialog: 15,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let message = ALICE.request(&desk.nonce());
    assert_eq!(desk.judge(&mut desk.at(&message, 0)), codes::OK);
    for (from, to) in [
        ("Call-ID: c1", "Call-ID: c2"),
        ("tag=f", "tag=g"),
        ("OPTIONS sip:bob@", "OPTIONS sip:bo@"),
    ] {
        let moved = message.replace(from, to);
        assert_eq!(desk.judge(&mut desk.at(&moved, 0)), codes::STALE, "{to}");
    }
    let mut elsewhere = desk.at(&message, 0);
    elsewhere.flow.peer = "127.0.0.9:5062".parse().unwrap();
    assert_eq!(desk.judge(&mut elsewhere), codes::STALE);
    let register = message.replace("OPTIONS", "REGISTER");
    assert_eq!(
        desk.judge(&mut desk.at(&register, 0)),
        codes::WRONG_PASSWORD
    );
}

#[test]
fn a_count_does_not_free_a_nonce_from_its_source_where_that_is_wished() {
    for (checks_with_count, code) in [(false, codes::OK), (true, codes::STALE)] {
        let params = Params {
            nonce_count: true,
            checks_no_dialog: 8,
            checks_with_count,
            ..Params::default()
        };
        let desk = Desk::new(params);
        let message = COUNTED.request(&desk.nonce());
        let mut elsewhere = desk.at(&message, 0);
        elsewhere.flow.peer = "127.0.0.9:5062".parse().unwrap();
        assert_eq!(desk.judge(&mut elsewhere), code);
        assert_eq!(
            desk.judge(&mut desk.at(&message, 0)) == codes::OK,
            checks_with_count
        );
    }
}

#[test]
fn a_stored_ha1_verifies_and_a_broken_one_does_not() {
    let desk = Desk::new(Params::default());
    let message = ALICE.request(&desk.nonce());
    let digits = digest::ha1(Hash::Md5, b"alice", b"r.test", b"secret");
    let upper = digits.as_str().to_uppercase();
    for (stored, code) in [
        (digits.as_str(), codes::OK),
        (upper.as_str(), codes::OK),
        ("", codes::WRONG_PASSWORD),
        ("secret", codes::WRONG_PASSWORD),
    ] {
        let mut context = desk.at(&message, 0);
        let stored = stored.to_owned().leak().as_bytes();
        let judged = desk.judge_with(&mut context, |_| Secret::Ha1(stored));
        assert_eq!(judged, code, "{}", String::from_utf8_lossy(stored));
    }
}

#[test]
fn authentication_info_proves_that_we_know() {
    let params = Params {
        add_authinfo: true,
        ..Params::default()
    };
    let desk = Desk::new(params);
    let nonce = desk.nonce();
    let mut context = desk.at(&COUNTED.request(&nonce), 0);
    assert_eq!(desk.judge(&mut context), codes::OK);
    let ha1 = digest::ha1(Hash::Md5, b"alice", b"r.test", b"secret");
    let ha2 = Hash::Md5.of(&[b"", b"sip:bob@r.test"]);
    let proof = Hash::Md5.of(&[
        ha1.as_bytes(),
        nonce.as_bytes(),
        b"00000001",
        b"c",
        b"auth",
        ha2.as_bytes(),
    ]);
    let expected = format!(
        "Authentication-Info: nextnonce=\"{nonce}\", qop=auth, rspauth=\"{}\", cnonce=\"c\", nc=00000001\r\n",
        proof.as_str()
    );
    assert_eq!(String::from_utf8_lossy(&context.reply_lines), expected);
}

const HEAD: &str = "loadmodule \"auth.so\"\n";

/// The reply lines of a script, with the nonce cut out, the reply's code, and what was noted.
fn challenged(script: &str, message: &str) -> (String, u16) {
    let ran = Bench::new(&format!("{HEAD}{script}")).run(message);
    let code = match ran.effect {
        Some(Effect::Reply(reply)) => reply.code,
        _ => 0,
    };
    let lines = String::from_utf8_lossy(&ran.context.reply_lines).into_owned();
    let mut out = String::new();
    for line in lines.lines() {
        let (before, rest) = line.split_once("nonce=\"").unwrap();
        let (nonce, after) = rest.split_once('"').unwrap();
        assert_eq!(nonce.len(), 27, "{line}");
        out += &format!("{before}nonce=\"..\"{after}\n");
    }
    (out, code)
}

#[test]
fn challenges_have_kamailios_form() {
    for (call, line, code) in [
        (
            "www_challenge(\"r.test\", \"0\")",
            "WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\"\n",
            401,
        ),
        (
            "www_challenge(\"r.test\", \"1\")",
            "WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth\"\n",
            401,
        ),
        (
            "www_challenge(\"r.test\", \"3\")",
            "WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth-int\"\n",
            401,
        ),
        (
            "www_challenge(\"r.test\", \"17\")",
            "WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth\", stale=true\n",
            401,
        ),
        (
            "proxy_challenge(\"r.test\", \"1\")",
            "Proxy-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth\"\n",
            407,
        ),
        (
            "auth_challenge(\"r.test\", \"0\")",
            "Proxy-Authenticate: Digest realm=\"r.test\", nonce=\"..\"\n",
            407,
        ),
        ("www_challenge(\"a\\\"b\", \"0\")", "", 500),
        ("www_challenge(\"a\\\"b\", \"4\")", "", 0),
    ] {
        let script = format!("request_route {{ {call}; exit; }}");
        let got = challenged(&script, &request("", ""));
        assert_eq!(got, (line.to_owned(), code), "{call}");
    }
    let script = "request_route { auth_challenge(\"r.test\", \"0\"); }";
    let (_, code) = challenged(script, &request_of("REGISTER", "", ""));
    assert_eq!(code, 401);
    let (line, code) = challenged(script, &request_of("ACK", "", ""));
    assert_eq!((line.as_str(), code), ("", 0));
}

#[test]
fn several_algorithms_are_several_challenges() {
    let script = "modparam(\"auth\", \"algorithm\", \"SHA-256,MD5\")\nrequest_route { www_challenge(\"r.test\", \"1\"); }";
    let (lines, _) = challenged(script, &request("", ""));
    let expected = "WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth\", algorithm=SHA-256\n\
                    WWW-Authenticate: Digest realm=\"r.test\", nonce=\"..\", qop=\"auth\", algorithm=MD5\n";
    assert_eq!(lines, expected);
    let unknown = "modparam(\"auth\", \"algorithm\", \"SHA-1\")\nrequest_route { exit; }";
    assert!(problems(&format!("{HEAD}{unknown}")).contains("SHA-1"));
}

/// A bench whose nonces are known by asking it first.
fn with_nonce(script: &str) -> (Bench, String) {
    let text = format!(
        "{HEAD}request_route {{ if (method == \"INFO\") {{ www_challenge(\"r.test\", \"0\"); exit; }} {script} }}"
    );
    let bench = Bench::new(&text);
    let ran = bench.run(&request_of("INFO", "", ""));
    let lines = String::from_utf8_lossy(&ran.context.reply_lines).into_owned();
    let nonce = lines
        .split("nonce=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let nonce = nonce.expect("a nonce").to_owned();
    (bench, nonce)
}

#[test]
fn scripts_check_and_consume() {
    let (bench, nonce) = with_nonce(
        "has_credentials(\"r.test\"); rc(); consume_credentials(); rc();
         pv_www_authenticate(\"r.test\", \"secret\", \"0\"); rc();
         consume_credentials(); rc();",
    );
    let ran = bench.run(&ALICE.request(&nonce));
    assert_eq!(ran.codes, [1, -1, 1, 1]);
    assert!(!ran.sent.contains("Authorization"), "{}", ran.sent);
    assert_eq!(bench.run(&request("", "")).codes, [-1, -1, -5, -1]);
}

#[test]
fn pv_auth_check_compares_the_user() {
    let (bench, nonce) = with_nonce("pv_auth_check(\"r.test\", \"secret\", \"0\", \"1\"); rc();");
    let proxied = |message: String| message.replace("\nAuthorization", "\nProxy-Authorization");
    let own = proxied(ALICE.request(&nonce));
    assert_eq!(bench.run(&own).codes, [1]);
    assert_eq!(
        bench.run(&own.replace("<sip:alice@", "<sip:bob@")).codes,
        [codes::USER_MISMATCH]
    );
    assert_eq!(
        bench
            .run(&own.replace("<sip:alice@r.test", "<sip:alice@x"))
            .codes,
        [1]
    );
}

#[test]
fn a_failed_check_leaves_a_challenge_in_an_avp() {
    use policy::AvpName;
    let name = AvpName::Text(bytes::Bytes::from_static(b"digest_challenge"));
    for (flags, part) in [
        ("2", "\""),
        ("4", "qop=\"auth\""),
        ("12", "qop=\"auth-int\""),
    ] {
        let script = format!(
            "{HEAD}request_route {{ pv_www_authenticate(\"r.test\", \"x\", \"{flags}\"); rc(); }}"
        );
        let ran = Bench::new(&script).run(&request("", ""));
        let value = ran.context.vars.avps.value(&name, 0).unwrap().clone();
        let text = String::from_utf8_lossy(&value.to_text()).into_owned();
        assert!(
            text.starts_with("WWW-Authenticate: Digest realm=\"r.test\", nonce="),
            "{text}"
        );
        let line = text.strip_suffix("\r\n");
        assert!(line.is_some_and(|line| line.ends_with(part)), "{text}");
        assert_eq!(ran.codes, [codes::NO_CREDENTIALS]);
    }
    let script =
        format!("{HEAD}request_route {{ pv_www_authenticate(\"r.test\", \"x\", \"16\"); }}");
    let ran = Bench::new(&script).run(&request("", ""));
    assert!(ran.context.vars.avps.value(&name, 0).is_none());
}
