//! Peers on connections that are slow, silent or confused.

use crate::phones::House;
use ringwall_e2e::Transport::Tcp;
use ringwall_e2e::{Probe, Scratch, Server, Subject, ports, status_of, until};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What the server promises, and a little for a busy machine.
const PATIENCE: Duration = Duration::from_secs(13);

const WHOLE: &str = "OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKone\r\n\
    From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: one\r\nCSeq: 1 OPTIONS\r\n\
    Max-Forwards: 10\r\nContent-Length: 0\r\n\r\n";

#[test]
fn half_a_request_and_half_a_handshake_are_cut_off() {
    let house = House::built_in(Tcp);
    let half = &WHOLE.as_bytes()[..WHOLE.len() / 2];
    // The first bytes of a TLS record that announces a long handshake message.
    let hello: &[u8] = &[22, 3, 1, 2, 0, 1, 0];
    let start = Instant::now();
    let mut cases = [(0, half), (1, hello), (1, &[])].map(|(offset, bytes)| {
        let mut stream =
            TcpStream::connect(("127.0.0.1", house.port() + offset)).expect("a connection");
        stream.write_all(bytes).expect("written");
        stream
    });
    for stream in &mut cases {
        assert!(is_closed_within(
            stream,
            PATIENCE.saturating_sub(start.elapsed())
        ));
    }
}

#[test]
fn a_byte_at_a_time_is_a_request() {
    let house = House::built_in(Tcp);
    let mut stream = TcpStream::connect(("127.0.0.1", house.port())).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    for byte in WHOLE.as_bytes() {
        stream.write_all(&[*byte]).expect("written");
    }
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"SIP/2.0 200 ");
}

#[test]
fn doubt_about_the_end_of_a_message_closes_the_connection() {
    let house = House::built_in(Tcp);
    let doubtful = WHOLE.replace(
        "Content-Length: 0",
        "Content-Length: 0\r\nContent-Length: 5",
    );
    let mut stream = TcpStream::connect(("127.0.0.1", house.port())).expect("a connection");
    stream.write_all(doubtful.as_bytes()).expect("written");
    assert!(is_closed_within(&mut stream, Duration::from_secs(5)));
}

/// A next hop that refuses connections fails its branch at once, not when a timer fires.
#[test]
fn a_refused_connection_is_an_answer_at_once() {
    let (scratch, first) = (Scratch::new(), ports::block(2));
    let (tcp, line) = (first + 1, format!("-ltcp:127.0.0.1:{first}"));
    let (dir, file) = (scratch.path(), "/etc/kamailio/kamailio.cfg".as_ref());
    let server = Server::with_file(Subject::Ringwall, dir, first, file, &[&line]);
    let mut probe = Probe::new(server.port());
    let (domain, bob) = (
        format!("sip:127.0.0.1:{first}"),
        format!("sip:bob@127.0.0.1:{first}"),
    );
    let contact = format!("Contact: <sip:bob@127.0.0.1:{tcp};transport=tcp>\r\n");
    probe.send("REGISTER", &domain, &bob, &contact);
    until("a registration", PATIENCE, || probe.receive());
    probe.send("MESSAGE", &bob, &bob, "");
    let answer = until("an answer", Duration::from_secs(5), || probe.receive());
    assert_eq!(status_of(&answer), Some(477), "{answer}");
}

/// Whether the server closes the connection; what it says before is read over.
fn is_closed_within(stream: &mut TcpStream, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    let mut bytes = [0; 4096];
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        let left = left.max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).expect("a timeout");
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return true,
            Err(_) => return false,
        }
    }
    false
}
