//! Those who have nothing to do with it, and nobody may send them anything.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, OnceLock};

/// The address that inputs name as that of a victim.
pub(super) const VICTIM: &str = "127.0.0.66";

/// Sockets of the victim, the same for all tests of this process.
pub(super) struct Bystanders {
    datagrams: Vec<UdpSocket>,
    listeners: Vec<TcpListener>,
    hit: Mutex<Vec<String>>,
}

impl Bystanders {
    pub(super) fn shared() -> Arc<Bystanders> {
        static ALL: OnceLock<Arc<Bystanders>> = OnceLock::new();
        ALL.get_or_init(|| Arc::new(Bystanders::listen())).clone()
    }

    fn listen() -> Bystanders {
        let ports = [5060, 5061, 80];
        let datagrams = ports.map(|port| UdpSocket::bind((VICTIM, port)).expect("a socket"));
        let listeners = ports.map(|port| TcpListener::bind((VICTIM, port)).expect("a socket"));
        for socket in &datagrams {
            socket.set_nonblocking(true).expect("an option");
        }
        for socket in &listeners {
            socket.set_nonblocking(true).expect("an option");
        }
        Bystanders {
            datagrams: datagrams.into(),
            listeners: listeners.into(),
            hit: Mutex::default(),
        }
    }

    /// Everything that came so far; it should be nothing.
    pub(super) fn hit(&self) -> Vec<String> {
        let mut hit = self.hit.lock().expect("no panic");
        for socket in &self.datagrams {
            let mut bytes = [0; 2000];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                hit.push(format!("the victim got from {from}: {text}"));
            }
        }
        for socket in &self.listeners {
            match socket.accept() {
                Ok((_, from)) => hit.push(format!("{from} connected to the victim")),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        hit.clone()
    }
}
