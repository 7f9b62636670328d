//! Ten phones behind ten ports. All of them ring, the first answers, and the others are cancelled.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// How many there are.
const PHONES: u16 = 10;
/// How often the thread looks whether it is wanted any more, in milliseconds.
const TICK_MS: u16 = 100;

/// The phones; they go with this value.
pub(crate) struct Phones {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Phones {
    /// Opens the ports from `first` on.
    ///
    /// # Errors
    /// A sentence, where one is taken.
    pub(crate) fn start(first: u16) -> Result<Phones, String> {
        let sockets: Result<Vec<_>, _> = (first..first + PHONES)
            .map(|port| UdpSocket::bind(("127.0.0.1", port)))
            .collect();
        let sockets = sockets.map_err(|error| format!("the phones: {error}"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&sockets, &stopped));
        Ok(Phones {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Phones {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it had to say it has said.
            let _ = thread.join();
        }
    }
}

/// INVITEs that ring, by phone and Call-ID.
type Ringing = HashMap<(usize, String), String>;

fn serve(sockets: &[UdpSocket], stop: &AtomicBool) {
    let mut ringing = Ringing::new();
    let mut buffer = [0; 8192];
    while !stop.load(Ordering::Relaxed) {
        let mut waits: Vec<PollFd<'_>> = sockets
            .iter()
            .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN))
            .collect();
        if poll(&mut waits, PollTimeout::from(TICK_MS)).is_err() {
            continue;
        }
        let ready = waits.iter().map(|wait| wait.any() == Some(true));
        for (number, _) in ready.enumerate().filter(|(_, ready)| *ready) {
            if let Ok((length, from)) = sockets[number].recv_from(&mut buffer) {
                let request = String::from_utf8_lossy(&buffer[..length]);
                for reply in replies(number, &request, &mut ringing) {
                    send(&sockets[number], &reply, from);
                }
            }
        }
    }
}

/// What a phone says to a request.
fn replies(number: usize, request: &str, ringing: &mut Ringing) -> Vec<String> {
    let port_tag = format!(";tag=p{number}");
    let contact = "Contact: <sip:phone@{here}>\r\n";
    let key = (number, header(request, "Call-ID:").unwrap_or("").to_owned());
    match request.split(' ').next() {
        Some("INVITE") if number == 0 => vec![
            reply("180 Ringing", request, &port_tag, contact),
            reply("200 OK", request, &port_tag, contact),
        ],
        Some("INVITE") => {
            ringing.insert(key, request.to_owned());
            vec![reply("180 Ringing", request, &port_tag, contact)]
        }
        Some("CANCEL") => {
            let mut said = vec![reply("200 OK", request, &port_tag, "")];
            let invite = ringing.remove(&key);
            said.extend(
                invite.map(|invite| reply("487 Request Terminated", &invite, &port_tag, "")),
            );
            said
        }
        Some("ACK") | None => Vec::new(),
        Some(_) => vec![reply("200 OK", request, "", "")],
    }
}

/// The headers that every reply has, with a To tag where there was none.
fn reply(status: &str, request: &str, tag: &str, more: &str) -> String {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().skip(1).take_while(|line| !line.is_empty()) {
        let kept = ["Via:", "Record-Route:", "From:", "Call-ID:", "CSeq:"];
        if kept.iter().any(|name| line.starts_with(name)) {
            out.push_str(line);
            out.push_str("\r\n");
        } else if line.starts_with("To:") {
            out.push_str(line);
            out.push_str(if line.contains(";tag=") { "" } else { tag });
            out.push_str("\r\n");
        }
    }
    out + more + "Content-Length: 0\r\n\r\n"
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let line = request.lines().find_map(|line| line.strip_prefix(name));
    line.map(str::trim)
}

fn send(socket: &UdpSocket, reply: &str, to: SocketAddr) {
    let here = socket.local_addr().map(|here| here.to_string());
    let reply = reply.replace("{here}", &here.unwrap_or_default());
    // Who has gone needs no reply.
    let _ = socket.send_to(reply.as_bytes(), to);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str) -> String {
        format!(
            "{method} sip:p SIP/2.0\r\nVia: {method}\r\nTo: <sip:p>\r\nCall-ID: c\r\nX: y\r\n\r\n"
        )
    }

    #[test]
    fn the_first_answers() {
        let said = replies(0, &request("INVITE"), &mut Ringing::new());
        assert!(said[1].starts_with("SIP/2.0 200 OK\r\nVia: INVITE\r\nTo: <sip:p>;tag=p0\r\n"));
        assert!(!said[1].contains("X: y"));
    }

    #[test]
    fn the_others_ring_until_they_are_cancelled() {
        let mut ringing = Ringing::new();
        assert_eq!(replies(3, &request("INVITE"), &mut ringing).len(), 1);
        let said = replies(3, &request("CANCEL"), &mut ringing);
        assert!(said[0].starts_with("SIP/2.0 200 OK\r\nVia: CANCEL"));
        assert!(said[1].starts_with("SIP/2.0 487 Request Terminated\r\nVia: INVITE"));
        assert!(ringing.is_empty());
        assert!(replies(3, &request("ACK"), &mut ringing).is_empty());
    }
}
