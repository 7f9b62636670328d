//! Who is banned is hung up on before anything is spent on him.

use super::{ANSWER, Secure};
use ringwall_e2e::{Authority, PATIENCE, Scratch, Secured};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const BANS: &str = "loadmodule \"ban.so\"\n";

/// Well below the time that a silent peer has for its handshake.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
fn a_banned_peer_gets_no_handshake() {
    let scratch = Scratch::new();
    let certificate = Authority::create(&scratch, "root").issue("server.test", |_| {});
    let profiles = format!(
        "[server:default]\ncertificate = {}\n",
        certificate.display()
    );
    let secure = Secure::start(&scratch, "banned", &profiles, &format!("{BANS}{ANSWER}"));
    let (done, said) = secure.rpc(&["ban.add", "127.0.9.66"]);
    assert!(done, "{said}");
    assert!(is_hung_up_on(secure.tls_port(), [127, 0, 9, 66]));
    assert!(!is_hung_up_on(secure.tls_port(), [127, 0, 9, 67]));
    let answer = Secured::connect(secure.tls_port(), &[]).ask();
    assert!(answer.is_some_and(|head| head.starts_with("SIP/2.0 200")));
}

/// Whether a connection that says nothing is closed at once.
fn is_hung_up_on(port: u16, from: [u8; 4]) -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from = SocketAddr::from((from, 0));
    socket.bind(&from.into()).expect("a loopback address");
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    socket
        .connect_timeout(&server.into(), PATIENCE)
        .expect("a backlog");
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(AT_ONCE)).expect("a timeout");
    match stream.read(&mut [0]) {
        Ok(octets) => octets == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}
