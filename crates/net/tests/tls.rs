//! TLS over loopback, with certificates made for the test.
#![allow(
    clippy::disallowed_methods,
    reason = "real sockets, clocks and files are tested"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use net::stream::{CloseReason, Config, ConnId, Connect, Event, Find, Kind, Silence};
use net::tls::{
    ClientAuth, ClientOptions, Identity, ServerOptions, ServerProfile, TlsClient, TlsError,
    TlsInfo, TlsServer, Trust, Verdict, Verify, Versions,
};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::{World, dial, ended, localhost};

/// A directory with a certificate authority, for one test.
struct Authority {
    directory: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(test: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("net-tls-{test}"));
        fs::create_dir_all(&directory).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, test);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(directory.join("ca.pem"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    fn roots(&self) -> Trust {
        Trust::load(&self.directory.join("ca.pem")).unwrap()
    }

    /// Writes `NAME.pem` and `NAME.key`.
    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(name, &certificate.pem(), &key.serialize_pem())
    }

    fn write(&self, name: &str, certificate: &str, key: &str) -> (PathBuf, PathBuf) {
        let files = (
            self.directory.join(format!("{name}.pem")),
            self.directory.join(format!("{name}.key")),
        );
        fs::write(&files.0, certificate).unwrap();
        fs::write(&files.1, key).unwrap();
        files
    }

    fn identity(&self, name: &str) -> Identity {
        let (certificate, key) = self.issue(name, |_| {});
        Identity::load(&certificate, &key).unwrap()
    }
}

fn server(options: &ServerOptions) -> TlsServer {
    TlsServer::new(options).unwrap()
}

fn verifying(roots: Trust) -> ClientOptions {
    ClientOptions {
        verify: Verify::Required(roots),
        ..ClientOptions::default()
    }
}

fn with_profile(identity: &Identity, change: impl FnOnce(&mut ServerProfile)) -> ServerOptions {
    let mut options = ServerOptions::new(identity.clone());
    change(&mut options.default);
    options
}

fn connect(world: &World, peer: SocketAddr, options: &ClientOptions, name: &str) -> ConnId {
    let client = TlsClient::new(options).unwrap();
    world
        .streams
        .connect(Connect {
            local: None,
            peer,
            tls: Some((client, name.to_owned())),
            tls_key: None,
        })
        .unwrap()
}

/// Connects to ourselves; both ends: ours and the inbound one.
fn pair(world: &World, peer: SocketAddr, options: &ClientOptions, name: &str) -> (ConnId, ConnId) {
    let out = connect(world, peer, options, name);
    let (first, second) = (world.opened(), world.opened());
    (out, if first == out { second } else { first })
}

fn tls(world: &World, id: ConnId) -> TlsInfo {
    world.streams.info(id).unwrap().tls.unwrap()
}

/// Why our connection failed.
fn failure(world: &World, id: ConnId) -> String {
    loop {
        match world.next() {
            Event::Closed {
                id: closed,
                reason: CloseReason::HandshakeFailed(why),
                ..
            } if closed == id => return why,
            Event::Closed {
                id: closed, reason, ..
            } if closed == id => panic!("{reason:?}"),
            _ => {}
        }
    }
}

fn exchange(world: &World, one: ConnId, other: ConnId) {
    for (from, to) in [(one, other), (other, one)] {
        let message: Vec<u8> = (0..30_000_u32).map(|n| (n % 251) as u8).collect();
        world.streams.send(from, message.clone().into()).unwrap();
        assert!(world.received_all(to, message.len()) == message);
    }
}

#[test]
fn both_versions_carry_bytes_both_ways() {
    let authority = Authority::new("versions");
    let identity = authority.identity("a.test");
    for (versions, name) in [
        (Versions::Tls12, "TLSv1.2"),
        (Versions::Tls13, "TLSv1.3"),
        (Versions::Tls12AndNewer, "TLSv1.3"),
    ] {
        let world = World::new(Config::default());
        let options = with_profile(&identity, |profile| profile.versions = versions);
        let address = world
            .streams
            .listen_tls(localhost(), server(&options))
            .unwrap();
        let (ours, inbound) = pair(&world, address, &verifying(authority.roots()), "a.test");
        exchange(&world, ours, inbound);
        let (client, server) = (tls(&world, ours), tls(&world, inbound));
        assert_eq!((client.version, server.version), (name, name));
        let suites = ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"];
        assert!(suites.contains(&client.cipher), "{}", client.cipher);
        assert_eq!(client.cipher_bits, 256);
        assert_eq!(server.sni.as_deref(), Some("a.test"));
        assert_eq!(client.verdict, Verdict::Verified);
        assert_eq!(client.peer_certificate, server.own_certificate);
        assert_eq!(client.peer_certificate, Some(identity.certificate()));
        assert_eq!(server.verdict, Verdict::Unknown);
        assert!(server.peer_certificate.is_none() && client.own_certificate.is_none());
        world.streams.close(ours);
        let mut ends = [world.closed(), world.closed()];
        ends.sort_by_key(|(id, _)| *id != ours);
        assert_eq!(
            ends,
            [
                (ours, CloseReason::Requested),
                (inbound, CloseReason::PeerClosed)
            ]
        );
    }
}

#[test]
fn versions_that_do_not_meet_fail_and_are_counted() {
    let authority = Authority::new("no-version");
    let world = World::new(Config::default());
    let options = with_profile(&authority.identity("a.test"), |profile| {
        profile.versions = Versions::Tls13;
    });
    let address = world
        .streams
        .listen_tls(localhost(), server(&options))
        .unwrap();
    let old = ClientOptions {
        versions: Versions::Tls12,
        ..ClientOptions::default()
    };
    let id = connect(&world, address, &old, "a.test");
    failure(&world, id);
    assert_eq!(world.streams.counters().handshakes_failed, 2);
}

#[test]
fn a_wrong_name_or_a_strange_authority_is_refused_when_verifying() {
    let authority = Authority::new("verify");
    let strange = Authority::new("verify-strange");
    let world = World::new(Config::default());
    let tls_server = server(&ServerOptions::new(authority.identity("a.test")));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    let wrong_name = connect(&world, address, &verifying(authority.roots()), "b.test");
    let why = failure(&world, wrong_name);
    assert!(why.contains("NotValidForName"), "{why}");
    let unknown = connect(&world, address, &verifying(strange.roots()), "a.test");
    let why = failure(&world, unknown);
    assert!(why.contains("UnknownIssuer"), "{why}");
    let bad = connect(&world, address, &verifying(authority.roots()), "not a name");
    assert_eq!(
        failure(&world, bad),
        "not a name: not a host name or address"
    );
    // Kamailio's default does not look.
    let (ours, inbound) = pair(&world, address, &ClientOptions::default(), "b.test");
    exchange(&world, ours, inbound);
    assert_eq!(tls(&world, ours).verdict, Verdict::Invalid);
}

#[test]
fn client_certificates_are_asked_for_or_required() {
    let authority = Authority::new("client-auth");
    let strange = Authority::new("client-auth-strange");
    let identity = authority.identity("a.test");
    let with = |identity| ClientOptions {
        identity: Some(identity),
        ..ClientOptions::default()
    };
    for (client_auth, anonymous_enters) in [
        (ClientAuth::Asked(authority.roots()), true),
        (ClientAuth::Required(authority.roots()), false),
    ] {
        let world = World::new(Config::default());
        let options = with_profile(&identity, |profile| profile.client_auth = client_auth);
        let address = world
            .streams
            .listen_tls(localhost(), server(&options))
            .unwrap();
        let (_, inbound) = pair(
            &world,
            address,
            &with(authority.identity("phone.test")),
            "a.test",
        );
        let info = tls(&world, inbound);
        assert_eq!(info.verdict, Verdict::Verified);
        assert!(info.peer_certificate.is_some());
        connect(
            &world,
            address,
            &with(strange.identity("phone.test")),
            "a.test",
        );
        assert!(!inbound_opens(&world));
        connect(&world, address, &ClientOptions::default(), "a.test");
        assert_eq!(inbound_opens(&world), anonymous_enters);
    }
}

/// Whether the inbound side opens before our side ends.
fn inbound_opens(world: &World) -> bool {
    loop {
        match world.next() {
            Event::Opened { inbound: true, .. } => return true,
            Event::Closed { .. } => return false,
            _ => {}
        }
    }
}

fn profile_of(authority: &Authority, name: &str) -> ServerProfile {
    ServerProfile::new(vec![authority.identity(name)])
}

#[test]
fn the_certificate_is_chosen_by_name() {
    let authority = Authority::new("sni");
    let world = World::new(Config::default());
    let options = ServerOptions {
        named: vec![
            ("B.test".to_owned(), profile_of(&authority, "b.test")),
            ("*.c.test".to_owned(), profile_of(&authority, "*.c.test")),
            (
                "*.y.c.test".to_owned(),
                profile_of(&authority, "x.y.c.test"),
            ),
        ],
        ..ServerOptions::new(authority.identity("a.test"))
    };
    let address = world
        .streams
        .listen_tls(localhost(), server(&options))
        .unwrap();
    for name in ["a.test", "b.test", "x.c.test", "x.y.c.test"] {
        pair(&world, address, &verifying(authority.roots()), name);
    }
    let id = connect(&world, address, &verifying(authority.roots()), "c.test");
    failure(&world, id);
    let bad = ServerOptions {
        named: vec![("no name".to_owned(), profile_of(&authority, "d.test"))],
        ..options
    };
    assert_eq!(
        TlsServer::new(&bad).unwrap_err().to_string(),
        "no name: not a server name"
    );
}

#[test]
fn reload_serves_new_connections_and_keeps_old_ones() {
    let authority = Authority::new("reload");
    let world = World::new(Config::default());
    let tls_server = server(&ServerOptions::new(authority.identity("a.test")));
    let address = world
        .streams
        .listen_tls(localhost(), tls_server.clone())
        .unwrap();
    let options = verifying(authority.roots());
    let (old, old_inbound) = pair(&world, address, &options, "a.test");
    tls_server
        .reload(&ServerOptions::new(authority.identity("b.test")))
        .unwrap();
    let (new, new_inbound) = pair(&world, address, &options, "b.test");
    exchange(&world, old, old_inbound);
    exchange(&world, new, new_inbound);
    assert_ne!(
        tls(&world, old).peer_certificate,
        tls(&world, new).peer_certificate
    );
}

#[test]
fn a_connection_is_reused_only_for_its_name() {
    let authority = Authority::new("reuse");
    let world = World::new(Config::default());
    let address = world
        .streams
        .listen_tls(
            localhost(),
            server(&ServerOptions::new(authority.identity("a.test"))),
        )
        .unwrap();
    let (ours, inbound) = pair(&world, address, &verifying(authority.roots()), "a.test");
    let find = |peer, tls_name| {
        world.streams.find(Find {
            kind: Kind::Tls,
            peer,
            local: None,
            tls_name,
        })
    };
    assert_eq!(find(address, Some("A.test")), Some(ours));
    assert_eq!(find(address, Some("b.test")), None);
    assert_eq!(find(address, None), Some(ours));
    let peer = world.streams.info(inbound).unwrap().peer;
    assert_eq!(
        (find(peer, None), find(peer, Some("a.test"))),
        (Some(inbound), None)
    );
}

#[test]
fn handshakes_that_stall_or_are_garbage_end_soon_and_unseen() {
    let authority = Authority::new("stall");
    let world = World::new(Config {
        handshake_timeout: Duration::from_millis(60),
        ..Config::default()
    });
    let address = world
        .streams
        .listen_tls(
            localhost(),
            server(&ServerOptions::new(authority.identity("a.test"))),
        )
        .unwrap();
    let mut silent = dial(address);
    let mut half = dial(address);
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        .unwrap();
    let mut plain = dial(address);
    plain
        .write_all(b"OPTIONS sip:a.test SIP/2.0\r\n\r\n")
        .unwrap();
    assert!(ended(&mut silent) && ended(&mut half));
    // The plain one may get an alert first.
    while !ended(&mut plain) {}
    world.quiet();
    let counters = world.streams.counters();
    assert_eq!(
        (counters.handshakes_failed, counters.tls_connections),
        (3, 0)
    );
}

#[test]
fn a_server_that_never_answers_a_handshake_is_given_up() {
    let world = World::new(Config {
        handshake_timeout: Duration::from_millis(60),
        ..Config::default()
    });
    let silent = std::net::TcpListener::bind(localhost()).unwrap();
    let id = connect(
        &world,
        silent.local_addr().unwrap(),
        &ClientOptions::default(),
        "a.test",
    );
    world
        .streams
        .send(id, Bytes::from_static(b"waits"))
        .unwrap();
    assert!(matches!(world.next(), Event::SendFailed { bytes, .. } if &bytes[..] == b"waits"));
    assert_eq!(world.closed(), (id, CloseReason::HandshakeTimeout));
}

#[test]
fn tls_connections_have_a_limit_of_their_own() {
    let authority = Authority::new("limit");
    let world = World::new(Config {
        max_tls_connections: 2,
        ..Config::default()
    });
    let address = world
        .streams
        .listen_tls(
            localhost(),
            server(&ServerOptions::new(authority.identity("a.test"))),
        )
        .unwrap();
    let (ours, inbound) = pair(&world, address, &ClientOptions::default(), "a.test");
    world.streams.trust(ours);
    world.streams.trust(inbound);
    let to = Connect {
        local: None,
        peer: address,
        tls: Some((
            TlsClient::new(&ClientOptions::default()).unwrap(),
            "a.test".to_owned(),
        )),
        tls_key: None,
    };
    assert_eq!(world.streams.connect(to), Err(net::stream::Refusal::Full));
    world.client(world.listen());
}

#[test]
fn mistakes_name_the_file_and_what_is_wrong() {
    let authority = Authority::new("mistakes");
    let (certificate, key) = authority.issue("a.test", |_| {});
    let (_, other_key) = authority.issue("b.test", |_| {});
    let (empty, garbage) = authority.write(
        "empty",
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    let (not_der, cut) = authority.write(
        "broken",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n",
    );
    let missing = authority.directory.join("missing.pem");
    for (certificate, key, file, says) in [
        (
            &missing,
            &key,
            &missing,
            "cannot be read: No such file or directory (os error 2)",
        ),
        (&empty, &key, &empty, "no PEM certificate found"),
        (
            &certificate,
            &empty,
            &empty,
            "no unencrypted PEM private key found",
        ),
        (
            &certificate,
            &certificate,
            &certificate,
            "no unencrypted PEM private key found",
        ),
        (
            &certificate,
            &other_key,
            &other_key,
            "private key does not match the certificate in ",
        ),
        (
            &certificate,
            &garbage,
            &garbage,
            "private key cannot be used: ",
        ),
        (&certificate, &cut, &cut, "not valid PEM: "),
        (&not_der, &key, &not_der, "certificate cannot be used: "),
    ] {
        let error = Identity::load(certificate, key).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}: {says}", file.display())),
            "{error}"
        );
    }
    assert!(matches!(
        Trust::load(&empty),
        Err(TlsError::NoCertificate(_))
    ));
    assert!(matches!(
        Trust::load(&not_der),
        Err(TlsError::UnusableCertificate(..))
    ));
}

#[test]
fn a_certificate_out_of_its_time_is_a_warning() {
    let authority = Authority::new("expired");
    let (certificate, key) = authority.issue("a.test", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let identity = Identity::load(&certificate, &key).unwrap();
    let day = |year: u64| {
        SystemTime::UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_557_600 + 86_400 * 9)
    };
    let file = certificate.display();
    assert_eq!(identity.warnings(day(2020)), [""; 0]);
    assert_eq!(
        identity.warnings(day(2026)),
        [format!("{file}: certificate has expired")]
    );
    assert_eq!(
        identity.warnings(day(2019)),
        [format!(
            "{file}: certificate is not valid yet; is the clock right?"
        )]
    );
    server(&ServerOptions::new(identity));
}

#[test]
fn the_certificate_of_an_authority_is_a_warning() {
    let authority = Authority::new("authority-as-server");
    let (certificate, key) = authority.issue("a.test", |params| {
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    let warnings = Identity::load(&certificate, &key)
        .unwrap()
        .warnings(SystemTime::now());
    assert!(
        matches!(warnings.as_slice(), [only] if only.contains("an authority (CA:TRUE)")),
        "{warnings:?}"
    );
}

#[test]
fn a_profile_without_a_version_lets_nobody_in() {
    let authority = Authority::new("refused");
    let world = World::new(Config::default());
    let mut options = with_profile(&authority.identity("a.test"), |profile| {
        profile.versions = Versions::None;
        profile.identities.clear();
    });
    options.named = vec![("b.test".to_owned(), profile_of(&authority, "b.test"))];
    let address = world
        .streams
        .listen_tls(localhost(), server(&options))
        .unwrap();
    let id = connect(&world, address, &ClientOptions::default(), "a.test");
    let why = failure(&world, id);
    assert!(why.contains("ProtocolVersion"), "{why}");
    pair(&world, address, &verifying(authority.roots()), "b.test");
    let none = ClientOptions {
        versions: Versions::None,
        ..ClientOptions::default()
    };
    let id = connect(&world, address, &none, "b.test");
    assert_eq!(failure(&world, id), "no protocol version is offered");
}

#[test]
fn ciphers_are_those_chosen() {
    let authority = Authority::new("ciphers");
    let world = World::new(Config::default());
    let options = with_profile(&authority.identity("a.test"), |profile| {
        profile.versions = Versions::Tls12;
        profile.ciphers = Some(vec!["ECDHE-ECDSA-CHACHA20-POLY1305"]);
    });
    let address = world
        .streams
        .listen_tls(localhost(), server(&options))
        .unwrap();
    let (ours, _) = pair(&world, address, &ClientOptions::default(), "a.test");
    assert_eq!(tls(&world, ours).cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
    let other = ClientOptions {
        ciphers: Some(vec!["ECDHE-ECDSA-AES128-GCM-SHA256"]),
        ..ClientOptions::default()
    };
    let id = connect(&world, address, &other, "a.test");
    failure(&world, id);
}

#[test]
fn certificates_of_two_kinds_stand_side_by_side() {
    let authority = Authority::new("two-kinds");
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let (file, key) = authority.write("ed25519", &certificate.pem(), &key.serialize_pem());
    let edwards = Identity::load(&file, &key).unwrap();
    let usual = authority.identity("a.test");
    for (identities, shown) in [
        (vec![edwards.clone(), usual.clone()], &edwards),
        (vec![usual.clone(), edwards.clone()], &usual),
    ] {
        let world = World::new(Config::default());
        let options = with_profile(&usual, |profile| profile.identities = identities);
        let address = world
            .streams
            .listen_tls(localhost(), server(&options))
            .unwrap();
        let (ours, inbound) = pair(&world, address, &verifying(authority.roots()), "a.test");
        assert_eq!(
            tls(&world, inbound).own_certificate,
            Some(shown.certificate())
        );
        assert_eq!(
            tls(&world, ours).peer_certificate,
            Some(shown.certificate())
        );
    }
}

#[test]
fn what_is_thought_of_a_certificate_is_known_where_it_need_not_be_valid() {
    let authority = Authority::new("verdicts");
    let strange = Authority::new("verdicts-strange");
    let expired = authority.issue("old.test", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let own = rcgen::generate_simple_self_signed(vec!["own.test".to_owned()]).unwrap();
    let own = strange.write("own", &own.cert.pem(), &own.signing_key.serialize_pem());
    let trust_own = authority.roots().with_file(&own.0).unwrap();
    let shown = |files: &(PathBuf, PathBuf)| Identity::load(&files.0, &files.1).unwrap();
    for (trust, identity, verdict) in [
        (
            authority.roots(),
            authority.identity("b.test"),
            Verdict::Verified,
        ),
        (
            authority.roots(),
            strange.identity("b.test"),
            Verdict::Invalid,
        ),
        (authority.roots(), shown(&expired), Verdict::Expired),
        (authority.roots(), shown(&own), Verdict::SelfSigned),
        (trust_own, shown(&own), Verdict::Verified),
    ] {
        let world = World::new(Config::default());
        let options = with_profile(&authority.identity("a.test"), |profile| {
            profile.client_auth = ClientAuth::Unchecked(trust);
        });
        let address = world
            .streams
            .listen_tls(localhost(), server(&options))
            .unwrap();
        let client = ClientOptions {
            identity: Some(identity.clone()),
            ..ClientOptions::default()
        };
        let (_, inbound) = pair(&world, address, &client, "a.test");
        let info = tls(&world, inbound);
        assert_eq!(info.verdict, verdict);
        assert_eq!(info.peer_certificate, Some(identity.certificate()));
    }
}

/// A revocation list of the authority with these serial numbers.
fn revoke(authority: &Authority, serials: &[u64]) -> PathBuf {
    let revoked = |serial: &u64| rcgen::RevokedCertParams {
        serial_number: (*serial).into(),
        revocation_time: rcgen::date_time_ymd(2024, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2024, 1, 1),
        next_update: rcgen::date_time_ymd(2100, 1, 1),
        crl_number: 1.into(),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let list = params.signed_by(&authority.issuer).unwrap();
    let file = authority.directory.join("crl.pem");
    fs::write(&file, list.pem().unwrap()).unwrap();
    file
}

#[test]
fn revoked_certificates_are_refused() {
    let authority = Authority::new("revoked");
    let files = |serial: u64| {
        let (certificate, key) = authority.issue(&format!("phone{serial}.test"), |params| {
            params.serial_number = Some(serial.into());
        });
        Identity::load(&certificate, &key).unwrap()
    };
    let trust = authority
        .roots()
        .with_revocations(&revoke(&authority, &[7]))
        .unwrap();
    let world = World::new(Config::default());
    let options = with_profile(&authority.identity("a.test"), |profile| {
        profile.client_auth = ClientAuth::Required(trust.clone());
    });
    let address = world
        .streams
        .listen_tls(localhost(), server(&options))
        .unwrap();
    let with = |serial| ClientOptions {
        identity: Some(files(serial)),
        ..ClientOptions::default()
    };
    pair(&world, address, &with(8), "a.test");
    connect(&world, address, &with(7), "a.test");
    assert!(!inbound_opens(&world));
    let garbage = authority.directory.join("ca.pem");
    let why = authority
        .roots()
        .with_revocations(&garbage)
        .unwrap_err()
        .to_string();
    assert!(why.ends_with("no revocation list found"), "{why}");
}

#[test]
fn a_chain_that_is_too_long_is_refused() {
    let authority = Authority::new("depth");
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "between");
    let between =
        CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &authority.issuer)
            .unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["a.test".to_owned()])
        .unwrap()
        .signed_by(&key, &between)
        .unwrap();
    let chain = leaf.pem() + &between.pem();
    let (file, key) = authority.write("chain", &chain, &key.serialize_pem());
    let world = World::new(Config::default());
    let tls_server = server(&ServerOptions::new(Identity::load(&file, &key).unwrap()));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    pair(
        &world,
        address,
        &verifying(authority.roots().with_depth(1)),
        "a.test",
    );
    let short = verifying(authority.roots().with_depth(0));
    let id = connect(&world, address, &short, "a.test");
    failure(&world, id);
}

#[test]
fn authorities_come_from_a_directory_too() {
    let authority = Authority::new("directory");
    let directory = authority.directory.join("authorities");
    fs::create_dir_all(&directory).unwrap();
    fs::copy(authority.directory.join("ca.pem"), directory.join("one.0")).unwrap();
    fs::write(directory.join("README"), "nothing").unwrap();
    let trust = Trust::nobody().with_directory(&directory).unwrap();
    let world = World::new(Config::default());
    let tls_server = server(&ServerOptions::new(authority.identity("a.test")));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    pair(&world, address, &verifying(trust), "a.test");
    assert!(matches!(
        Trust::nobody().with_directory(&directory.join("missing")),
        Err(TlsError::Unreadable(..))
    ));
}

#[test]
fn domains_may_stand_in_uris_and_addresses_need_no_name() {
    let authority = Authority::new("names");
    let (certificate, key) = authority.issue("uri", |params| {
        let uri = "sip:a.test".to_owned().try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    });
    let world = World::new(Config::default());
    let identity = Identity::load(&certificate, &key).unwrap();
    let tls_server = server(&ServerOptions::new(identity));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    let options = verifying(authority.roots());
    pair(&world, address, &options, "a.test");
    pair(&world, address, &options, "127.0.0.1");
    let id = connect(&world, address, &options, "b.test");
    failure(&world, id);
}

#[test]
fn a_source_begins_only_so_many_handshakes() {
    let authority = Authority::new("rate");
    let world = World::new(Config {
        handshakes: net::stream::HandshakeRate {
            burst: 3,
            per_s: 0,
            max_sources: 10,
        },
        ..Config::default()
    });
    let tls_server = server(&ServerOptions::new(authority.identity("a.test")));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    let kept: Vec<_> = (0..3).map(|_| dial(address)).collect();
    let mut refused = dial(address);
    assert!(ended(&mut refused));
    let counters = world.streams.counters();
    assert_eq!((counters.handshakes_refused, counters.accepted), (1, 3));
    drop(kept);
}

#[test]
fn a_silent_connection_has_a_time_of_its_own_over_tls() {
    let authority = Authority::new("silence");
    let world = World::new(Config {
        first_data_timeout: Duration::from_secs(3600),
        tls_first_data_timeout: Some(Silence::new(|| Some(Duration::from_millis(50)))),
        ..Config::default()
    });
    let tls_server = server(&ServerOptions::new(authority.identity("a.test")));
    let address = world.streams.listen_tls(localhost(), tls_server).unwrap();
    let (ours, inbound) = pair(&world, address, &ClientOptions::default(), "a.test");
    let mut ends = [world.closed(), world.closed()];
    ends.sort_by_key(|(id, _)| *id == ours);
    assert_eq!(ends[0], (inbound, CloseReason::Silent));
}
