//! Many who only want to take places: half handshakes and connections that say nothing.

use super::Secure;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use ringwall_e2e::{Authority, PATIENCE, Scratch, Secured, until};
use socket2::{Domain, Socket, Type};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

/// How many at once from many addresses; `cargo xtask crowd` asks for 10,000. A quarter of it comes from one.
const USUAL: usize = 1_500;

/// How long a phone may take to register among them, its TLS handshake included.
const PROMISE: Duration = Duration::from_secs(2);

/// How long a half handshake may stay, and a little for a busy machine.
const GONE: Duration = Duration::from_secs(15);

const REGISTRAR: &str = "tcp_connection_lifetime=5\nloadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\nloadmodule \"kex.so\"\n\
request_route {\n\tif (is_method(\"REGISTER\")) { save(\"location\"); exit; }\n\tsl_send_reply(\"200\", \"Here\");\n}\n";

/// The first bytes of a TLS record that announces a long handshake message.
const HALF: &[u8] = &[22, 3, 1, 2, 0, 1, 0];

#[test]
fn a_phone_registers_among_thousands_who_only_take_places() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("raised");
    }
    let many = std::env::var("RINGWALL_CROWD").map_or(USUAL, |n| n.parse().expect("a number"));
    let scratch = Scratch::new();
    let certificate = Authority::create(&scratch, "root").issue("server.test", |_| {});
    let profiles = format!(
        "[server:default]\ncertificate = {}\n",
        certificate.display()
    );
    let port = ringwall_e2e::ports::block(1);
    let script = format!("listen=tcp:127.0.0.1:{port}\n{REGISTRAR}");
    let secure = Secure::start(&scratch, "crowd", &profiles, &script);
    for (what, port, from, count, says) in [
        (
            "half handshakes from many",
            secure.tls_port(),
            200,
            many,
            HALF,
        ),
        ("silent connections from many", port, 200, many, &[]),
        (
            "half handshakes from one",
            secure.tls_port(),
            1,
            many / 4,
            HALF,
        ),
        ("silent connections from one", port, 1, many / 4, &[]),
    ] {
        let crowd = crowd(port, from, count, says);
        let begun = Instant::now();
        assert!(registers(&secure), "{what}");
        let took = begun.elapsed();
        assert!(took < PROMISE, "{what}: {took:?}");
        eprintln!("{} {what}: registered in {took:?}", crowd.len());
        until(what, GONE, || (opened(&secure) <= 1).then_some(()));
    }
    let (_, info) = secure.rpc(&["tls.info"]);
    eprintln!("{info}");
}

/// Connections from `from` addresses of the loopback network, in turn. The server may refuse some at once.
fn crowd(port: u16, from: u8, count: usize, says: &[u8]) -> Vec<TcpStream> {
    let addresses = (0..from).map(|n| Ipv4Addr::new(127, 0, 9, n + 1)).cycle();
    let opened = addresses.take(count).filter_map(|from| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        socket.bind(&SocketAddr::from((from, 0)).into()).ok()?;
        let server = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        socket
            .connect_timeout(&SocketAddr::from(server).into(), PATIENCE)
            .ok()?;
        let mut stream = TcpStream::from(socket);
        let _ = stream.write_all(says);
        Some(stream)
    });
    opened.collect()
}

fn registers(secure: &Secure) -> bool {
    let headers = "Contact: <sip:a@127.0.0.1:9;transport=tls>\r\nExpires: 60\r\n";
    let answer = Secured::connect(secure.tls_port(), &[]).send("REGISTER", headers);
    answer.is_some_and(|head| head.starts_with("SIP/2.0 200"))
}

/// How many connections there are.
fn opened(secure: &Secure) -> usize {
    let (_, said) = secure.rpc(&["core.tcp_info"]);
    let value = said.split("opened_connections").nth(1).unwrap_or_default();
    let digits: String = value
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(usize::MAX)
}
